import type { HistogramCounts } from '../model/window.ts';

/** Values below this have buckets of their own: two significant digits, as windows are kept. */
const EXACT_BELOW = 256;

/** The largest latency that is counted in the bucket of which this is the smallest. */
export function bucketTop(value: number): number {
  if (value < EXACT_BELOW) return value;
  return value + 2 ** (Math.floor(Math.log2(value)) - 7) - 1;
}

/** How many lie in buckets above the one that holds `threshold`. */
export function countAbove(counts: HistogramCounts, threshold: number): number {
  let above = 0;
  for (let i = counts.length - 2; i >= 0 && counts[i]! > threshold; i -= 2) above += counts[i + 1]!;
  return above;
}

/** The smallest latency of the bucket that holds this one. */
export function bucketBottom(value: number): number {
  const whole = Math.floor(value);
  const width = bucketTop(whole) - whole + 1;
  return Math.floor(whole / width) * width;
}
