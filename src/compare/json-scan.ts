/**
 * Reads JSON onto a tape: one row of numbers for each value, in the order of the text, saying
 * where it stands, and not one object. Nothing is lost: numbers keep their text, repeated keys
 * their places. No recursion: any depth of brackets costs no stack.
 * Source: RFC 8259; accepts and refuses exactly what `JSON.parse` does, within the limits.
 */
import { LIMITS } from '../kit/limits.ts';

/** Kinds of values, in the low bits of the first column. */
export const TAPE_NULL = 0;
export const TAPE_FALSE = 1;
export const TAPE_TRUE = 2;
export const TAPE_NUMBER = 3;
export const TAPE_STRING = 4;
export const TAPE_ARRAY = 5;
export const TAPE_OBJECT = 6;
export const KIND_MASK = 7;
/** The string, or the key, has escapes in it. */
export const ESCAPED = 8;
export const KEY_ESCAPED = 16;

/** Columns of a row. Strings and keys stand between their quotes. */
export const KIND = 0;
export const START = 1;
export const END = 2;
/** The row behind the value and all that is in it. */
export const NEXT = 3;
export const KEY_START = 4;
export const KEY_END = 5;
/** Members or elements. */
export const COUNT = 6;
/** 0 until somebody asks for it. */
export const HASH = 7;
/** Columns altogether: rows are known by the place of their first one. */
export const ROW = 8;

const NONE = -1;
const NOTHING = Buffer.alloc(0);
const FIRST_ROWS = 512;
const ROWS_KEPT_MAX = 65_536;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/** What a step of the scanner came to. */
const ENDED = 0;
const FOLLOWS = 1;
const FINISHED = 2;
const INVALID = 3;
const TOO_LARGE = 4;

const LETTER_T = 0x74;
const LETTER_F = 0x66;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

/**
 * `invalid`: `at` is the first byte that does not fit, or the length where the text ends early.
 * `too-large`: deeper or of more values than the limits; nothing is said of its validity.
 */
export type JsonScan = 'parsed' | 'invalid' | 'too-large';

/** One text at a time: the next one takes the place of the last. */
export class JsonTape {
  bytes: Buffer = NOTHING;
  rows: Int32Array = new Int32Array(FIRST_ROWS * ROW);
  at = 0;
  #used = 0;
  #parent: number = NONE;
  #depth = 0;
  #keyStart = 0;
  #keyEnd = 0;
  #keyFlag = 0;
  #escaped = 0;

  /** Reads the text that begins at `from`; the first row is its value. Never throws. */
  scan(bytes: Uint8Array, from = 0): JsonScan {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = from;
    this.#used = 0;
    this.#parent = NONE;
    this.#depth = 0;
    this.#keyFlag = 0;
    for (;;) {
      let step = this.#readValue();
      while (step === ENDED) step = this.#readBehind();
      if (step === FOLLOWS) continue;
      if (step === FINISHED) return 'parsed';
      return step === INVALID ? 'invalid' : 'too-large';
    }
  }

  /** Lets go of the text, and of the rows where they have become many. */
  clear(): void {
    this.bytes = NOTHING;
    if (this.rows.length > ROWS_KEPT_MAX * ROW) this.rows = new Int32Array(FIRST_ROWS * ROW);
  }

  #readValue(): number {
    const byte = this.#skipSpace();
    const row = this.#claim();
    if (row === NONE) return TOO_LARGE;
    if (byte === QUOTE) {
      const start = this.at + 1;
      if (!this.#skipString(start)) return INVALID;
      return this.#end(row, TAPE_STRING | this.#escaped, start, this.at - 1);
    }
    if (byte === BRACE) return this.#open(row, TAPE_OBJECT, BRACE_END);
    if (byte === BRACKET) return this.#open(row, TAPE_ARRAY, BRACKET_END);
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const start = this.at;
      return this.#skipNumber() ? this.#end(row, TAPE_NUMBER, start, this.at) : INVALID;
    }
    return this.#readLiteral(row, byte);
  }

  #claim(): number {
    const row = this.#used;
    if (row === this.rows.length && !this.#grow()) return NONE;
    this.#used = row + ROW;
    const { rows } = this;
    rows[row + KEY_START] = this.#keyStart;
    rows[row + KEY_END] = this.#keyEnd;
    rows[row + COUNT] = 0;
    rows[row + HASH] = 0;
    return row;
  }

  #grow(): boolean {
    const length = Math.min(this.rows.length * 2, LIMITS.jsonNodesMax * ROW);
    if (length === this.rows.length) return false;
    const rows = new Int32Array(length);
    rows.set(this.rows);
    this.rows = rows;
    return true;
  }

  #end(row: number, kind: number, start: number, end: number): number {
    const { rows } = this;
    rows[row + KIND] = kind | this.#keyFlag;
    rows[row + START] = start;
    rows[row + END] = end;
    rows[row + NEXT] = row + ROW;
    return ENDED;
  }

  #open(row: number, kind: number, closing: number): number {
    const { rows } = this;
    rows[row + KIND] = kind | this.#keyFlag;
    rows[row + START] = this.at;
    // Until it is closed, this column leads to the value it stands in.
    rows[row + NEXT] = this.#parent;
    this.#parent = row;
    this.#depth += 1;
    if (this.#depth > LIMITS.jsonDepthMax) return TOO_LARGE;
    this.at += 1;
    if (this.#skipSpace() === closing) return this.#close();
    if (kind === TAPE_ARRAY) {
      this.#keyFlag = 0;
      return FOLLOWS;
    }
    return this.#readKey() ? FOLLOWS : INVALID;
  }

  #close(): number {
    const { rows } = this;
    const row = this.#parent;
    this.at += 1;
    this.#depth -= 1;
    this.#parent = rows[row + NEXT]!;
    rows[row + END] = this.at;
    rows[row + NEXT] = this.#used;
    return ENDED;
  }

  /** Behind a value: on to the next one, or that which it stands in ends too. */
  #readBehind(): number {
    const byte = this.#skipSpace();
    const row = this.#parent;
    if (row === NONE) return this.at < this.bytes.length ? INVALID : FINISHED;
    const { rows } = this;
    rows[row + COUNT] = rows[row + COUNT]! + 1;
    const isObject = (rows[row]! & KIND_MASK) === TAPE_OBJECT;
    if (byte === COMMA) {
      this.at += 1;
      if (isObject) return this.#readKey() ? FOLLOWS : INVALID;
      this.#keyFlag = 0;
      return FOLLOWS;
    }
    return byte === (isObject ? BRACE_END : BRACKET_END) ? this.#close() : INVALID;
  }

  #readKey(): boolean {
    if (this.#skipSpace() !== QUOTE) return false;
    const start = this.at + 1;
    if (!this.#skipString(start)) return false;
    this.#keyStart = start;
    this.#keyEnd = this.at - 1;
    this.#keyFlag = this.#escaped === 0 ? 0 : KEY_ESCAPED;
    if (this.#skipSpace() !== COLON) return false;
    this.at += 1;
    return true;
  }

  #readLiteral(row: number, first: number): number {
    const start = this.at;
    const kind = first === LETTER_T ? TAPE_TRUE : first === LETTER_F ? TAPE_FALSE : TAPE_NULL;
    const word = kind === TAPE_TRUE ? TRUE : kind === TAPE_FALSE ? FALSE : NULL;
    for (let i = 0; i < word.length; i += 1) {
      if (this.#peek() !== word[i]) return INVALID;
      this.at += 1;
    }
    return this.#end(row, kind, start, this.at);
  }

  /** The byte at `at` once white space is passed; 0 at the end. */
  #skipSpace(): number {
    const { bytes } = this;
    let at = this.at;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
        this.at = at;
        return byte;
      }
    }
    this.at = at;
    return 0;
  }

  #peek(): number {
    return this.at < this.bytes.length ? this.bytes[this.at]! : 0;
  }

  /** From behind the opening quote to behind the closing one; `#escaped` says what was passed. */
  #skipString(start: number): boolean {
    const { bytes } = this;
    const end = bytes.length;
    let at = start;
    let escaped = 0;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.at = at + 1;
        this.#escaped = escaped;
        return true;
      }
      if (byte === BACKSLASH) {
        const length = escapeLength(bytes, at);
        if (length === 0) break;
        escaped = ESCAPED;
        at += length;
      } else if (byte < 0x20) break;
      else at += 1;
    }
    const isCut = at >= end || (bytes[at] === BACKSLASH && at + ESCAPE_MAX > end);
    this.at = isCut ? end : at;
    return false;
  }

  #skipNumber(): boolean {
    if (this.#peek() === MINUS) this.at += 1;
    if (this.#peek() === ZERO) this.at += 1;
    else if (!this.#skipDigits()) return false;
    if (this.#peek() === POINT) {
      this.at += 1;
      if (!this.#skipDigits()) return false;
    }
    if ((this.#peek() | 0x20) !== 0x65) return true;
    this.at += 1;
    const sign = this.#peek();
    if (sign === PLUS || sign === MINUS) this.at += 1;
    return this.#skipDigits();
  }

  #skipDigits(): boolean {
    const { bytes } = this;
    const start = this.at;
    let at = start;
    while (at < bytes.length && bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1;
    this.at = at;
    return at > start;
  }
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
  if (byte >= ZERO && byte <= NINE) return true;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66;
}
