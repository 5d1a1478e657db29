import type { MutableState, StallCounter } from './engine.ts';
import type { StateRow } from './store.ts';

/** Changed since it was last handed to the store. */
export const DIRTY = 1;
/** Handed to the store, which has not answered yet. */
export const IN_FLIGHT = 2;
/** Removed by a client; the entry stays until the store knows. */
export const DELETED = 4;

/** Dirty times wrap here: they are counted in ticks, in as many bits as a record has left. */
export const TICK_MODULUS: number = 2 ** 18;

/**
 * Where an engine keeps its entries; legacy and slab differ in nothing else. An entry is named by
 * a handle: a heap node there, a slot number here. Three orders run through the entries: of use
 * (oldest first to go), of a user's states (no order within), and of dirty ones (first in, first
 * out). The caller sees to it that an entry is in the dirty queue when it is DIRTY and not
 * IN_FLIGHT, and never otherwise.
 */
export interface EntryCache<E> {
  /** The handle that names no entry. */
  readonly none: E;
  readonly capacity: number;
  readonly size: number;
  /** Bytes reserved at creation for `capacity` entries; 0 where entries are heap objects. */
  readonly reservedBytes: number;
  readonly rehash: StallCounter;

  find(userHi: number, userLo: number, type: number, channelHi: number, channelLo: number): E;
  /** Adds a state that is not in yet, as the one used last, with no bits. Needs free room. */
  insert(state: StateRow): E;
  /** Takes an entry out, which must not be in the dirty queue. Its handle names nothing then. */
  remove(entry: E): void;
  read(entry: E, out: MutableState): void;
  /** Overwrites the fields of a state; whose it is must be the same. */
  write(entry: E, state: StateRow): void;
  bits(entry: E): number;
  setBits(entry: E, bits: number): void;

  /** Makes it the entry used last. */
  touch(entry: E): void;
  /** The entry whose last use is longest ago. */
  oldest(): E;
  /** The next in order of use, towards the one used last. */
  newer(entry: E): E;

  firstOfUser(userHi: number, userLo: number): E;
  nextOfUser(entry: E): E;

  firstDirty(): E;
  /** Queues an entry, at the end or in front of all; `tick` is when it became dirty. */
  queueDirty(entry: E, tick: number, isInFront: boolean): void;
  unqueueDirty(entry: E): void;
  dirtyTick(entry: E): number;
}
