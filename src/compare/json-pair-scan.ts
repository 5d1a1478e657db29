/**
 * Reads two JSON texts side by side, at the pace of reading one, and puts only what differs onto
 * their tapes: values that are not the same, members that one side lacks, and the arrays and
 * objects that these stand in. What is the same on both sides has no rows. An array or object
 * that is not built alike (members in another order, other lengths, several elements that
 * differ) is put there whole. What both end with, behind the last difference, is not read.
 */
import { runEnd } from './bytes.ts';
import { isAlignedInPart } from './json-arrays.ts';
import {
  areLoneKeysAlone,
  beginRow,
  endRow,
  isSameKeyAt,
  KEYS_MAX,
  nextKey,
  ONLY_LEGACY,
  readElements,
  readMember,
  setKey,
} from './json-keys.ts';
import { TAPE } from './json-rows.ts';
import { ELEMENTS_MAX, FRAME, JsonRun, NEXT } from './json-run.ts';
import type { JsonTape } from './json-scan.ts';
import { isSameScalarAt } from './json-tape.ts';
import { plainTextEnd, spaceEnd } from './json-tokens.ts';

const { COUNT, KIND, IN_PLACE, ROW, ARRAY, OBJECT } = TAPE;
const { BYTE, START, SHIFT, KEYS } = FRAME;
const { FIRST_ROW, SECOND_ROW, LONE, NAMED, SEVERAL, INDEX, COLUMNS } = FRAME;
const { VALUE, FIRST, BEHIND, KEY } = NEXT;

const QUOTE = 0x22;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/**
 * `same`: there is nothing to tell. `different`: the tapes hold what is. `unread`: one is no JSON
 * or beyond the limits; each has to be read by itself for that to be told.
 */
export type JsonPairScan = 'same' | 'different' | 'unread';

/** Reads one pair of texts at a time. */
export class JsonPairReader {
  readonly #a: JsonTape;
  readonly #b: JsonTape;
  readonly #run = new JsonRun();
  /** Columns of the rows that stand: what is behind them was tried in vain. */
  #usedA = 0;
  #usedB = 0;
  /** Where reading goes on in the candidate's text. */
  #j = 0;
  /** Bytes that have to be read once more: of what is nested, at each level again. */
  #again = 0;

  constructor(legacy: JsonTape, candidate: JsonTape) {
    this.#a = legacy;
    this.#b = candidate;
  }

  /** Reads the texts, each from its own place on. Never throws. */
  scan(legacy: Uint8Array, candidate: Uint8Array, from: number, other: number): JsonPairScan {
    this.#a.begin(legacy);
    this.#b.begin(candidate, this.#a.words);
    this.#run.begin(from);
    this.#usedA = 0;
    this.#usedB = 0;
    this.#again = 0;
    if (!this.#read(other)) return 'unread';
    return this.#usedA === 0 ? 'same' : 'different';
  }

  /** False where one of them is no JSON, or too large. */
  #read(other: number): boolean {
    const a = this.#a.bytes;
    const b = this.#b.bytes;
    const run = this.#run;
    const x = this.#a.words;
    const y = this.#b.words;
    let shift = other - run.at;
    let limit = runEnd(x, y, run.at, shift);
    let isLast = limit === a.length && limit + shift === b.length;
    for (;;) {
      run.read(a, x, limit, shift);
      const j = spaceEnd(b, run.at + shift);
      const i = spaceEnd(a, run.at);
      if (run.depth === 0 && run.next === BEHIND) return i === a.length && j === b.length;
      const isMoved = i !== run.at || j - i !== shift;
      run.at = i;
      this.#j = j;
      if (!isMoved && !this.#step(i, j) && !this.#widen()) return false;
      if (run.at >= limit || this.#j - run.at !== shift) {
        shift = this.#j - run.at;
        limit = runEnd(x, y, run.at, shift);
        isLast = limit === a.length && limit + shift === b.length;
      }
      if (isLast && this.#usedA > 0 && !run.isRestAsked) {
        return this.#closeAll(limit, limit + shift);
      }
    }
  }

  /** Ends all that are open, as the rest is the same. False where that is no JSON. */
  #closeAll(i: number, j: number): boolean {
    const run = this.#run;
    while (run.depth > 0) if (!this.#close(i, j) && !this.#readWhole(run.depth)) return false;
    return true;
  }

  /** Past what is not the same in both. False: the innermost that is open is not built alike. */
  #step(i: number, j: number): boolean {
    const run = this.#run;
    if (run.next === VALUE) return this.#addValues(i, j);
    const a = this.#a.bytes[i];
    const b = this.#b.bytes[j];
    if (run.next === KEY) return a === QUOTE && b === QUOTE && this.#addKeys(i, j);
    const frame = (run.depth - 1) * COLUMNS;
    const isObject = run.frames[frame + BYTE] === BRACE;
    const ending = isObject ? BRACE_END : BRACKET_END;
    if (a === ending && b === ending) return this.#close(i + 1, j + 1);
    if (a === ending || b === ending) return isObject && this.#addRest(i, j);
    if (run.next === BEHIND) return false;
    run.next = isObject ? KEY : VALUE;
    if (!isObject) run.nextElement(frame);
    return true;
  }

  /** Two values that differ as they are written; they may be the same text, escaped otherwise. */
  #addValues(i: number, j: number): boolean {
    const a = this.#a;
    const b = this.#b;
    const run = this.#run;
    if (!this.#leaveRoom()) return false;
    const x = a.used;
    const y = b.used;
    const behind = a.read(i, run.depth);
    const other = b.read(j, run.depth);
    if (behind < 0 || other < 0) return false;
    if (!isSameScalarAt(a, x, b, y)) {
      setKey(a, x, run.key, run.keyEnd);
      setKey(b, y, run.key + run.keyShift, run.keyEnd + run.keyShift);
      if (!this.#writeOpen() || !this.#count(run.depth, true, true)) return false;
      this.#keep();
    }
    run.at = behind;
    run.next = BEHIND;
    this.#j = other;
    return true;
  }

  /** Keys that are not plainly the same, each at its opening quote. */
  #addKeys(i: number, j: number): boolean {
    const a = this.#a;
    const b = this.#b;
    const run = this.#run;
    if (!isSameKeyAt(a, i, b, j)) return this.#addLone(i, j);
    const end = plainTextEnd(a.words, i + 1);
    const colon = spaceEnd(a.bytes, end);
    const other = spaceEnd(b.bytes, end + j - i);
    run.key = i + 1;
    run.keyEnd = end - 1;
    run.keyShift = j - i;
    run.at = colon + 1;
    run.next = VALUE;
    this.#j = other + 1;
    return a.bytes[colon] === COLON && b.bytes[other] === COLON && run.addKey(i + 1);
  }

  /**
   * Members that have not the same key: a side lacks the other's one if that one is followed by
   * its own.
   */
  #addLone(i: number, j: number): boolean {
    const a = this.#a;
    const b = this.#b;
    const run = this.#run;
    if (this.#isTooOften || !this.#leaveRoom() || !this.#writeOpen()) return false;
    const x = a.used;
    const afterA = readMember(a, i, run.depth);
    if (afterA < 0) return false;
    const nextA = nextKey(a, afterA);
    if (isSameKeyAt(a, nextA, b, j)) {
      run.at = nextA;
      return this.#countLone((i + 1) | ONLY_LEGACY) && this.#keep();
    }
    const afterB = readMember(b, j, run.depth);
    if (afterB < 0 || !this.#countLone(~(j + 1))) return false;
    const nextB = nextKey(b, afterB);
    if (isSameKeyAt(a, i, b, nextB)) {
      a.used = x;
      this.#again += afterA - i;
      this.#j = nextB;
      return this.#keep();
    }
    run.at = afterA;
    run.next = BEHIND;
    this.#j = afterB;
    return this.#countLone((i + 1) | ONLY_LEGACY) && this.#keep();
  }

  /** One side's object is over: the other's last members. */
  #addRest(i: number, j: number): boolean {
    const { depth, next } = this.#run;
    const isLegacyOver = this.#a.bytes[i] === BRACE_END;
    const tape = isLegacyOver ? this.#b : this.#a;
    if (!this.#leaveRoom() || !this.#writeOpen()) return false;
    let at = isLegacyOver ? j : i;
    for (let isFirst = next === FIRST; tape.bytes[at] !== BRACE_END; isFirst = false) {
      const key = isFirst ? at : nextKey(tape, at);
      at = readMember(tape, key, depth);
      if (at < 0 || !this.#countLone(isLegacyOver ? ~(key + 1) : (key + 1) | ONLY_LEGACY)) {
        return false;
      }
    }
    if (isLegacyOver) this.#j = at;
    else this.#run.at = at;
    this.#run.next = BEHIND;
    return this.#keep();
  }

  /** Ends the innermost that is open; false where its members may not belong together so. */
  #close(i: number, j: number): boolean {
    const run = this.#run;
    const { frames, depth } = run;
    const frame = (depth - 1) * COLUMNS;
    const keys = frames[frame + KEYS]!;
    const isAnyLone = frames[frame + LONE] !== 0;
    if (isAnyLone && !areLoneKeysAlone(this.#a, this.#b, run.keys, keys, run.keysUsed))
      return false;
    if (run.written === depth) {
      const legacy = { tape: this.#a, row: frames[frame + FIRST_ROW]! };
      const candidate = { tape: this.#b, row: frames[frame + SECOND_ROW]! };
      endRow(this.#a, legacy.row, i, this.#usedA);
      endRow(this.#b, candidate.row, j, this.#usedB);
      if (frames[frame + SEVERAL] !== 0) {
        const elements = frames[frame + INDEX]! + 1;
        this.#a.rows[legacy.row + COUNT] = elements;
        this.#b.rows[candidate.row + COUNT] = elements;
        if (!isAlignedInPart(legacy, candidate)) return false;
      } else if (frames[frame + NAMED]! > 1) this.#a.rows[legacy.row + KIND]! |= IN_PLACE;
      run.written -= 1;
    }
    run.keysUsed = keys;
    run.depth -= 1;
    run.at = i;
    run.next = BEHIND;
    this.#j = j;
    return true;
  }

  /** Reads more than what differs, as that alone cannot be told. False: it is none, or no JSON. */
  #widen(): boolean {
    const run = this.#run;
    const { depth, written } = run;
    const frame = (written - 1) * COLUMNS;
    const isArray = written > 0 && run.frames[frame + BYTE] === BRACKET;
    if (!isArray || this.#isTooOften) return this.#readWhole(depth);
    const isFirst = run.frames[frame + SEVERAL] === 0;
    const count = this.#a.rows[run.frames[frame + FIRST_ROW]! + COUNT]!;
    const areNamed = depth > written && run.frames[frame + NAMED] === count;
    if (areNamed && run.isNamed(this.#a.bytes, written)) return this.#readWhole(written + 1, true);
    if (isFirst && count >= ELEMENTS_MAX) return this.#readWhole(written);
    if (isFirst && !this.#beginSeveral(frame, count)) return false;
    if (depth > written) return this.#readWhole(written + 1);
    return isFirst || this.#readWhole(depth);
  }

  /** One more element differs: those before it, too, have to be read whole. */
  #beginSeveral(frame: number, count: number): boolean {
    const { frames, written } = this.#run;
    const first = frames[frame + FIRST_ROW]! + ROW;
    const second = frames[frame + SECOND_ROW]! + ROW;
    const read = readElements(this.#a, first, count, written);
    const other = readElements(this.#b, second, count, written);
    if (read < 0 || other < 0) return false;
    frames[frame + SEVERAL] = 1;
    this.#again += read + other;
    return this.#keep();
  }

  /** The array or object at the depth, with all that is in it. False: it is none. */
  #readWhole(depth: number, isNamed = false): boolean {
    if (depth === 0) return false;
    if (depth > 1 && this.#isTooOften) return this.#readWhole(1);
    const a = this.#a;
    const b = this.#b;
    const run = this.#run;
    const { frames } = run;
    const frame = (depth - 1) * COLUMNS;
    const isWritten = run.written >= depth;
    if (isWritten) {
      this.#usedA = frames[frame + FIRST_ROW]!;
      this.#usedB = frames[frame + SECOND_ROW]!;
      run.written = depth - 1;
    }
    run.depth = depth - 1;
    run.keysUsed = frames[frame + KEYS]!;
    run.next = VALUE;
    if (!this.#leaveRoom()) return false;
    // What it stands in has counted it when it got its rows.
    const isPlaced =
      isWritten || (this.#writeOpen() && this.#count(run.depth, true, true, isNamed));
    if (!isPlaced) return this.#readWhole(run.written);
    const x = a.used;
    const y = b.used;
    const start = frames[frame + START]!;
    const other = start + frames[frame + SHIFT]!;
    const behind = a.read(start, run.depth);
    this.#j = b.read(other, run.depth);
    if (behind < 0 || this.#j < 0) return false;
    this.#again += behind - start + this.#j - other;
    run.setKeys(a, x, b, y, frame);
    run.at = behind;
    run.next = BEHIND;
    return this.#keep();
  }

  /** Once both have been read again altogether nothing is tried any more: all of it is read. */
  get #isTooOften(): boolean {
    return this.#again > this.#a.bytes.length + this.#b.bytes.length;
  }

  /** Room for the rows of all that are open, and for one more, on both tapes. */
  #leaveRoom(): boolean {
    const a = this.#a;
    const b = this.#b;
    const run = this.#run;
    const columns = (run.depth - run.written) * ROW;
    a.used = this.#usedA + columns;
    b.used = this.#usedB + columns;
    return a.hasRoomFor(a.used + ROW) && b.hasRoomFor(b.used + ROW);
  }

  #keep(): true {
    this.#usedA = this.#a.used;
    this.#usedB = this.#b.used;
    return true;
  }

  /** Writes their rows where room was left. False: they stand in an element of several. */
  #writeOpen(): boolean {
    const a = this.#a;
    const b = this.#b;
    const run = this.#run;
    const { frames } = run;
    let x = this.#usedA;
    let y = this.#usedB;
    while (run.written < run.depth) {
      const isOfSeveral = run.written > 0 && frames[(run.written - 1) * COLUMNS + SEVERAL] !== 0;
      const isNamed = run.isNamed(a.bytes, run.written);
      if (isOfSeveral || !this.#count(run.written, true, true, isNamed)) return false;
      const frame = run.written * COLUMNS;
      const kind = frames[frame + BYTE] === BRACE ? OBJECT : ARRAY;
      const start = frames[frame + START]!;
      beginRow(a, x, kind, start);
      beginRow(b, y, kind, start + frames[frame + SHIFT]!);
      run.setKeys(a, x, b, y, frame);
      frames[frame + FIRST_ROW] = x;
      frames[frame + SECOND_ROW] = y;
      run.written += 1;
      x += ROW;
      y += ROW;
    }
    return true;
  }

  /** One row more in the one that is open at the depth. False: that is one element too many. */
  #count(depth: number, isInLegacy: boolean, isInCandidate: boolean, isNamed = false): boolean {
    if (depth === 0) return true;
    const { frames } = this.#run;
    const frame = (depth - 1) * COLUMNS;
    const x = frames[frame + FIRST_ROW]! + COUNT;
    const y = frames[frame + SECOND_ROW]! + COUNT;
    const isArray = frames[frame + BYTE] === BRACKET;
    if (isArray && !this.#run.takesElement(frame, this.#a.rows[x]!, isNamed)) return false;
    if (isInLegacy) this.#a.rows[x]! += 1;
    if (isInCandidate) this.#b.rows[y]! += 1;
    return true;
  }

  /** A member that one side lacks. False where there are many. */
  #countLone(key: number): boolean {
    const run = this.#run;
    const frame = (run.depth - 1) * COLUMNS;
    if (run.keysUsed - run.frames[frame + KEYS]! >= KEYS_MAX) return false;
    run.frames[frame + LONE] = 1;
    return this.#count(run.depth, key >= 0, key < 0) && run.addKey(key);
  }
}
