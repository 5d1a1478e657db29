import { assert } from '../../kit/assert.ts';

/** A place of the table holds a fingerprint in its upper 8 bits and a slot in the lower 24. */
export const SLOT_MASK = 0xffffff;
/** Slots are numbered from 1; 0 marks an empty place. */
export const SLOT_MAX = 0xffffff;

const PER_HASH = 1 / 4_294_967_296;

/** The place where the search for `hash` begins in a table of `length` places, any length. */
export function homeOf(hash: number, length: number): number {
  // The hash as a fraction of its range: needs no power of two, so the load can be chosen.
  return ((hash >>> 0) * PER_HASH * length) | 0;
}

/**
 * Slots by hash: open addressing, linear probing, removal by shifting back, hence no tombstones
 * and never a rehash. It knows no keys: who searches walks from {@link homeOf} himself and
 * compares records where the fingerprint (the hash's low 8 bits) agrees; `hashOf` answers for a
 * slot that stands in the table.
 */
export class SlotIndex {
  /** Open to the searching loops, which must not pay for a call at each place. */
  readonly table: Int32Array<ArrayBuffer>;
  readonly #hashOf: (slot: number) => number;

  constructor(capacity: number, load: number, hashOf: (slot: number) => number) {
    // One place is always empty, else a search for what is absent would not end.
    this.table = new Int32Array(Math.max(capacity + 1, Math.ceil(capacity / load)));
    // Written now, so that the pages are there before the first request.
    this.table.fill(0);
    this.#hashOf = hashOf;
  }

  /** Adds a slot whose key is not in the table. */
  add(hash: number, slot: number): void {
    const table = this.table;
    let at = homeOf(hash, table.length);
    while (table[at] !== 0) {
      at += 1;
      if (at === table.length) at = 0;
    }
    table[at] = (hash << 24) | slot;
  }

  /** Puts `slot` in the place of `old`, for the same key. */
  replace(hash: number, old: number, slot: number): void {
    this.table[this.#placeOf(hash, old)] = (hash << 24) | slot;
  }

  /** Takes `slot` out; the records of all slots in the table must still be readable. */
  remove(hash: number, slot: number): void {
    const table = this.table;
    const length = table.length;
    let hole = this.#placeOf(hash, slot);
    let at = hole;
    for (;;) {
      at += 1;
      if (at === length) at = 0;
      const value = table[at]!;
      if (value === 0) break;
      const home = homeOf(this.#hashOf(value & SLOT_MASK), length);
      // It may move back into the hole unless its search begins behind the hole.
      const beginsBehind = hole < at ? home > hole && home <= at : home > hole || home <= at;
      if (beginsBehind) continue;
      table[hole] = value;
      hole = at;
    }
    table[hole] = 0;
  }

  #placeOf(hash: number, slot: number): number {
    const table = this.table;
    const wanted = (hash << 24) | slot;
    let at = homeOf(hash, table.length);
    while (table[at] !== wanted) {
      assert(table[at] !== 0, `slot ${slot} is not in the index`);
      at += 1;
      if (at === table.length) at = 0;
    }
    return at;
  }
}
