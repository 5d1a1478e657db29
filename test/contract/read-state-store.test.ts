import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/kit/clock.ts';
import { openReadStateStore } from '../../src/read-states/open-store.ts';
import {
  type ChannelRef,
  type ReadStateStore,
  type StateRow,
  StoreUnavailable,
  type StateWrite,
} from '../../src/read-states/store.ts';
import { openCassandra } from '../../src/store/open-cassandra.ts';
import { findCassandra, type TestCassandra } from '../support/cassandra.ts';

const MAX = 0x7fffffff;
const PIN_FIRST_MS = Date.UTC(2015, 0, 1);
const PIN_LAST_MS = Date.UTC(2154, 4, 15, 0, 0, 0, 1);

let lastUser = 0;
/** A user nobody has written yet. */
function freshUser(): { userHi: number; userLo: number } {
  lastUser += 1;
  return { userHi: 7, userLo: lastUser };
}

type User = ReturnType<typeof freshUser>;

function state(user: User, channelLo: number, fields: Partial<StateRow> = {}): StateRow {
  return {
    ...user,
    type: 0,
    channelHi: 5,
    channelLo,
    lastHi: 6,
    lastLo: channelLo,
    mentions: 1,
    pinAtMs: PIN_FIRST_MS + 123,
    flags: 1,
    viewed: 3347,
    version: 1,
    ...fields,
  };
}

function put(...rows: StateRow[]): StateWrite[] {
  return rows.map((row) => ({ ...row, isDeleted: false }));
}

function gone(...rows: StateRow[]): StateWrite[] {
  return rows.map((row) => ({ ...row, isDeleted: true }));
}

async function listOf(store: ReadStateStore, { userHi, userLo }: User): Promise<StateRow[]> {
  const rows: StateRow[] = [];
  for await (const page of store.readUser(userHi, userLo)) rows.push(...page);
  return rows;
}

function channels(rows: readonly ChannelRef[]): [number, number, number][] {
  return rows.map(({ type, channelHi, channelLo }) => [type, channelHi, channelLo]);
}

/** Opens the store of `spec`; what it tells is kept. */
async function open(
  spec: string,
  told: string[] = [],
  clock = systemClock,
): Promise<ReadStateStore> {
  return openReadStateStore(spec, clock, (sentence) => told.push(sentence));
}

/** What every store promises to an engine. */
function describeStore(specOf: () => string): void {
  let store: ReadStateStore;
  beforeAll(async () => {
    store = await open(specOf());
  });
  afterAll(() => store.close());

  async function readOne(row: StateRow): Promise<StateRow | undefined> {
    const rows = await store.readMany(row.userHi, row.userLo, [row]);
    expect(rows.length).toBeLessThan(2);
    return rows[0];
  }

  test('keeps every field at both ends of its range', async () => {
    const user = { userHi: MAX, userLo: -1 };
    const least = state(user, 1, {
      channelHi: 0,
      lastHi: 0,
      lastLo: 0,
      mentions: 0,
      pinAtMs: PIN_FIRST_MS,
      flags: 0,
      viewed: 0,
    });
    const most = state(user, -1, {
      type: 5,
      channelHi: MAX,
      lastHi: MAX,
      lastLo: -1,
      mentions: MAX,
      pinAtMs: PIN_LAST_MS,
      flags: 255,
      viewed: 65_535,
      version: MAX,
    });
    const absent = state(user, 2, { pinAtMs: -1, flags: -1, viewed: -1 });
    await store.writeMany(put(most, absent, least));
    expect(await readOne(least)).toEqual(least);
    expect(await readOne(most)).toEqual(most);
    expect(await readOne(absent)).toEqual(absent);
    expect(await listOf(store, user)).toEqual([least, absent, most]);
  });

  test('tells users, types and channels apart by every bit of their ids', async () => {
    const rows = [
      state({ userHi: 8, userLo: 1 }, 1),
      state({ userHi: 8, userLo: -1 }, 1),
      state({ userHi: 0, userLo: 8 }, 1),
      state({ userHi: 8, userLo: 1 }, -1),
      state({ userHi: 8, userLo: 1 }, 1, { channelHi: 0 }),
      state({ userHi: 8, userLo: 1 }, 1, { type: 1 }),
    ].map((row, mentions) => ({ ...row, mentions }));
    await store.writeMany(put(...rows));
    for (const row of rows) expect(await readOne(row)).toEqual(row);
  });

  test('lists a user by type and then by unsigned numeric channel id', async () => {
    const user = freshUser();
    const named: [number, number, number][] = [
      [0, 0, 9],
      [0, 0, 10],
      [0, 0, MAX],
      [0, 0, -MAX - 1],
      [0, 0, -1],
      [0, 1, 0],
      [0, MAX, -1],
      [1, 0, 1],
      [5, 0, 1],
    ];
    const rows = named.map(([type, channelHi, lo]) => state(user, lo, { type, channelHi }));
    await store.writeMany(put(...rows.toReversed()));
    expect(channels(await listOf(store, user))).toEqual(named);
  });

  test('hands over a user of 50,000 channels whole and in order', async () => {
    const user = freshUser();
    const rows = Array.from({ length: 50_000 }, (_, i) =>
      state(user, Math.imul(i, 0x9e3779b1) | 0, { channelHi: i >>> 12, mentions: i }),
    );
    await store.writeMany(put(...rows));
    const found = await listOf(store, user);
    const key = (row: StateRow): number => row.channelHi * 2 ** 32 + (row.channelLo >>> 0);
    expect(found.length).toBe(50_000);
    expect(found.map(key)).toEqual(rows.map(key).toSorted((a, b) => a - b));
    expect(new Set(found.map(({ mentions }) => mentions)).size).toBe(50_000);
    for await (const page of store.readUser(user.userHi, user.userLo)) {
      expect(page.length).toBeGreaterThan(0);
      break; // A reader may have enough after the first page.
    }
  });

  test('answers only the states named, in any order, and nothing for the absent', async () => {
    const user = freshUser();
    const rows = Array.from({ length: 300 }, (_, i) => state(user, i + 1, { type: i % 6 }));
    await store.writeMany(put(...rows));
    const named = [state(user, 999), ...rows.slice(20, 270), state(user, 1, { type: 3 })];
    const found = await store.readMany(user.userHi, user.userLo, named);
    const byMessage = found.toSorted((a, b) => a.lastLo - b.lastLo);
    expect(byMessage).toEqual(rows.slice(20, 270));
    expect(await store.readMany(user.userHi, user.userLo, [])).toEqual([]);
    expect(await store.readMany(1, 1, rows)).toEqual([]);
    expect(await listOf(store, { userHi: 1, userLo: 1 })).toEqual([]);
  });

  test('takes the last of many writes of one state, however fast they follow', async () => {
    const row = state(freshUser(), 1);
    for (let version = 1; version <= 50; version += 1) {
      // Counting down: equal timestamps would let the larger value win.
      await store.writeMany(put({ ...row, version, mentions: 50 - version }));
    }
    expect(await readOne(row)).toEqual({ ...row, version: 50, mentions: 0 });
  });

  test('forgets a value that is absent in a later write', async () => {
    const row = state(freshUser(), 1);
    const bare = { ...row, pinAtMs: -1, flags: -1, viewed: -1, lastHi: 0, lastLo: 0 };
    await store.writeMany(put(row));
    await store.writeMany(put(bare));
    expect(await readOne(row)).toEqual(bare);
    await store.writeMany(put(row));
    expect(await readOne(row)).toEqual(row);
  });

  test('removes a state, also twice, and brings nothing of it back with a new one', async () => {
    const user = freshUser();
    const [row, other] = [state(user, 1), state(user, 2)];
    await store.writeMany(put(row, other));
    await store.writeMany(gone(row));
    await store.writeMany(gone(row));
    expect(await readOne(row)).toBeUndefined();
    expect(await listOf(store, user)).toEqual([other]);
    const bare = { ...row, pinAtMs: -1, flags: -1, viewed: -1 };
    await store.writeMany(put(bare));
    expect(await readOne(row)).toEqual(bare);
  });

  test('writes and removes for many users in one call, and again to the same end', async () => {
    const users = Array.from({ length: 200 }, freshUser);
    const kept = users.flatMap((user) => [state(user, 1), state(user, 3)]);
    const removed = users.map((user) => state(user, 2));
    await store.writeMany(put(...removed));
    const writes = [...put(...kept), ...gone(...removed)];
    await store.writeMany(writes);
    await store.writeMany(writes);
    const found = await Promise.all(users.map((user) => listOf(store, user)));
    expect(found.flat()).toEqual(kept);
    await store.writeMany([]);
  });

  test('serves many calls at once, each its own answer', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => state(freshUser(), i + 1));
    await Promise.all(rows.map((row) => store.writeMany(put(row))));
    expect(await Promise.all(rows.map(readOne))).toEqual(rows);
  });

  test('rejects everything as unavailable once it is closed, and closes twice', async () => {
    const row = state(freshUser(), 1);
    await store.writeMany(put(row));
    await store.close();
    await store.close();
    await expect(store.writeMany(put(row))).rejects.toThrow(StoreUnavailable);
    await expect(readOne(row)).rejects.toThrow(StoreUnavailable);
    await expect(listOf(store, row)).rejects.toThrow(StoreUnavailable);
    store = await open(specOf());
  });
}

/** What a store promises that outlives its process. */
function describeLastingStore(specOf: () => string): void {
  test('has everything after it was closed and opened again', async () => {
    const user = freshUser();
    const rows = [state(user, 1), state(user, -1, { flags: -1 })];
    const first = await open(specOf());
    await first.writeMany(put(...rows));
    await first.close();
    const second = await open(specOf());
    expect(await listOf(second, user)).toEqual(rows);
    await second.close();
  });

  test('is refused to a second opener while the first one lives', async () => {
    const first = await open(specOf());
    const refusal = expect.objectContaining({ name: 'CrossfadeError', exitCode: 2 });
    await expect(open(specOf())).rejects.toEqual(refusal);
    // And the first one is none the worse for it.
    const row = state(freshUser(), 1);
    await first.writeMany(put(row));
    expect(await listOf(first, row)).toEqual([row]);
    await first.close();
  });

  test('is free again some seconds after kill -9 of its owner', async () => {
    const script = resolve(import.meta.dirname, '../support/run-store-owner.ts');
    const owner = spawn(process.execPath, [script, specOf()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    await expect(open(specOf())).rejects.toThrow(/in use by/);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const store = await open(specOf());
    await store.close();
  });
}

describe('the memory store', () => {
  describeStore(() => 'memory');
});

describe('the SQLite store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-store-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  describe('while open', () => describeStore(() => `sqlite:${join(folder, 'a.db')}`));
  describe('over its life', () => describeLastingStore(() => `sqlite:${join(folder, 'b.db')}`));
});

function describeCassandra(cassandra: TestCassandra): void {
  const keyspaces = ['a', 'b', 'c'].map((name) => `contract_${randomUUID().slice(0, 8)}_${name}`);
  // The machine that tests may be slow; what a timeout does is another test's matter.
  const specOf = (index: number): string =>
    `cassandra://${cassandra.address}/${keyspaces[index]}?replication=1&timeout=10s`;

  afterAll(async () => {
    const session = await openCassandra({
      contactPoint: cassandra.address,
      keyspace: keyspaces[0]!,
      localDataCenter: 'datacenter1',
      replication: 1,
      requestTimeoutMs: 10_000,
      say: () => undefined,
    });
    for (const name of keyspaces) await session.define(`DROP KEYSPACE IF EXISTS ${name}`);
    await session.close();
    await cassandra.stop();
  });

  describe('while open', () => describeStore(() => specOf(0)));
  describe('over its life', () => describeLastingStore(() => specOf(1)));

  test('writes take effect though the new owner’s wall clock is an hour behind', async () => {
    const row = state(freshUser(), 1);
    const first = await open(specOf(2));
    await first.writeMany(put(row));
    await first.close();
    const late: Clock = { ...systemClock, wallMs: () => systemClock.wallMs() - 3_600_000 };
    const second = await open(specOf(2), [], late);
    await second.writeMany(put({ ...row, mentions: 0, version: 2 }));
    expect(await listOf(second, row)).toEqual([{ ...row, mentions: 0, version: 2 }]);
    await second.close();
  });

  test('a keyspace made without a number of copies is made with one, and says so', async () => {
    const told: string[] = [];
    const spec = specOf(2).replace('_c?replication=1&', '_d?');
    keyspaces.push(keyspaces[2]!.replace(/c$/, 'd'));
    await (await open(spec, told)).close();
    expect(told).toEqual([expect.stringContaining('one copy')]);
  });
}

const cassandra = await findCassandra();
if (typeof cassandra === 'string') {
  test('the Cassandra store', ({ skip }) => skip(cassandra));
} else {
  describe('the Cassandra store', () => describeCassandra(cassandra));
}
