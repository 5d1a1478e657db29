/**
 * Reads JSON onto a tape: one row of numbers for each value, in the order of the text, saying
 * where it stands, and not one object. Nothing is lost: numbers keep their text, repeated keys
 * their places. No recursion: any depth of brackets costs no stack. Accepts and refuses exactly
 * what `JSON.parse` does, within the limits.
 */
import { LIMITS } from '../kit/limits.ts';
import { type Words, wordsOf } from './bytes.ts';
import { TAPE } from './json-rows.ts';
import { byteAt, scalarEnd, spaceEnd, stringEnd } from './json-tokens.ts';

const { KIND, START, END, NEXT, KEY_START, KEY_END, COUNT, HASH, ROW } = TAPE;
const { KIND_MASK, ESCAPED, KEY_ESCAPED } = TAPE;
const { NULL, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT } = TAPE;

const NONE = -1;
const NOTHING = Buffer.alloc(0);
const NO_WORDS = wordsOf(NOTHING, null);
const FIRST_ROWS = 512;
const ROWS_KEPT_MAX = 65_536;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/**
 * `invalid`: `at` is the first byte that does not fit, or the length where the text ends early.
 * `too-large`: deeper or of more values than the limits; nothing is said of its validity.
 */
export type JsonScan = 'parsed' | 'invalid' | 'too-large';

/** What {@link JsonTape.read} returns of a value that is beyond the limits. */
const TOO_LARGE = -(2 ** 31);

/** One text at a time: the next one takes the place of the last. */
export class JsonTape {
  bytes: Buffer = NOTHING;
  /** The same bytes, several at a time. */
  words: Words = NO_WORDS;
  rows: Int32Array = new Int32Array(FIRST_ROWS * ROW);
  /** Columns of the rows that are in use. */
  used = 0;
  /** Where an invalid text does not fit. */
  at = 0;
  #keyStart = 0;
  #keyEnd = 0;
  #keyFlag = 0;

  /** Reads the text that begins at `from`; the first row is its value. Never throws. */
  scan(bytes: Uint8Array, from = 0): JsonScan {
    this.begin(bytes);
    const end = this.read(from, 0);
    if (end === TOO_LARGE) return 'too-large';
    this.at = end < 0 ? ~end : spaceEnd(this.bytes, end);
    return end < 0 || this.at < bytes.length ? 'invalid' : 'parsed';
  }

  /** Takes up a text, with no rows yet; `beside`: the words of another, which may share a view. */
  begin(bytes: Uint8Array, beside: Words | null = null): void {
    this.bytes = bufferOf(bytes);
    this.words = wordsOf(bytes, beside);
    this.used = 0;
  }

  /** Lets go of the text, and of the rows where they have become many. */
  clear(): void {
    this.bytes = NOTHING;
    this.words = NO_WORDS;
    if (this.rows.length > ROWS_KEPT_MAX * ROW) this.rows = new Int32Array(FIRST_ROWS * ROW);
  }

  /**
   * Adds the rows of the value that begins at `from`, within `outerDepth` arrays and objects. The
   * place behind it; negative where it is no JSON, or too large. What changes with each token is
   * in local variables: fields take half as long again.
   */
  read(from: number, outerDepth: number): number {
    const { bytes, words } = this;
    let { rows, used } = this;
    let at = from;
    let parent = NONE;
    let depth = outerDepth;
    this.#keyFlag = 0;
    for (;;) {
      if (bytes[at]! <= SPACE) at = spaceEnd(bytes, at);
      if (used === rows.length) {
        if (!this.hasRoomFor(used + ROW)) return TOO_LARGE;
        ({ rows } = this);
      }
      const row = used;
      used += ROW;
      rows[row + KEY_START] = this.#keyStart;
      rows[row + KEY_END] = this.#keyEnd;
      rows[row + COUNT] = 0;
      rows[row + HASH] = 0;
      const byte = byteAt(bytes, at);
      let isOpen = byte === BRACE || byte === BRACKET;
      if (isOpen) {
        depth += 1;
        if (depth > LIMITS.jsonDepthMax) return TOO_LARGE;
        const kind = byte === BRACE ? OBJECT : ARRAY;
        // Until it is closed, its last column leads to the value it stands in.
        fill(rows, row, kind | this.#keyFlag, at, at, parent);
        parent = row;
        at += 1;
      } else if (byte === QUOTE) {
        const start = at + 1;
        const close = stringEnd(bytes, words, start);
        if (close < 0) return close;
        at = (close >> 1) + 1;
        const kind = (close & 1) === 0 ? STRING : STRING | ESCAPED;
        fill(rows, row, kind | this.#keyFlag, start, at - 1, used);
      } else {
        const end = scalarEnd(bytes, at, byte);
        if (end < 0) return end;
        fill(rows, row, kindOfScalar(byte) | this.#keyFlag, at, end, used);
        at = end;
      }
      for (;;) {
        if (parent === NONE) {
          this.used = used;
          return at;
        }
        if (bytes[at]! <= SPACE) at = spaceEnd(bytes, at);
        const byte = byteAt(bytes, at);
        const isObject = (rows[parent]! & KIND_MASK) === OBJECT;
        if (!isOpen) rows[parent + COUNT]! += 1;
        if (byte !== (isObject ? BRACE_END : BRACKET_END)) {
          if (!isOpen && byte !== COMMA) return ~at;
          if (!isOpen) at += 1;
          this.#keyFlag = 0;
          if (isObject) at = this.#readKey(at);
          else this.#keyStart = rows[parent + COUNT]!;
          if (at < 0) return at;
          break;
        }
        at += 1;
        depth -= 1;
        isOpen = false;
        parent = closed(rows, parent, at, used);
      }
    }
  }

  /** The place behind the colon of a member. */
  #readKey(from: number): number {
    const { bytes, words } = this;
    const open = byteAt(bytes, from) === QUOTE ? from : spaceEnd(bytes, from);
    if (byteAt(bytes, open) !== QUOTE) return ~open;
    const close = stringEnd(bytes, words, open + 1);
    if (close < 0) return close;
    const end = close >> 1;
    this.#keyStart = open + 1;
    this.#keyEnd = end;
    this.#keyFlag = (close & 1) * KEY_ESCAPED;
    const colon = byteAt(bytes, end + 1) === COLON ? end + 1 : spaceEnd(bytes, end + 1);
    return byteAt(bytes, colon) === COLON ? colon + 1 : ~colon;
  }

  /** Makes room for so many columns of rows; false where that is beyond the limits. */
  hasRoomFor(columns: number): boolean {
    let { length } = this.rows;
    if (columns <= length) return true;
    if (columns > LIMITS.jsonNodesMax * ROW) return false;
    while (length < columns) length = Math.min(length * 2, LIMITS.jsonNodesMax * ROW);
    const rows = new Int32Array(length);
    rows.set(this.rows);
    this.rows = rows;
    return true;
  }
}

function kindOfScalar(byte: number): number {
  if (byte === LETTER_T) return TRUE;
  if (byte === LETTER_F) return FALSE;
  return byte === LETTER_N ? NULL : NUMBER;
}

function fill(
  rows: Int32Array,
  row: number,
  kind: number,
  start: number,
  end: number,
  next: number,
): void {
  rows[row + KIND] = kind;
  rows[row + START] = start;
  rows[row + END] = end;
  rows[row + NEXT] = next;
}

/** Closes an array or object; the row it stands in. */
function closed(rows: Int32Array, row: number, end: number, next: number): number {
  const parent = rows[row + NEXT]!;
  rows[row + END] = end;
  rows[row + NEXT] = next;
  return parent;
}

function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
