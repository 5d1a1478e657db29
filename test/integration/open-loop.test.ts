import { afterEach, describe, expect, test } from 'vitest';
import { openLoop, sendOpenLoop, type WorkloadResult } from '../../replay/send.ts';
import { createTarget, type Target } from '../../replay/target.ts';
import type { WorkloadRequest } from '../../replay/workload.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { type Answer, type SideServer, startSide } from '../support/sides.ts';

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function start(answer: Answer): Promise<{ side: SideServer; target: Target }> {
  const side = await startSide(answer);
  const options = { connections: 64, connectTimeoutMs: 1000, clock: systemClock };
  const target = createTarget(side.url, options);
  opened.push(target, side);
  return { side, target };
}

function requestOf(
  method: string,
  target: string,
  keys: readonly string[],
  atUs = 0,
): WorkloadRequest {
  const body = method === 'GET' ? null : Buffer.from(target);
  const request = { method, target, headers: ['host', 'test'], body };
  return { atUs, request, keys, isSafe: method === 'GET' };
}

describe('sending open loop', () => {
  test('keeps the order of each key: writes alone, reads between them together', async () => {
    const running = new Map<string, { reads: number; writes: number }>();
    const written = new Map<string, number[]>();
    const faults: string[] = [];
    let togetherMax = 0;
    const { target } = await start(async (request, response) => {
      const [, key, number] = request.url!.split('/') as [string, string, string];
      const now = running.get(key) ?? { reads: 0, writes: 0 };
      running.set(key, now);
      const isWrite = request.method === 'POST';
      if (now.writes > 0 || (isWrite && now.reads > 0)) faults.push(request.url!);
      if (isWrite) now.writes += 1;
      else now.reads += 1;
      togetherMax = Math.max(togetherMax, now.reads);
      // Let whatever would overtake this request do so.
      for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
      if (isWrite) {
        now.writes -= 1;
        written.set(key, [...(written.get(key) ?? []), Number(number)]);
      } else now.reads -= 1;
      response.end('ok');
    });
    const workload: WorkloadRequest[] = [];
    for (let i = 0; i < 300; i += 1) {
      const method = i % 10 < 4 ? 'POST' : 'GET';
      const key = `key-${Math.floor(i / 2) % 3}`;
      workload.push(requestOf(method, `/${key}/${i}`, [key]));
    }
    const totals = await openLoop(workload, { target, clock: systemClock });
    expect(totals).toEqual({ sent: 300, failedSafe: 0, failedWrites: 0 });
    expect(faults).toEqual([]);
    expect(togetherMax).toBeGreaterThan(1);
    for (const numbers of written.values()) {
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test('sends a request of many keys in order with each of them', async () => {
    const { side, target } = await start((_, response) => void response.end());
    const workload = [
      requestOf('POST', '/a1', ['a']),
      requestOf('POST', '/b1', ['b']),
      requestOf('POST', '/abc', ['a', 'b', 'c']),
      requestOf('POST', '/c1', ['c']),
      requestOf('POST', '/a2', ['a']),
    ];
    await openLoop(workload, { target, clock: systemClock });
    const order = side.seen.map((line) => line.split(' ')[1]!);
    const many = order.indexOf('/abc');
    expect(many).toBeGreaterThan(order.indexOf('/a1'));
    expect(many).toBeGreaterThan(order.indexOf('/b1'));
    expect(many).toBeLessThan(order.indexOf('/c1'));
    expect(many).toBeLessThan(order.indexOf('/a2'));
  });

  test('counts latency from the intended time, however long a key was busy', async () => {
    const { target } = await start(async (request, response) => {
      if (request.url === '/first') await new Promise((done) => setTimeout(done, 60));
      response.end();
    });
    const results: WorkloadResult[] = [];
    const workload = [requestOf('POST', '/first', ['a']), requestOf('POST', '/second', ['a'])];
    const onResult = (result: WorkloadResult): void => void results.push(result);
    await openLoop(workload, { target, clock: systemClock, onResult });
    const second = results.find(({ sent }) => sent.request.target === '/second')!;
    expect(second.latencyUs).toBeGreaterThan(50_000);
  });

  test('counts failures, reads and writes apart, and goes on', async () => {
    const { target } = await start((request, response) => {
      if (request.url!.endsWith('0')) response.writeHead(500).end();
      else if (request.url!.endsWith('1')) request.socket.destroy();
      else response.end('ok');
    });
    const workload = Array.from({ length: 100 }, (_, i) =>
      requestOf(i % 2 === 0 ? 'GET' : 'POST', `/${i}`, [`k${i}`]),
    );
    const totals = await openLoop(workload, { target, clock: systemClock });
    expect(totals).toEqual({ sent: 100, failedSafe: 10, failedWrites: 10 });
  });

  test('begins nothing more once its signal has fired', async () => {
    const { side, target } = await start((_, response) => void response.end());
    const stop = new AbortController();
    let asked = 0;
    function* endless(): Generator<WorkloadRequest> {
      for (;;) {
        asked += 1;
        yield requestOf('GET', `/${asked}`, [], asked * 1000);
      }
    }
    const onResult = (): void => {
      if (side.seen.length >= 5) stop.abort();
    };
    const { signal } = stop;
    const totals = await openLoop(endless(), { target, clock: systemClock, onResult, signal });
    expect(totals.sent).toBe(side.seen.length);
    expect(asked).toBeLessThanOrEqual(totals.sent + 1);
  });

  test('never holds more than its limit, and sends everything all the same', async () => {
    let outstanding = 0;
    let most = 0;
    let done = 0;
    const items = Array.from({ length: 200 }, () => ({ keys: [], isSafe: true }));
    await sendOpenLoop(items, {
      clock: systemClock,
      dueUs: () => 0,
      outstandingMax: 7,
      async send() {
        outstanding += 1;
        most = Math.max(most, outstanding);
        await new Promise((resolve) => setImmediate(resolve));
        outstanding -= 1;
        done += 1;
      },
    });
    expect([most, done]).toEqual([7, 200]);
  });
});
