import type { ChannelRef, ReadStateStore, StateRow, StateWrite } from './store.ts';
import { StoreUnavailable } from './store.ts';

const PAGE_ROWS = 1000;

function keyOf(channel: ChannelRef): string {
  return `${channel.type}:${channel.channelHi}:${channel.channelLo}`;
}

function byTypeThenChannel(a: ChannelRef, b: ChannelRef): number {
  return a.type - b.type || a.channelHi - b.channelHi || (a.channelLo >>> 0) - (b.channelLo >>> 0);
}

function rowOf(write: StateWrite): StateRow {
  const { isDeleted: _, ...row } = write;
  return row;
}

/** A store that lives and dies with the process: for tests, and for a demo that needs no disk. */
export function createMemoryStore(): ReadStateStore {
  const users = new Map<string, Map<string, StateRow>>();
  let isOpen = true;

  const statesOf = (userHi: number, userLo: number): Map<string, StateRow> | undefined => {
    if (!isOpen) throw new StoreUnavailable('the memory store is closed');
    return users.get(`${userHi}:${userLo}`);
  };

  const write = (change: StateWrite): void => {
    const user = `${change.userHi}:${change.userLo}`;
    const states = users.get(user) ?? new Map<string, StateRow>();
    if (change.isDeleted) states.delete(keyOf(change));
    else states.set(keyOf(change), rowOf(change));
    if (states.size === 0) users.delete(user);
    else users.set(user, states);
  };

  return {
    async readMany(userHi, userLo, channels) {
      const states = statesOf(userHi, userLo);
      const wanted = new Set(channels.map(keyOf));
      return [...wanted].flatMap((key) => states?.get(key) ?? []);
    },
    async *readUser(userHi, userLo) {
      const rows = [...(statesOf(userHi, userLo)?.values() ?? [])].sort(byTypeThenChannel);
      for (let from = 0; from < rows.length; from += PAGE_ROWS) {
        yield rows.slice(from, from + PAGE_ROWS);
      }
    },
    async writeMany(writes) {
      if (!isOpen) throw new StoreUnavailable('the memory store is closed');
      for (const change of writes) write(change);
    },
    async close() {
      isOpen = false;
    },
  };
}
