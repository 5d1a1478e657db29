/** Periods told from how well a series fits itself, shifted. In: one score a second, NaN: none. */
import { createRandom, type Random } from '../kit/random.ts';
import { transform } from './fourier.ts';

/** The lag at which the series fits itself best. */
export interface LagPeriod {
  readonly periodMs: number;
  /** Correlation there, and the best of the same series in shuffled blocks. */
  readonly correlation: number;
  readonly byChance: number;
}

const LAG_MIN = 10;
const LAG_MAX = 900;
/** Newest seconds that are looked at. */
const SECONDS_MAX = 8192;
const SHUFFLES = 200;
const BLOCK = 10;
/** A lag as good as this beside the best one, and shorter, is the period; the best a multiple. */
const NEARLY = 0.75;
/** What must be left of it at twice the lag. */
const SECOND_PEAK = 0.3;

/**
 * The shortest lag from 10 s to 15 min at which the series fits itself better than at any lag of
 * 200 shuffles of it in blocks of 10 s, and again at twice that lag; null where there is none.
 */
export function lagPeriod(scores: Float64Array, seed = 1): LagPeriod | null {
  const series = smoothed(scores.slice(-SECONDS_MAX));
  const lagMax = Math.min(LAG_MAX, Math.floor(series.length / 2.5));
  if (lagMax <= LAG_MIN) return null;
  const correlations = correlate(series, 2 * lagMax + 4);
  const random = createRandom(seed);
  let byChance = 0;
  for (let i = 0; i < SHUFFLES; i += 1) {
    const shuffled = correlate(shuffle(series, random), lagMax);
    for (let lag = LAG_MIN; lag <= lagMax; lag += 1) {
      byChance = Math.max(byChance, shuffled[lag]!);
    }
  }
  let best = 0;
  for (let lag = LAG_MIN; lag <= lagMax; lag += 1) best = Math.max(best, correlations[lag]!);
  if (best <= byChance) return null;
  const lag = firstPeak(correlations, lagMax, Math.max(byChance, NEARLY * best));
  const again = Math.max(...correlations.slice(2 * lag - 3, 2 * lag + 4));
  if (again < SECOND_PEAK * correlations[lag]!) return null;
  return { periodMs: 1000 * refined(correlations, lag), correlation: correlations[lag]!, byChance };
}

function firstPeak(correlations: Float64Array, lagMax: number, above: number): number {
  for (let lag = LAG_MIN; lag <= lagMax; lag += 1) {
    const here = correlations[lag]!;
    const isPeak = here >= correlations[lag - 1]! && here >= correlations[lag + 1]!;
    if (isPeak && here >= above) return lag;
  }
  return correlations.indexOf(Math.max(...correlations.slice(LAG_MIN, lagMax + 1)));
}

/** The top of the parabola through a peak and its neighbours. */
function refined(values: Float64Array, at: number): number {
  const [left, here, right] = [values[at - 1]!, values[at]!, values[at + 1]!];
  const curve = left - 2 * here + right;
  return curve >= 0 ? at : at + (0.5 * (left - right)) / curve;
}

/** Over three seconds: a cycle that begins a second late still fits. */
function smoothed(scores: Float64Array): Float64Array {
  const known = scores.map((each) => (Number.isNaN(each) ? 0 : each));
  return known.map((here, i) => ((known[i - 1] ?? 0) + here + (known[i + 1] ?? 0)) / 3);
}

/** Correlation at lags 0 to `lagMax`, by the power spectrum. */
function correlate(series: Float64Array, lagMax: number): Float64Array {
  // As much room behind the series as the longest lag needs not to meet its beginning.
  const size = 2 ** Math.ceil(Math.log2(series.length + lagMax + 1));
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  const mean = series.reduce((sum, each) => sum + each, 0) / series.length;
  for (const [i, each] of series.entries()) real[i] = each - mean;
  transform(real, imaginary);
  for (let i = 0; i < size; i += 1) {
    real[i] = real[i]! ** 2 + imaginary[i]! ** 2;
    imaginary[i] = 0;
  }
  // The spectrum is real and even: transformed once more it is the correlation itself.
  transform(real, imaginary);
  const whole = real[0]!;
  return real.slice(0, lagMax + 1).map((each) => (whole > 0 ? each / whole : 0));
}

/** The same blocks in another order. */
function shuffle(series: Float64Array, random: Random): Float64Array {
  const order = Array.from({ length: Math.ceil(series.length / BLOCK) }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = random.int(0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const shuffled = new Float64Array(series.length);
  let at = 0;
  for (const block of order) {
    const part = series.subarray(block * BLOCK, (block + 1) * BLOCK);
    shuffled.set(part, at);
    at += part.length;
  }
  return shuffled;
}
