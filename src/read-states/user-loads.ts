import { messageOf } from '../kit/errors.ts';
import type { ChannelRef, ReadStateStore, StateRow } from './store.ts';
import { StoreUnavailable } from './store.ts';

/** What a load knows of the states it is about: the row, null when there is none. */
export interface LoadedStates {
  /** Undefined when the load does not know: then the state is in the cache or held. */
  get(type: number, channelHi: number, channelLo: number): StateRow | null | undefined;
}

export interface UserLoadsOptions {
  readonly store: ReadStateStore;
  /** Whether the state is in the cache or held, removed ones included. */
  readonly isPresent: (userHi: number, userLo: number, channel: ChannelRef) => boolean;
  readonly waitersMax: number;
  /** States asked for in one read, unless a single waiter wants more. */
  readonly keysMax: number;
}

interface Waiter {
  readonly channels: readonly ChannelRef[];
  /** Runs at once when the states are there, before anything can change them. */
  readonly run: (loaded: LoadedStates) => void;
  readonly fail: (error: StoreUnavailable) => void;
}

function channelKey(type: number, channelHi: number, channelLo: number): string {
  return `${type}:${channelHi}:${channelLo}`;
}

/** One user's reads of the store, one after the other. */
class UserLoad implements LoadedStates {
  readonly userHi: number;
  readonly userLo: number;
  /** Waits for the read that is under way. */
  waiters: Waiter[] = [];
  /** Waits for the next one. */
  next: Waiter[] = [];
  /** Every state that the waiters want, those in the cache included: undefined until known. */
  known: Map<string, StateRow | null | undefined> = new Map();

  constructor(userHi: number, userLo: number) {
    this.userHi = userHi;
    this.userLo = userLo;
  }

  get(type: number, channelHi: number, channelLo: number): StateRow | null | undefined {
    return this.known.get(channelKey(type, channelHi, channelLo));
  }

  wantsAll(channels: readonly ChannelRef[]): boolean {
    return channels.every((one) =>
      this.known.has(channelKey(one.type, one.channelHi, one.channelLo)),
    );
  }
}

/**
 * Gathers the misses of a user: those of one moment become one read of the store, those that
 * come while it is under way become the next. An error goes to all who waited for that read.
 *
 * Reads of one user follow each other, and a state enters the cache by a read of its user alone;
 * so what a read brings is never older than what was changed since. A state that leaves the
 * cache while its user is being read is handed to {@link retain}: the waiters still find it.
 */
export class UserLoads {
  readonly #options: UserLoadsOptions;
  readonly #loads = new Map<string, UserLoad>();
  #waiting = 0;

  constructor(options: UserLoadsOptions) {
    this.#options = options;
  }

  /**
   * What `run` answers, once every one of `channels` is in the cache, held, or known to the
   * load. `run` must look in this order, and must not wait. Rejects with StoreUnavailable, also
   * when too many wait already, and with whatever `run` throws.
   */
  wait<T>(
    userHi: number,
    userLo: number,
    channels: readonly ChannelRef[],
    run: (loaded: LoadedStates) => T,
  ): Promise<T> {
    if (this.#waiting >= this.#options.waitersMax) {
      return Promise.reject(new StoreUnavailable('too many requests wait for the store'));
    }
    this.#waiting += 1;
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter = {
        channels,
        run: (loaded) => {
          this.#waiting -= 1;
          try {
            resolve(run(loaded));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(messageOf(error)));
          }
        },
        fail: (error) => {
          this.#waiting -= 1;
          reject(error);
        },
      };
      this.#join(userHi, userLo, waiter);
    });
  }

  /** Keeps what left the cache or the held states (null: it was removed) for those who wait. */
  retain(state: StateRow, isDeleted: boolean): void {
    if (this.#loads.size === 0) return;
    const load = this.#loads.get(`${state.userHi}:${state.userLo}`);
    if (load === undefined) return;
    const key = channelKey(state.type, state.channelHi, state.channelLo);
    if (load.known.has(key)) load.known.set(key, isDeleted ? null : { ...state });
  }

  #join(userHi: number, userLo: number, waiter: Waiter): void {
    const key = `${userHi}:${userLo}`;
    const load = this.#loads.get(key);
    if (load === undefined) {
      const created = new UserLoad(userHi, userLo);
      this.#loads.set(key, created);
      created.next.push(waiter);
      // Not at once, so that the misses of one moment make one read.
      queueMicrotask(() => void this.#runAll(key, created));
    } else if (load.waiters.length > 0 && load.wantsAll(waiter.channels)) {
      load.waiters.push(waiter);
    } else {
      load.next.push(waiter);
    }
  }

  async #runAll(key: string, load: UserLoad): Promise<void> {
    while (load.next.length > 0) {
      this.#takeNext(load);
      const missing = this.#missingOf(load);
      let failure: StoreUnavailable | null = null;
      if (missing.length > 0) failure = await this.#read(load, missing);
      const waiters = load.waiters;
      for (const waiter of waiters) {
        if (failure === null) waiter.run(load);
        else waiter.fail(failure);
      }
      load.waiters = [];
      load.known = new Map();
    }
    this.#loads.delete(key);
  }

  /** Moves on as many of those who wait for the next read as one read may serve. */
  #takeNext(load: UserLoad): void {
    let keys = 0;
    let count = 0;
    for (const { channels } of load.next) {
      if (count > 0 && keys + channels.length > this.#options.keysMax) break;
      keys += channels.length;
      count += 1;
    }
    load.waiters = load.next.slice(0, count);
    load.next = load.next.slice(count);
  }

  /** Notes all states that are wanted and answers with those that only the store has. */
  #missingOf(load: UserLoad): ChannelRef[] {
    const missing: ChannelRef[] = [];
    for (const { channels } of load.waiters) {
      for (const channel of channels) {
        const key = channelKey(channel.type, channel.channelHi, channel.channelLo);
        if (load.known.has(key)) continue;
        load.known.set(key, undefined);
        if (!this.#options.isPresent(load.userHi, load.userLo, channel)) missing.push(channel);
      }
    }
    return missing;
  }

  async #read(load: UserLoad, missing: readonly ChannelRef[]): Promise<StoreUnavailable | null> {
    let rows: readonly StateRow[];
    try {
      rows = await this.#options.store.readMany(load.userHi, load.userLo, missing);
    } catch (error) {
      return toStoreUnavailable(error);
    }
    for (const { type, channelHi, channelLo } of missing) {
      load.known.set(channelKey(type, channelHi, channelLo), null);
    }
    for (const row of rows) {
      load.known.set(channelKey(row.type, row.channelHi, row.channelLo), row);
    }
    return null;
  }
}

/** Whatever a store rejects with, as what the engine's callers are promised. */
export function toStoreUnavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  return new StoreUnavailable(`the store failed: ${messageOf(error)}`, { cause: error });
}
