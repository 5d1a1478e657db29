/** Which members of two objects have the same key. */
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import { countOf, isSameKey, keyOf, nextOf } from './json-tape.ts';

const { ABSENT, ROW } = TAPE;

/** Members up to here are looked for one by one. */
export const NEARBY_MAX: number = 48;

/** Index among rows of the member with the key of `x`, looked for from the cursor on; -1: none. */
export function findKey(
  a: JsonTape,
  x: number,
  b: JsonTape,
  rows: readonly number[],
  cursor: number,
): number {
  for (let step = 0; step < rows.length; step += 1) {
    const at = cursor + step < rows.length ? cursor + step : cursor + step - rows.length;
    if (rows[at] !== ABSENT && isSameKey(a, x, b, rows[at]!)) return at;
  }
  return -1;
}

/** Whether another member of the object has the key of the one at `row`. */
export function hasKeyTwice(tape: JsonTape, object: number, row: number): boolean {
  const end = nextOf(tape, object);
  for (let at = object + ROW; at < end; at = nextOf(tape, at)) {
    if (at !== row && isSameKey(tape, at, tape, row)) return true;
  }
  return false;
}

/** Whether any key of the object stands there more than once. */
export function hasRepeatedKey(tape: JsonTape, object: number): boolean {
  const seen = new Set<string>();
  const end = nextOf(tape, object);
  for (let at = object + ROW; at < end; at = nextOf(tape, at)) seen.add(keyOf(tape, at));
  return seen.size < countOf(tape, object);
}

/** Whether two objects with as many members have the same keys in the same order. */
export function areKeysInPlace(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  const end = nextOf(a, i);
  let y = j + ROW;
  for (let x = i + ROW; x < end; x = nextOf(a, x)) {
    if (!isSameKey(a, x, b, y)) return false;
    y = nextOf(b, y);
  }
  return true;
}

/** One of each in turn, so that neither fills the list alone. */
export function addInTurn(
  pairs: number[],
  onlyA: readonly number[],
  onlyB: readonly number[],
): void {
  for (let at = 0; at < Math.max(onlyA.length, onlyB.length); at += 1) {
    if (at < onlyA.length) pairs.push(onlyA[at]!, ABSENT);
    if (at < onlyB.length) pairs.push(ABSENT, onlyB[at]!);
  }
}

/** Whether members that belong together, a row of each side, stand in one order on both. */
export function areInOrder(met: readonly (readonly [x: number, y: number])[]): boolean {
  const sorted = met.toSorted(([x], [other]) => x - other);
  return sorted.every(([, y], at) => at === 0 || sorted[at - 1]![1] < y);
}

/** The rows of each key, in order of first appearance. */
export function rowsByKey(tape: JsonTape, row: number): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    const key = keyOf(tape, at);
    const rows = found.get(key);
    if (rows === undefined) found.set(key, [at]);
    else rows.push(at);
  }
  return found;
}
