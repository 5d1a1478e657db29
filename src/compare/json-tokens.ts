/**
 * Where the tokens of JSON end. Each function takes the place where a token begins and returns
 * the place behind it; where it is none, the complement (`~`) of the first place that does not
 * fit, which is the length of the bytes where they end too early.
 * Source: RFC 8259; accepts and refuses exactly what `JSON.parse` does.
 */

import type { Words } from './bytes.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;
const LETTER_E = 0x65;
const LETTER_F = 0x66;
const LETTER_T = 0x74;

/** In each byte of four. */
const ONES = 0x01010101;
const QUOTES = ONES * QUOTE;
const BACKSLASHES = ONES * BACKSLASH;
const SPACES = ONES * SPACE;
const HIGH_BITS = 0x80808080;
const WORD_BYTES = 4;

const TRUE = [...Buffer.from('true')];
const FALSE = [...Buffer.from('false')];
const NULL = [...Buffer.from('null')];

/** The byte at a place; 0, which no token begins with, behind the end. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return at < bytes.length ? bytes[at]! : 0;
}

/** The first place from `from` on that is no white space. */
export function spaceEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at += 1;
  }
  return at;
}

/**
 * The closing quote of a string that begins at `from`, behind its own: twice its place, and one
 * more where there are escapes.
 */
export function stringEnd(bytes: Uint8Array, words: Words, from: number): number {
  const at = textStop(words, from);
  if (at >= bytes.length) return ~bytes.length;
  return bytes[at] === QUOTE ? at * 2 : escapedEnd(bytes, at);
}

/** The place behind the closing quote of a string without escapes; -1 where it is none. */
export function plainTextEnd(words: Words, from: number): number {
  const at = textStop(words, from);
  const { view, offset, length } = words;
  return at < length && view.getUint8(offset + at) === QUOTE ? at + 1 : -1;
}

/** The place behind the closing quote of a string, which may have escapes. */
export function escapedTextEnd(bytes: Uint8Array, words: Words, from: number): number {
  const close = stringEnd(bytes, words, from);
  return close < 0 ? close : (close >> 1) + 1;
}

/**
 * The first quote, backslash or control character; the length or beyond where there is none. Four
 * bytes are looked at together: the lowest high bit that is left marks the first of these.
 */
function textStop({ view, offset, length }: Words, from: number): number {
  const end = offset + length;
  let at = offset + from;
  for (; at <= end - WORD_BYTES; at += WORD_BYTES) {
    const word = view.getInt32(at, true);
    const quote = word ^ QUOTES;
    const escape = word ^ BACKSLASHES;
    const stops =
      (((quote - ONES) & ~quote) | ((escape - ONES) & ~escape) | ((word - SPACES) & ~word)) &
      HIGH_BITS;
    if (stops !== 0) return at - offset + ((31 - Math.clz32(stops & -stops)) >> 3);
  }
  for (; at < end; at += 1) {
    const byte = view.getUint8(at);
    if (byte === QUOTE || byte === BACKSLASH || byte < SPACE) break;
  }
  return at - offset;
}

function escapedEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let byte = byteAt(bytes, at); byte !== QUOTE; byte = byteAt(bytes, at)) {
    if (byte < SPACE) return ~at;
    const length = byte === BACKSLASH ? escapeLength(bytes, at) : 1;
    if (length === 0) return ~(at + ESCAPE_MAX > bytes.length ? bytes.length : at);
    at += length;
  }
  return at * 2 + 1;
}

/** The place behind a number, `true`, `false` or `null` that begins with the byte. */
export function scalarEnd(bytes: Uint8Array, from: number, byte: number): number {
  return byte === MINUS || isDigit(byte) ? numberEnd(bytes, from) : wordEnd(bytes, from);
}

function numberEnd(bytes: Uint8Array, from: number): number {
  const first = byteAt(bytes, from) === MINUS ? from + 1 : from;
  const whole = byteAt(bytes, first) === ZERO ? first + 1 : digitsEnd(bytes, first);
  if (whole < 0) return whole;
  const byte = byteAt(bytes, whole);
  return byte === POINT || (byte | 0x20) === LETTER_E ? fractionEnd(bytes, whole) : whole;
}

function fractionEnd(bytes: Uint8Array, from: number): number {
  const at = byteAt(bytes, from) === POINT ? digitsEnd(bytes, from + 1) : from;
  if (at < 0 || (byteAt(bytes, at) | 0x20) !== LETTER_E) return at;
  const sign = byteAt(bytes, at + 1);
  return digitsEnd(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isDigit(bytes[at]!)) at += 1;
  return at > from ? at : ~at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function wordEnd(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === LETTER_T) return lettersEnd(bytes, from, TRUE);
  return lettersEnd(bytes, from, first === LETTER_F ? FALSE : NULL);
}

function lettersEnd(bytes: Uint8Array, from: number, word: readonly number[]): number {
  for (let i = 0; i < word.length; i += 1) if (bytes[from + i] !== word[i]) return ~(from + i);
  return from + word.length;
}

/** Bytes of `\u0041`. */
const ESCAPE_MAX = 6;

/** Length of the escape at `at`, 0 when it is none. */
function escapeLength(bytes: Uint8Array, at: number): number {
  switch (bytes[at + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return 2;
    case 0x75:
      for (let i = at + 2; i < at + ESCAPE_MAX; i += 1) if (!isHexDigit(bytes[i])) return 0;
      return ESCAPE_MAX;
    default:
      return 0;
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
