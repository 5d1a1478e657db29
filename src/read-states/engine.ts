import type { ChannelRef, StateRow } from './store.ts';

/** A value now, where the cache had it; else a promise of it. Hits create no promise. */
export type Maybe<T> = T | Promise<T>;

/** A state's fields in a scratch record that the engine fills and the caller reads at once. */
export type MutableState = { -readonly [K in keyof StateRow]: StateRow[K] };

export interface AckOptions {
  /** A manual ack sets exactly; any other only moves forward. */
  readonly isManual: boolean;
  /** Honoured only with a manual ack; -1 when not given. */
  readonly mentions: number;
  /** -1 when not given: the stored value stays. */
  readonly flags: number;
  /** -1 when not given: the stored value stays. */
  readonly viewed: number;
}

export interface BulkAck extends ChannelRef {
  readonly messageHi: number;
  readonly messageLo: number;
}

export interface ListOptions {
  /** Only this type; -1 for all. */
  readonly type: number;
  /** Only states behind this one in (type, numeric id) order; null from the beginning. */
  readonly after: ChannelRef | null;
  readonly limit: number;
}

/** How long a kind of work held the event loop: how often, in total, at worst. */
export interface StallCounter {
  readonly count: number;
  readonly totalUs: number;
  readonly maxUs: number;
}

export interface EngineStats {
  readonly capacity: number;
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** States changed and not yet written; in flight ones included. */
  readonly dirty: number;
  readonly writes: number;
  readonly writeFailures: number;
  /** Growing or rehashing an index, apart from collection and from flushing. */
  readonly rehash: StallCounter;
  readonly flush: StallCounter;
  /** Memory reserved for `capacity` entries at start, index and links included; 0 for legacy. */
  readonly reservedBytes: number;
}

/**
 * The Read States engine: a write-behind LRU cache over a {@link StateRow} store. Both engines
 * answer every call identically; they differ only in how they keep entries. A visitor is handed
 * a scratch record that is valid during its call alone. Rejections are `StoreUnavailable`, for a
 * miss that the store could not answer or an update refused because too much is unwritten.
 */
export interface ReadStatesEngine {
  /** Fills `out` and answers true, or answers false when there is no such state. */
  get(userHi: number, userLo: number, channel: ChannelRef, out: MutableState): Maybe<boolean>;
  /** Visits the states named, in the order named; the absent are left out. */
  query(
    userHi: number,
    userLo: number,
    channels: readonly ChannelRef[],
    visit: (state: StateRow) => void,
  ): Maybe<void>;
  /** Visits up to `limit` states in (type, numeric id) order; true when there are more. */
  list(
    userHi: number,
    userLo: number,
    options: ListOptions,
    visit: (state: StateRow) => void,
  ): Promise<boolean>;
  /** Answers the state's version afterwards. Acks, pins and mentions are of type 0. */
  ack(
    userHi: number,
    userLo: number,
    channelHi: number,
    channelLo: number,
    messageHi: number,
    messageLo: number,
    options: AckOptions,
  ): Maybe<number>;
  ackPins(
    userHi: number,
    userLo: number,
    channelHi: number,
    channelLo: number,
    pinAtMs: number,
  ): Maybe<void>;
  ackBulk(userHi: number, userLo: number, acks: readonly BulkAck[]): Maybe<void>;
  /** `users` holds hi, lo, hi, lo …; answers for how many the mention counted. */
  mention(
    channelHi: number,
    channelLo: number,
    messageHi: number,
    messageLo: number,
    users: Int32Array,
  ): Maybe<number>;
  remove(userHi: number, userLo: number, channel: ChannelRef): Maybe<void>;
  /** Resolves when everything changed before the call is in the store; rejects if it cannot be. */
  flush(): Promise<void>;
  stats(): EngineStats;
  /** Flushes, stops the timers; the store stays open. */
  close(): Promise<void>;
}
