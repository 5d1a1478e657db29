/** Figures computed for the design by other means, each to all of its digits. */
import { describe, expect, it } from 'vitest';
import { bucketTop, countAbove } from '../../../src/judge/buckets.ts';
import { countShare, designEffect, NO_SHARES } from '../../../src/judge/design-effect.ts';
import { quantileInterval, quantileRanks } from '../../../src/judge/quantile-interval.ts';
import { lnTwoArms } from '../../../src/judge/two-arms.ts';
import { betOn, NO_BET, tuningFor } from '../../../src/judge/window-bet.ts';
import { lnBetaBinomial, tuning } from '../../../src/kit/e-process.ts';
import { binomial, createRandom } from '../../../src/kit/random.ts';
import { LatencyHistogram } from '../../../src/measure/latency.ts';

const LN_20 = Math.log(20);
const LN_100 = Math.log(100);

describe('the quantile of one arm', () => {
  it.each([
    [1e4, 0.5, 4848, 5152],
    [1e4, 0.99, 9867, 9929],
    [1e4, 0.999, 9978, 9998],
    [1e4, 0.9999, 9994, null],
    [1e5, 0.5, 49_520, 50_480],
    [1e5, 0.99, 98_902, 99_094],
    [1e5, 0.999, 99_867, 99_929],
    [1e5, 0.9999, 99_978, 99_998],
  ])('of %d observations, at %d, is bounded by their ranks', (n, p, below, above) => {
    expect(quantileRanks(n, p, 0.05, tuning(n, 0.05))).toEqual({ below, above });
  });

  it.each([
    [1e6, 0.5, '0.4985', '0.5015'],
    [1e6, 0.99, '0.98970', '0.99030'],
    [1e6, 0.999, '0.99890', '0.99910'],
    [1e6, 0.9999, '0.99987', '0.99993'],
    [1e7, 0.5, '0.4995', '0.5005'],
    [1e7, 0.99, '0.98990', '0.99010'],
    [1e7, 0.999, '0.99897', '0.99903'],
    [1e7, 0.9999, '0.99989', '0.99991'],
  ])('of %d observations, at %d, is bounded by their shares', (n, p, lower, upper) => {
    const { below, above } = quantileRanks(n, p, 0.05, tuning(n, 0.05));
    const digits = lower.length - 2;
    // A hair more, so that what ends in a 5 is rounded up.
    expect((below! / n + 1e-9).toFixed(digits)).toBe(lower);
    expect((above! / n + 1e-9).toFixed(digits)).toBe(upper);
  });

  it.each([
    // At 606 ln E is 2.9957281, four millionths short of ln 20.
    [0.99, 607],
    [0.999, 6090],
    [0.9999, 60_926],
  ])('has an upper end, at %d, from exactly %d observations on', (p, n) => {
    const c = tuning(Math.round(20 / (1 - p)), 0.05);
    expect(quantileRanks(n, p, 0.05, c).above).not.toBeNull();
    expect(quantileRanks(n - 1, p, 0.05, c).above).toBeNull();
  });

  it('is read out of a histogram from the bottom of one bucket to the top of another', () => {
    const counts = [100, 9867, 1000, 61, 2000, 1, 3000, 71];
    const at = { p: 0.99, alpha: 0.05, c: tuning(10_000, 0.05) };
    expect(quantileInterval(counts, at, bucketTop)).toEqual({ lower: 1000, upper: 2007 });
    expect(quantileInterval([7, 3], at, bucketTop)).toEqual({ lower: 0, upper: Infinity });
  });
});

describe('the same quantile of two arms', () => {
  const c = tuning(1000, 0.01);
  const a = [10, 50, 20, 40, 30, 9, 100, 1];
  const b = [10, 30, 20, 30, 30, 20, 100, 20];
  const times = (counts: readonly number[], factor: number): number[] =>
    counts.map((value, i) => (i % 2 === 0 ? value : value * factor));

  it.each([
    [1, '1.643591'],
    [2, '5.128540'],
    [4, '13.096238'],
  ])('is told apart when every count is there %d times', (factor, expected) => {
    const arms = [
      { counts: times(a, factor), c },
      { counts: times(b, factor), c },
    ] as const;
    const { lnE, side } = lnTwoArms(...arms, 0.9, 1);
    expect(lnE.toFixed(6)).toBe(expected);
    expect(side).toBe(-1);
    const swapped = lnTwoArms(arms[1], arms[0], 0.9, 1);
    expect(swapped.lnE).toBeCloseTo(lnE, 9);
    expect(swapped.side).toBe(1);
  });

  it('is told apart but for a ratio, and no arm is told apart from itself', () => {
    const slow = { counts: [1000, 900, 4000, 100], c };
    const fast = { counts: [500, 900, 2000, 100], c };
    expect(lnTwoArms(slow, fast, 0.95, 1)).toMatchObject({ side: 1 });
    expect(lnTwoArms(slow, fast, 0.95, 1).lnE).toBeGreaterThan(LN_100);
    expect(lnTwoArms(slow, fast, 0.95, 2)).toMatchObject({ side: 0 });
    expect(lnTwoArms(slow, fast, 0.95, 2).lnE).toBeLessThan(0);
    expect(lnTwoArms(slow, fast, 0.95, 2.2)).toMatchObject({ side: -1 });
    expect(lnTwoArms(slow, fast, 0.95, 2.2).lnE).toBeGreaterThan(LN_100);
    expect(lnTwoArms({ counts: [], c }, fast, 0.95, 1)).toEqual({ lnE: 0, side: 0 });
  });
});

describe('pairs and windows that go one way or the other', () => {
  const proves = (wins: number, n: number, p: number, size: number): boolean =>
    lnBetaBinomial(wins, n, p, tuning(size, 0.01)) >= LN_100;

  it('take fourteen of fourteen', () => {
    expect(proves(14, 14, 0.5, 100)).toBe(true);
    expect(proves(13, 13, 0.5, 100)).toBe(false);
  });

  it.each([
    [1, 14],
    [0.9, 21],
    [0.8, 35],
  ])('take, at a rate of %d, %d windows', (rate, windows) => {
    const first = [...Array(100).keys()].find((n) => proves(Math.round(rate * n), n, 0.5, 100));
    expect(first).toBe(windows);
  });

  it.each([
    [1.1, 5624],
    [1.25, 1031],
    [1.5, 317],
    [2, 113],
    [5, 27],
  ])('take, at a ratio of %d, as expected just %d of them', (ratio, expected) => {
    const share = ratio / (1 + ratio);
    expect(proves(share * expected, expected, 0.5, expected)).toBe(true);
    expect(proves(share * (expected - 1), expected - 1, 0.5, expected)).toBe(false);
  });
});

describe('errors by whose they are', () => {
  it.each([
    [0.5, 1.5, 317],
    [0.5, 2, 113],
    [0.5, 3, 49],
    [0.5, 5, 27],
    [0.5, 10, 17],
    [0.1, 1.5, 712],
    [0.1, 2, 216],
    [0.1, 3, 74],
    [0.1, 5, 31],
    [0.1, 10, 15],
    [0.01, 1.5, 6137],
    [0.01, 2, 1767],
    [0.01, 3, 554],
    [0.01, 5, 193],
    [0.01, 10, 65],
  ])('at a share of %d and a ratio of %d take, as expected, just %d', (share, ratio, expected) => {
    const theta = (share * ratio) / (share * ratio + 1 - share);
    const c = tuning(expected, 0.01);
    const lnE = (n: number): number => lnBetaBinomial(theta * n, n, share, c);
    expect(lnE(expected)).toBeGreaterThanOrEqual(LN_100);
    expect(lnE(expected - 1)).toBeLessThan(LN_100);
  });
});

describe('the bet on windows', () => {
  it('stakes by earlier windows alone, half at most', () => {
    const bet = { ...NO_BET };
    betOn(bet, 1, tuningFor(0.01));
    expect(bet.lnWorse).toBeCloseTo(Math.log(1.5), 12);
    // v = (1/4 + (1 - 1/2)^2)/2 after one window of 1, and the stake is still capped.
    betOn(bet, -0.2, tuningFor(0.01));
    expect(bet.lnWorse).toBeCloseTo(Math.log(1.5 * 0.9), 12);
    expect(bet).toMatchObject({ windows: 2, sum: 0.8 });
    betOn(bet, 7, tuningFor(0.01));
    expect(bet).toMatchObject({ sum: 1.8 });
  });

  it('wins nothing where both sides are the same', () => {
    const bet = { ...NO_BET };
    for (let i = 0; i < 300; i += 1) betOn(bet, i % 2 === 0 ? 0.5 : -0.5, tuningFor(0.01));
    expect(bet.lnWorse).toBeLessThan(LN_20);
  });
});

describe('the design effect', () => {
  it('is the variance of the counts by that of independent ones', () => {
    const counts = [4, 6, 5, 9, 1, 5];
    const sums = { ...NO_SHARES };
    for (const over of counts) countShare(sums, over, 100);
    const mean = 5;
    const variance = counts.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (counts.length - 1);
    expect(designEffect(sums)).toBeCloseTo(variance / (100 * 0.05 * 0.95), 9);
    expect(designEffect(NO_SHARES)).toBeNull();
  });

  it('is 1 where requests are slow for themselves, 51 where bursts of 200 come at random', () => {
    const random = createRandom(1);
    const alone = { ...NO_SHARES };
    const inBursts = { ...NO_SHARES };
    for (let i = 0; i < 20_000; i += 1) {
      const over = binomial(random, 120_000, 0.005);
      // Bursts come as a Poisson process, one a window on average.
      const bursts = binomial(random, 10_000, 1 / 10_000);
      countShare(alone, over, 120_000);
      countShare(inBursts, over + 200 * bursts, 120_000);
    }
    expect(designEffect(alone)).toBeCloseTo(1, 1);
    expect(designEffect(inBursts)! / 51).toBeCloseTo(1, 1);
  });
});

describe('a bucket', () => {
  it('ends where the histogram begins the next', () => {
    for (let value = 1; value < 3_000_000; value = Math.ceil(value * 1.05)) {
      const histogram = new LatencyHistogram();
      histogram.record(value);
      const [bottom] = histogram.toCounts();
      const top = bucketTop(bottom!);
      histogram.record(top);
      histogram.record(top + 1);
      expect(histogram.toCounts()).toEqual([bottom, 2, top + 1, 1]);
    }
  });

  it('is above a threshold when the threshold is in a lower one', () => {
    expect(countAbove([10, 1, 20, 2, 30, 4], 10)).toBe(6);
    expect(countAbove([10, 1, 20, 2, 30, 4], 29)).toBe(4);
    expect(countAbove([], 1)).toBe(0);
  });
});
