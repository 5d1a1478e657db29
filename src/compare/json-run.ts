/**
 * Reads on in one of two JSON texts as long as the other goes on alike: then what is true of the
 * one is true of the other, and only one has to be looked at. Knows where it is in the arrays and
 * objects that are open, and stops before what is not the same in both, or not plain to see.
 */
import { LIMITS } from '../kit/limits.ts';
import type { Words } from './bytes.ts';
import { LIKELIEST_NAME } from './json-identity.ts';
import { setKey } from './json-keys.ts';
import type { JsonTape } from './json-scan.ts';
import { escapedTextEnd, plainTextEnd, scalarEnd, spaceEnd } from './json-tokens.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** The way from an opening bracket or brace to its closing one. */
const TO_END = 2;

/** What comes next. */
export const NEXT = {
  VALUE: 0,
  /** What an array or object begins with, or its end. */
  FIRST: 1,
  /** What follows a value. */
  BEHIND: 2,
  KEY: 3,
} as const;

export type Next = (typeof NEXT)[keyof typeof NEXT];

const { VALUE, FIRST, BEHIND, KEY } = NEXT;

/** Columns of what is known of an array or object that is open. */
export const FRAME = {
  /** Its opening bracket or brace. */
  BYTE: 0,
  /** Where it stands in the first text, and how much further behind in the second. */
  START: 1,
  SHIFT: 2,
  /** As of {@link JsonRun.key}, of itself. */
  KEY_START: 3,
  KEY_END: 4,
  KEY_SHIFT: 5,
  /** Which one its last element is, from 0. */
  INDEX: 6,
  /** Where the list of its keys begins. */
  KEYS: 7,
  /** Its rows, once it has some. */
  FIRST_ROW: 8,
  SECOND_ROW: 9,
  /** 1 where one side lacks members of the other's. */
  LONE: 10,
  /** How many of its rows are elements of one name: those need not be read whole. */
  NAMED: 11,
  /** 1 where several others differ: each of them is read whole. */
  SEVERAL: 12,
  COLUMNS: 13,
} as const;

const { BYTE, START, SHIFT, KEY_START, KEY_END, KEY_SHIFT } = FRAME;
const { INDEX, KEYS, LONE, NAMED, SEVERAL, COLUMNS } = FRAME;

const FIRST_KEYS = 1024;

/** Arrays of which more elements differ are read whole, where one of them has no name. */
export const ELEMENTS_MAX = 8;

/** Behind the opening quote. */
const NAME = [...Buffer.from(`${LIKELIEST_NAME}"`)];

/** Behind a number of one digit, the most frequent of all but texts; -1: it may be no such one. */
function digitEnd(bytes: Uint8Array, at: number, byte: number): number {
  const after = bytes[at + 1]!;
  const isAlone = after === COMMA || after === BRACE + TO_END;
  return isAlone && byte >= ZERO && byte <= NINE ? at + 1 : -1;
}

/** Whether the likeliest name is the key at the place. */
function isNameAt(bytes: Uint8Array, key: number): boolean {
  for (let i = 0; i < NAME.length; i += 1) if (bytes[key + i] !== NAME[i]) return false;
  return true;
}

/** One pair of texts at a time. */
export class JsonRun {
  /** Where it goes on in the first text. */
  at = 0;
  next: Next = VALUE;
  /** Where the key of the value is in the first text, and its end; of an element its index. */
  key = 0;
  keyEnd = 0;
  /** How much further behind it is in the second; 0 of elements. */
  keyShift = 0;
  readonly frames: Int32Array = new Int32Array(LIMITS.jsonDepthMax * COLUMNS);
  depth = 0;
  /** How many of the open ones have rows: always the outermost. */
  written = 0;
  /** Where the keys of open objects begin; those that only the second has, as complements. */
  keys: Int32Array = new Int32Array(FIRST_KEYS);
  keysUsed = 0;

  begin(at: number): void {
    this.at = at;
    this.next = VALUE;
    this.depth = 0;
    this.written = 0;
    this.keysUsed = 0;
  }

  /** Up to `limit` at most, where the second text is `shift` further behind and the same. */
  read(bytes: Uint8Array, words: Words, limit: number, shift: number): void {
    const { frames, written } = this;
    let { at, next, depth, keys, keysUsed } = this;
    let inside = depth === 0 ? 0 : frames[(depth - 1) * COLUMNS + BYTE]!;
    for (;;) {
      if (bytes[at]! <= SPACE) at = spaceEnd(bytes, at);
      if (at >= limit) break;
      if (next === VALUE) {
        const byte = bytes[at]!;
        if (byte === BRACE || byte === BRACKET) {
          if (depth === LIMITS.jsonDepthMax) break;
          this.#open(depth * COLUMNS, byte, at, shift, keysUsed);
          depth += 1;
          inside = byte;
          at += 1;
          next = FIRST;
        } else {
          let end = byte === QUOTE ? plainTextEnd(words, at + 1) : digitEnd(bytes, at, byte);
          if (end < 0 && byte !== QUOTE) end = scalarEnd(bytes, at, byte);
          if (end < 0 && byte === QUOTE) end = escapedTextEnd(bytes, words, at + 1);
          // What ends just there may go on in the other.
          if (end < 0 || end >= limit) break;
          at = end;
          next = BEHIND;
        }
        if (bytes[at]! <= SPACE) at = spaceEnd(bytes, at);
        if (at >= limit) break;
      }
      if (next !== KEY) {
        const byte = bytes[at]!;
        if (byte === inside + TO_END) {
          // What has rows is more to close than this.
          if (depth === written) break;
          depth -= 1;
          keysUsed = frames[depth * COLUMNS + KEYS]!;
          inside = depth === 0 ? 0 : frames[(depth - 1) * COLUMNS + BYTE]!;
          at += 1;
          next = BEHIND;
          continue;
        }
        if (inside === 0 || (next === BEHIND && byte !== COMMA)) break;
        if (next === BEHIND) at += 1;
        next = KEY;
        if (inside === BRACKET) {
          this.nextElement((depth - 1) * COLUMNS);
          next = VALUE;
          continue;
        }
        if (bytes[at]! <= SPACE) at = spaceEnd(bytes, at);
      }
      const end = bytes[at] === QUOTE ? plainTextEnd(words, at + 1) : -1;
      const colon = end >= 0 && bytes[end] !== COLON ? spaceEnd(bytes, end) : end;
      if (end < 0 || colon >= limit || bytes[colon] !== COLON) break;
      if (keysUsed === keys.length) {
        if (!this.#hasRoomForKeys()) break;
        ({ keys } = this);
      }
      this.key = at + 1;
      this.keyEnd = end - 1;
      this.keyShift = shift;
      keys[keysUsed] = at + 1;
      keysUsed += 1;
      at = colon + 1;
      next = VALUE;
    }
    this.at = Math.min(at, limit);
    this.next = next;
    this.depth = depth;
    this.keysUsed = keysUsed;
  }

  #open(frame: number, byte: number, at: number, shift: number, keysUsed: number): void {
    const { frames } = this;
    frames[frame + BYTE] = byte;
    frames[frame + START] = at;
    frames[frame + SHIFT] = shift;
    frames[frame + KEY_START] = this.key;
    frames[frame + KEY_END] = this.keyEnd;
    frames[frame + KEY_SHIFT] = this.keyShift;
    frames[frame + INDEX] = -1;
    frames[frame + KEYS] = keysUsed;
    frames[frame + LONE] = 0;
    frames[frame + NAMED] = 0;
    frames[frame + SEVERAL] = 0;
  }

  /** Sets the keys of the rows of what is open at the frame. */
  setKeys(a: JsonTape, x: number, b: JsonTape, y: number, frame: number): void {
    const start = this.frames[frame + KEY_START]!;
    const end = this.frames[frame + KEY_END]!;
    const shift = this.frames[frame + KEY_SHIFT]!;
    setKey(a, x, start, end);
    setKey(b, y, start + shift, end + shift);
  }

  /**
   * Whether the rest has to be read though it is the same: members that one side lacks may stand
   * there once more, and how many elements there are says how elements that differ are matched.
   */
  get isRestAsked(): boolean {
    const { frames, depth } = this;
    for (let frame = 0; frame < depth * COLUMNS; frame += COLUMNS) {
      if (frames[frame + LONE]! + frames[frame + SEVERAL]! !== 0) return true;
    }
    return false;
  }

  /**
   * Whether the object that is open at the depth, of which nothing differs so far, has the
   * likeliest of all names: then so has the other one, and the same.
   */
  isNamed(bytes: Uint8Array, depth: number): boolean {
    const { frames } = this;
    const frame = depth * COLUMNS;
    const isInnermost = depth === this.depth - 1;
    const keysEnd = isInnermost ? this.keysUsed : frames[frame + COLUMNS + KEYS]!;
    // The value of the last one may be what differs.
    const end = isInnermost && this.next !== VALUE ? keysEnd : keysEnd - 1;
    for (let at = frames[frame + KEYS]!; at < end; at += 1) {
      const key = this.keys[at]!;
      if (!isNameAt(bytes, key)) continue;
      const value = bytes[spaceEnd(bytes, spaceEnd(bytes, key + NAME.length) + 1)];
      return value !== BRACE && value !== BRACKET;
    }
    return false;
  }

  /** Whether the array at the frame, of so many rows, may have one more. */
  takesElement(frame: number, count: number, isNamed: boolean): boolean {
    const { frames } = this;
    if (isNamed && frames[frame + NAMED] === count) {
      frames[frame + NAMED] = count + 1;
      return true;
    }
    return count < (frames[frame + SEVERAL] === 0 ? 1 : ELEMENTS_MAX);
  }

  /** The value is the next element of the array at the frame. */
  nextElement(frame: number): void {
    const index = this.frames[frame + INDEX]! + 1;
    this.frames[frame + INDEX] = index;
    this.key = index;
    this.keyEnd = index;
    this.keyShift = 0;
  }

  /** False beyond the limits. */
  addKey(key: number): boolean {
    if (this.keysUsed === this.keys.length && !this.#hasRoomForKeys()) return false;
    this.keys[this.keysUsed] = key;
    this.keysUsed += 1;
    return true;
  }

  #hasRoomForKeys(): boolean {
    const { length } = this.keys;
    if (length >= LIMITS.jsonNodesMax) return false;
    const keys = new Int32Array(length * 2);
    keys.set(this.keys);
    this.keys = keys;
    return true;
  }
}
