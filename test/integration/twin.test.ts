import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_UPSTREAM } from '../../src/config/defaults.ts';
import type { Settings, UpstreamSettings } from '../../src/model/settings.ts';
import {
  identities,
  type RunningProxy,
  startProxy,
  testRoute,
  testSettings,
} from '../support/proxy.ts';
import { MISBEHAVIOURS, startShadow } from '../support/shadows.ts';
import { until } from '../support/sides.ts';
import { type StoredSide, startStored } from '../support/stored-side.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const ROUTES = [
  testRoute('GET /u/:user/items'),
  testRoute('POST /u/:user/items', { writes: 'mirror' }),
];

async function stored(): Promise<StoredSide> {
  const side = await startStored();
  open.push(side);
  return side;
}

function upstream(url: string): UpstreamSettings {
  return { ...DEFAULT_UPSTREAM, url, metricsUrl: null };
}

async function proxyOf(
  legacy: StoredSide,
  candidate: StoredSide,
  changes: Partial<Settings>,
  canaryPercent = 0,
): Promise<RunningProxy> {
  const settings = testSettings(legacy.url, candidate.url, {
    routes: ROUTES,
    shadowTimeoutMs: 2000,
    ...changes,
  });
  const proxy = await startProxy(settings, canaryPercent);
  open.push(proxy);
  return proxy;
}

async function drive(proxy: RunningProxy, requests: number): Promise<void> {
  for (let i = 0; i < requests; i += 1) {
    const url = `${proxy.url}/u/${i % 7}/items`;
    const isWrite = i % 5 === 4;
    const answer = await fetch(url, isWrite ? { method: 'POST', body: 'same' } : {});
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(isWrite ? /^set$/ : /^(nothing|same)$/);
  }
}

async function settled(proxy: RunningProxy, received: number) {
  await until(() => {
    const traffic = proxy.traffic();
    for (const [left, right] of identities(traffic)) expect(left).toBe(right);
    return traffic.received === received && traffic.inFlight === 0;
  });
  return proxy.traffic();
}

const ALWAYS = { twinRatio: 1, reaskRatio: 0 };

describe('a twin', () => {
  it('is asked each drawn read and no write, marked, and is in no count of pairs', async () => {
    const [legacy, candidate, twin] = [await stored(), await stored(), await stored()];
    twin.shown = () => 'never alike';
    const proxy = await proxyOf(legacy, candidate, { twin: upstream(twin.url), noise: ALWAYS });
    await drive(proxy, 100);
    const traffic = await settled(proxy, 100);
    await until(() => proxy.traffic().noise!.learned > 0);
    expect(traffic).toMatchObject({ received: 100, mirrored: 100, matched: 100, mismatched: 0 });
    expect(twin.seen.length).toBeGreaterThan(30);
    expect(twin.seen.every((line) => line.startsWith('GET '))).toBe(true);
    expect(twin.marked).toEqual(twin.seen);
    expect(legacy.marked).toEqual([]);
    expect(proxy.proxy.summarize().clusters).toEqual([]);
  });

  it('is asked on both sides of the canary', async () => {
    const [legacy, candidate, twin] = [await stored(), await stored(), await stored()];
    const settings = { twin: upstream(twin.url), noise: ALWAYS };
    const proxy = await proxyOf(legacy, candidate, settings, 100);
    await drive(proxy, 50);
    await settled(proxy, 50);
    await until(() => proxy.traffic().noise!.learned > 0);
    expect(twin.seen.length).toBeGreaterThan(15);
  });

  it.each(Object.keys(MISBEHAVIOURS))('harms nobody: %s', async (name) => {
    const [legacy, candidate] = [await stored(), await stored()];
    const twin = await startShadow(MISBEHAVIOURS[name]!);
    open.push(twin);
    const proxy = await proxyOf(legacy, candidate, { twin: upstream(twin.url), noise: ALWAYS });
    await drive(proxy, 60);
    expect(await settled(proxy, 60)).toMatchObject({ matched: 60, failedSafe: 0, failedWrites: 0 });
    proxy.assign(0, { mirrorPause: 'the kill switch' });
    await until(() => {
      twin.wake();
      return twin.open() === 0;
    });
    await drive(proxy, 5);
  });

  it('harms nobody when it is not there at all', async () => {
    const [legacy, candidate, twin] = [await stored(), await stored(), await startStored()];
    await twin.close();
    const proxy = await proxyOf(legacy, candidate, { twin: upstream(twin.url), noise: ALWAYS });
    await drive(proxy, 100);
    const traffic = await settled(proxy, 100);
    expect(traffic).toMatchObject({ matched: 100, failedSafe: 0, failedWrites: 0 });
    expect(traffic.noise!.learned).toBe(0);
    // Left alone when it has failed often enough.
    expect(traffic.noise!.asked).toBeLessThan(80);
  });
});

describe('without a twin', () => {
  it('legacy itself is asked once more, for the share that is configured', async () => {
    const [legacy, candidate] = [await stored(), await stored()];
    const proxy = await proxyOf(legacy, candidate, { noise: { twinRatio: 1, reaskRatio: 1 } });
    await drive(proxy, 100);
    expect(await settled(proxy, 100)).toMatchObject({ matched: 100 });
    await until(() => proxy.traffic().noise!.learned > 0);
    expect(legacy.marked.length).toBeGreaterThan(30);
    expect(legacy.marked.every((line) => line.startsWith('GET '))).toBe(true);
  });

  it('nobody is asked once more where nothing is said', async () => {
    const [legacy, candidate] = [await stored(), await stored()];
    const proxy = await proxyOf(legacy, candidate, {});
    await drive(proxy, 50);
    expect((await settled(proxy, 50)).noise).toMatchObject({ asked: 0 });
    expect(legacy.marked).toEqual([]);
  });
});
