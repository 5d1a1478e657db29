import { bucketOf, BUCKETS } from '../kit/hash.ts';

/**
 * Whether nothing is mirrored in this second of the wall clock, so that legacy is measured alone.
 * One second of each block of 100 / `percent` is: which one, only `salt` tells, so that no job
 * that runs every so often falls on the same kind of second for ever. `percent` 0 to 50; every
 * proxy and the controller answer alike.
 */
export function isBaselineSecond(salt: string, second: number, percent: number): boolean {
  if (percent <= 0) return false;
  const length = Math.max(2, Math.round(100 / percent));
  const block = Math.floor(second / length);
  const chosen = Math.floor((bucketOf(salt, `baseline/${length}/${block}`) * length) / BUCKETS);
  return second - block * length === chosen;
}
