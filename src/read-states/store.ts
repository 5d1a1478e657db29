/**
 * What a Read States engine needs of its store: read some states of a user, read all of them,
 * write absolute values. Ids are pairs of signed 32-bit integers (`Hi`, `Lo`), so that nothing
 * on the way is a BigInt; every id is 1 to 2^63-1, hence `Hi` is never negative.
 */
export interface StateRow {
  readonly userHi: number;
  readonly userLo: number;
  /** 0 to 5. */
  readonly type: number;
  readonly channelHi: number;
  readonly channelLo: number;
  /** Last message read; both 0 when the state has none yet. */
  readonly lastHi: number;
  readonly lastLo: number;
  /** 0 to 2^31-1. */
  readonly mentions: number;
  /** Milliseconds since 1970 of the last pin seen; -1 when absent. */
  readonly pinAtMs: number;
  /** 0 to 255; -1 when absent. */
  readonly flags: number;
  /** Days since 2015-01-01, 0 to 65,535; -1 when absent. */
  readonly viewed: number;
  /** 1 when created, one more for each effective change. */
  readonly version: number;
}

/** One row to write: absolute values, so that writing it twice is harmless; or its removal. */
export interface StateWrite extends StateRow {
  readonly isDeleted: boolean;
}

/** Names one state of a user whose id stands beside it. */
export interface ChannelRef {
  readonly type: number;
  readonly channelHi: number;
  readonly channelLo: number;
}

export interface ReadStateStore {
  /** The states named that exist, in any order. Rejects with {@link StoreUnavailable}. */
  readMany(userHi: number, userLo: number, channels: readonly ChannelRef[]): Promise<StateRow[]>;
  /**
   * All states of a user in pages, ordered by type and then by numeric channel id; with `after`
   * those behind it, or any more of the earlier ones. The caller may stop early.
   */
  readUser(
    userHi: number,
    userLo: number,
    after?: ChannelRef | null,
  ): AsyncIterable<readonly StateRow[]>;
  /**
   * Makes all of them durable, or rejects: then any part of them may have been written.
   * Writes of one state are never given out of order or twice at once by a caller.
   */
  writeMany(writes: readonly StateWrite[]): Promise<void>;
  close(): Promise<void>;
}

/** The store cannot be reached or did not answer in time; the caller answers 503. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }
}
