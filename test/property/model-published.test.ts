import { expect, test } from 'vitest';
import { publishedQueue, runPublished } from '../../src/pauses/as-published.ts';
import { runModel } from '../../src/pauses/model.ts';
import { spreadOf } from '../../src/pauses/percentiles.ts';
import { PUBLISHED } from '../../src/pauses/settings.ts';

test('the published program gives what its parameters give, over 20 seeds', () => {
  const runs = Array.from({ length: 20 }, (_, i) => runPublished(i + 1));
  const median = (name: 'p50' | 'p99' | 'p99.9' | 'p99.99'): number =>
    spreadOf(runs.map(({ beam }) => beam[name])).median;
  expect(Math.abs(median('p50') - 1.8)).toBeLessThan(0.02);
  expect(Math.abs(median('p99') - 2.5)).toBeLessThan(0.02);
  expect(Math.abs(median('p99.9') - 2.73)).toBeLessThan(0.02);
  expect(Math.abs(median('p99.99') - 2.94)).toBeLessThan(0.05);
  expect(runs.map(({ slowRequests }) => slowRequests)).toEqual(runs.map(() => 3));
});

test('with a queue the same parameters take the p99.9 to about 100 ms, over 50 seeds', () => {
  const { load, spread } = runModel(publishedQueue(PUBLISHED.beam), 1, 50);
  expect(load.requestsRatio).toBeCloseTo(0.9, 12);
  expect(spread.open['p99.9'].median).toBeGreaterThan(90);
  expect(spread.open['p99.9'].median).toBeLessThan(110);
  expect(spread.calm['p99.9'].median).toBeLessThan(65);
  expect(spread.closed['p99.9'].highest).toBeLessThan(25);
});
