import { beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type EngineKind } from '../../src/read-states/create-engine.ts';
import type { AckOptions, ListOptions, ReadStatesEngine } from '../../src/read-states/engine.ts';
import { createState } from '../../src/read-states/rules.ts';
import { type ChannelRef, type StateRow, StoreUnavailable } from '../../src/read-states/store.ts';
import { createSimulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';
import { createStrictStore, settle, type StrictStore } from '../support/strict-store.ts';

const PLAIN: AckOptions = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
const ALL: ListOptions = { type: -1, after: null, limit: 1000 };
const COMMIT_DELAY_MS = 30_000;

let strict: StrictStore;
let clock: SimulatedClock;

beforeEach(() => {
  strict = createStrictStore();
  clock = createSimulatedClock();
});

function create(kind: EngineKind, capacity = 100, dirtyMax = 1000): ReadStatesEngine {
  const options = {
    capacity,
    store: strict.store,
    clock,
    commitDelayMs: COMMIT_DELAY_MS,
    dirtyMax,
  };
  return createEngine(kind, options);
}

function ref(channelLo: number, type = 0): ChannelRef {
  return { type, channelHi: 0, channelLo };
}

function ack(engine: ReadStatesEngine, channel: number, message: number, user = 1): unknown {
  return engine.ack(0, user, 0, channel, 0, message, PLAIN);
}

/** An ack of a state that must be read first, with the store's answer. */
async function ackUncached(engine: ReadStatesEngine, channel: number, message: number) {
  const acked = ack(engine, channel, message);
  await strict.answerAll();
  return acked;
}

async function listAll(
  engine: ReadStatesEngine,
  options = ALL,
): Promise<{ channels: number[]; hasMore: boolean }> {
  const channels: number[] = [];
  const listing = engine.list(0, 1, options, ({ channelLo }) => void channels.push(channelLo));
  await strict.answerAll();
  return { channels, hasMore: await listing };
}

describe.each(['legacy', 'slab'] as const)('the %s engine', (kind) => {
  it('answers a cached state at once and any other as a promise', async () => {
    const engine = create(kind);
    const out = createState();
    const first = engine.get(0, 1, ref(5), out);
    expect(first).toBeInstanceOf(Promise);
    await strict.answerAll();
    expect(await first).toBe(false);
    await ackUncached(engine, 5, 7);
    expect(engine.get(0, 1, ref(5), out)).toBe(true);
    expect(out).toMatchObject({ channelLo: 5, lastLo: 7, version: 1 });
    expect(ack(engine, 5, 8)).toBe(2);
    expect(engine.query(0, 1, [ref(5)], () => undefined)).toBeUndefined();
    expect(engine.ackBulk(0, 1, [{ ...ref(5), messageHi: 0, messageLo: 9 }])).toBeUndefined();
    expect(engine.mention(0, 5, 0, 10, Int32Array.of(0, 1))).toBe(1);
    expect(engine.remove(0, 1, ref(5))).toBeUndefined();
    expect(engine.get(0, 1, ref(5), out)).toBe(false);
  });

  it('gathers the misses of a user into one read, later ones into the next', async () => {
    const engine = create(kind);
    const calls = [1, 2, 3].map((channel) => ack(engine, channel, 1));
    await settle();
    expect(strict.reads.map((channels) => channels.length)).toEqual([3]);
    calls.push(ack(engine, 4, 1), ack(engine, 5, 1), ack(engine, 2, 2));
    await settle();
    expect(strict.reads).toHaveLength(1);
    await strict.answerAll();
    // Channel 2 was under way already: its second ack joined the first read.
    expect(strict.reads.map((channels) => channels.length)).toEqual([3, 2]);
    expect(await Promise.all(calls)).toEqual([1, 1, 1, 1, 1, 2]);
  });

  it('tells every waiter of a failed read, and reads again for the next', async () => {
    const engine = create(kind);
    strict.isDown = true;
    const failed = [ack(engine, 1, 1), ack(engine, 2, 1), engine.get(0, 1, ref(3), createState())];
    const outcomes = Promise.allSettled(failed);
    await strict.answerAll();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    }
    strict.isDown = false;
    expect(await ackUncached(engine, 1, 1)).toBe(1);
  });

  it('writes a change one commit delay later, once for all that follow it', async () => {
    const engine = create(kind);
    await ackUncached(engine, 1, 1);
    clock.advance(COMMIT_DELAY_MS - 1);
    ack(engine, 1, 2);
    await settle();
    expect(strict.writes).toHaveLength(0);
    clock.advance(1);
    await settle();
    expect(strict.writes.map((rows) => rows.map(({ lastLo }) => lastLo))).toEqual([[2]]);
    await strict.answerAll();
    expect(engine.stats()).toMatchObject({ dirty: 0, writes: 1, writeFailures: 0 });
    clock.advance(10 * COMMIT_DELAY_MS);
    await settle();
    expect(strict.writes).toHaveLength(1);
    expect(clock.timerCount).toBe(0);
  });

  it('writes a state again that changed in flight, a commit delay later', async () => {
    const engine = create(kind);
    await ackUncached(engine, 1, 1);
    clock.advance(COMMIT_DELAY_MS);
    await settle();
    ack(engine, 1, 2);
    expect(engine.stats().dirty).toBe(1);
    await strict.answerAll();
    expect(engine.stats().dirty).toBe(1);
    clock.advance(COMMIT_DELAY_MS);
    await strict.answerAll();
    expect(strict.writes.map((rows) => rows.map(({ lastLo }) => lastLo))).toEqual([[1], [2]]);
    expect(engine.stats().dirty).toBe(0);
  });

  it('commits on eviction at once and reads the state meanwhile', async () => {
    const engine = create(kind, 1);
    await ackUncached(engine, 1, 11);
    const acked = ack(engine, 2, 22);
    await settle();
    await strict.answerOne();
    expect(await acked).toBe(1);
    expect(strict.writes.map((rows) => rows.map(({ channelLo }) => channelLo))).toEqual([[1]]);
    const out = createState();
    expect(engine.get(0, 1, ref(1), out)).toBe(true);
    expect(out.lastLo).toBe(11);
    expect(ack(engine, 1, 12)).toBe(2);
    await strict.answerAll();
    expect(engine.stats()).toMatchObject({ entries: 1, evictions: 1, dirty: 1 });
    const rows = strict.writes.flat().filter(({ channelLo }) => channelLo === 1);
    expect(rows.map(({ lastLo }) => lastLo)).toEqual([11, 12]);
  });

  it('evicts the state used longest ago when all are clean', async () => {
    const engine = create(kind, 3);
    for (const channel of [1, 2, 3]) await ackUncached(engine, channel, 1);
    const flushed = engine.flush();
    await strict.answerAll();
    await flushed;
    expect(engine.get(0, 1, ref(1), createState())).toBe(true);
    await ackUncached(engine, 4, 1);
    expect(engine.get(0, 1, ref(1), createState())).toBe(true);
    const second = engine.get(0, 1, ref(2), createState());
    expect(second).toBeInstanceOf(Promise);
    await strict.answerAll();
    expect(await second).toBe(true);
  });

  it('serves and changes what is cached while the store is down', async () => {
    const engine = create(kind);
    for (const channel of [1, 2]) await ackUncached(engine, channel, 1);
    strict.isDown = true;
    clock.advance(COMMIT_DELAY_MS);
    await strict.answerAll();
    for (let i = 0; i < 50; i += 1) {
      ack(engine, 1, 10 + i);
      clock.advance(1000);
      await strict.answerAll();
    }
    const { writeFailures, dirty } = engine.stats();
    expect(dirty).toBe(2);
    // It backs off: 50 s with pauses that grow to 5 s.
    expect(writeFailures).toBeLessThan(50);
    const missed = engine.get(0, 1, ref(3), createState());
    await Promise.all([strict.answerAll(), expect(missed).rejects.toThrow(StoreUnavailable)]);
    expect(engine.get(0, 1, ref(1), createState())).toBe(true);
    strict.isDown = false;
    clock.advance(5000);
    await strict.answerAll();
    // What waited for the store goes as soon as it is back.
    expect(engine.stats().dirty).toBe(0);
    expect(await strict.written.readMany(0, 1, [ref(1)])).toMatchObject([{ lastLo: 59 }]);
  });

  it('rejects a flush that the store fails, and keeps everything for the next', async () => {
    const engine = create(kind);
    await ackUncached(engine, 1, 1);
    strict.isDown = true;
    const failing = engine.flush();
    await Promise.all([strict.answerAll(), expect(failing).rejects.toThrow(StoreUnavailable)]);
    strict.isDown = false;
    const closing = engine.close();
    await strict.answerAll();
    await closing;
    expect(engine.stats()).toMatchObject({ dirty: 0, writes: 1, writeFailures: 1 });
    expect(clock.timerCount).toBe(0);
    await expect(ack(engine, 1, 2)).rejects.toThrow(StoreUnavailable);
  });

  it('refuses changes, not reads, when too many wait for the store', async () => {
    const engine = create(kind, 100, 4);
    strict.isDown = false;
    for (const channel of [1, 2, 3]) {
      const acked = ack(engine, channel, 1);
      await settle();
      await strict.answerOne();
      await acked;
    }
    const bulk = [4, 5].map((channel) => ({ ...ref(channel), messageHi: 0, messageLo: 1 }));
    await expect(engine.ackBulk(0, 1, bulk)).rejects.toThrow(StoreUnavailable);
    const mention = engine.mention(0, 1, 0, 2, Int32Array.of(0, 7, 0, 8));
    await expect(mention).rejects.toThrow(StoreUnavailable);
    expect(engine.get(0, 1, ref(1), createState())).toBe(true);
    // Three of four are more than it likes: they were written without waiting for their time.
    await strict.answerAll();
    expect(engine.stats().dirty).toBe(0);
  });

  it('lists what the store has, what it has not yet, and not what is removed', async () => {
    const engine = create(kind);
    for (const channel of [1, 3, 5, 7]) await ackUncached(engine, channel, 1);
    const flushed = engine.flush();
    await strict.answerAll();
    await flushed;
    for (const channel of [2, -1, 8]) await ackUncached(engine, channel, 1);
    await Promise.all([engine.remove(0, 1, ref(3)), engine.remove(0, 1, ref(8))]);
    ack(engine, 5, 2);
    expect(await listAll(engine)).toEqual({ channels: [1, 2, 5, 7, -1], hasMore: false });
    const page = { ...ALL, after: ref(1), limit: 2 };
    expect(await listAll(engine, page)).toEqual({ channels: [2, 5], hasMore: true });
    const last = { ...ALL, after: ref(5), limit: 2 };
    expect(await listAll(engine, last)).toEqual({ channels: [7, -1], hasMore: false });
    expect(await listAll(engine, { ...ALL, type: 1 })).toEqual({ channels: [], hasMore: false });
  });

  it('creates a state anew, at version 1, after it was removed', async () => {
    const engine = create(kind);
    await ackUncached(engine, 1, 5);
    ack(engine, 1, 6);
    void engine.remove(0, 1, ref(1));
    expect(ack(engine, 1, 3)).toBe(1);
    clock.advance(COMMIT_DELAY_MS);
    await strict.answerAll();
    expect(strict.writes.flat()).toMatchObject([{ lastLo: 3, version: 1, isDeleted: false }]);
  });

  it('forgets a removed state once the store has removed it', async () => {
    const engine = create(kind);
    await ackUncached(engine, 1, 5);
    void engine.remove(0, 1, ref(1));
    expect(engine.stats().entries).toBe(1);
    clock.advance(COMMIT_DELAY_MS);
    await strict.answerAll();
    expect(strict.writes.flat()).toMatchObject([{ isDeleted: true }]);
    expect(engine.stats().entries).toBe(0);
  });

  it('does nothing and writes nothing for what changes nothing', async () => {
    const engine = create(kind);
    await ackUncached(engine, 1, 5);
    clock.advance(COMMIT_DELAY_MS);
    await strict.answerAll();
    expect([ack(engine, 1, 5), ack(engine, 1, 4)]).toEqual([1, 1]);
    const removed = engine.remove(0, 1, ref(99));
    await strict.answerAll();
    await removed;
    expect(engine.stats()).toMatchObject({ dirty: 0, entries: 1, writes: 1 });
  });

  it('applies all of a bulk and of a mention though one state fits', async () => {
    const engine = create(kind, 1);
    const acks = [1, 2, 3, 2].map((channel, i) => ({
      ...ref(channel),
      messageHi: 0,
      messageLo: i + 1,
    }));
    const bulk = engine.ackBulk(0, 1, acks);
    await strict.answerAll();
    await bulk;
    const mention = engine.mention(0, 1, 0, 9, Int32Array.of(0, 1, 0, 2, 0, 1));
    await strict.answerAll();
    expect(await mention).toBe(3);
    const seen: StateRow[] = [];
    const wanted = [ref(2), ref(1), ref(4), ref(3), ref(1)];
    const query = engine.query(0, 1, wanted, (state) => void seen.push({ ...state }));
    await strict.answerAll();
    await query;
    expect(seen.map(({ channelLo, version }) => [channelLo, version])).toEqual([
      [2, 2],
      [1, 3],
      [3, 1],
      [1, 3],
    ]);
  });
});
