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
import { DELETED, type EntryCache } from './entry-cache.ts';
import { HeldStates } from './held-states.ts';
import { listStates } from './list-states.ts';
import * as rules from './rules.ts';
import { type Found, PRESENT, StateTable, UNKNOWN } from './state-table.ts';
import type { ChannelRef, ReadStateStore, StateRow } from './store.ts';
import { StoreUnavailable } from './store.ts';
import { type LoadedStates, UserLoads } from './user-loads.ts';
import { WriteBehind } from './write-behind.ts';

export interface CachedEngineOptions {
  readonly store: ReadStateStore;
  readonly clock: Clock;
  readonly commitDelayMs: number;
  readonly dirtyMax: number;
  /** For tests; else as in LIMITS. */
  readonly heldMax?: number;
}

/**
 * The engine over any {@link EntryCache}. What is here or held is answered at once; for the rest
 * the store is asked, once for the misses of a user that come together. Updates are applied in
 * one go, never across a wait, and are written behind.
 */
export class CachedEngine<E> implements ReadStatesEngine {
  readonly #cache: EntryCache<E>;
  readonly #table: StateTable<E>;
  readonly #loads: UserLoads;
  readonly #writes: WriteBehind<E>;
  readonly #store: ReadStateStore;
  #hits = 0;
  #misses = 0;

  constructor(cache: EntryCache<E>, options: CachedEngineOptions) {
    this.#cache = cache;
    this.#store = options.store;
    this.#loads = new UserLoads({
      store: options.store,
      isPresent: (userHi, userLo, channel) => this.#table.isPresent(userHi, userLo, channel),
      waitersMax: LIMITS.loadWaitersMax,
      keysMax: LIMITS.loadKeysMax,
    });
    const held = new HeldStates(options.heldMax ?? LIMITS.heldStatesMax);
    const onGone = (state: StateRow, isDeleted: boolean): void =>
      this.#loads.retain(state, isDeleted);
    this.#writes = new WriteBehind(cache, held, { ...options, onGone });
    this.#table = new StateTable(cache, held, this.#writes, (state) => onGone(state, false));
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
    const missing = this.#table.countMissing(userHi, userLo, channels);
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
    const unwritten = this.#table.unwrittenOf(userHi, userLo);
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
      rules.applyAck(this.#table.state, messageHi, messageLo, options),
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
      rules.applyPinAck(this.#table.state, pinAtMs),
    );
    return typeof done === 'number' ? undefined : done.then(() => undefined);
  }

  ackBulk(userHi: number, userLo: number, acks: readonly BulkAck[]): Maybe<void> {
    if (!this.#writes.hasRoomFor(acks.length)) return this.#refuse();
    const missing = this.#table.countMissing(userHi, userLo, acks);
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
      if (!rules.doesMentionCount(this.#table.state, messageHi, messageLo)) return false;
      applied += 1;
      return rules.applyMention(this.#table.state);
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
      evictions: this.#table.evictions,
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
    const found = this.#table.look(userHi, userLo, type, channelHi, channelLo, null);
    if (found !== UNKNOWN) {
      this.#hits += 1;
      return this.#change(found, rule);
    }
    this.#misses += 1;
    return this.#loads.wait(userHi, userLo, [{ type, channelHi, channelLo }], (loaded) =>
      this.#change(this.#table.look(userHi, userLo, type, channelHi, channelLo, loaded), rule),
    );
  }

  /** Applies a rule to the state that was looked for, which then is saved if it changed. */
  #change(found: Found, rule: (() => boolean) | null): number {
    if (rule === null) {
      if (found === PRESENT) this.#table.save(true);
    } else if (rule()) {
      this.#table.save(false);
    }
    return this.#table.state.version;
  }

  #applyAcks(
    userHi: number,
    userLo: number,
    acks: readonly BulkAck[],
    loaded: LoadedStates | null,
  ): void {
    for (const ack of acks) {
      const { type, channelHi, channelLo } = ack;
      this.#table.look(userHi, userLo, type, channelHi, channelLo, loaded);
      if (rules.applyAck(this.#table.state, ack.messageHi, ack.messageLo, PLAIN_ACK))
        this.#table.save(false);
    }
  }

  #getUncached(
    userHi: number,
    userLo: number,
    channel: ChannelRef,
    out: MutableState,
  ): Maybe<boolean> {
    const { type, channelHi, channelLo } = channel;
    const found = this.#table.look(userHi, userLo, type, channelHi, channelLo, null);
    if (found !== UNKNOWN) {
      this.#hits += 1;
      if (found === PRESENT) rules.copyState(this.#table.state, out);
      return found === PRESENT;
    }
    this.#misses += 1;
    const wanted = [{ type, channelHi, channelLo }];
    return this.#loads.wait(userHi, userLo, wanted, (loaded) => {
      const found = this.#table.lookAndAdmit(userHi, userLo, type, channelHi, channelLo, loaded);
      if (found === PRESENT) rules.copyState(this.#table.state, out);
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
      const found = this.#table.lookAndAdmit(userHi, userLo, type, channelHi, channelLo, loaded);
      if (found === PRESENT) visit(this.#table.state);
    }
  }
}

/** Bulk acks only move forward and carry nothing else. */
const PLAIN_ACK: AckOptions = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
