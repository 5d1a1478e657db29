import type { ReadStatesEngine } from './engine.ts';
import type { ChannelRef, ReadStateStore, StateRow } from './store.ts';

/**
 * Fills a cache with states of users that do not exist, so that it is as full at the start as one
 * that has served for days. The states take the way of every miss: the engine asks its store, and
 * while preloading lasts the store makes them up. They are therefore clean, the same in both
 * engines, never written anywhere, and the first to be evicted. An evicted one is gone.
 *
 * The users are those from 0x7f000000_00000000 up, snowflakes of the year 2083: no real id comes
 * near them for decades, and generated workloads stay far below.
 */
const USER_HI = 0x7f000000;
const CHANNELS_PER_USER = 100;
/** First channel and message, snowflakes of 2024. */
const CHANNEL_HI = 0x10000000;
const MESSAGE_HI = 0x11000000;
const PIN_BASE_MS = 1_700_000_000_000;

/** A store that makes up the states of preloaded users while preloading lasts. */
export interface PreloadableStore {
  readonly store: ReadStateStore;
  /** From now on every read goes to the store behind. */
  end(): void;
}

/** A cheap mix of two numbers, so that states differ without being stored. Source: murmur3. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  return h >>> 0;
}

function madeUpState(seed: number, userLo: number, channel: ChannelRef): StateRow {
  const bits = mix(seed ^ userLo, channel.channelLo);
  return {
    userHi: USER_HI,
    userLo,
    type: channel.type,
    channelHi: channel.channelHi,
    channelLo: channel.channelLo,
    lastHi: MESSAGE_HI + (bits & 0xffff),
    lastLo: bits | 0,
    mentions: bits & 7,
    pinAtMs: (bits & 8) === 0 ? -1 : PIN_BASE_MS + bits,
    flags: (bits & 16) === 0 ? -1 : 1,
    viewed: 3000 + ((bits >>> 5) & 511),
    version: 1 + ((bits >>> 14) & 7),
  };
}

function channelsOf(user: number, count: number): ChannelRef[] {
  const channels: ChannelRef[] = [];
  for (let i = 0; i < count; i += 1) {
    const number = user * CHANNELS_PER_USER + i;
    // An odd factor sends different numbers to different ids.
    channels.push({ type: 0, channelHi: CHANNEL_HI, channelLo: Math.imul(number, 0x9e3779b1) });
  }
  return channels;
}

/** `store`, answering for preloaded users itself until `end`. */
export function createPreloadableStore(store: ReadStateStore, seed: number): PreloadableStore {
  let isOver = false;
  return {
    store: {
      async readMany(userHi, userLo, channels) {
        if (isOver || userHi !== USER_HI) return store.readMany(userHi, userLo, channels);
        return channels.map((channel) => madeUpState(seed, userLo, channel));
      },
      readUser: (userHi, userLo) => store.readUser(userHi, userLo),
      writeMany: (writes) => store.writeMany(writes),
      close: () => store.close(),
    },
    end() {
      isOver = true;
    },
  };
}

/** Loads `count` states into `engine`, which must stand on a preloadable store. */
export async function preload(engine: ReadStatesEngine, count: number): Promise<void> {
  for (let user = 0; user * CHANNELS_PER_USER < count; user += 1) {
    const left = count - user * CHANNELS_PER_USER;
    const channels = channelsOf(user, Math.min(left, CHANNELS_PER_USER));
    await engine.query(USER_HI, user, channels, () => undefined);
  }
}
