/**
 * The statistics every gate stands on: e-processes, evidence against a hypothesis that may be
 * looked at after every observation. A bet that can only win by luck while the hypothesis is
 * true is worth more than 1/alpha with a chance of at most alpha, however often one looks.
 * All values are natural logarithms. Pure.
 */
import { assert } from './assert.ts';

const LANCZOS: readonly number[] = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
  12.507343278686905, -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/**
 * ln of the gamma function, x > 0; error below 1e-9 up to 1e9.
 * Source: Lanczos 1964 (g = 7, nine terms) below 10; Stirling's series with four terms above.
 */
export function lnGamma(x: number): number {
  assert(x > 0, `ln gamma of ${x}`);
  if (x < 10) {
    let sum = LANCZOS[0]!;
    for (let i = 1; i < LANCZOS.length; i += 1) sum += LANCZOS[i]! / (x - 1 + i);
    const t = x + 6.5;
    return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
  }
  const inverse = 1 / x;
  const square = inverse * inverse;
  const series =
    inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680))));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

function lnBeta(a: number, b: number): number {
  return lnGamma(a) + lnGamma(b) - lnGamma(a + b);
}

/**
 * The c of {@link lnBetaBinomial} that makes it tightest at `n` observations for `alpha`.
 * Source: Howard, Ramdas, McAuliffe and Sekhon 2021, beta-binomial mixture.
 */
export function tuning(n: number, alpha: number): number {
  const l = -Math.log(alpha);
  return Math.max(n / (2 * l + Math.log(1 + 2 * l)) - 1, 0.001);
}

/**
 * ln E against "each of `n` trials succeeds with chance `p` given the past", after `k`
 * successes; 0 < p < 1. Large when k/n is far from p on either side.
 */
export function lnBetaBinomial(k: number, n: number, p: number, c: number): number {
  assert(k >= 0 && k <= n && p > 0 && p < 1, `${k} of ${n} at chance ${p}`);
  const a = c * p;
  const b = c * (1 - p);
  return lnBeta(a + k, b + n - k) - lnBeta(a, b) - k * Math.log(p) - (n - k) * Math.log1p(-p);
}

const RATES: readonly number[] = Array.from({ length: 23 }, (_, i) => 2 ** (-(i + 1) / 2));
const LN_RATES: readonly number[] = RATES.map(Math.log);
const LN_HALF = Math.log(0.5);
/** The rates that {@link lnMixture} bets on, as parts of p, and the share of the stake on each. */
export const MIXTURE_RATES: readonly number[] = [0, ...RATES];
export const MIXTURE_WEIGHTS: readonly number[] = [0.5, ...RATES.map(() => 1 / 46)];
const LN_WEIGHT = Math.log(1 / 46);

/** What one trial that goes well is worth to each bet, for the chance that was asked last. */
const gains = { p: Number.NaN, none: 0, each: new Float64Array(RATES.length) };

function gainsAt(p: number): typeof gains {
  if (gains.p === p) return gains;
  gains.p = p;
  gains.none = -Math.log1p(-p);
  for (let j = 0; j < RATES.length; j += 1) gains.each[j] = Math.log1p(-RATES[j]! * p) + gains.none;
  return gains;
}

/**
 * ln E against "each of `n` trials goes wrong with a chance of at least `p` given the past",
 * after `k` have; 0 < p < 1. Half of the stake bets on none at all, so that few trials
 * suffice; the rest, on 23 rates below p, survives the first one that goes wrong.
 */
export function lnMixture(k: number, n: number, p: number): number {
  assert(k >= 0 && k <= n && p > 0 && p < 1, `${k} of ${n} at chance ${p}`);
  const { none, each } = gainsAt(p);
  const lnNone = k === 0 ? LN_HALF + n * none : -Infinity;
  let largest = lnNone;
  for (let j = 0; j < RATES.length; j += 1) {
    largest = Math.max(largest, LN_WEIGHT + k * LN_RATES[j]! + (n - k) * each[j]!);
  }
  let sum = Math.exp(lnNone - largest);
  for (let j = 0; j < RATES.length; j += 1) {
    sum += Math.exp(LN_WEIGHT + k * LN_RATES[j]! + (n - k) * each[j]! - largest);
  }
  return largest + Math.log(sum);
}

/** ln of the sum of numbers given by their logarithms; -Infinity for none. */
export function lnSum(logarithms: readonly number[]): number {
  const largest = Math.max(...logarithms);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const logarithm of logarithms) sum += Math.exp(logarithm - largest);
  return largest + Math.log(sum);
}

/**
 * ln of a weighted mean of e-processes on the same observations: an e-process again. Weights sum
 * up to 1; one that says nothing (-Infinity) only loses its share.
 */
export function lnMix(parts: readonly (readonly [weight: number, lnE: number])[]): number {
  return lnSum(parts.map(([weight, lnE]) => Math.log(weight) + lnE));
}

/** The smallest rate that {@link lnMixture} rules out from above; 1 when it rules out none. */
export function rateUpperBound(k: number, n: number, alpha: number): number {
  const needed = -Math.log(alpha);
  const isOut = (p: number): boolean => lnMixture(k, n, p) >= needed;
  if (n === 0 || !isOut(1 - 1e-12)) return 1;
  return bisect(k / n, 1 - 1e-12, isOut);
}

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** All chances that {@link lnBetaBinomial} does not rule out at `alpha`; c by {@link tuning}. */
export function confidenceInterval(k: number, n: number, alpha: number, c: number): Interval {
  if (n === 0) return { lower: 0, upper: 1 };
  const needed = -Math.log(alpha);
  const isOut = (p: number): boolean => lnBetaBinomial(k, n, p, c) >= needed;
  const rate = k / n;
  const lowest = 1e-15;
  return {
    lower: k === 0 || !isOut(lowest) ? 0 : bisect(rate, lowest, isOut),
    upper: k === n || !isOut(1 - 1e-12) ? 1 : bisect(rate, 1 - 1e-12, isOut),
  };
}

/** The border between `inside`, where `isOut` is false, and `outside`, where it is true. */
function bisect(inside: number, outside: number, isOut: (p: number) => boolean): number {
  let within = inside;
  let beyond = outside;
  for (let i = 0; i < 200 && Math.abs(beyond - within) > 1e-12 * Math.abs(beyond); i += 1) {
    // Rates span many decades: the geometric middle where it exists.
    const middle = within > 0 ? Math.sqrt(within * beyond) : beyond / 2;
    if (middle === within || middle === beyond) break;
    if (isOut(middle)) beyond = middle;
    else within = middle;
  }
  return beyond;
}
