import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/kit/random.ts';
import { createEngine, type EngineKind } from '../../src/read-states/create-engine.ts';
import type { ReadStatesEngine } from '../../src/read-states/engine.ts';
import { createState } from '../../src/read-states/rules.ts';
import type { ChannelRef, ReadStateStore, StateRow } from '../../src/read-states/store.ts';
import { createMemoryStore } from '../../src/read-states/store-memory.ts';
import { PIN_MAX_MS, PIN_MIN_MS } from '../../src/read-states/timestamps.ts';
import { hiOf, loOf, ReadStatesModel } from '../support/read-states-model.ts';
import { createSimulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';

const ID_MAX = 2n ** 63n - 1n;
const COUNT_MAX = 2 ** 31 - 1;

interface Setup {
  readonly name: string;
  readonly seed: number;
  readonly capacity: number;
  readonly users: number;
  readonly channels: number;
  readonly calls: number;
  /** Calls at once: more than one are of different users, so that their order is free. */
  readonly width: number;
  /** One call in so many is followed by a restart; 0 for never. */
  readonly restartEvery: number;
}

const MANY_CHANNELS = { seed: 6, capacity: 64, users: 1, channels: 500, calls: 5000 };

/** 100,000 calls in all. */
const SETUPS: readonly Setup[] = [
  { ...plain('capacity 1'), seed: 1, capacity: 1, restartEvery: 500 },
  { ...plain('capacity 2, few states'), seed: 2, capacity: 2, users: 2, channels: 3 },
  { ...plain('everything fits'), seed: 3, capacity: 5000, users: 20, channels: 40 },
  { ...plain('an eviction storm'), seed: 4, capacity: 37, users: 60, channels: 60 },
  { ...plain('restarts'), seed: 5, capacity: 300, restartEvery: 50 },
  { ...plain('one user of many channels'), ...MANY_CHANNELS },
  { ...plain('calls at once'), seed: 7, capacity: 50, users: 40, channels: 10, width: 12 },
  { ...plain('calls at once, capacity 1'), seed: 8, capacity: 1, users: 16, width: 8 },
];

function plain(name: string): Setup {
  return {
    name,
    seed: 0,
    capacity: 100,
    users: 12,
    channels: 25,
    calls: 13_572,
    width: 1,
    restartEvery: 1000,
  };
}

/** An engine of a kind over a store that outlives it, and the model of both. */
interface World {
  readonly kind: EngineKind;
  readonly store: ReadStateStore;
  readonly clock: SimulatedClock;
  engine: ReadStatesEngine;
}

function start(kind: EngineKind, setup: Setup, store: ReadStateStore): World {
  const clock = createSimulatedClock();
  const { capacity } = setup;
  const options = { capacity, store, clock, commitDelayMs: 30_000, dirtyMax: 100_000 };
  return { kind, store, clock, engine: createEngine(kind, options) };
}

/** One call with its expected answer: the same for each world. */
interface Call {
  readonly name: string;
  /** The users it is about: calls at once have none in common. */
  readonly users: readonly bigint[];
  /** Changes the model and answers what the engines must. */
  expect(model: ReadStatesModel): unknown;
  run(engine: ReadStatesEngine): Promise<unknown>;
}

const EDGE_IDS = [
  1n,
  2n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  ID_MAX - 1n,
  ID_MAX,
];

/** Sets of ids with the extremes of both halves in them. */
class Ids {
  readonly #random: Random;
  readonly users: readonly bigint[];
  readonly #channels: readonly bigint[];

  constructor(random: Random, setup: Setup) {
    this.#random = random;
    this.users = this.#some(setup.users);
    this.#channels = this.#some(setup.channels);
  }

  any(): bigint {
    const random = this.#random;
    if (random.int(0, 9) === 0) return EDGE_IDS[random.int(0, EDGE_IDS.length - 1)]!;
    const id = (BigInt(random.int(0, 0x7fffffff)) << 32n) | BigInt(random.int(0, 0xffffffff));
    // Half of them small, so that newer and older messages meet.
    return id === 0n ? 1n : random.int(0, 1) === 0 ? id : (id & 0xffffn) + 1n;
  }

  channel(isOfAnyType: boolean): ChannelRef {
    const random = this.#random;
    const id = this.#channels[random.int(0, this.#channels.length - 1)]!;
    const type = isOfAnyType && random.int(0, 4) === 0 ? random.int(1, 5) : 0;
    return { type, channelHi: hiOf(id), channelLo: loOf(id) };
  }

  user(): bigint {
    return this.users[this.#random.int(0, this.users.length - 1)]!;
  }

  #some(count: number): bigint[] {
    const ids = new Set<bigint>();
    for (const id of EDGE_IDS) if (ids.size * 2 < count) ids.add(id);
    while (ids.size < count) ids.add(this.any());
    return [...ids];
  }
}

async function collect(
  run: (visit: (state: StateRow) => void) => unknown,
): Promise<{ states: StateRow[]; answer: unknown }> {
  const states: StateRow[] = [];
  const answer = await run((state) => void states.push({ ...state }));
  return { states, answer };
}

function drawRead(random: Random, ids: Ids): Call {
  const user = ids.user();
  const [hi, lo] = [hiOf(user), loOf(user)];
  const draw = random.int(0, 9);
  if (draw < 5) {
    const channel = ids.channel(true);
    return {
      name: 'get',
      users: [user],
      expect: (model) => model.get(user, channel),
      async run(engine) {
        const out = createState();
        return (await engine.get(hi, lo, channel, out)) ? out : null;
      },
    };
  }
  if (draw < 8) {
    const channels = Array.from({ length: random.int(1, 30) }, () => ids.channel(true));
    return {
      name: 'query',
      users: [user],
      expect: (model) => model.query(user, channels),
      run: async (engine) =>
        (await collect((visit) => engine.query(hi, lo, channels, visit))).states,
    };
  }
  const options = {
    type: random.int(0, 2) === 0 ? random.int(0, 5) : -1,
    after: random.int(0, 1) === 0 ? null : ids.channel(true),
    limit: random.int(1, random.int(0, 1) === 0 ? 5 : 1000),
  };
  return {
    name: 'list',
    users: [user],
    expect: (model) => model.list(user, options),
    async run(engine) {
      const { states, answer } = await collect((visit) => engine.list(hi, lo, options, visit));
      return { states, hasMore: answer };
    },
  };
}

function drawAck(random: Random, ids: Ids): Call {
  const user = ids.user();
  const [hi, lo] = [hiOf(user), loOf(user)];
  const channel = ids.channel(false);
  const message = ids.any();
  const isManual = random.int(0, 3) === 0;
  const options = {
    isManual,
    mentions: pick(random, [-1, -1, 0, 3, COUNT_MAX - 1, COUNT_MAX]),
    flags: pick(random, [-1, -1, 0, 1, 128, 255]),
    viewed: pick(random, [-1, -1, 0, 1, 32_768, 65_535]),
  };
  return {
    name: 'ack',
    users: [user],
    expect: (model) => model.ack(user, channel, message, options),
    async run(engine) {
      const [mHi, mLo] = [hiOf(message), loOf(message)];
      return engine.ack(hi, lo, channel.channelHi, channel.channelLo, mHi, mLo, options);
    },
  };
}

function drawWrite(random: Random, ids: Ids): Call {
  const user = ids.user();
  const [hi, lo] = [hiOf(user), loOf(user)];
  const draw = random.int(0, 9);
  if (draw < 3) return drawAck(random, ids);
  if (draw < 5) {
    const channel = ids.channel(false);
    const { channelHi, channelLo } = channel;
    const span = PIN_MAX_MS - PIN_MIN_MS;
    const pinAtMs = PIN_MIN_MS + pick(random, [0, 1, span, Math.floor(random.next() * span)]);
    return {
      name: 'ackPins',
      users: [user],
      expect: (model) => model.ackPins(user, channel, pinAtMs),
      run: async (engine) => engine.ackPins(hi, lo, channelHi, channelLo, pinAtMs),
    };
  }
  if (draw < 6) {
    const acks = Array.from({ length: random.int(1, 20) }, () => {
      const message = ids.any();
      return { ...ids.channel(true), messageHi: hiOf(message), messageLo: loOf(message) };
    });
    return {
      name: 'ackBulk',
      users: [user],
      expect: (model) => model.ackBulk(user, acks),
      run: async (engine) => engine.ackBulk(hi, lo, acks),
    };
  }
  if (draw < 8) return drawMention(random, ids);
  const channel = ids.channel(true);
  return {
    name: 'remove',
    users: [user],
    expect: (model) => model.remove(user, channel),
    run: async (engine) => engine.remove(hi, lo, channel),
  };
}

function drawMention(random: Random, ids: Ids): Call {
  const users = Array.from({ length: random.int(1, 8) }, () => ids.user());
  const channel = ids.channel(false);
  const message = ids.any();
  const { channelHi, channelLo } = channel;
  return {
    name: 'mention',
    users,
    expect: (model) => model.mention(channel, message, users),
    async run(engine) {
      const pairs = Int32Array.from(users.flatMap((user) => [hiOf(user), loOf(user)]));
      return engine.mention(channelHi, channelLo, hiOf(message), loOf(message), pairs);
    },
  };
}

function pick(random: Random, values: readonly number[]): number {
  return values[random.int(0, values.length - 1)]!;
}

/** Up to `width` calls that share no user. */
function drawCalls(random: Random, ids: Ids, width: number): Call[] {
  const calls: Call[] = [];
  const taken = new Set<bigint>();
  for (let i = 0; i < width; i += 1) {
    const call = random.int(0, 1) === 0 ? drawRead(random, ids) : drawWrite(random, ids);
    if (call.users.some((user) => taken.has(user))) continue;
    for (const user of call.users) taken.add(user);
    calls.push(call);
  }
  return calls;
}

const FIELDS = [...Object.keys(createState()), 'states', 'hasMore'];

/** The same text for the same answers, in whatever order their fields are. */
function textOf(answers: readonly unknown[]): string {
  return JSON.stringify(answers, FIELDS);
}

async function play(setup: Setup): Promise<number> {
  const random = createRandom(setup.seed);
  const ids = new Ids(random, setup);
  const model = new ReadStatesModel();
  const worlds = (['legacy', 'slab'] as const).map((kind) =>
    start(kind, setup, createMemoryStore()),
  );
  let count = 0;
  while (count < setup.calls) {
    const calls = drawCalls(random, ids, setup.width);
    const expected = calls.map((call) => call.expect(model));
    for (const world of worlds) {
      const answers = await Promise.all(calls.map((call) => call.run(world.engine)));
      const names = calls.map(({ name }) => name).join();
      // Comparing text is quick; only what differs is worth a proper comparison.
      if (textOf(answers) === textOf(expected)) continue;
      expect(answers, `${world.kind}: ${names} after ${count} calls`).toEqual(expected);
    }
    count += calls.length;
    const pauseMs = random.int(0, 20) === 0 ? random.int(0, 40_000) : random.int(0, 100);
    const isRestarted = setup.restartEvery > 0 && random.int(1, setup.restartEvery) === 1;
    for (const [i, world] of worlds.entries()) {
      world.clock.advance(pauseMs);
      if (!isRestarted) continue;
      await world.engine.close();
      expect(world.clock.timerCount).toBe(0);
      worlds[i] = start(world.kind, setup, world.store);
    }
  }
  for (const { engine } of worlds) await engine.close();
  return count;
}

describe('both engines', () => {
  for (const setup of SETUPS) {
    it(`answer ${setup.calls} random calls as the model does: ${setup.name}`, async () => {
      expect(await play(setup)).toBeGreaterThanOrEqual(setup.calls);
    });
  }
});
