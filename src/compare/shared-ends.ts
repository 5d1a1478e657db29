/** What two rows of bytes begin and end with alike. */
export interface SharedEnds {
  /** They are the same up to here. */
  readonly start: number;
  /** And from here on, in the first; in the second it is so much further behind. */
  readonly rest: number;
  readonly longer: number;
}

/** The longest start they share, and the longest end that overlaps it in neither. */
export function sharedEnds(a: Uint8Array, b: Uint8Array): SharedEnds {
  const start = firstDifference(a, b);
  let i = a.length - 1;
  let j = b.length - 1;
  while (i >= start && j >= start && a[i] === b[j]) {
    i -= 1;
    j -= 1;
  }
  return { start, rest: i + 1, longer: b.length - a.length };
}

/** Index of the first byte that is not the same; the shorter length where one begins the other. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a[at] === b[at]) at += 1;
  return at;
}
