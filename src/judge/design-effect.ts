/** Answers over a threshold in one window, of how many. */
export interface WindowShare {
  readonly over: number;
  readonly count: number;
}

/** Sums over windows that the design effect is made of; they add up. */
export interface ShareSums {
  readonly windows: number;
  readonly count: number;
  readonly over: number;
  /** Of over squared, by count. */
  readonly squares: number;
}

export const NO_SHARES: ShareSums = { windows: 0, count: 0, over: 0, squares: 0 };

/** Adds one more window to the sums. */
export function countShare(sums: MutableSums, over: number, count: number): void {
  if (count === 0) return;
  sums.windows += 1;
  sums.count += count;
  sums.over += over;
  sums.squares += over ** 2 / count;
}

export type MutableSums = { -readonly [K in keyof ShareSums]: ShareSums[K] };

/**
 * By how much more the windows' counts over a threshold vary than those of independent requests:
 * 1 where each request is slow for itself, 50 where a pause makes two hundred of them slow at
 * once. Null before there are two windows, and without one answer over the threshold.
 * Source: Pearson's dispersion; for windows of one size the variance by nq(1 - q).
 */
export function designEffect({ windows, count, over, squares }: ShareSums): number | null {
  if (windows < 2 || over === 0 || over === count) return null;
  const share = over / count;
  const excess = (squares - share * over) / (share * (1 - share));
  return excess / (windows - 1);
}
