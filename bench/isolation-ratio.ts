import { createRandom } from '../src/kit/random.ts';

export interface PairedRatio {
  /** Geometric mean of the ratios of the pairs. */
  readonly ratio: number;
  /** Bounds of the ratio, each at 95 %, by the bootstrap over pairs. */
  readonly lower: number;
  readonly upper: number;
  readonly pairs: number;
}

const RESAMPLES = 4000;

/**
 * The ratio of what each pair of neighbouring blocks measured, `[healthy, other]`. Pairs are what
 * is drawn again, for the blocks of a pair share the machine's moods.
 * Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentiles).
 */
export function pairedRatio(pairs: readonly (readonly [number, number])[]): PairedRatio {
  const logs = pairs.map(([healthy, other]) => Math.log(other / healthy));
  const random = createRandom(1);
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (const _ of logs) sum += logs[random.int(0, logs.length - 1)]!;
    return sum / logs.length;
  }).sort((a, b) => a - b);
  const at = (quantile: number): number => Math.exp(means[Math.floor(quantile * RESAMPLES)] ?? 0);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return { ratio: Math.exp(mean), lower: at(0.05), upper: at(0.95), pairs: pairs.length };
}
