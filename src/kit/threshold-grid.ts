/** Thresholds that are the same everywhere, eight to each doubling; 64 is the lowest. */
const LOWEST = 64;
const PER_DOUBLING = 8;

/** Thresholds there are: the highest is above 10^11. */
export const THRESHOLDS = 256;

/** How many of the thresholds lie below `value`, which exceeds just these. */
export function thresholdsBelow(value: number): number {
  const count = Math.ceil(PER_DOUBLING * Math.log2(value / LOWEST));
  return count < 0 ? 0 : Math.min(count, THRESHOLDS);
}

/** Index of the highest threshold that is not above `value`; 0 where all are. */
export function thresholdAt(value: number): number {
  return Math.max(0, Math.floor(PER_DOUBLING * Math.log2(value / LOWEST) + 1e-9));
}

/** The threshold of an index. */
export function thresholdUs(index: number): number {
  return LOWEST * 2 ** (index / PER_DOUBLING);
}
