import type { ListOptions } from './engine.ts';
import { compareChannels } from './rules.ts';
import type { ChannelRef, ReadStateStore, StateRow } from './store.ts';
import { toStoreUnavailable } from './user-loads.ts';

/** A state that the store does not have yet, or still has though it is removed. */
export interface UnwrittenState {
  readonly state: StateRow;
  readonly isDeleted: boolean;
}

/** Where the store may begin to read: what stands before it is not listed. */
function startOf(options: ListOptions): ChannelRef | null {
  if (options.after !== null || options.type <= 0) return options.after;
  return { type: options.type, channelHi: 0, channelLo: 0 };
}

function isListed(channel: ChannelRef, options: ListOptions): boolean {
  if (options.type >= 0 && channel.type !== options.type) return false;
  return options.after === null || compareChannels(channel, options.after) > 0;
}

/** Takes states in order and shows up to `limit` of them. */
class Listing {
  hasMore = false;
  readonly #options: ListOptions;
  readonly #visit: (state: StateRow) => void;
  #count = 0;

  constructor(options: ListOptions, visit: (state: StateRow) => void) {
    this.#options = options;
    this.#visit = visit;
  }

  /** False when no more are wanted. */
  take(state: StateRow): boolean {
    if (this.#count >= this.#options.limit) {
      this.hasMore = true;
      return false;
    }
    this.#count += 1;
    this.#visit(state);
    return true;
  }
}

/**
 * Merges the store's states of a user with those of `unwritten`, which win. Visits up to `limit`
 * in (type, numeric id) order and answers whether there are more. What is read is not brought
 * into the cache: a user of 50,000 channels would empty it.
 */
export async function listStates(
  store: ReadStateStore,
  userHi: number,
  userLo: number,
  unwritten: readonly UnwrittenState[],
  options: ListOptions,
  visit: (state: StateRow) => void,
): Promise<boolean> {
  const newer = unwritten
    .filter(({ state }) => isListed(state, options))
    .sort((a, b) => compareChannels(a.state, b.state));
  const listing = new Listing(options, visit);
  let next = 0;

  /** Takes the unwritten states before `row`, then `row` or what it became. */
  function takeThrough(row: StateRow): boolean {
    for (; next < newer.length; next += 1) {
      const { state, isDeleted } = newer[next]!;
      const order = compareChannels(state, row);
      if (order > 0) break;
      if (order === 0) {
        next += 1;
        return isDeleted || listing.take(state);
      }
      if (!isDeleted && !listing.take(state)) return false;
    }
    return listing.take(row);
  }

  try {
    reading: for await (const page of store.readUser(userHi, userLo, startOf(options))) {
      for (const row of page) {
        if (options.type >= 0 && row.type > options.type) break reading;
        if (isListed(row, options) && !takeThrough(row)) return listing.hasMore;
      }
    }
  } catch (error) {
    throw toStoreUnavailable(error);
  }
  for (; next < newer.length; next += 1) {
    const { state, isDeleted } = newer[next]!;
    if (!isDeleted && !listing.take(state)) break;
  }
  return listing.hasMore;
}
