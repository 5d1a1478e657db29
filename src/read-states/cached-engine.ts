import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type {
  AckOptions,
  BulkAck,
  EngineStats,
  ListOptions,
  Maybe,
  MutableState,
  ReadStatesEngine,
} from './engine.ts';
import { DELETED, DIRTY, type EntryCache, IN_FLIGHT } from './entry-cache.ts';
import { type HeldState, HeldStates } from './held-states.ts';
import { listStates, type UnwrittenState } from './list-states.ts';
import * as rules from './rules.ts';
import type { ChannelRef, ReadStateStore, StateRow } from './store.ts';
import { StoreUnavailable } from './store.ts';
import { type LoadedStates, UserLoads } from './user-loads.ts';
import { WriteBehind } from './write-behind.ts';

/** Entries looked at from the oldest on for a clean one, before a dirty one is evicted. */
const CLEAN_LOOK_MAX = 8;
/** The same when no dirty one may be evicted; those passed over become the ones used last. */
const CLEAN_SEARCH_MAX = 64;

/** What a look for a state found. */
const UNKNOWN = 0;
const ABSENT = 1;
const PRESENT = 2;
type Found = typeof UNKNOWN | typeof ABSENT | typeof PRESENT;

export interface CachedEngineOptions {
  readonly store: ReadStateStore;
  readonly clock: Clock;
  readonly commitDelayMs: number;
  readonly dirtyMax: number;
  /** For tests; else as in LIMITS. */
  readonly heldMax?: number;
}

/**
 * The engine over any {@link EntryCache}: who finds what where, and what becomes of it. A state
 * is looked for in the cache, then among the held (evicted, not yet durable), then in what a
 * load of its user brought. Updates are applied in one go, never across a wait. Removed states
 * stay as entries until the store knows; states that do not exist take no room.
 */
export class CachedEngine<E> implements ReadStatesEngine {
  readonly #cache: EntryCache<E>;
  readonly #held: HeldStates;
  readonly #loads: UserLoads;
  readonly #writes: WriteBehind<E>;
  readonly #store: ReadStateStore;
  /** The state that was looked for last, to be changed and saved. */
  readonly #state: MutableState = rules.createState();
  readonly #leaving: MutableState = rules.createState();
  /** Where that state is, if it is in the cache or held. */
  #entry: E;
  #heldState: HeldState | null = null;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor(cache: EntryCache<E>, options: CachedEngineOptions) {
    this.#cache = cache;
    this.#entry = cache.none;
    this.#store = options.store;
    this.#held = new HeldStates(options.heldMax ?? LIMITS.heldStatesMax);
    this.#loads = new UserLoads({
      store: options.store,
      isPresent: (userHi, userLo, channel) => this.#isPresent(userHi, userLo, channel),
      waitersMax: LIMITS.loadWaitersMax,
      keysMax: LIMITS.loadKeysMax,
    });
    this.#writes = new WriteBehind(cache, this.#held, {
      ...options,
      onGone: (state, isDeleted) => this.#loads.retain(state, isDeleted),
    });
  }

  get(userHi: number, userLo: number, channel: ChannelRef, out: MutableState): Maybe<boolean> {
    const { type, channelHi, channelLo } = channel;
    const cache = this.#cache;
    const entry = cache.find(userHi, userLo, type, channelHi, channelLo);
    if (entry === cache.none) return this.#getUncached(userHi, userLo, channel, out);
    this.#hits += 1;
    cache.touch(entry);
    if ((cache.bits(entry) & DELETED) !== 0) return false;
    cache.read(entry, out);
    return true;
  }

  query(
    userHi: number,
    userLo: number,
    channels: readonly ChannelRef[],
    visit: (state: StateRow) => void,
  ): Maybe<void> {
    const missing = this.#countMissing(userHi, userLo, channels);
    this.#misses += missing;
    this.#hits += channels.length - missing;
    if (missing === 0) {
      this.#visitAll(userHi, userLo, channels, null, visit);
      return undefined;
    }
    return this.#loads.wait(userHi, userLo, channels, (loaded) =>
      this.#visitAll(userHi, userLo, channels, loaded, visit),
    );
  }

  list(
    userHi: number,
    userLo: number,
    options: ListOptions,
    visit: (state: StateRow) => void,
  ): Promise<boolean> {
    const unwritten = this.#unwrittenOf(userHi, userLo);
    return listStates(this.#store, userHi, userLo, unwritten, options, visit);
  }

  ack(
    userHi: number,
    userLo: number,
    channelHi: number,
    channelLo: number,
    messageHi: number,
    messageLo: number,
    options: AckOptions,
  ): Maybe<number> {
    return this.#update(userHi, userLo, 0, channelHi, channelLo, () =>
      rules.applyAck(this.#state, messageHi, messageLo, options),
    );
  }

  ackPins(
    userHi: number,
    userLo: number,
    channelHi: number,
    channelLo: number,
    pinAtMs: number,
  ): Maybe<void> {
    const done = this.#update(userHi, userLo, 0, channelHi, channelLo, () =>
      rules.applyPinAck(this.#state, pinAtMs),
    );
    return typeof done === 'number' ? undefined : done.then(() => undefined);
  }

  ackBulk(userHi: number, userLo: number, acks: readonly BulkAck[]): Maybe<void> {
    if (!this.#writes.hasRoomFor(acks.length)) return this.#refuse();
    const missing = this.#countMissing(userHi, userLo, acks);
    this.#misses += missing;
    this.#hits += acks.length - missing;
    if (missing === 0) {
      this.#applyAcks(userHi, userLo, acks, null);
      return undefined;
    }
    return this.#loads.wait(userHi, userLo, acks, (loaded) =>
      this.#applyAcks(userHi, userLo, acks, loaded),
    );
  }

  mention(
    channelHi: number,
    channelLo: number,
    messageHi: number,
    messageLo: number,
    users: Int32Array,
  ): Maybe<number> {
    if (!this.#writes.hasRoomFor(users.length / 2)) return this.#refuse();
    let applied = 0;
    const apply = (): boolean => {
      if (!rules.doesMentionCount(this.#state, messageHi, messageLo)) return false;
      applied += 1;
      return rules.applyMention(this.#state);
    };
    const waiting: Promise<number>[] = [];
    for (let i = 0; i < users.length; i += 2) {
      const done = this.#update(users[i]!, users[i + 1]!, 0, channelHi, channelLo, apply);
      if (typeof done !== 'number') waiting.push(done);
    }
    if (waiting.length === 0) return applied;
    return Promise.allSettled(waiting).then((outcomes) => {
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      return applied;
    });
  }

  remove(userHi: number, userLo: number, channel: ChannelRef): Maybe<void> {
    const { type, channelHi, channelLo } = channel;
    const done = this.#update(userHi, userLo, type, channelHi, channelLo, null);
    return typeof done === 'number' ? undefined : done.then(() => undefined);
  }

  flush(): Promise<void> {
    return this.#writes.flush();
  }

  stats(): EngineStats {
    const cache = this.#cache;
    const writes = this.#writes;
    return {
      capacity: cache.capacity,
      entries: cache.size,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      dirty: writes.dirty,
      writes: writes.writes,
      writeFailures: writes.writeFailures,
      rehash: cache.rehash,
      flush: writes.flushStalls.read(),
      reservedBytes: cache.reservedBytes,
    };
  }

  async close(): Promise<void> {
    try {
      await this.#writes.flush();
    } finally {
      this.#writes.close();
    }
  }

  #refuse(): Promise<never> {
    return Promise.reject(new StoreUnavailable('too many changes wait for the store'));
  }

  /** Changes one state by `rule`, or removes it (null); answers its version afterwards. */
  #update(
    userHi: number,
    userLo: number,
    type: number,
    channelHi: number,
    channelLo: number,
    rule: (() => boolean) | null,
  ): Maybe<number> {
    if (!this.#writes.hasRoomFor(1)) return this.#refuse();
    const found = this.#look(userHi, userLo, type, channelHi, channelLo, null);
    if (found !== UNKNOWN) {
      this.#hits += 1;
      return this.#change(found, rule);
    }
    this.#misses += 1;
    return this.#loads.wait(userHi, userLo, [{ type, channelHi, channelLo }], (loaded) =>
      this.#change(this.#look(userHi, userLo, type, channelHi, channelLo, loaded), rule),
    );
  }

  /** Applies a rule to the state that was looked for, which then is saved if it changed. */
  #change(found: Found, rule: (() => boolean) | null): number {
    if (rule === null) {
      if (found === PRESENT) this.#save(true);
    } else if (rule()) {
      this.#save(false);
    }
    return this.#state.version;
  }

  #applyAcks(
    userHi: number,
    userLo: number,
    acks: readonly BulkAck[],
    loaded: LoadedStates | null,
  ): void {
    for (const ack of acks) {
      const { type, channelHi, channelLo } = ack;
      this.#look(userHi, userLo, type, channelHi, channelLo, loaded);
      if (rules.applyAck(this.#state, ack.messageHi, ack.messageLo, PLAIN_ACK)) this.#save(false);
    }
  }

  #getUncached(
    userHi: number,
    userLo: number,
    channel: ChannelRef,
    out: MutableState,
  ): Maybe<boolean> {
    const { type, channelHi, channelLo } = channel;
    const found = this.#look(userHi, userLo, type, channelHi, channelLo, null);
    if (found !== UNKNOWN) {
      this.#hits += 1;
      if (found === PRESENT) rules.copyState(this.#state, out);
      return found === PRESENT;
    }
    this.#misses += 1;
    const wanted = [{ type, channelHi, channelLo }];
    return this.#loads.wait(userHi, userLo, wanted, (loaded) => {
      const found = this.#lookAndAdmit(userHi, userLo, type, channelHi, channelLo, loaded);
      if (found === PRESENT) rules.copyState(this.#state, out);
      return found === PRESENT;
    });
  }

  #visitAll(
    userHi: number,
    userLo: number,
    channels: readonly ChannelRef[],
    loaded: LoadedStates | null,
    visit: (state: StateRow) => void,
  ): void {
    for (const { type, channelHi, channelLo } of channels) {
      const found = this.#lookAndAdmit(userHi, userLo, type, channelHi, channelLo, loaded);
      if (found === PRESENT) visit(this.#state);
    }
  }

  #countMissing(userHi: number, userLo: number, channels: readonly ChannelRef[]): number {
    let missing = 0;
    for (const channel of channels) {
      if (!this.#isPresent(userHi, userLo, channel)) missing += 1;
    }
    return missing;
  }

  #isPresent(userHi: number, userLo: number, channel: ChannelRef): boolean {
    const { type, channelHi, channelLo } = channel;
    const entry = this.#cache.find(userHi, userLo, type, channelHi, channelLo);
    if (entry !== this.#cache.none) return true;
    return this.#held.find(userHi, userLo, type, channelHi, channelLo) !== null;
  }

  /** Brings the state into `#state`, a clear one if there is none, and notes where it is. */
  #look(
    userHi: number,
    userLo: number,
    type: number,
    channelHi: number,
    channelLo: number,
    loaded: LoadedStates | null,
  ): Found {
    const cache = this.#cache;
    const state = this.#state;
    const entry = cache.find(userHi, userLo, type, channelHi, channelLo);
    this.#entry = entry;
    this.#heldState = null;
    if (entry !== cache.none) {
      cache.touch(entry);
      if ((cache.bits(entry) & DELETED) === 0) {
        cache.read(entry, state);
        return PRESENT;
      }
      rules.clearState(state, userHi, userLo, type, channelHi, channelLo);
      return ABSENT;
    }
    const held = this.#held.find(userHi, userLo, type, channelHi, channelLo);
    this.#heldState = held;
    let row: StateRow | null | undefined;
    if (held !== null) row = (held.bits & DELETED) === 0 ? held.state : null;
    else row = loaded?.get(type, channelHi, channelLo);
    if (row !== undefined && row !== null) {
      rules.copyState(row, state);
      return PRESENT;
    }
    rules.clearState(state, userHi, userLo, type, channelHi, channelLo);
    return row === null ? ABSENT : UNKNOWN;
  }

  /** As `#look`; what a load brought is then in the cache, if there is room to be had. */
  #lookAndAdmit(
    userHi: number,
    userLo: number,
    type: number,
    channelHi: number,
    channelLo: number,
    loaded: LoadedStates | null,
  ): Found {
    const found = this.#look(userHi, userLo, type, channelHi, channelLo, loaded);
    const isElsewhere = this.#entry === this.#cache.none && this.#heldState === null;
    if (found === PRESENT && isElsewhere && this.#makeRoom()) this.#cache.insert(this.#state);
    return found;
  }

  /** Puts `#state`, changed, where it was found; a new one into the cache, or among the held. */
  #save(isDeleted: boolean): void {
    const cache = this.#cache;
    const held = this.#heldState;
    if (held !== null) {
      rules.copyState(this.#state, held.state);
      held.bits = isDeleted ? held.bits | DELETED : held.bits & ~DELETED;
      this.#writes.markHeldDirty(held);
      return;
    }
    let entry = this.#entry;
    if (entry === cache.none) {
      if (this.#makeRoom()) {
        entry = cache.insert(this.#state);
      } else {
        if (this.#held.isFull) {
          throw new StoreUnavailable('everything cached waits for the store');
        }
        this.#writes.holdNew(this.#state, isDeleted);
        return;
      }
    } else {
      cache.write(entry, this.#state);
    }
    const bits = cache.bits(entry);
    cache.setBits(entry, isDeleted ? bits | DELETED : bits & ~DELETED);
    this.#writes.markDirty(entry);
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
    if (this.#isClean(entry)) this.#loads.retain(this.#leaving, false);
    else this.#writes.hold(entry, this.#leaving);
    this.#cache.remove(entry);
    this.#evictions += 1;
    return true;
  }

  /** The states of a user that the store does not have as they are. */
  #unwrittenOf(userHi: number, userLo: number): UnwrittenState[] {
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
}

/** Bulk acks only move forward and carry nothing else. */
const PLAIN_ACK: AckOptions = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
