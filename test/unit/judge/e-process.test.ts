import { describe, expect, it } from 'vitest';
import {
  confidenceInterval,
  lnBetaBinomial,
  lnGamma,
  lnMixture,
  rateUpperBound,
  tuning,
} from '../../../src/kit/e-process.ts';

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
    expect(tuning(1000, 0.05).toFixed(6)).toBe('125.005610');
    expect(tuning(10_000, 0.05).toFixed(6)).toBe('1259.056098');
    expect(tuning(100, 0.01).toFixed(6)).toBe('7.670214');
    expect(tuning(1000, 0.01).toFixed(6)).toBe('85.702135');
  });

  it.each([
    [60, 100, 0.5, 125.00561, '0.599247'],
    [9867, 10_000, 0.99, 1259.056098, '3.243068'],
    [9868, 10_000, 0.99, 1259.056098, '2.989955'],
    [14, 14, 0.5, 7.670214, '4.646309'],
    [13, 13, 0.5, 7.670214, '4.158389'],
  ])('is worth what it must for %d of %d at %d', (k, n, p, c, expected) => {
    expect(lnBetaBinomial(k, n, p, c).toFixed(6)).toBe(expected);
  });

  it.each([
    [50, 100, '0.31607', '0.68393'],
    [0, 1000, '0.0000', '0.0041222'],
    [3, 100_000, '1.122e-7', '0.00014421'],
  ])('bounds the rate of %d of %d', (k, n, lower, upper) => {
    const interval = confidenceInterval(k, n, 0.05, 125.00561);
    expect(interval.lower.toPrecision(lower.startsWith('1') ? 4 : 5)).toBe(lower);
    expect(interval.upper.toPrecision(5)).toBe(upper);
  });

  it('says nothing before the first observation', () => {
    expect(confidenceInterval(0, 0, 0.05, 125)).toEqual({ lower: 0, upper: 1 });
  });
});

describe('the mixture for rare failures', () => {
  it.each([
    [0.05, 0, 309_833],
    [0.05, 1, 782_548],
    [0.05, 2, 1_046_114],
    [0.05, 3, 1_269_665],
    [0.05, 5, 1_664_967],
    [0.01, 0, 473_643],
    [0.01, 1, 964_340],
    [0.01, 2, 1_241_160],
    [0.01, 3, 1_475_616],
    [0.01, 5, 1_888_923],
    [0.001, 0, 706_777],
    [0.001, 1, 1_218_003],
    [0.001, 2, 1_510_704],
    [0.001, 3, 1_758_463],
    [0.001, 5, 2_194_026],
  ])(
    'at alpha %d with %d failures certifies 1 in 100,000 after exactly %d pairs',
    (alpha, k, n) => {
      expect(lnMixture(k, n, 1e-5)).toBeGreaterThanOrEqual(-Math.log(alpha));
      expect(lnMixture(k, n - 1, 1e-5)).toBeLessThan(-Math.log(alpha));
      expect(rateUpperBound(k, n, alpha)).toBeLessThanOrEqual(1e-5);
      expect(rateUpperBound(k, n - 1, alpha)).toBeGreaterThan(1e-5);
    },
  );

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
