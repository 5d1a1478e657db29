import { assert } from '../../kit/assert.ts';
import type { MutableState, StallCounter } from '../engine.ts';
import type { EntryCache } from '../entry-cache.ts';
import type { StateRow } from '../store.ts';
import { hashState, hashUser } from './hash.ts';
import {
  baseOf,
  DIRTY_NEXT,
  isRecordOf,
  NEWER,
  OLDER,
  RECORD_WORDS,
  readBits,
  readDirtyPrev,
  readLink,
  readRecord,
  readTick,
  USER_NEXT,
  USER_PREV,
  writeBits,
  writeDirtyPrev,
  writeLink,
  writeRecord,
  writeTick,
} from './record.ts';
import { homeOf, SLOT_MASK, SLOT_MAX, SlotIndex } from './slot-index.ts';

/** Places used of the states' index when the cache is full: about 1.6 steps a hit. */
const STATE_LOAD = 0.55;
/** The same of the users' index if every state were of another user, which none ever is. */
const USER_LOAD = 0.8;

const NO_STALLS: StallCounter = { count: 0, totalUs: 0, maxUs: 0 };

/**
 * Entries as records of 64 bytes in one flat array, found through an index of slots and, by user,
 * through a second index to the head of a chain. Everything is allocated and touched at
 * creation: 76.3 bytes an entry in all, no heap object per entry, nothing that grows or rehashes.
 */
export class SlabCache implements EntryCache<number> {
  readonly none = 0;
  readonly capacity: number;
  readonly reservedBytes: number;
  readonly rehash: StallCounter = NO_STALLS;
  readonly #rec: Int32Array<ArrayBuffer>;
  readonly #states: SlotIndex;
  readonly #users: SlotIndex;
  readonly #seed: number;
  #size = 0;
  /** Slots that were used and are free again, linked as NEWER. */
  #firstFree = 0;
  /** Slots used so far: those above were never. */
  #slotsUsed = 0;
  #oldest = 0;
  #newest = 0;
  #firstDirty = 0;
  #lastDirty = 0;

  /** `capacity` is 1 to 2^24-1 entries; `seed` any 32-bit integer, another in each process. */
  constructor(capacity: number, seed: number) {
    assert(capacity >= 1 && capacity <= SLOT_MAX, `capacity ${capacity} is not 1 to ${SLOT_MAX}`);
    this.capacity = capacity;
    this.#seed = seed | 0;
    this.#rec = new Int32Array(capacity * RECORD_WORDS);
    // Written now, so that the pages are there before the first request.
    this.#rec.fill(0);
    this.#states = new SlotIndex(capacity, STATE_LOAD, (slot) => this.#stateHashOf(slot));
    this.#users = new SlotIndex(capacity, USER_LOAD, (slot) => this.#userHashOf(slot));
    this.reservedBytes =
      this.#rec.byteLength + this.#states.table.byteLength + this.#users.table.byteLength;
  }

  get size(): number {
    return this.#size;
  }

  find(userHi: number, userLo: number, type: number, channelHi: number, channelLo: number): number {
    const rec = this.#rec;
    const table = this.#states.table;
    const length = table.length;
    const hash = hashState(this.#seed, userHi, userLo, type, channelHi, channelLo);
    const print = hash << 24;
    let at = homeOf(hash, length);
    for (;;) {
      const place = table[at]!;
      if (place === 0) return 0;
      if ((place ^ print) >>> 24 === 0) {
        const slot = place & SLOT_MASK;
        if (isRecordOf(rec, baseOf(slot), userHi, userLo, type, channelHi, channelLo)) return slot;
      }
      at += 1;
      if (at === length) at = 0;
    }
  }

  insert(state: StateRow): number {
    const rec = this.#rec;
    assert(this.#size < this.capacity, 'the slab is full');
    const slot = this.#takeSlot();
    const base = baseOf(slot);
    writeRecord(rec, base, state);
    this.#states.add(this.#stateHashOf(slot), slot);
    this.#linkToUser(slot);
    this.#linkAsNewest(slot);
    this.#size += 1;
    return slot;
  }

  remove(slot: number): void {
    this.#states.remove(this.#stateHashOf(slot), slot);
    this.#unlinkFromUser(slot);
    this.#unlinkFromUse(slot);
    this.#rec[baseOf(slot) + NEWER] = this.#firstFree;
    this.#firstFree = slot;
    this.#size -= 1;
  }

  read(slot: number, out: MutableState): void {
    readRecord(this.#rec, baseOf(slot), out);
  }

  write(slot: number, state: StateRow): void {
    writeRecord(this.#rec, baseOf(slot), state);
  }

  bits(slot: number): number {
    return readBits(this.#rec, baseOf(slot));
  }

  setBits(slot: number, bits: number): void {
    writeBits(this.#rec, baseOf(slot), bits);
  }

  touch(slot: number): void {
    if (slot === this.#newest) return;
    this.#unlinkFromUse(slot);
    this.#linkAsNewest(slot);
  }

  oldest(): number {
    return this.#oldest;
  }

  newer(slot: number): number {
    return this.#rec[baseOf(slot) + NEWER]!;
  }

  firstOfUser(userHi: number, userLo: number): number {
    const rec = this.#rec;
    const table = this.#users.table;
    const hash = hashUser(this.#seed, userHi, userLo);
    const print = hash << 24;
    let at = homeOf(hash, table.length);
    for (;;) {
      const place = table[at]!;
      if (place === 0) return 0;
      if ((place ^ print) >>> 24 === 0) {
        const base = baseOf(place & SLOT_MASK);
        if (rec[base] === userLo && rec[base + 1] === userHi) return place & SLOT_MASK;
      }
      at += 1;
      if (at === table.length) at = 0;
    }
  }

  nextOfUser(slot: number): number {
    return readLink(this.#rec, baseOf(slot), USER_NEXT);
  }

  firstDirty(): number {
    return this.#firstDirty;
  }

  queueDirty(slot: number, tick: number, isInFront: boolean): void {
    const rec = this.#rec;
    const base = baseOf(slot);
    const next = isInFront ? this.#firstDirty : 0;
    const prev = isInFront ? 0 : this.#lastDirty;
    writeTick(rec, base, tick);
    writeLink(rec, base, DIRTY_NEXT, next);
    writeDirtyPrev(rec, base, prev);
    this.#joinDirty(prev, slot, next, slot);
  }

  unqueueDirty(slot: number): void {
    const base = baseOf(slot);
    const next = readLink(this.#rec, base, DIRTY_NEXT);
    const prev = readDirtyPrev(this.#rec, base);
    this.#joinDirty(prev, next, next, prev);
  }

  dirtyTick(slot: number): number {
    return readTick(this.#rec, baseOf(slot));
  }

  /** Behind `prev` comes `afterPrev`, before `next` comes `beforeNext`; 0 is an end. */
  #joinDirty(prev: number, afterPrev: number, next: number, beforeNext: number): void {
    if (prev === 0) this.#firstDirty = afterPrev;
    else writeLink(this.#rec, baseOf(prev), DIRTY_NEXT, afterPrev);
    if (next === 0) this.#lastDirty = beforeNext;
    else writeDirtyPrev(this.#rec, baseOf(next), beforeNext);
  }

  /** A slot that is free, its record empty. */
  #takeSlot(): number {
    const slot = this.#firstFree;
    if (slot === 0) {
      this.#slotsUsed += 1;
      return this.#slotsUsed;
    }
    const base = baseOf(slot);
    this.#firstFree = this.#rec[base + NEWER]!;
    this.#rec.fill(0, base, base + RECORD_WORDS);
    return slot;
  }

  #stateHashOf(slot: number): number {
    const rec = this.#rec;
    const base = baseOf(slot);
    const type = rec[base + 8]! & 7;
    return hashState(this.#seed, rec[base + 1]!, rec[base]!, type, rec[base + 3]!, rec[base + 2]!);
  }

  #userHashOf(slot: number): number {
    const base = baseOf(slot);
    return hashUser(this.#seed, this.#rec[base + 1]!, this.#rec[base]!);
  }

  /** Makes it the head of its user's chain. */
  #linkToUser(slot: number): void {
    const rec = this.#rec;
    const base = baseOf(slot);
    const head = this.firstOfUser(rec[base + 1]!, rec[base]!);
    writeLink(rec, base, USER_NEXT, head);
    if (head === 0) {
      this.#users.add(this.#userHashOf(slot), slot);
      return;
    }
    writeLink(rec, baseOf(head), USER_PREV, slot);
    this.#users.replace(this.#userHashOf(slot), head, slot);
  }

  #unlinkFromUser(slot: number): void {
    const rec = this.#rec;
    const base = baseOf(slot);
    const next = readLink(rec, base, USER_NEXT);
    const prev = readLink(rec, base, USER_PREV);
    if (next !== 0) writeLink(rec, baseOf(next), USER_PREV, prev);
    if (prev !== 0) writeLink(rec, baseOf(prev), USER_NEXT, next);
    else if (next !== 0) this.#users.replace(this.#userHashOf(slot), slot, next);
    else this.#users.remove(this.#userHashOf(slot), slot);
  }

  #linkAsNewest(slot: number): void {
    const rec = this.#rec;
    const base = baseOf(slot);
    const before = this.#newest;
    rec[base + OLDER] = before;
    rec[base + NEWER] = 0;
    if (before === 0) this.#oldest = slot;
    else rec[baseOf(before) + NEWER] = slot;
    this.#newest = slot;
  }

  #unlinkFromUse(slot: number): void {
    const rec = this.#rec;
    const base = baseOf(slot);
    const older = rec[base + OLDER]!;
    const newer = rec[base + NEWER]!;
    if (older === 0) this.#oldest = newer;
    else rec[baseOf(older) + NEWER] = newer;
    if (newer === 0) this.#newest = older;
    else rec[baseOf(newer) + OLDER] = older;
  }
}
