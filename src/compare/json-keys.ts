/**
 * Rows of members and elements that are put on their tapes one by one, out of the turn of their
 * texts. Keys are plain ones: without escapes.
 */
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import { isContainer } from './json-tape.ts';
import { plainTextEnd, spaceEnd } from './json-tokens.ts';

const { KIND, START, END, NEXT, INDEX, KEY_START, KEY_END, COUNT, HASH, ROW } = TAPE;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Reads a member of plain key; the place of the comma or brace behind it, negative: none. */
export function readMember(tape: JsonTape, from: number, depth: number): number {
  const { bytes, words } = tape;
  const close = bytes[from] === QUOTE ? plainTextEnd(words, from + 1) : -1;
  const colon = spaceEnd(bytes, close);
  if (close < 0 || bytes[colon] !== COLON || !tape.hasRoomFor(tape.used + ROW)) return -1;
  const row = tape.used;
  const end = tape.read(colon + 1, depth);
  if (end < 0) return -1;
  setKey(tape, row, from + 1, close - 1);
  return spaceEnd(bytes, end);
}

/** Where the key behind a comma is to begin; where no comma is, -1, where nothing begins. */
export function nextKey({ bytes }: JsonTape, from: number): number {
  return bytes[from] === COMMA ? spaceEnd(bytes, from + 1) : -1;
}

/** Whether plain keys begin there, and are the same. */
export function isSameKeyAt(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  if (a.bytes[i] !== QUOTE || b.bytes[j] !== QUOTE) return false;
  const end = plainTextEnd(a.words, i + 1);
  for (let at = i + 1; at < end; at += 1) if (a.bytes[at] !== b.bytes[at + j - i]) return false;
  return end >= 0;
}

/** Marks the key, in a list of an object's keys, of a member that legacy alone has. */
export const ONLY_LEGACY: number = 1 << 30;

/** Whether one side lacks the member. */
function isLone(key: number): boolean {
  return key < 0 || key >= ONLY_LEGACY;
}

function placeOf(key: number): number {
  return key < 0 ? ~key : key & ~ONLY_LEGACY;
}

/** Keys of an object with such members that are held against each other. */
export const KEYS_MAX: number = 64;

/**
 * Whether no member that one side lacks has the key of another one, on whichever side. `keys`:
 * where those of one object begin, behind their quotes; of legacy's own ones with
 * {@link ONLY_LEGACY}, of the candidate's own ones the complement. False of more than
 * {@link KEYS_MAX}.
 */
export function areLoneKeysAlone(
  a: JsonTape,
  b: JsonTape,
  keys: Int32Array,
  from: number,
  to: number,
): boolean {
  if (to - from > KEYS_MAX) return false;
  for (let lone = from; lone < to; lone += 1) {
    const key = keys[lone]!;
    if (!isLone(key)) continue;
    const { bytes } = key < 0 ? b : a;
    const start = placeOf(key);
    for (let at = from; at < to; at += 1) {
      if (at === lone) continue;
      const other = keys[at]! < 0 ? b : a;
      if (isSamePlainKey(bytes, start, other.bytes, placeOf(keys[at]!))) return false;
    }
  }
  return true;
}

/** Up to their closing quotes. */
function isSamePlainKey(x: Uint8Array, i: number, y: Uint8Array, j: number): boolean {
  for (let at = i; x[at] === y[at + j - i]; at += 1) if (x[at] === QUOTE) return true;
  return false;
}

/** Sets the key of the member at a row, or the index of the element. */
export function setKey({ rows }: JsonTape, row: number, start: number, end: number): void {
  rows[row + KEY_START] = start;
  rows[row + KEY_END] = end;
}

/**
 * Reads the elements from a row on, so many and the last ones, once more, each with all that is in
 * it: how many bytes that were; negative where it is no JSON, or too large. Several are objects.
 */
export function readElements(tape: JsonTape, from: number, count: number, depth: number): number {
  const isScalar = !isContainer(tape, from);
  tape.used = isScalar ? from + ROW : from;
  if (isScalar) return 0;
  const places: number[] = [];
  for (let row = from; places.length < 2 * count; row = tape.rows[row + NEXT]!) {
    places.push(tape.rows[row + START]!, tape.rows[row + INDEX]!);
  }
  let bytes = 0;
  for (let at = 0; at < places.length; at += 2) {
    const row = tape.used;
    const end = tape.read(places[at]!, depth);
    if (end < 0) return end;
    setKey(tape, row, places[at + 1]!, places[at + 1]!);
    bytes += end - places[at]!;
  }
  return bytes;
}

/** Begins the row of an array or object, {@link endRow} ends it. */
export function beginRow({ rows }: JsonTape, row: number, kind: number, start: number): void {
  rows[row + KIND] = kind;
  rows[row + START] = start;
  rows[row + COUNT] = 0;
  rows[row + HASH] = 0;
}

/** `next`: the row behind what is in it. */
export function endRow({ rows }: JsonTape, row: number, end: number, next: number): void {
  rows[row + END] = end;
  rows[row + NEXT] = next;
}
