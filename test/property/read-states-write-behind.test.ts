import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/kit/random.ts';
import { CachedEngine } from '../../src/read-states/cached-engine.ts';
import type { AckOptions, ReadStatesEngine } from '../../src/read-states/engine.ts';
import { LegacyCache } from '../../src/read-states/legacy/legacy-cache.ts';
import { createState } from '../../src/read-states/rules.ts';
import { SlabCache } from '../../src/read-states/slab/slab-cache.ts';
import { StoreUnavailable } from '../../src/read-states/store.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';
import { createStrictStore, settle, type StrictStore } from '../support/strict-store.ts';

interface Setup {
  readonly kind: 'legacy' | 'slab';
  readonly seed: number;
  readonly capacity: number;
  readonly heldMax: number;
  readonly dirtyMax: number;
  readonly commitDelayMs: number;
}

const PLAIN_ACK: AckOptions = { isManual: false, mentions: -1, flags: -1, viewed: -1 };
const USERS = 3;
/** Even channels are mentioned only, odd ones acked only: each tells what it has seen. */
const CHANNELS = 6;

/** One state's progress: mentions counted, or the number of the newest message acked. */
interface Progress {
  /** What callers were told is done: never to be lost. */
  done: number;
  /** What callers asked for: more cannot have happened. */
  asked: number;
}

class Run {
  readonly strict: StrictStore = createStrictStore();
  readonly clock = createSimulatedClock();
  readonly engine: ReadStatesEngine;
  readonly random: Random;
  readonly calls: Promise<void>[] = [];
  refused = 0;
  readonly #progress = new Map<string, Progress>();
  #nextMessage = 1;

  constructor(setup: Setup) {
    this.random = createRandom(setup.seed);
    const { capacity } = setup;
    const options = { ...setup, store: this.strict.store, clock: this.clock };
    this.engine =
      setup.kind === 'slab'
        ? new CachedEngine(new SlabCache(capacity, setup.seed), options)
        : new CachedEngine(new LegacyCache(capacity, this.clock), options);
  }

  of(user: number, channel: number): Progress {
    const key = `${user}:${channel}`;
    const progress = this.#progress.get(key) ?? { done: 0, asked: 0 };
    this.#progress.set(key, progress);
    return progress;
  }

  /** Starts one call, which may wait for the store for long. */
  call(): void {
    const user = this.random.int(1, USERS);
    const channel = this.random.int(1, CHANNELS);
    const call = this.random.int(0, 1) === 0 ? this.#read(user) : this.#update(user, channel);
    this.calls.push(
      call.catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.refused += 1;
      }),
    );
  }

  /** Starts a flush: once it says so, all that was done before it is written. */
  flush(): void {
    const before = [...this.#progress].map(([key, { done }]) => [key, done] as const);
    const flushed = this.#expectFlushed(before).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error;
    });
    this.calls.push(flushed);
  }

  async #expectFlushed(least: readonly (readonly [string, number])[]): Promise<void> {
    await this.engine.flush();
    const stored = await this.#stored();
    for (const [key, value] of least) {
      expect(stored.get(key) ?? 0, `${key} after a flush`).toBeGreaterThanOrEqual(value);
    }
  }

  /** Every state is in the store exactly as callers were told. */
  async expectAllStored(): Promise<void> {
    const stored = await this.#stored();
    for (const [key, { done }] of this.#progress) expect(stored.get(key) ?? 0, key).toBe(done);
  }

  async #stored(): Promise<Map<string, number>> {
    const stored = new Map<string, number>();
    for (let user = 1; user <= USERS; user += 1) {
      for await (const page of this.strict.written.readUser(0, user)) {
        for (const { channelLo, mentions, lastLo } of page) {
          stored.set(`${user}:${channelLo}`, channelLo % 2 === 0 ? mentions : lastLo);
        }
      }
    }
    return stored;
  }

  async #update(user: number, channel: number): Promise<void> {
    const progress = this.of(user, channel);
    if (channel % 2 === 0) {
      progress.asked += 1;
      const applied = await this.engine.mention(0, channel, 0, 1, Int32Array.of(0, user));
      expect(applied).toBe(1);
      progress.done += 1;
      return;
    }
    const message = this.#nextMessage;
    this.#nextMessage += 1;
    progress.asked = message;
    await this.engine.ack(0, user, 0, channel, 0, message, PLAIN_ACK);
    progress.done = Math.max(progress.done, message);
  }

  /** Reads states of a user in one of three ways; none may be older than what is done. */
  async #read(user: number): Promise<void> {
    const channels = Array.from({ length: CHANNELS }, (_, i) => i + 1);
    const before = channels.map((channel) => this.of(user, channel).done);
    const seen = new Map<number, number>();
    const note = (state: { channelLo: number; mentions: number; lastLo: number }): void => {
      seen.set(state.channelLo, state.channelLo % 2 === 0 ? state.mentions : state.lastLo);
    };
    const way = this.random.int(0, 2);
    const refs = channels.map((channelLo) => ({ type: 0, channelHi: 0, channelLo }));
    if (way === 0) {
      const options = { type: -1, after: null, limit: 1000 };
      await this.engine.list(0, user, options, note);
    } else if (way === 1) {
      await this.engine.query(0, user, refs, note);
    } else {
      const out = createState();
      const ref = refs[this.random.int(0, CHANNELS - 1)]!;
      if (await this.engine.get(0, user, ref, out)) note(out);
      else seen.set(ref.channelLo, 0);
    }
    for (const channel of channels) {
      if (way === 2 && !seen.has(channel)) continue;
      const value = seen.get(channel) ?? 0;
      expect(value).toBeGreaterThanOrEqual(before[channel - 1]!);
      expect(value).toBeLessThanOrEqual(this.of(user, channel).asked);
    }
  }
}

async function play(setup: Setup): Promise<Run> {
  const run = new Run(setup);
  const { random, strict, clock, engine } = run;
  for (let i = 0; i < 3000; i += 1) {
    const draw = random.int(0, 99);
    if (draw < 45) run.call();
    else if (draw < 90) await strict.answerOne(random);
    else if (draw < 97) clock.advance(random.int(0, 200));
    else if (draw < 98) run.flush();
    else strict.isDown = random.int(0, 2) === 0;
    if (random.int(0, 3) === 0) await settle();
  }
  strict.isDown = false;
  await strict.answerAll();
  const closed = engine.close();
  await strict.answerAll();
  await closed;
  await Promise.all(run.calls);
  return run;
}

const SETUPS: readonly Omit<Setup, 'kind'>[] = [
  { seed: 1, capacity: 1, heldMax: 100, dirtyMax: 1000, commitDelayMs: 100 },
  { seed: 2, capacity: 3, heldMax: 2, dirtyMax: 1000, commitDelayMs: 500 },
  { seed: 3, capacity: 100, heldMax: 100, dirtyMax: 1000, commitDelayMs: 100 },
  { seed: 4, capacity: 5, heldMax: 4, dirtyMax: 6, commitDelayMs: 1000 },
  { seed: 5, capacity: 8, heldMax: 1, dirtyMax: 1000, commitDelayMs: 0 },
];

describe('write-behind over a store that is slow, unordered and fails', () => {
  for (const kind of ['legacy', 'slab'] as const) {
    for (const setup of SETUPS) {
      const name = `capacity ${setup.capacity}, ${setup.heldMax} held, ${setup.dirtyMax} dirty`;
      it(`loses nothing and reads nothing old: ${kind}, ${name}`, async () => {
        const run = await play({ ...setup, kind });
        expect(run.strict.breaches).toEqual([]);
        expect(run.engine.stats().dirty).toBe(0);
        expect(run.clock.timerCount).toBe(0);
        await run.expectAllStored();
      });
    }
  }
});
