/** A key goes back to legacy while a copy of its last write is on its way there. */
import { afterEach, describe, expect, it } from 'vitest';
import type { TrafficCounts } from '../../src/model/window.ts';
import { startProxy, testRoute, testSettings } from '../support/proxy.ts';
import { until } from '../support/sides.ts';
import { startStored } from '../support/stored-side.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** Writes through the candidate, then through legacy, then reads; what was counted. */
async function goBack(isSetAtOnce: boolean): Promise<TrafficCounts> {
  const legacy = await startStored();
  const candidate = await startStored();
  const routes = [
    testRoute('GET /u/:user/items'),
    testRoute('POST /u/:user/items', { writes: 'mirror' }),
  ];
  const proxy = await startProxy(testSettings(legacy.url, candidate.url, { routes }), 100);
  open.push(legacy, candidate, proxy);
  const ask = async (body?: string): Promise<string> => {
    const method = body === undefined ? 'GET' : 'POST';
    const answer = await fetch(`${proxy.url}/u/1/items`, { method, ...(body && { body }) });
    return answer.text();
  };
  const held = Promise.withResolvers<void>();
  legacy.onWrite = async (set) => {
    legacy.onWrite = (later) => later();
    if (isSetAtOnce) set();
    await held.promise;
    if (!isSetAtOnce) set();
  };
  await ask('first');
  await until(() => legacy.seen.length === 1);
  proxy.assign(0);
  await ask('second');
  held.resolve();
  await until(() => candidate.values.get('1') === 'second' && proxy.traffic().inFlight === 0);
  expect(candidate.seen).toEqual(['POST /u/1/items first', 'POST /u/1/items second']);
  expect(await ask()).toBe(isSetAtOnce ? 'second' : 'first');
  await until(() => proxy.traffic().received === 3 && proxy.traffic().inFlight === 0);
  return proxy.traffic();
}

describe('a live write beside a copy to the same side', () => {
  it('leaves what agrees afterwards to count', async () => {
    const traffic = await goBack(true);
    expect(traffic).toMatchObject({ matched: 2, mismatched: 0, taintedBy: { overtaken: 1 } });
    expect(traffic.notComparable).toEqual({ 'write-order': 1 });
  });

  it('explains what differs afterwards, which is no mismatch', async () => {
    const traffic = await goBack(false);
    expect(traffic).toMatchObject({ matched: 1, mismatched: 0, taintedBy: { overtaken: 1 } });
    expect(traffic.notComparable).toEqual({ 'write-order': 1, tainted: 1 });
  });
});
