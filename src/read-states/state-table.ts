import type { MutableState } from './engine.ts';
import { DELETED, DIRTY, type EntryCache, IN_FLIGHT } from './entry-cache.ts';
import type { HeldState, HeldStates } from './held-states.ts';
import type { UnwrittenState } from './list-states.ts';
import { clearState, copyState, createState } from './rules.ts';
import type { ChannelRef, StateRow } from './store.ts';
import { StoreUnavailable } from './store.ts';
import type { LoadedStates } from './user-loads.ts';
import type { WriteBehind } from './write-behind.ts';

/** Entries looked at from the oldest on for a clean one, before a dirty one is evicted. */
const CLEAN_LOOK_MAX = 8;
/** The same when no dirty one may be evicted; those passed over become the ones used last. */
const CLEAN_SEARCH_MAX = 64;

/** Nobody here knows the state: the store must be asked. */
export const UNKNOWN = 0;
/** There is no such state. */
export const ABSENT = 1;
/** The state is there. */
export const PRESENT = 2;
/** What a look for a state found. */
export type Found = typeof UNKNOWN | typeof ABSENT | typeof PRESENT;

/**
 * Who finds what where: a state is looked for in the cache, then among the held (evicted, not
 * yet durable), then in what a load of its user brought. Removed states stay as entries until
 * the store knows; states that do not exist take no room. Makes room by evicting clean entries
 * rather than dirty ones, and dirty ones only as long as they can be held.
 */
export class StateTable<E> {
  evictions = 0;
  /** The state that was looked for last, to be read, or changed and saved, at once. */
  readonly state: MutableState = createState();
  readonly #cache: EntryCache<E>;
  readonly #held: HeldStates;
  readonly #writes: WriteBehind<E>;
  readonly #onEvicted: (state: StateRow) => void;
  readonly #leaving: MutableState = createState();
  /** Where that state is, if it is in the cache or held. */
  #entry: E;
  #heldState: HeldState | null = null;

  /** `onEvicted` is told of each clean state that leaves. */
  constructor(
    cache: EntryCache<E>,
    held: HeldStates,
    writes: WriteBehind<E>,
    onEvicted: (state: StateRow) => void,
  ) {
    this.#cache = cache;
    this.#held = held;
    this.#writes = writes;
    this.#onEvicted = onEvicted;
    this.#entry = cache.none;
  }

  /** Whether the state is in the cache or held, removed ones included. */
  isPresent(userHi: number, userLo: number, channel: ChannelRef): boolean {
    const { type, channelHi, channelLo } = channel;
    const entry = this.#cache.find(userHi, userLo, type, channelHi, channelLo);
    if (entry !== this.#cache.none) return true;
    return this.#held.find(userHi, userLo, type, channelHi, channelLo) !== null;
  }

  /** How many of them are not. */
  countMissing(userHi: number, userLo: number, channels: readonly ChannelRef[]): number {
    let missing = 0;
    for (const channel of channels) {
      if (!this.isPresent(userHi, userLo, channel)) missing += 1;
    }
    return missing;
  }

  /** Brings the state into `state`, a clear one if there is none, and notes where it is. */
  look(
    userHi: number,
    userLo: number,
    type: number,
    channelHi: number,
    channelLo: number,
    loaded: LoadedStates | null,
  ): Found {
    const cache = this.#cache;
    const state = this.state;
    const entry = cache.find(userHi, userLo, type, channelHi, channelLo);
    this.#entry = entry;
    this.#heldState = null;
    if (entry !== cache.none) {
      cache.touch(entry);
      if ((cache.bits(entry) & DELETED) === 0) {
        cache.read(entry, state);
        return PRESENT;
      }
      clearState(state, userHi, userLo, type, channelHi, channelLo);
      return ABSENT;
    }
    const held = this.#held.find(userHi, userLo, type, channelHi, channelLo);
    this.#heldState = held;
    let row: StateRow | null | undefined;
    if (held !== null) row = (held.bits & DELETED) === 0 ? held.state : null;
    else row = loaded?.get(type, channelHi, channelLo);
    if (row !== undefined && row !== null) {
      copyState(row, state);
      return PRESENT;
    }
    clearState(state, userHi, userLo, type, channelHi, channelLo);
    return row === null ? ABSENT : UNKNOWN;
  }

  /** As `look`; what a load brought is then in the cache, if there is room to be had. */
  lookAndAdmit(
    userHi: number,
    userLo: number,
    type: number,
    channelHi: number,
    channelLo: number,
    loaded: LoadedStates | null,
  ): Found {
    const found = this.look(userHi, userLo, type, channelHi, channelLo, loaded);
    const isElsewhere = this.#entry === this.#cache.none && this.#heldState === null;
    if (found === PRESENT && isElsewhere && this.#makeRoom()) this.#cache.insert(this.state);
    return found;
  }

  /** Puts `state`, changed, where it was found; a new one into the cache, or among the held. */
  save(isDeleted: boolean): void {
    const cache = this.#cache;
    const held = this.#heldState;
    if (held !== null) {
      copyState(this.state, held.state);
      held.bits = isDeleted ? held.bits | DELETED : held.bits & ~DELETED;
      this.#writes.markHeldDirty(held);
      return;
    }
    let entry = this.#entry;
    if (entry === cache.none) {
      if (this.#makeRoom()) {
        entry = cache.insert(this.state);
      } else {
        if (this.#held.isFull) {
          throw new StoreUnavailable('everything cached waits for the store');
        }
        this.#writes.holdNew(this.state, isDeleted);
        return;
      }
    } else {
      cache.write(entry, this.state);
    }
    const bits = cache.bits(entry);
    cache.setBits(entry, isDeleted ? bits | DELETED : bits & ~DELETED);
    this.#writes.markDirty(entry);
  }

  /** The states of a user that the store does not have as they are. */
  unwrittenOf(userHi: number, userLo: number): UnwrittenState[] {
    const cache = this.#cache;
    const unwritten: UnwrittenState[] = [];
    let entry = cache.firstOfUser(userHi, userLo);
    for (; entry !== cache.none; entry = cache.nextOfUser(entry)) {
      if (this.#isClean(entry)) continue;
      cache.read(entry, this.#leaving);
      const isDeleted = (cache.bits(entry) & DELETED) !== 0;
      unwritten.push({ state: { ...this.#leaving }, isDeleted });
    }
    for (const { state, bits } of this.#held.ofUser(userHi, userLo)) {
      unwritten.push({ state: { ...state }, isDeleted: (bits & DELETED) !== 0 });
    }
    return unwritten;
  }

  /** Whether there is room for one entry more, made by evicting one if need be. */
  #makeRoom(): boolean {
    const cache = this.#cache;
    if (cache.size < cache.capacity) return true;
    let entry = cache.oldest();
    for (let i = 0; i < CLEAN_LOOK_MAX && entry !== cache.none; i += 1) {
      if (this.#isClean(entry)) return this.#evict(entry);
      entry = cache.newer(entry);
    }
    if (!this.#held.isFull) return this.#evict(cache.oldest());
    for (let i = 0; i < CLEAN_SEARCH_MAX; i += 1) {
      entry = cache.oldest();
      if (this.#isClean(entry)) return this.#evict(entry);
      cache.touch(entry);
    }
    return false;
  }

  #isClean(entry: E): boolean {
    return (this.#cache.bits(entry) & (DIRTY | IN_FLIGHT)) === 0;
  }

  #evict(entry: E): true {
    this.#cache.read(entry, this.#leaving);
    if (this.#isClean(entry)) this.#onEvicted(this.#leaving);
    else this.#writes.hold(entry, this.#leaving);
    this.#cache.remove(entry);
    this.evictions += 1;
    return true;
  }
}
