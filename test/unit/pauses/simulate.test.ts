import { describe, expect, test } from 'vitest';
import { createRandom, exponentialUs, normal } from '../../../src/kit/random.ts';
import { publishedQueue, runPublished } from '../../../src/pauses/as-published.ts';
import { runModel } from '../../../src/pauses/model.ts';
import { percentileSpread, spreadOf } from '../../../src/pauses/percentiles.ts';
import { simulate } from '../../../src/pauses/simulate.ts';

const SETTINGS = { ...publishedQueue({ serviceMs: 1.8, deviationMs: 0.3 }), requests: 20_000 };
const SHORT_PERIOD = { ...SETTINGS, periodMs: 5000 };

describe('a run', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(simulate(SHORT_PERIOD, 7)).toEqual(simulate(SHORT_PERIOD, 7));
    expect(simulate(SHORT_PERIOD, 8).open).not.toEqual(simulate(SHORT_PERIOD, 7).open);
  });

  test('is a queue in order of arrival for one server', () => {
    const random = createRandom(3);
    const latencies: number[] = [];
    let arrival = 0;
    let free = 0;
    for (let i = 0; i < 20_000; i += 1) {
      arrival += exponentialUs(random, 500) / 1000;
      free = Math.max(free, arrival) + 1.8 + 0.3 * normal(random);
      latencies.push(free - arrival);
    }
    const sorted = latencies.toSorted((a, b) => a - b);
    const { open } = simulate({ ...SETTINGS, runtime: 'none' }, 3);
    for (const [name, quantile] of [
      ['p50', 0.5],
      ['p99', 0.99],
      ['p99.9', 0.999],
      ['max', 1],
    ] as const) {
      const exact = sorted[Math.ceil(quantile * sorted.length) - 1]!;
      expect(Math.abs(open[name] / exact - 1)).toBeLessThan(0.0015);
    }
  });

  test('has beside it the same requests without collections', () => {
    const without = simulate({ ...SHORT_PERIOD, runtime: 'none' }, 5);
    const beam = simulate(SHORT_PERIOD, 5);
    expect(beam.calm).toEqual(without.open);
    expect(without.calm).toEqual(without.open);
    expect(beam.open.max).toBeGreaterThan(beam.calm.max + 50);
  });

  test('by one client hides the queue, by enough of them nothing', () => {
    const one = simulate({ ...SHORT_PERIOD, clients: 1 }, 2);
    expect(one.closed).toEqual(one.service);
    expect(one.sentLateRatio).toBeGreaterThan(0.8);
    const many = simulate({ ...SHORT_PERIOD, clients: 20_000 }, 2);
    expect(many.closed).toEqual(many.open);
    expect(many.sentLateRatio).toBe(0);
  });

  test('by ten clients makes ten slow requests of a pause that fifty users wait for', () => {
    const { open, closed } = simulate({ ...SHORT_PERIOD, periodMs: 30_000 }, 2);
    expect(open['p99.9']).toBeGreaterThan(80);
    expect(closed['p99.9']).toBeLessThan(25);
    expect(closed.max).toBeGreaterThan(90);
  });
});

describe('windows', () => {
  const { windows, runs } = runModel({ ...SHORT_PERIOD, windowMs: 1000 }, 1, 1);

  test('hold every request once, by its arrival', () => {
    expect(windows.reduce((sum, { requests }) => sum + requests, 0)).toBe(20_000);
    expect(windows.map(({ startMs }) => startMs)).toEqual(windows.map((_, i) => i * 1000));
    expect(windows.every(({ startMs, endMs }) => endMs === startMs + 1000)).toBe(true);
  });

  test('show the pause that a run hides, and have the maximum of the run', () => {
    expect(Math.max(...windows.map(({ open }) => open.max))).toBe(runs[0]!.open.max);
    const slow = windows.filter(({ open }) => open.p99 > 90);
    expect(slow.length).toBeGreaterThan(3);
    expect(slow.length).toBeLessThan(20);
  });

  test('without a request are left out', () => {
    const seldom = runModel({ ...SETTINGS, ratePerSec: 0.1, requests: 50, windowMs: 1000 }, 1, 1);
    expect(seldom.windows.length).toBeLessThan(51);
    expect(seldom.windows.every(({ requests }) => requests > 0)).toBe(true);
  });
});

describe('several runs', () => {
  test('have their own seeds, and medians and ranges of each percentile', () => {
    const { runs, spread } = runModel(SHORT_PERIOD, 4, 3);
    expect(runs.map(({ seed }) => seed)).toEqual([4, 5, 6]);
    expect(runs[1]).toEqual(simulate(SHORT_PERIOD, 5));
    expect(spread.open).toEqual(percentileSpread(runs.map(({ open }) => open)));
    const p99s = runs.map(({ open }) => open.p99).toSorted((a, b) => a - b);
    expect(spread.open.p99).toEqual({ lowest: p99s[0], median: p99s[1], highest: p99s[2] });
  });

  test('the middle of an even number lies between two', () => {
    expect(spreadOf([4, 1, 10, 2])).toEqual({ median: 3, lowest: 1, highest: 10 });
  });
});

test('the published program makes three slow requests and a p99.9 of 2.73 ms', () => {
  const { beam, candidate, slowRequests } = runPublished(42);
  expect(slowRequests).toBe(3);
  expect(Math.abs(beam['p99.9'] - 2.73)).toBeLessThan(0.02);
  expect(Math.abs(candidate['p99.9'] - 2.17)).toBeLessThan(0.02);
  expect(beam.max).toBeGreaterThan(96);
});
