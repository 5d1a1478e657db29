import { describe, expect, test } from 'vitest';
import { discordantPairs, liveRequestsFor, pairsFor } from '../../../src/plan/independent.ts';
import { exceedanceRatio, logNormalShape, recordedShape } from '../../../src/plan/latency-shape.ts';
import { normalQuantile, normalTail } from '../../../src/plan/normal.ts';
import { smallest } from '../../../src/plan/search.ts';

const within = (found: number | null, expected: number): number =>
  Math.abs((found ?? Infinity) / expected - 1);

describe('sample sizes, were requests independent', () => {
  test.each([
    [1.1, 5624],
    [1.25, 1031],
    [1.5, 317],
    [2, 113],
    [5, 27],
  ])('pairs that only one side makes slow, %d times as often the candidate: %d', (times, size) => {
    expect(within(discordantPairs(times), size)).toBeLessThan(0.05);
  });

  test.each([
    [1.1, 268_000],
    [1.25, 46_000],
    [1.5, 13_000],
    [2, 3800],
    [5, 450],
  ])('pairs in all, at p99, %d times as many slow: %d', (times, size) => {
    expect(within(pairsFor(times, 0.99), size)).toBeLessThan(0.05);
  });

  // A smooth curve, so that buckets of latencies are no limit.
  test.each([
    [0.99, 1.25, [63_000, 31_000, 27_000]],
    [0.99, 1.5, [19_000, 8600, 7300]],
    [0.99, 2, [7000, 2600, 2100]],
    [0.99, 5, [1800, 390, 230]],
    [0.999, 1.25, [630_000, 311_000, 274_000]],
    [0.999, 2, [70_000, 26_000, 21_000]],
  ] as const)('requests live on the candidate, at %d, %d times as many slow', (p, times, sizes) => {
    const found = [0.5, 0.1, 0.01].map((share) => liveRequestsFor(times, p, share, 1));
    found.forEach((size, i) => expect(within(size, sizes[i]!)).toBeLessThan(0.2));
  });
});

describe('the shape of latencies', () => {
  test('is that of the normal distribution', () => {
    expect(normalQuantile(0.99)).toBeCloseTo(2.3263479, 6);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 6);
    expect(normalQuantile(0.001)).toBeCloseTo(-3.0902323, 5);
    expect(normalTail(1.959964)).toBeCloseTo(0.025, 8);
    expect(normalTail(-1.959964)).toBeCloseTo(0.975, 8);
  });

  test('says how many more are over a quantile that takes longer', () => {
    const sigma = 0.5;
    const slope = logNormalShape(sigma, '').slopeAt(0.99);
    const exact = normalTail(normalQuantile(0.99) - Math.log(1.05) / sigma) / 0.01;
    expect(exceedanceRatio(1.05, slope) / exact).toBeCloseTo(1, 1);
    expect(exceedanceRatio(1, slope)).toBe(1);
  });

  test('is read from a recording where it has enough, else from its own spread', () => {
    const sigma = 0.8;
    const value = (p: number): number => 1000 * Math.exp(sigma * normalQuantile(p));
    const assumed = logNormalShape(sigma, '');
    const many = recordedShape(1_000_000, value);
    const few = recordedShape(2000, value);
    for (const quantile of [0.9, 0.99, 0.999]) {
      expect(many.slopeAt(quantile) / assumed.slopeAt(quantile)).toBeCloseTo(1, 0);
      expect(few.slopeAt(quantile)).toBeCloseTo(assumed.slopeAt(quantile), 0);
    }
    // A second mode that one request in a hundred is in: latencies leap there, and hardly beyond.
    const leap = recordedShape(1_000_000, (p) => (p < 0.99 ? 1000 : 100_000));
    expect(leap.slopeAt(0.99)).toBeGreaterThan(1);
  });
});

test('the smallest number of which something holds is found, or that there is none', () => {
  for (const border of [1, 2, 7, 8, 9, 1000, 4096]) {
    expect(smallest(1, 4096, (n) => n >= border)).toBe(border);
  }
  expect(smallest(1, 4096, () => false)).toBeNull();
});
