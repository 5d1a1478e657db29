/** Whether two values on tapes are the same: what their hashes only make likely. */
import { areKeysInPlace, rowsByKey } from './json-members.ts';
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import { countOf, isSameScalarAt, kindAt, nextOf } from './json-tape.ts';

const { ARRAY, OBJECT, ROW } = TAPE;

/**
 * True for the same values, in whatever order members stand; those of a repeated key have theirs.
 * Linear in what the two hold, recursion as deep.
 */
export function isSameValueAt(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  const kind = kindAt(a, i);
  if (kind < ARRAY) return isSameScalarAt(a, i, b, j);
  if (kind !== kindAt(b, j) || countOf(a, i) !== countOf(b, j)) return false;
  // Keys first, all of them: members that were looked at twice would be so at every level.
  if (kind === OBJECT && !areKeysInPlace(a, i, b, j)) return areSameByKey(a, i, b, j);
  const end = nextOf(a, i);
  let y = j + ROW;
  for (let x = i + ROW; x < end; x = nextOf(a, x)) {
    if (!isSameValueAt(a, x, b, y)) return false;
    y = nextOf(b, y);
  }
  return true;
}

/** Of objects with as many members. */
function areSameByKey(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  const ofB = rowsByKey(b, j);
  for (const [key, xs] of rowsByKey(a, i)) {
    const ys = ofB.get(key);
    if (ys?.length !== xs.length) return false;
    if (!xs.every((x, at) => isSameValueAt(a, x, b, ys[at]!))) return false;
  }
  return true;
}
