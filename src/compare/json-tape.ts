/** What the rows of a tape stand for: keys, texts, values, hashes, and whether two are the same. */
import type { JsonScalar } from './json.ts';
import { quoted } from './json-quoted.ts';
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import { mixHash } from './mix-hash.ts';

const {
  ARRAY,
  COUNT,
  END,
  ESCAPED,
  FALSE,
  HASH,
  KEY_END,
  KEY_ESCAPED,
  KEY_START,
  KIND,
  KIND_MASK,
  NEXT,
  NULL,
  NUMBER,
  OBJECT,
  ROW,
  START,
  STRING,
  TRUE,
} = TAPE;

/** The kind of the value, without flags. */
export function kindAt(tape: JsonTape, row: number): number {
  return tape.rows[row + KIND]! & KIND_MASK;
}

/** True for arrays and objects. */
export function isContainer(tape: JsonTape, row: number): boolean {
  return kindAt(tape, row) >= ARRAY;
}

/** Whether the string is written with escapes. */
export function isEscaped(tape: JsonTape, row: number): boolean {
  return (tape.rows[row + KIND]! & ESCAPED) !== 0;
}

/** The row behind the value and all that is in it. */
export function nextOf(tape: JsonTape, row: number): number {
  return tape.rows[row + NEXT]!;
}

/** How many members or elements it has. */
export function countOf(tape: JsonTape, row: number): number {
  return tape.rows[row + COUNT]!;
}

/** Rows of the members or elements, in their order. */
export function childrenOf(tape: JsonTape, row: number): number[] {
  const children: number[] = [];
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) children.push(at);
  return children;
}

/** The key of a member. */
export function keyOf(tape: JsonTape, row: number): string {
  const { rows } = tape;
  const isEscaped = (rows[row + KIND]! & KEY_ESCAPED) !== 0;
  const start = rows[row + KEY_START]!;
  const end = rows[row + KEY_END]!;
  if (isEscaped || end === start) return textBetween(tape, start, end, isEscaped);
  const { bytes } = tape;
  const place = (Math.imul(end - start, 31) + bytes[start]! * 7 + bytes[end - 1]!) % KEYS_KEPT;
  const known = keys[place]!;
  if (isTextAt(known, bytes, start, end)) return known;
  const key = textBetween(tape, start, end, false);
  if (key.length <= KEY_KEPT_MAX_CHARS) keys[place] = key;
  return key;
}

/** Names come again and again: those seen last are not made anew. */
const KEYS_KEPT = 512;
const KEY_KEPT_MAX_CHARS = 64;
const keys: string[] = Array.from({ length: KEYS_KEPT }, () => '');

/** Whether the bytes are those of a text of plain ASCII. */
function isTextAt(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (text.length !== length) return false;
  for (let i = 0; i < length; i += 1) {
    const byte = bytes[start + i]!;
    if (byte !== text.charCodeAt(i) || byte > 0x7f) return false;
  }
  return true;
}

function textBetween(tape: JsonTape, start: number, end: number, isEscaped: boolean): string {
  if (isEscaped) return JSON.parse(tape.bytes.toString('utf8', start - 1, end + 1)) as string;
  return tape.bytes.toString('utf8', start, end);
}

/** The value of a row that is neither array nor object. */
export function scalarOf(tape: JsonTape, row: number): JsonScalar {
  const { rows } = tape;
  const kind = rows[row + KIND]!;
  switch (kind & KIND_MASK) {
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case NUMBER:
      return {
        kind: 'number',
        source: numberText(tape.bytes, rows[row + START]!, rows[row + END]!),
      };
    default:
      return textBetween(tape, rows[row + START]!, rows[row + END]!, (kind & ESCAPED) !== 0);
  }
}

/** Digits that a small integer of the engine has at least. */
const SMALL_DIGITS = 9;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;

/** As it is written. Small whole numbers are not copied: the engine knows their texts. */
function numberText(bytes: Buffer, start: number, end: number): string {
  let value = 0;
  if (end - start > SMALL_DIGITS) return bytes.toString('latin1', start, end);
  for (let at = start; at < end; at += 1) {
    const digit = bytes[at]!;
    if (digit < ZERO || digit > NINE) return bytes.toString('latin1', start, end);
    value = value * 10 + digit - ZERO;
  }
  return String(value);
}

/** JSON text of the value without white space, cut at `maxChars` with a mark. */
export function rowText(tape: JsonTape, row: number, maxChars: number): string {
  const { bytes, rows } = tape;
  const start = rows[row + START]!;
  const end = rows[row + END]!;
  // Most are short and without white space, as they are sent.
  if (isContainer(tape, row) && end - start <= maxChars && isDense(bytes, start, end)) {
    return bytes.toString('utf8', start, end);
  }
  const text = write(tape, row, maxChars + 1);
  return text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
}

/** Whether there is neither white space nor an escape. */
function isDense(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if (byte <= SPACE || byte === BACKSLASH) return false;
  }
  return true;
}

function write(tape: JsonTape, row: number, room: number): string {
  const { rows } = tape;
  const kind = kindAt(tape, row);
  if (kind < ARRAY) {
    const start = rows[row + START]!;
    const end = rows[row + END]!;
    if (kind === STRING) return writeString(tape, row, room);
    return tape.bytes.toString('latin1', start, Math.min(end, start + room));
  }
  const isObject = kind === OBJECT;
  let text = isObject ? '{' : '[';
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end && text.length < room; at = nextOf(tape, at)) {
    if (text.length > 1) text += ',';
    if (isObject) text += `${JSON.stringify(keyOf(tape, at).slice(0, room))}:`;
    text += write(tape, at, Math.max(1, room - text.length));
  }
  return text + (isObject ? '}' : ']');
}

/** UTF-8 takes 4 bytes a character at most: no more of a plain text is read than can be shown. */
function writeString(tape: JsonTape, row: number, room: number): string {
  const { rows } = tape;
  const start = rows[row + START]!;
  const end = rows[row + END]!;
  const hasEscapes = isEscaped(tape, row);
  const readEnd = hasEscapes ? end : Math.min(end, start + room * 4);
  return quoted(textBetween(tape, start, readEnd, hasEscapes).slice(0, room));
}

/** Up to here a loop is quicker than a call. */
const SHORT_BYTES = 96;

function areRangesEqual(
  a: Buffer,
  aStart: number,
  aEnd: number,
  b: Buffer,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (length !== bEnd - bStart) return false;
  if (length > SHORT_BYTES) return a.compare(b, bStart, bEnd, aStart, aEnd) === 0;
  for (let i = 0; i < length; i += 1) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** True when both members have the same key. */
export function isSameKey(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  if (((a.rows[i]! | b.rows[j]!) & KEY_ESCAPED) !== 0) return keyOf(a, i) === keyOf(b, j);
  return areRangesEqual(
    a.bytes,
    a.rows[i + KEY_START]!,
    a.rows[i + KEY_END]!,
    b.bytes,
    b.rows[j + KEY_START]!,
    b.rows[j + KEY_END]!,
  );
}

/** True when both are scalars and the same, numbers to the letter. */
export function isSameScalarAt(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  const kind = kindAt(a, i);
  if (kind !== kindAt(b, j) || kind >= ARRAY) return false;
  if (kind < NUMBER || isWrittenAlike(a, i, b, j)) return true;
  const isEscaped = ((a.rows[i]! | b.rows[j]!) & ESCAPED) !== 0;
  return isEscaped && scalarOf(a, i) === scalarOf(b, j);
}

/** True when both are of one kind and the same to the letter. */
export function isWrittenAlike(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  const p = a.rows;
  const q = b.rows;
  if (((p[i]! ^ q[j]!) & KIND_MASK) !== 0) return false;
  return areRangesEqual(a.bytes, p[i + START]!, p[i + END]!, b.bytes, q[j + START]!, q[j + END]!);
}

const FNV_PRIME = 0x01000193;

function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function hashText(text: string, seed: number): number {
  const bytes = Buffer.from(text);
  return hashBytes(bytes, 0, bytes.length, seed);
}

/**
 * Alike for equal values, whatever the order of keys and however strings are escaped; computed
 * once for each row. Tells candidates for equality from each other, and never proves it.
 */
export function hashAt(tape: JsonTape, row: number): number {
  const known = tape.rows[row + HASH]!;
  if (known !== 0) return known;
  const hash = computeHash(tape, row) | 0 || 1;
  tape.rows[row + HASH] = hash;
  return hash;
}

function computeHash(tape: JsonTape, row: number): number {
  const { rows, bytes } = tape;
  const kind = kindAt(tape, row);
  if (kind < NUMBER) return mixHash(kind + 1);
  if (kind < ARRAY) {
    if (isEscaped(tape, row)) return hashText(scalarOf(tape, row) as string, kind);
    return hashBytes(bytes, rows[row + START]!, rows[row + END]!, kind);
  }
  const end = nextOf(tape, row);
  let hash = countOf(tape, row) + kind;
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    const child = hashAt(tape, at);
    if (kind === ARRAY) hash = (Math.imul(hash, 31) + child) | 0;
    else hash = (hash + Math.imul(hashKey(tape, at) | 1, child)) | 0;
  }
  return mixHash(hash);
}

function hashKey(tape: JsonTape, row: number): number {
  const { rows, bytes } = tape;
  if ((rows[row + KIND]! & KEY_ESCAPED) !== 0) return hashText(keyOf(tape, row), 1);
  return hashBytes(bytes, rows[row + KEY_START]!, rows[row + KEY_END]!, 1);
}
