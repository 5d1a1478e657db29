/**
 * Spares a scan what two texts begin and end with. Rows of values that end within the shared
 * start are those of the first text. From there the second one is read on, until a value has
 * ended where one ends in the first text too, in the same of the arrays and objects that both
 * are in: the bytes behind are the same, so the rows behind are, but for their places.
 */
import { TAPE } from './json-rows.ts';
import type { SharedEnds } from './shared-ends.ts';

const { KIND, START, END, NEXT, KEY_START, KEY_END, COUNT, HASH, ROW } = TAPE;
const { KIND_MASK, STRING, ARRAY } = TAPE;
const NONE = -1;

/** Behind a value, its closing quote or bracket: nothing that follows can be part of it. */
function behind(rows: Int32Array, row: number): number {
  const end = rows[row + END]!;
  return (rows[row + KIND]! & KIND_MASK) === STRING ? end + 1 : end;
}

/** How one text is read on from another's rows. */
export class JsonSplice {
  /** Where to read on: behind a value, or where the first one is to begin. */
  at = 0;
  isFirst = false;
  /** In the array or object at this row, so deep, after so many columns of rows. */
  parent: number = NONE;
  depth = 0;
  used = 0;
  /** Before this place no value can end as one does in the first text. */
  readonly meetAt: number;
  readonly #rows: Int32Array;
  readonly #longer: number;
  /** Rows that are open at {@link at}, from the root on, and how many values ended in each. */
  readonly #open: number[] = [];
  readonly #counts: number[] = [];
  #meetParent: number = NONE;
  #meetChild = 0;
  #meetCount = 0;

  /** `rows`: of the first text, all of it. */
  constructor(rows: Int32Array, { start, rest, longer }: SharedEnds) {
    this.#rows = rows;
    this.#longer = longer;
    this.meetAt = rest + longer;
    this.#findLast(start);
  }

  /** The innermost array or object that is open at `start`, and its last value before. */
  #findLast(start: number): void {
    const rows = this.#rows;
    let row = 0;
    while ((rows[row]! & KIND_MASK) >= ARRAY && rows[row + START]! < start) {
      const end = rows[row + NEXT]!;
      let last = NONE;
      let count = 0;
      let child = row + ROW;
      while (child < end && behind(rows, child) < start) {
        last = child;
        count += 1;
        child = rows[child + NEXT]!;
      }
      this.#open.push(row);
      this.#counts.push(count);
      this.isFirst = last === NONE;
      this.at = this.isFirst ? rows[row + START]! + 1 : behind(rows, last);
      this.used = this.isFirst ? row + ROW : rows[last + NEXT]!;
      this.parent = row;
      if (child >= end) break;
      row = child;
    }
    this.depth = this.#open.length;
  }

  /** Makes them the rows of what was read so far. There has to be room for them. */
  begin(own: Int32Array): void {
    const rows = this.#rows;
    for (let at = 0; at < this.used; at += 1) own[at] = rows[at]!;
    for (let i = 0; i < this.depth; i += 1) {
      const row = this.#open[i]!;
      own[row + NEXT] = i === 0 ? NONE : this.#open[i - 1]!;
      own[row + COUNT] = this.#counts[i]!;
      own[row + HASH] = 0;
    }
    // The last value is counted once the scan looks behind it.
    if (!this.isFirst) own[this.parent + COUNT]! -= 1;
  }

  /** Whether a value that ended at `at` in `parent` has ended in the first text as well. */
  isMeeting(at: number, parent: number): boolean {
    // Other rows stand in what has only begun since.
    if (parent === NONE || parent >= this.used) return false;
    const rows = this.#rows;
    if (parent !== this.#meetParent) {
      this.#meetParent = parent;
      this.#meetChild = parent + ROW;
      this.#meetCount = 0;
    }
    const end = rows[parent + NEXT]!;
    const place = at - this.#longer;
    while (this.#meetChild < end && behind(rows, this.#meetChild) < place) {
      this.#meetChild = rows[this.#meetChild + NEXT]!;
      this.#meetCount += 1;
    }
    return this.#meetChild < end && behind(rows, this.#meetChild) === place;
  }

  /** Rows altogether once those behind the meeting, found at `used`, are added. */
  totalAt(used: number): number {
    const rows = this.#rows;
    return used + rows[NEXT]! - rows[this.#meetChild + NEXT]!;
  }

  /** Adds the rows behind the meeting. There has to be room for them. */
  finish(own: Int32Array, used: number): void {
    const rows = this.#rows;
    const longer = this.#longer;
    const from = rows[this.#meetChild + NEXT]!;
    const moved = used - from;
    const total = rows[NEXT]!;
    for (let row = from; row < total; row += ROW) {
      const to = row + moved;
      own[to + KIND] = rows[row + KIND]!;
      own[to + START] = rows[row + START]! + longer;
      own[to + END] = rows[row + END]! + longer;
      own[to + NEXT] = rows[row + NEXT]! + moved;
      own[to + KEY_START] = rows[row + KEY_START]! + longer;
      own[to + KEY_END] = rows[row + KEY_END]! + longer;
      own[to + COUNT] = rows[row + COUNT]!;
      own[to + HASH] = 0;
    }
    const meetParent = this.#meetParent;
    own[meetParent + COUNT]! += rows[meetParent + COUNT]! - this.#meetCount;
    for (let row = meetParent; row !== NONE; ) {
      const parent = own[row + NEXT]!;
      own[row + END] = rows[row + END]! + longer;
      own[row + NEXT] = rows[row + NEXT]! + moved;
      if (row !== meetParent) own[row + COUNT] = rows[row + COUNT]!;
      row = parent;
    }
  }
}
