import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/kit/clock.ts';
import { openReadStateStore } from '../../src/read-states/open-store.ts';
import {
  type ReadStateStore,
  type StateWrite,
  StoreUnavailable,
} from '../../src/read-states/store.ts';
import { OwnCassandra, whyNoCassandra } from '../support/cassandra.ts';

function write(channelLo: number, mentions: number): StateWrite {
  return {
    userHi: 0,
    userLo: 1,
    type: 0,
    channelHi: 0,
    channelLo,
    lastHi: 0,
    lastLo: 1,
    mentions,
    pinAtMs: -1,
    flags: -1,
    viewed: -1,
    version: 1,
    isDeleted: false,
  };
}

/** Runs `attempt` until it no longer rejects as unavailable; anything else is thrown. */
async function untilAvailable<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function describeOutage(): void {
  let cassandra: OwnCassandra;
  let store: ReadStateStore;
  const spec = (): string => `cassandra://${cassandra.address}/outage`;

  beforeAll(async () => {
    cassandra = await OwnCassandra.create();
    await cassandra.start();
    store = await openReadStateStore(spec(), systemClock, () => undefined);
  });
  afterAll(async () => {
    try {
      await store.close();
    } finally {
      await cassandra.stop();
    }
  });

  test('is unavailable while gone, then there again by itself, and nothing is lost', async () => {
    await untilAvailable(() => store.writeMany([write(1, 1), write(2, 1)]));
    await cassandra.kill();

    await expect(store.readMany(0, 1, [write(1, 0)])).rejects.toThrow(StoreUnavailable);
    await expect(store.readUser(0, 1)[Symbol.asyncIterator]().next()).rejects.toThrow(
      StoreUnavailable,
    );
    await expect(store.writeMany([write(1, 2)])).rejects.toThrow(StoreUnavailable);
    await expect(openReadStateStore(spec(), systemClock, () => undefined)).rejects.toEqual(
      expect.objectContaining({ code: 'store-unreachable', exitCode: 5 }),
    );

    await cassandra.start();
    await untilAvailable(() => store.writeMany([write(3, 1)]));
    const named = [1, 2, 3].map((channelLo) => write(channelLo, 0));
    const rows = await untilAvailable(() => store.readMany(0, 1, named));
    expect(rows.map(({ channelLo, mentions }) => [channelLo, mentions])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
  });
}

const why = whyNoCassandra();
if (why === '') describe('a Cassandra that is killed', describeOutage);
else test('a Cassandra that is killed', ({ skip }) => skip(why));
