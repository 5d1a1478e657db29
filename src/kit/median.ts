/** The middle value, the mean of the two in the middle for an even number; null for none. */
export function median(values: ArrayLike<number>): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >>> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}

/**
 * The median distance from `center`, scaled so that it is the standard deviation of what is
 * normal: 1.4826 times it. 0 for none.
 */
export function spreadAround(values: readonly number[], center: number): number {
  return 1.4826 * (median(values.map((value) => Math.abs(value - center))) ?? 0);
}
