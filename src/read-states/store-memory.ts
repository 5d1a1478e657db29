import { compareChannels } from './rules.ts';
import type { ChannelRef, ReadStateStore, StateRow, StateWrite } from './store.ts';
import { StoreUnavailable } from './store.ts';

const PAGE_ROWS = 1000;

export interface MemoryStoreHooks {
  /** Runs before a read is answered; what it throws fails the read. */
  readonly beforeRead?: () => void | Promise<void>;
  /** Runs before anything is written; what it throws fails the write. */
  readonly beforeWrite?: (writes: readonly StateWrite[]) => void | Promise<void>;
}

interface UserStates {
  readonly rows: Map<string, StateRow>;
  /** In (type, numeric id) order; null when rows came or went since it was made. */
  order: readonly ChannelRef[] | null;
}

function channelKey(channel: ChannelRef): string {
  return `${channel.type}:${channel.channelHi}:${channel.channelLo}`;
}

/** The index of the first of `order` behind `after`. */
function indexBehind(order: readonly ChannelRef[], after: ChannelRef): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareChannels(order[middle]!, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A store that forgets everything with its process, for tests and for trying things out. Rows
 * are copied on their way in and out. They are heap objects of the process that they are in: a
 * comparison of engines by their collections needs another store.
 */
export function createMemoryStore(hooks: MemoryStoreHooks = {}): ReadStateStore {
  const users = new Map<string, UserStates>();
  let isOpen = true;

  function userOf(userHi: number, userLo: number): UserStates | undefined {
    if (!isOpen) throw new StoreUnavailable('the memory store is closed');
    return users.get(`${userHi}:${userLo}`);
  }

  function orderOf(user: UserStates): readonly ChannelRef[] {
    user.order ??= [...user.rows.values()].sort(compareChannels);
    return user.order;
  }

  function write({ isDeleted, ...row }: StateWrite): void {
    const userKey = `${row.userHi}:${row.userLo}`;
    const key = channelKey(row);
    let user = users.get(userKey);
    if (isDeleted) {
      if (user?.rows.delete(key) === true) user.order = null;
      if (user?.rows.size === 0) users.delete(userKey);
      return;
    }
    if (user === undefined) {
      user = { rows: new Map(), order: null };
      users.set(userKey, user);
    }
    if (!user.rows.has(key)) user.order = null;
    user.rows.set(key, row);
  }

  return {
    async readMany(userHi, userLo, channels) {
      await hooks.beforeRead?.();
      const user = userOf(userHi, userLo);
      const found: StateRow[] = [];
      for (const key of new Set(channels.map(channelKey))) {
        const row = user?.rows.get(key);
        if (row !== undefined) found.push({ ...row });
      }
      return found;
    },
    async *readUser(userHi, userLo, after) {
      await hooks.beforeRead?.();
      const user = userOf(userHi, userLo);
      if (user === undefined) return;
      const order = orderOf(user);
      let start = after === undefined || after === null ? 0 : indexBehind(order, after);
      for (; start < order.length; start += PAGE_ROWS) {
        const page: StateRow[] = [];
        for (const channel of order.slice(start, start + PAGE_ROWS)) {
          const row = user.rows.get(channelKey(channel));
          if (row !== undefined) page.push({ ...row });
        }
        yield page;
      }
    },
    async writeMany(writes) {
      await hooks.beforeWrite?.(writes);
      if (!isOpen) throw new StoreUnavailable('the memory store is closed');
      for (const one of writes) write(one);
    },
    async close() {
      isOpen = false;
    },
  };
}
