import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReadStatesWorkload } from '../../replay/generate-read-states.ts';
import { READ_STATES_KEY, READ_STATES_ROUTES } from '../../replay/read-states-routes.ts';
import { openLoop } from '../../replay/send.ts';
import { createTarget, type Target } from '../../replay/target.ts';
import type { WorkloadRequest } from '../../replay/workload.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { type ReadStatesProcess, spawnReadStates } from '../../src/read-states/spawn.ts';
import { OwnCassandra, whyNoCassandra } from '../support/cassandra.ts';
import { identities, type RunningProxy, startProxy, testSettings } from '../support/proxy.ts';
import { until } from '../support/sides.ts';

const reason = whyNoCassandra();
/** A cold Cassandra may keep a shadow past its deadline; live answers are all there. */
const FROM_OUTAGE_OR_WRITES: ReadonlySet<string> = new Set([
  'unavailable',
  'tainted',
  'shadow-failed',
  'raced',
  'race-unchecked',
  'write-order',
]);
const title = 'both engines on one Cassandra, behind the proxy';

describe.skipIf(reason !== '')(reason === '' ? title : `${title} (skipped: ${reason})`, () => {
  let cassandra: OwnCassandra;
  let sides: { legacy: ReadStatesProcess; candidate: ReadStatesProcess };
  let proxy: RunningProxy;
  let target: Target;
  // A failed mention taints every user it names: with few named, most keys stay sound.
  const workload = createReadStatesWorkload({
    seed: 7,
    ratePerSec: 300,
    users: 150,
    fanOutMax: 3,
  });
  const users = new Set<string>();

  const startEngine = async (engine: 'legacy' | 'slab'): Promise<ReadStatesProcess> => {
    const store = `cassandra://${cassandra.address}/${engine}?replication=1&timeout=5s`;
    const started = await spawnReadStates({
      engine,
      store,
      capacity: 20_000,
      commitDelayMs: 200,
      onLine: () => undefined,
    });
    await started.ready;
    return started;
  };

  beforeAll(async () => {
    cassandra = await OwnCassandra.create();
    await cassandra.start();
    sides = { legacy: await startEngine('legacy'), candidate: await startEngine('slab') };
    const { legacy, candidate } = sides;
    const settings = testSettings(legacy.url, candidate.url, {
      routes: READ_STATES_ROUTES,
      key: READ_STATES_KEY,
    });
    proxy = await startProxy(settings);
    const options = { connections: 64, connectTimeoutMs: 1000, clock: systemClock };
    target = createTarget(proxy.url, options);
  });

  afterAll(async () => {
    await target.close();
    await proxy.close();
    await Promise.all([sides.legacy.stop('SIGKILL'), sides.candidate.stop('SIGKILL')]);
    await cassandra.stop();
  });

  function* next(count: number): Generator<WorkloadRequest> {
    let firstUs: number | null = null;
    for (let i = 0; i < count; i += 1) {
      const item = workload.next().value as WorkloadRequest;
      firstUs ??= item.atUs;
      for (const key of item.keys) users.add(key);
      yield { ...item, atUs: item.atUs - firstUs };
    }
  }

  /** Sends the next requests of the workload and counts the statuses of the safe ones. */
  const send = async (count: number): Promise<ReadonlyMap<number, number>> => {
    const statuses = new Map<number, number>();
    await openLoop(next(count), {
      target,
      clock: systemClock,
      onResult({ sent, leg }) {
        expect(leg.outcome).toBe('answered');
        if (sent.isSafe) statuses.set(leg.status, (statuses.get(leg.status) ?? 0) + 1);
      },
    });
    return statuses;
  };

  const flush = (side: ReadStatesProcess) =>
    until(async () => (await fetch(`${side.url}/internal/flush`, { method: 'POST' })).ok);

  it('serves hits through its death, loses nothing dirty, and never disagrees', async () => {
    const before = await send(900);
    expect(before.get(503)).toBeUndefined();
    await cassandra.kill();
    const during = await send(600);
    expect(during.get(200)).toBeGreaterThan(50);
    expect(during.get(503)).toBeGreaterThan(0);
    await cassandra.start();
    await Promise.all([flush(sides.legacy), flush(sides.candidate)]);
    const after = await send(600);
    expect(after.get(503)).toBeUndefined();

    await until(() => proxy.traffic().inFlight === 0);
    const traffic = proxy.traffic();
    for (const [left, right] of identities(traffic)) expect(left).toBe(right);
    expect(traffic).toMatchObject({ received: 2100, mismatched: 0 });
    expect(traffic.matched).toBeGreaterThan(500);
    expect(traffic.notComparable.unavailable).toBeGreaterThan(0);
    const reasons = Object.keys(traffic.notComparable);
    expect(reasons.filter((each) => !FROM_OUTAGE_OR_WRITES.has(each))).toEqual([]);
  });

  it('has it all in the store: fresh engines answer alike for every sound key', async () => {
    const { legacy, candidate } = sides;
    expect(await legacy.stop()).toMatchObject({ code: 0 });
    expect(await candidate.stop()).toMatchObject({ code: 0 });
    sides = { legacy: await startEngine('legacy'), candidate: await startEngine('slab') };
    let states = 0;
    for (const user of users) {
      if (proxy.proxy.tainted.has(user)) continue;
      const path = `/v1/users/${user}/read-states?limit=1000`;
      const [old, fresh] = await Promise.all(
        [sides.legacy, sides.candidate].map(async (side) => (await fetch(side.url + path)).text()),
      );
      expect(fresh).toBe(old);
      states += (JSON.parse(old!) as { entries: readonly unknown[] }).entries.length;
    }
    expect(states).toBeGreaterThan(100);
  });
});
