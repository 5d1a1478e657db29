import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/kit/random.ts';
import { DELETED, DIRTY, type EntryCache, IN_FLIGHT } from '../../src/read-states/entry-cache.ts';
import { LegacyCache } from '../../src/read-states/legacy/legacy-cache.ts';
import { PartitionedMap } from '../../src/read-states/legacy/partitioned-map.ts';
import { createState } from '../../src/read-states/rules.ts';
import { hashState, hashUser } from '../../src/read-states/slab/hash.ts';
import { SlabCache } from '../../src/read-states/slab/slab-cache.ts';
import { homeOf, SLOT_MASK, SlotIndex } from '../../src/read-states/slab/slot-index.ts';
import type { StateRow } from '../../src/read-states/store.ts';
import { PIN_MAX_MS, PIN_MIN_MS } from '../../src/read-states/timestamps.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';

function rowOf(fields: Partial<StateRow>): StateRow {
  return { ...createState(), version: 1, ...fields };
}

describe('the slot index', () => {
  it('finds what a Map finds through any sequence of adding and removing', () => {
    for (const load of [0.55, 0.8, 1]) {
      const random = createRandom(7);
      const hashes = new Int32Array(400);
      const index = new SlotIndex(399, load, (slot) => hashes[slot]!);
      const held = new Map<number, number>();
      for (let i = 0; i < 20_000; i += 1) {
        const slot = random.int(1, 399);
        const hash = held.get(slot);
        if (hash !== undefined) {
          index.remove(hash, slot);
          held.delete(slot);
        } else {
          // Few different hashes, so that long runs form and wrap around the end.
          hashes[slot] =
            random.int(0, 3) === 0 ? -1 - random.int(0, 4) : random.int(0, 2 ** 31 - 1);
          index.add(hashes[slot], slot);
          held.set(slot, hashes[slot]);
        }
        if (i % 100 === 0) expectReachable(index, held);
      }
    }
  });

  it('always has an empty place, so that a search ends', () => {
    for (const capacity of [1, 2, 3, 10, 1000]) {
      const index = new SlotIndex(capacity, 1, () => 5);
      for (let slot = 1; slot <= capacity; slot += 1) index.add(5, slot);
      expect(index.table).toContain(0);
    }
  });

  it('begins every search within the table', () => {
    for (const length of [2, 3, 1000, 2 ** 25 - 39]) {
      for (const hash of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
        const home = homeOf(hash, length);
        expect(home >= 0 && home < length).toBe(true);
      }
    }
  });
});

/** Every slot held, and no other, is met on the way from its hash's home to an empty place. */
function expectReachable(index: SlotIndex, held: ReadonlyMap<number, number>): void {
  const { table } = index;
  expect(table.filter((place) => place !== 0)).toHaveLength(held.size);
  const missed = [...held].filter(([slot, hash]) => {
    let at = homeOf(hash, table.length);
    while (table[at] !== 0 && (table[at]! & SLOT_MASK) !== slot) at = (at + 1) % table.length;
    return table[at] === 0;
  });
  expect(missed).toEqual([]);
}

/** Keys of one kind of id: [user hi, user lo, channel hi, channel lo] by number. */
const ID_SETS: Readonly<Record<string, (i: number) => readonly [number, number, number, number]>> =
  {
    'sequential channels of one user': (i) => [0, 1, 0, i + 1],
    'sequential users of one channel': (i) => [0, i + 1, 0, 1],
    'snowflakes of one worker, a millisecond apart': (i) => [
      1000,
      1 << 22,
      2000 + (i >>> 10),
      i << 22,
    ],
    'snowflakes of one millisecond': (i) => [1000, 7 << 22, 2000, (5 << 22) | i],
    'guilds of 50 channels': (i) => [9, i, 77 + (i >>> 16), Math.floor(i / 50) << 12],
    'high halves alone': (i) => [i >>> 8, 0, i & 255, 0],
  };

describe('the hash of a state', () => {
  it('spreads ids of every shape over places and fingerprints like chance does', () => {
    const count = 65_536;
    const bins = 1024;
    for (const [name, idOf] of Object.entries(ID_SETS)) {
      const places = new Int32Array(bins);
      const prints = new Int32Array(256);
      for (let i = 0; i < count; i += 1) {
        const [userHi, userLo, channelHi, channelLo] = idOf(i);
        const hash = hashState(0x1234567, userHi, userLo, 0, channelHi, channelLo);
        places[homeOf(hash, bins)]! += 1;
        prints[hash & 255]! += 1;
      }
      expect(excess(places, count), `${name}: places`).toBeLessThan(6);
      expect(excess(prints, count), `${name}: fingerprints`).toBeLessThan(6);
    }
  });

  it('changes about half its bits with any one bit of the ids', () => {
    const random = createRandom(3);
    const rounds = 400;
    for (let word = 0; word < 4; word += 1) {
      for (let bit = 0; bit < 31; bit += 1) {
        const flips = new Int32Array(32);
        for (let round = 0; round < rounds; round += 1) {
          const words = [0, 0, 0, 0].map(() => random.int(0, 2 ** 31 - 1));
          const before = hashState(5, words[0]!, words[1]!, 0, words[2]!, words[3]!);
          words[word]! ^= 1 << bit;
          const changed = before ^ hashState(5, words[0]!, words[1]!, 0, words[2]!, words[3]!);
          for (let at = 0; at < 32; at += 1) flips[at]! += (changed >>> at) & 1;
        }
        for (const flip of flips) expect(Math.abs(flip / rounds - 0.5)).toBeLessThan(0.2);
      }
    }
  });

  it('depends on the seed and on the type', () => {
    expect(hashState(1, 2, 3, 0, 4, 5)).not.toBe(hashState(2, 2, 3, 0, 4, 5));
    expect(hashState(1, 2, 3, 0, 4, 5)).not.toBe(hashState(1, 2, 3, 1, 4, 5));
    expect(hashUser(1, 2, 3)).not.toBe(hashUser(2, 2, 3));
  });
});

/** Pearson's statistic of even bins as a normal deviate. Source: Wilson and Hilferty, 1931. */
function excess(bins: Int32Array, count: number): number {
  const expected = count / bins.length;
  const chi = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  const freedom = bins.length - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(chi / freedom) - (1 - spread)) / Math.sqrt(spread);
}

const EDGE_ROWS: readonly StateRow[] = [
  rowOf({ userLo: 1, channelLo: 1 }),
  rowOf({
    userHi: 0x7fffffff,
    userLo: -1,
    type: 5,
    channelHi: 0x7fffffff,
    channelLo: -1,
    lastHi: 0x7fffffff,
    lastLo: -1,
    mentions: 0x7fffffff,
    pinAtMs: PIN_MAX_MS,
    flags: 255,
    viewed: 65_535,
    version: 0x7fffffff,
  }),
  rowOf({ userLo: 2, channelLo: 1, pinAtMs: PIN_MIN_MS, flags: 0, viewed: 0 }),
  rowOf({ userLo: 2, channelLo: 2, pinAtMs: PIN_MIN_MS + 2 ** 32, lastLo: 1, flags: 128 }),
  rowOf({ userLo: 2, channelLo: -(2 ** 31), pinAtMs: PIN_MIN_MS + 2 ** 32 - 1, viewed: 32_768 }),
];

const CACHES: readonly [string, (capacity: number) => EntryCache<unknown>][] = [
  ['slab', (capacity) => new SlabCache(capacity, 99)],
  ['legacy', (capacity) => new LegacyCache(capacity, createSimulatedClock())],
];

describe.each(CACHES)('the %s cache', (_name, create) => {
  it('gives back every field of a state, at the extremes, under any bits and links', () => {
    const cache = create(8);
    const entries = EDGE_ROWS.map((row) => cache.insert(row));
    for (const [i, entry] of entries.entries()) {
      cache.setBits(entry, DIRTY | IN_FLIGHT | DELETED);
      cache.queueDirty(entry, 2 ** 18 - 1 - i, i % 2 === 0);
      cache.touch(entry);
    }
    const out = createState();
    for (const [i, row] of EDGE_ROWS.entries()) {
      const { userHi, userLo, type, channelHi, channelLo } = row;
      const entry = cache.find(userHi, userLo, type, channelHi, channelLo);
      expect(entry).toBe(entries[i]);
      cache.read(entry, out);
      expect(out).toEqual(row);
      cache.write(entry, { ...row, flags: 7, viewed: -1, pinAtMs: -1, version: 2 });
      cache.read(entry, out);
      expect(out).toEqual({ ...row, flags: 7, viewed: -1, pinAtMs: -1, version: 2 });
      expect(cache.bits(entry)).toBe(DIRTY | IN_FLIGHT | DELETED);
      expect(cache.dirtyTick(entry)).toBe(2 ** 18 - 1 - i);
    }
  });

  it('keeps orders of use and of dirt and the chains of users as plain lists would', () => {
    const capacity = 60;
    const cache = create(capacity);
    const random = createRandom(11);
    const users = [1, 2, 3];
    const use: unknown[] = [];
    const dirt: unknown[] = [];
    const rows = new Map<unknown, StateRow>();
    for (let i = 0; i < 6000; i += 1) {
      const draw = random.int(0, 3);
      const entry = use[random.int(0, Math.max(0, use.length - 1))];
      if (draw === 0 && use.length < capacity) {
        const row = rowOf({ userLo: users[random.int(0, 2)]!, channelHi: i, channelLo: i });
        const added = cache.insert(row);
        rows.set(added, row);
        use.push(added);
      } else if (entry === undefined) {
        continue;
      } else if (draw === 1) {
        cache.touch(entry);
        use.push(...use.splice(use.indexOf(entry), 1));
      } else if (dirt.includes(entry)) {
        cache.unqueueDirty(entry);
        dirt.splice(dirt.indexOf(entry), 1);
      } else if (draw === 2) {
        cache.queueDirty(entry, i, i % 3 === 0);
        if (i % 3 === 0) dirt.unshift(entry);
        else dirt.push(entry);
      } else {
        cache.remove(entry);
        use.splice(use.indexOf(entry), 1);
        rows.delete(entry);
      }
      if (i % 20 === 0) expectOrders(cache, use, dirt, rows, users);
    }
  });
});

function expectOrders(
  cache: EntryCache<unknown>,
  use: readonly unknown[],
  dirt: readonly unknown[],
  rows: ReadonlyMap<unknown, StateRow>,
  users: readonly number[],
): void {
  expect(cache.size).toBe(use.length);
  let entry = cache.oldest();
  for (const expected of use) {
    expect(entry === expected).toBe(true);
    entry = cache.newer(entry);
  }
  expect(entry).toBe(cache.none);
  expect(cache.firstDirty() === (dirt[0] ?? cache.none)).toBe(true);
  for (const user of users) {
    const expected = use.filter((one) => rows.get(one)!.userLo === user);
    const chained = new Set<unknown>();
    for (let at = cache.firstOfUser(0, user); at !== cache.none; at = cache.nextOfUser(at)) {
      chained.add(at);
    }
    expect(chained).toEqual(new Set(expected));
  }
}

describe('the memory of the slab', () => {
  it('is reserved at once and under 80 bytes an entry, both indexes included', () => {
    for (const capacity of [1, 2, 3, 7, 100, 1024, 1025, 65_536, 100_003]) {
      expect(new SlabCache(capacity, 1).reservedBytes / capacity).toBeLessThanOrEqual(80);
    }
    expect(new SlabCache(2 ** 18 + 1, 1).reservedBytes / (2 ** 18 + 1)).toBeLessThan(76.4);
  });

  it('refuses a capacity that slots of 24 bits cannot number', () => {
    expect(() => new SlabCache(2 ** 24, 1)).toThrow('capacity 16777216');
    expect(() => new SlabCache(0, 1)).toThrow('capacity 0');
  });
});

describe('the partitions of the legacy cache', () => {
  it('behave as one map, however many there are', () => {
    const map = new PartitionedMap<number>(12_000_000, createSimulatedClock());
    for (let i = 0; i < 1000; i += 1) map.add(`1:0:${i}`, i);
    for (let i = 0; i < 1000; i += 2) map.delete(`1:0:${i}`);
    map.replace('1:0:1', -1);
    expect([map.get('1:0:0'), map.get('1:0:1'), map.get('1:0:3')]).toEqual([undefined, -1, 3]);
  });

  it('count a stall each time V8 copies a table of 16,384 keys or more', () => {
    const map = new PartitionedMap<number>(100_000, createSimulatedClock());
    for (let i = 0; i < 40_000; i += 1) map.add(String(i), i);
    // From 16,384 to 32,768 and from there to 65,536.
    expect(map.stalls.count).toBe(2);
    for (let i = 0; i < 100_000; i += 1) {
      map.delete(String(i));
      map.add(String(i + 40_000), i);
    }
    // With 40,000 live keys every 25,536 deletions fill the table of 65,536; it doubles once.
    expect(map.stalls.count).toBeGreaterThanOrEqual(3);
  });
});
