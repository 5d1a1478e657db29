import { beforeEach, describe, expect, it } from 'vitest';
import { CachedEngine } from '../../src/read-states/cached-engine.ts';
import { createEngine } from '../../src/read-states/create-engine.ts';
import type { AckOptions, ReadStatesEngine } from '../../src/read-states/engine.ts';
import { createState } from '../../src/read-states/rules.ts';
import { SlabCache } from '../../src/read-states/slab/slab-cache.ts';
import { type ChannelRef, StoreUnavailable } from '../../src/read-states/store.ts';
import { createMemoryStore } from '../../src/read-states/store-memory.ts';
import { createSimulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';
import { createStrictStore, settle, type StrictStore } from '../support/strict-store.ts';

const PLAIN: AckOptions = { isManual: false, mentions: -1, flags: -1, viewed: -1 };

let strict: StrictStore;
let clock: SimulatedClock;

beforeEach(() => {
  strict = createStrictStore();
  clock = createSimulatedClock();
});

function ref(channelLo: number): ChannelRef {
  return { type: 0, channelHi: 0, channelLo };
}

function ack(engine: ReadStatesEngine, channel: number): unknown {
  return engine.ack(0, 1, 0, channel, 0, 1, PLAIN);
}

/** Heap bytes a hit allocates, over enough hits that an object each could not hide. */
function bytesPerHit(engine: ReadStatesEngine, states: number): number {
  const rounds = 20_000;
  const wanted = { type: 0, channelHi: 0, channelLo: 0 };
  const out = createState();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < rounds; i += 1) {
    wanted.channelLo = 1 + (i % states);
    if (engine.get(0, 1, wanted, out) !== true) throw new Error('no hit');
  }
  return (process.memoryUsage().heapUsed - before) / rounds;
}

describe('a hit of the slab engine', () => {
  it('allocates nothing once the compiler has seen it', async () => {
    const store = createMemoryStore();
    const options = { capacity: 100, store, clock, commitDelayMs: 1000, dirtyMax: 1000 };
    const engine = createEngine('slab', options);
    for (let channel = 1; channel <= 50; channel += 1) {
      await ack(engine, channel);
      if (channel % 2 === 0) void engine.ackPins(0, 1, 0, channel, 1_700_000_000_000 + channel);
    }
    let quietRounds = 0;
    for (let round = 0; round < 200 && quietRounds < 5; round += 1) {
      const bytes = bytesPerHit(engine, 50);
      quietRounds = Math.abs(bytes) < 2 ? quietRounds + 1 : 0;
      await settle();
    }
    expect(quietRounds).toBe(5);
  });
});

describe('the slab engine under a store that takes no writes', () => {
  it('evicts clean states first, then refuses what needs room, and reads on', async () => {
    const options = { store: strict.store, clock, commitDelayMs: 30_000, dirtyMax: 1000 };
    const engine = new CachedEngine(new SlabCache(2, 1), { ...options, heldMax: 1 });
    const outcomes: unknown[] = [];
    for (const channel of [1, 2, 3, 4]) {
      const acked = Promise.resolve(ack(engine, channel));
      acked.then(
        () => outcomes.push('done'),
        (error: unknown) => outcomes.push(error),
      );
      await settle();
      // The oldest question that is a read: writes stay unanswered.
      await strict.answerRead();
    }
    expect(outcomes).toMatchObject(['done', 'done', 'done', expect.any(StoreUnavailable)]);
    const read = engine.get(0, 1, ref(9), createState());
    await settle();
    await strict.answerRead();
    expect(await read).toBe(false);
    await strict.answerAll();
    const closing = engine.close();
    await strict.answerAll();
    await closing;
    const stored = await strict.written.readMany(
      0,
      1,
      [1, 2, 3, 4].map((one) => ref(one)),
    );
    expect(stored.map(({ channelLo }) => channelLo)).toEqual([1, 2, 3]);
  });
});

describe('a user of 50,000 channels', () => {
  it('arrives whole, page by page, in order, through a cache of 1,000', async () => {
    const count = 50_000;
    const store = createMemoryStore();
    const rows = Array.from({ length: count }, (_, i) => ({
      ...createState(),
      userLo: 1,
      channelHi: i & 1,
      channelLo: Math.imul(i + 1, 0x9e3779b1),
      version: 1,
      isDeleted: false,
    }));
    await store.writeMany(rows);
    const options = { capacity: 1000, store, clock, commitDelayMs: 1000, dirtyMax: 1000 };
    const engine = createEngine('slab', options);
    let after: ChannelRef | null = null;
    let seen = 0;
    let isInOrder = true;
    for (let hasMore = true; hasMore; ) {
      hasMore = await engine.list(0, 1, { type: -1, after, limit: 1000 }, (state) => {
        const { type, channelHi, channelLo } = state;
        if (after !== null) {
          const order = channelHi - after.channelHi || (channelLo >>> 0) - (after.channelLo >>> 0);
          isInOrder &&= order > 0;
        }
        after = { type, channelHi, channelLo };
        seen += 1;
      });
    }
    expect({ seen, isInOrder }).toEqual({ seen: count, isInOrder: true });
    expect(engine.stats().entries).toBe(0);
  });
});
