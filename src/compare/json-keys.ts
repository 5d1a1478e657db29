/** Members of objects where they stand in their texts. Keys are plain ones: without escapes. */
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import { plainTextEnd, spaceEnd } from './json-tokens.ts';

const { KEY_START, KEY_END, ROW } = TAPE;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Reads a member of plain key; the place of the comma or brace behind it, negative: none. */
export function readMember(tape: JsonTape, from: number, depth: number): number {
  const { bytes } = tape;
  const close = bytes[from] === QUOTE ? plainTextEnd(bytes, from + 1) : -1;
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
  const end = plainTextEnd(a.bytes, i + 1);
  for (let at = i + 1; at < end; at += 1) if (a.bytes[at] !== b.bytes[at + j - i]) return false;
  return end >= 0;
}

const FNV_PRIME = 0x01000193;

/** Alike for the same keys; `start`: behind the opening quote. */
export function hashPlainKey(bytes: Uint8Array, start: number): number {
  // That of no bytes, too, has to be one that an array of integers holds.
  let hash = 0x811c9dc5 | 0;
  for (let at = start; bytes[at] !== QUOTE; at += 1) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return hash;
}

/** Sets the key of the member at a row, or the index of the element. */
export function setKey({ rows }: JsonTape, row: number, start: number, end: number): void {
  rows[row + KEY_START] = start;
  rows[row + KEY_END] = end;
}
