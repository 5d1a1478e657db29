/** One engine's cache in a process of its own, asked by `bench/cache.ts`. */
import { systemClock } from '../src/kit/clock.ts';
import { createRandom } from '../src/kit/random.ts';
import { createEngine, type EngineKind } from '../src/read-states/create-engine.ts';
import type { MutableState, ReadStatesEngine } from '../src/read-states/engine.ts';
import type { EntryCache } from '../src/read-states/entry-cache.ts';
import { LegacyCache } from '../src/read-states/legacy/legacy-cache.ts';
import { createState } from '../src/read-states/rules.ts';
import { anonymousBytes } from '../src/read-states/runtime.ts';
import { SlabCache } from '../src/read-states/slab/slab-cache.ts';
import type { ChannelRef, ReadStateStore } from '../src/read-states/store.ts';

export type CacheQuestion =
  | { readonly task: 'fill' | 'reserve'; readonly kind: EngineKind; readonly capacity: number }
  | { readonly task: 'get' | 'replace' | 'collect' | 'resident' | 'fill-reserved' };

export interface CacheAnswer {
  /** Nanoseconds an operation, microseconds a collection, or bytes an entry. */
  readonly value: number;
  /** Heap bytes allocated an operation. */
  readonly bytes: number;
}

const STATES_PER_USER = 50;
const GETS = 300_000;
const REPLACES = 100_000;

/** State number `i`: 50 to a user, ids like snowflakes. */
function fillState(state: MutableState, i: number): void {
  const user = Math.floor(i / STATES_PER_USER);
  state.userHi = 0x01000000 + (user >>> 8);
  state.userLo = Math.imul(user, 0x400001) | 1;
  state.channelHi = 0x02000000 + (i & 0xffff);
  state.channelLo = Math.imul(i, 0x9e3779b1);
  state.lastHi = 0x03000000 + (i & 0xfff);
  state.lastLo = i;
  state.mentions = i & 3;
  state.pinAtMs = (i & 1) === 0 ? 1_700_000_000_000 + i : -1;
  state.flags = 1;
  state.viewed = 3000;
  state.version = 1;
}

/** Answers every read with whatever was asked for. */
const madeUpStore: ReadStateStore = {
  async readMany(userHi, userLo, channels) {
    return channels.map((channel) => ({
      ...createState(),
      ...channel,
      userHi,
      userLo,
      version: 1,
    }));
  },
  async *readUser() {
    yield [];
  },
  async writeMany() {
    throw new Error('nothing is written here');
  },
  async close() {
    // Nothing is open.
  },
};

function createCache(kind: EngineKind, capacity: number): EntryCache<unknown> {
  return kind === 'slab' ? new SlabCache(capacity, 1) : new LegacyCache(capacity, systemClock);
}

function collect(): void {
  globalThis.gc?.();
}

/**
 * Resident bytes once collecting makes them no fewer. Without those of files where the system
 * tells: pages of the node binary come and go with the machine's load, megabytes at a time.
 */
function readResidentBytes(): number {
  let settled = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i += 1) {
    collect();
    const bytes = anonymousBytes();
    if (bytes >= settled) break;
    settled = bytes;
  }
  return settled;
}

class Bench {
  #engine: ReadStatesEngine | null = null;
  #cache: EntryCache<unknown> | null = null;
  #kind: EngineKind = 'slab';
  #capacity = 0;
  #nextState = 0;
  #residentBefore = 0;
  readonly #state: MutableState = createState();

  async answer(question: CacheQuestion): Promise<CacheAnswer> {
    switch (question.task) {
      case 'fill':
        await this.#fill(question.kind, question.capacity);
        return { value: 0, bytes: 0 };
      case 'reserve':
        return { value: this.#reserve(question.kind, question.capacity), bytes: 0 };
      case 'get':
        return this.#get();
      case 'replace':
        return { value: this.#replace(), bytes: 0 };
      case 'collect':
        return { value: this.#collect(), bytes: 0 };
      case 'resident':
        return { value: this.#resident(), bytes: 0 };
      case 'fill-reserved':
        this.#replaceOnce(this.#cache!, this.#capacity);
        return { value: this.#resident(), bytes: 0 };
    }
  }

  /** An engine full of states. */
  async #fill(kind: EngineKind, capacity: number): Promise<void> {
    this.#kind = kind;
    this.#capacity = capacity;
    const options = { capacity, store: madeUpStore, clock: systemClock };
    this.#engine = createEngine(kind, { ...options, commitDelayMs: 30_000, dirtyMax: 1000 });
    for (let first = 0; first < capacity; first += STATES_PER_USER) {
      const channels: ChannelRef[] = [];
      for (let i = first; i < Math.min(capacity, first + STATES_PER_USER); i += 1) {
        fillState(this.#state, i);
        const { type, channelHi, channelLo } = this.#state;
        channels.push({ type, channelHi, channelLo });
      }
      const { userHi, userLo } = this.#state;
      await this.#engine.query(userHi, userLo, channels, () => undefined);
    }
  }

  #reserve(kind: EngineKind, capacity: number): number {
    this.#capacity = capacity;
    this.#residentBefore = readResidentBytes();
    this.#cache = createCache(kind, capacity);
    return this.#cache.reservedBytes / capacity;
  }

  #resident(): number {
    return (readResidentBytes() - this.#residentBefore) / this.#capacity;
  }

  /** Hits in random order, which is drawn beforehand. */
  #get(): CacheAnswer {
    const engine = this.#engine!;
    const random = createRandom(GETS);
    const order = new Int32Array(GETS).map(() => random.int(0, this.#capacity - 1));
    const ref = { type: 0, channelHi: 0, channelLo: 0 };
    const out = createState();
    let hits = 0;
    collect();
    const heapBefore = process.memoryUsage().heapUsed;
    const startMs = performance.now();
    for (let i = 0; i < GETS; i += 1) {
      fillState(this.#state, order[i]!);
      ref.channelHi = this.#state.channelHi;
      ref.channelLo = this.#state.channelLo;
      if (engine.get(this.#state.userHi, this.#state.userLo, ref, out) === true) hits += 1;
    }
    const elapsedMs = performance.now() - startMs;
    const bytes = (process.memoryUsage().heapUsed - heapBefore) / GETS;
    if (hits !== GETS) throw new Error(`${GETS - hits} of ${GETS} were no hits`);
    return { value: (elapsedMs * 1e6) / GETS, bytes };
  }

  /** A cache alone, full after the first round. */
  #replace(): number {
    this.#cache ??= createCache(this.#kind, REPLACES);
    const startMs = performance.now();
    this.#replaceOnce(this.#cache, REPLACES);
    return ((performance.now() - startMs) * 1e6) / REPLACES;
  }

  #replaceOnce(cache: EntryCache<unknown>, count: number): void {
    for (let i = 0; i < count; i += 1) {
      if (cache.size === cache.capacity) cache.remove(cache.oldest());
      fillState(this.#state, this.#nextState);
      this.#nextState += 1;
      cache.insert(this.#state);
    }
  }

  #collect(): number {
    const startMs = performance.now();
    collect();
    return (performance.now() - startMs) * 1000;
  }
}

const bench = new Bench();
process.on('message', (question: CacheQuestion) => {
  bench.answer(question).then(
    (answer) => process.send!(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
