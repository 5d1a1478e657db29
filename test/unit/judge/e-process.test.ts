import { describe, expect, it } from 'vitest';
import {
  confidenceInterval,
  lnBetaBinomial,
  lnGamma,
  lnMixture,
  rateUpperBound,
  tuning,
} from '../../../src/kit/e-process.ts';
import { createRandom } from '../../../src/kit/random.ts';

const LN_20 = Math.log(20);

describe('ln gamma', () => {
  it('is the logarithm of the factorials', () => {
    let factorial = 1;
    for (let n = 1; n <= 20; n += 1) {
      expect(lnGamma(n)).toBeCloseTo(Math.log(factorial), 8);
      factorial *= n;
    }
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 10);
    expect(lnGamma(1e9)).toBeCloseTo(
      1e9 * Math.log(1e9) - 1e9 - 0.5 * Math.log(1e9 / (2 * Math.PI)),
      5,
    );
  });
});

describe('the beta-binomial e-process', () => {
  it('has the published tuning', () => {
    expect(tuning(1000, 0.05)).toBeCloseTo(125.00561, 5);
    expect(tuning(10_000, 0.05)).toBeCloseTo(1259.056098, 5);
    expect(tuning(100, 0.01)).toBeCloseTo(7.670214, 5);
    expect(tuning(1000, 0.01)).toBeCloseTo(85.702135, 5);
  });

  it.each([
    [60, 100, 0.5, 125.00561, 0.599247],
    [9867, 10_000, 0.99, 1259.056098, 3.243068],
    [9868, 10_000, 0.99, 1259.056098, 2.989955],
    [14, 14, 0.5, 7.670214, 4.646309],
    [13, 13, 0.5, 7.670214, 4.158389],
  ])('is worth what it must for %d of %d at %d', (k, n, p, c, expected) => {
    expect(lnBetaBinomial(k, n, p, c)).toBeCloseTo(expected, 5);
  });

  it.each([
    [50, 100, 0.31607, 0.68393],
    [0, 1000, 0, 0.0041222],
    [3, 100_000, 1.122e-7, 1.4421e-4],
  ])('bounds the rate of %d of %d', (k, n, lower, upper) => {
    const interval = confidenceInterval(k, n, 0.05, 125.00561);
    expect(interval.lower).toBeCloseTo(lower, 5);
    expect(interval.upper / upper).toBeCloseTo(1, 3);
  });

  it('says nothing before the first observation', () => {
    expect(confidenceInterval(0, 0, 0.05, 125)).toEqual({ lower: 0, upper: 1 });
  });
});

describe('the mixture for rare failures', () => {
  it.each([
    [0, 309_833],
    [1, 782_548],
    [2, 1_046_114],
    [3, 1_269_665],
    [5, 1_664_967],
  ])('with %d failures proves a rate below 1 in 100,000 after exactly %d pairs', (k, n) => {
    expect(lnMixture(k, n, 1e-5)).toBeGreaterThanOrEqual(LN_20);
    expect(lnMixture(k, n - 2, 1e-5)).toBeLessThan(LN_20);
  });

  it('proves a window gate with five windows in a row at alpha 0.05, four at 0.1', () => {
    expect(lnMixture(0, 5, 0.5)).toBeGreaterThan(LN_20);
    expect(lnMixture(0, 4, 0.5)).toBeLessThan(LN_20);
    expect(lnMixture(0, 4, 0.5)).toBeGreaterThan(Math.log(10));
  });

  it('bounds a rate from above by what it would rule out', () => {
    expect(rateUpperBound(0, 309_833, 0.05)).toBeCloseTo(1e-5, 8);
    expect(rateUpperBound(0, 0, 0.05)).toBe(1);
    expect(rateUpperBound(5, 1000, 0.05)).toBeGreaterThan(0.005);
  });
});

describe('false alarms, looked at after every observation', () => {
  const runs = 2000;
  const looks = 400;

  /** Share of runs in which `lnE` ever reaches ln 20 while its hypothesis is true. */
  function alarmRatio(chance: number, lnE: (k: number, n: number) => number): number {
    const random = createRandom(11);
    let alarms = 0;
    for (let run = 0; run < runs; run += 1) {
      let k = 0;
      for (let n = 1; n <= looks; n += 1) {
        if (random.next() < chance) k += 1;
        if (lnE(k, n) < LN_20) continue;
        alarms += 1;
        break;
      }
    }
    return alarms / runs;
  }

  it('of the beta-binomial stay below alpha', () => {
    const c = tuning(100, 0.05);
    expect(alarmRatio(0.1, (k, n) => lnBetaBinomial(k, n, 0.1, c))).toBeLessThan(0.05);
  });

  it('of the mixture stay below alpha at the very border', () => {
    expect(alarmRatio(0.1, (k, n) => lnMixture(k, n, 0.1))).toBeLessThan(0.05);
  });
});
