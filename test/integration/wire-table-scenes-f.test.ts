import type { Socket } from 'node:net';
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { DEFAULT_UPSTREAM } from '../../src/config/defaults.ts';
import { until } from '../support/sides.ts';
import { valuesOf } from '../support/wire-parse.ts';
import {
  answerOf,
  clientOf,
  closeAll,
  headSide,
  proxyOf,
  rawSide,
  recorder,
  stageOf,
} from '../support/wire-scenes.ts';
import type { RawClient } from '../support/wire.ts';

const WAIT_MS = 5000;

afterEach(closeAll);

async function statusesOf(client: RawClient, count: number): Promise<number[]> {
  await client.when(() => client.isEnded || client.answers().answers.length >= count, WAIT_MS);
  return client.answers().answers.map(({ status }) => status);
}

describe('fields', () => {
  test('F-03 names itself in Via without a host, and stops a loop with 508', async () => {
    const { proxy, legacy, candidate } = await stageOf();
    const client = clientOf(proxy);
    await client.send('GET /via HTTP/1.1\r\nHost: h\r\nVia: 1.0 fred\r\n\r\n');
    expect(await statusesOf(client, 1)).toEqual([200]);
    const vias = valuesOf(legacy.seen[0]!.headers, 'via');
    expect(vias[0]).toBe('1.0 fred');
    expect(vias.at(-1)).toMatch(/^1\.1 [\w-]+$/);
    const again = vias.map((via) => `Via: ${via}\r\n`).join('');
    await client.send(`GET /loop HTTP/1.1\r\nHost: h\r\n${again}\r\n`);
    expect(await statusesOf(client, 2)).toEqual([200, 508]);
    await until(() => candidate.seen.length === 1);
    expect(legacy.seen.map(({ target }) => target)).toEqual(['/via']);
    expect(proxy.traffic().rejected).toEqual({ loop: 1 });
  });

  test('F-04 answers OPTIONS itself when it may go no further', async () => {
    const { proxy, legacy, candidate } = await stageOf();
    const client = clientOf(proxy);
    await client.send('OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n');
    expect(await statusesOf(client, 1)).toEqual([200]);
    expect(valuesOf(client.answers().answers[0]!.headers, 'allow')).toHaveLength(1);
    expect(legacy.seen.length + candidate.seen.length).toBe(0);
  });

  test('F-05 sends each side the Host that its configuration says', async () => {
    const legacy = await recorder();
    const candidate = await recorder();
    const proxy = await proxyOf(legacy, candidate, {
      legacy: { ...DEFAULT_UPSTREAM, url: legacy.url, metricsUrl: null, host: 'rewrite' },
    });
    const client = clientOf(proxy);
    await client.send('GET /host HTTP/1.1\r\nHost: public.example\r\n\r\n');
    expect(await statusesOf(client, 1)).toEqual([200]);
    await until(() => candidate.seen.length === 1);
    const own = new URL(legacy.url).host;
    expect(valuesOf(legacy.seen[0]!.headers, 'host')).toEqual([own]);
    expect(valuesOf(candidate.seen[0]!.headers, 'host')).toEqual(['public.example']);
    expect(valuesOf(legacy.seen[0]!.headers, 'x-forwarded-host')).toEqual(['public.example']);
  });

  test.each([
    ['adds a Date where none is, which is no divergence', '', /^\w{3}, \d\d \w{3} \d{4} /],
    ['leaves a Date as it is', 'Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n', /^Tue, 15 Nov 1994 08/],
  ])('F-07 %s', async (_what, field, pattern) => {
    const answer = `HTTP/1.1 200 OK\r\n${field}Content-Length: 2\r\n\r\nok`;
    const legacy = await headSide((socket) => socket.write(answer));
    const candidate = await headSide((socket) => socket.write(answer));
    const proxy = await proxyOf(legacy, candidate);
    const client = clientOf(proxy);
    await client.send('GET /date HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await statusesOf(client, 1)).toEqual([200]);
    const dates = valuesOf(client.answers().answers[0]!.headers, 'date');
    expect(dates).toHaveLength(1);
    expect(dates[0]).toMatch(pattern);
    await until(() => proxy.traffic().matched === 1);
  });
});

describe('deliveries', () => {
  /** Answers the first request of its first connection, and closes on the second. */
  async function closingSide(seen: string[]): ReturnType<typeof rawSide> {
    let isFirst = true;
    return rawSide((socket) => {
      let count = isFirst ? 0 : -1000;
      isFirst = false;
      socket.on('end', () => socket.end());
      socket.on('data', (bytes) => {
        seen.push(bytes.toString('latin1').split(' HTTP')[0]!);
        count += 1;
        if (count === 2) socket.resetAndDestroy();
        else socket.write(answerOf(200, 'ok'));
      });
    });
  }

  test.each([
    ['GET', 200, 2],
    ['HEAD', 200, 2],
    ['OPTIONS', 200, 2],
    ['POST', 502, 1],
    ['PUT', 502, 1],
    ['DELETE', 502, 1],
  ])(
    'F-15 %s on a connection closed just then: %d after %d deliveries',
    async (method, status, deliveries) => {
      const seen: string[] = [];
      const legacy = await closingSide(seen);
      const proxy = await proxyOf(legacy, await recorder());
      const client = clientOf(proxy);
      await client.send('GET /first HTTP/1.1\r\nHost: h\r\n\r\n');
      expect(await statusesOf(client, 1)).toEqual([200]);
      await client.send(
        `${method} /second HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n`,
      );
      const toHead = [false, method === 'HEAD'];
      await client.when(
        () => client.isEnded || client.answers(toHead).answers.length === 2,
        WAIT_MS,
      );
      expect(client.answers(toHead).answers.map((answer) => answer.status)).toEqual([200, status]);
      expect(seen.filter((line) => line === `${method} /second`)).toHaveLength(deliveries);
    },
  );

  test('F-17 marks what it answers itself, and counts it as a live failure', async () => {
    const silent = await rawSide(() => undefined);
    const broken = await headSide((socket) => socket.end('nonsense'));
    const shadow = await recorder();
    for (const [side, status, mark] of [
      [silent, 504, 'timeout'],
      [broken, 502, 'unreachable'],
    ] as const) {
      const proxy = await proxyOf(side, shadow, { liveTimeoutMs: 300 });
      const client = clientOf(proxy);
      await client.send('GET /own HTTP/1.1\r\nHost: h\r\n\r\n');
      expect(await statusesOf(client, 1)).toEqual([status]);
      expect(valuesOf(client.answers().answers[0]!.headers, 'crossfade-error')).toEqual([mark]);
      await until(() => proxy.traffic().inFlight === 0);
      const { failedSafe, notComparable } = proxy.traffic();
      expect({ failedSafe, notComparable }).toEqual({
        failedSafe: 1,
        notComparable: { 'live-failed': 1 },
      });
    }
  });

  const HEAD = 'QUERY /safe/l HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n';
  const LONG_HEAD = HEAD.replace('5', '50000');
  test.each([
    ['within the head', HEAD.slice(0, 30), {}],
    ['within a long body', `${LONG_HEAD}hel`, { skipped: { incomplete: 1 } }],
    ['while it waits', `${HEAD}hello`, { notComparable: { 'client-aborted': 1 } }],
    ['within the answer', `${HEAD}hello`, { notComparable: { 'client-aborted': 1 } }],
  ])('F-18 lets go of the live side when the client leaves %s', async (where, bytes, counts) => {
    const stage = await stageOf();
    const { proxy, legacy, candidate } = stage;
    let answered: Socket | null = null;
    legacy.answer = (_request, socket) => {
      answered = socket;
      if (where === 'within the answer') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello');
      }
    };
    const client = clientOf(proxy);
    await client.send(bytes);
    if (where === 'within a long body') await until(() => legacy.pendingCount === 1);
    if (where === 'while it waits') await until(() => answered !== null);
    if (where === 'within the answer')
      await client.when(() => client.received.includes('hello'), WAIT_MS);
    client.reset();
    await until(() => legacy.sockets.size === 0 && proxy.traffic().inFlight === 0);
    const { compared, skipped, notComparable } = proxy.traffic();
    expect({ compared, skipped, notComparable }).toEqual({
      compared: 0,
      skipped: {},
      notComparable: {},
      ...counts,
    });
    expect(candidate.partial).toEqual([]);
  });
});

describe('streams', () => {
  test('F-19 relays each event before the next is sent, and mirrors none', async () => {
    let stream: Socket | null = null;
    const legacy = await headSide((socket) => {
      stream = socket;
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
    });
    const shadow = await recorder();
    const proxy = await proxyOf(legacy, shadow);
    const client = clientOf(proxy);
    await client.send('GET /events HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n');
    await client.when(() => client.received.includes('\r\n\r\n'), WAIT_MS);
    for (let event = 0; event < 20; event += 1) {
      stream!.write(`data: ${event}\n\n`);
      expect(await client.when(() => client.received.includes(`data: ${event}\n`), WAIT_MS)).toBe(
        true,
      );
    }
    client.close();
    // Its leaving is seen by the next event, which it does not take.
    await until(() => {
      stream!.write('data: last\n\n');
      return legacy.sockets.size === 0;
    });
    expect(shadow.connectionCount).toBe(0);
    expect(proxy.traffic().skipped).toEqual({ stream: 1 });
  });

  const MIB = 1_048_576;
  const TOTAL_BYTES = 256 * MIB;
  /** Both connections' buffers in the kernel, and ours. */
  const WAITING_MAX_BYTES = 48 * MIB;

  /** Writes the same block again and again, as fast as the socket takes it. */
  function pour(socket: Socket, block: Buffer, total: number): { readonly taken: number } {
    const state = { taken: 0 };
    const more = (): void => {
      while (state.taken < total) {
        state.taken += block.length;
        if (!socket.write(block)) {
          socket.once('drain', more);
          return;
        }
      }
    };
    more();
    return state;
  }

  /**
   * What was taken once nobody takes more: full buffers tell nobody that they are full, so two
   * looks have to agree. Too early a look makes the bound that is asserted easier, never wrong.
   */
  async function standsStill(bytes: () => number): Promise<number> {
    for (let last = -1; ; ) {
      const now = bytes();
      if (now === last && now > 0) return now;
      last = now;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  function hashOf(block: Buffer, total: number): string {
    const hash = createHash('sha256');
    for (let at = 0; at < total; at += block.length) hash.update(block);
    return hash.digest('hex');
  }

  test('F-20 stops a download that nobody reads, and delivers it whole when read', async () => {
    const block = randomBytes(MIB);
    let poured = { taken: 0 };
    const legacy = await headSide((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`);
      poured = pour(socket, block, TOTAL_BYTES);
    });
    const proxy = await proxyOf(legacy, await recorder());
    const client = clientOf(proxy);
    const hash = createHash('sha256');
    let bodyBytes = 0;
    client.socket.removeAllListeners('data');
    client.socket.pause();
    await client.send('GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    expect(await standsStill(() => poured.taken)).toBeLessThan(WAITING_MAX_BYTES);
    let head = '';
    client.socket.on('data', (bytes: Buffer) => {
      const from = head.includes('\r\n\r\n') ? 0 : bytes.indexOf('\r\n\r\n') + 4;
      if (from > 0) head += bytes.toString('latin1', 0, from);
      bodyBytes += bytes.length - from;
      hash.update(bytes.subarray(from));
    });
    client.socket.resume();
    await client.when(() => client.isEnded, 60_000);
    expect(bodyBytes).toBe(TOTAL_BYTES);
    expect(hash.digest('hex')).toBe(hashOf(block, TOTAL_BYTES));
  });

  test('F-20 stops an upload that nobody reads, and delivers it whole when read', async () => {
    const block = randomBytes(MIB);
    const hash = createHash('sha256');
    let bodyBytes = 0;
    let reading: Socket | null = null;
    const legacy = await rawSide((socket) => {
      let hasHead = false;
      reading = socket;
      socket.pause();
      socket.on('end', () => socket.end());
      socket.on('data', (bytes) => {
        const from = hasHead ? 0 : bytes.indexOf('\r\n\r\n') + 4;
        hasHead = true;
        bodyBytes += bytes.length - from;
        hash.update(bytes.subarray(from));
        if (bodyBytes === TOTAL_BYTES) socket.write(answerOf(200, 'ok'));
      });
    });
    const proxy = await proxyOf(legacy, await recorder());
    const client = clientOf(proxy);
    await client.send(`POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`);
    const poured = pour(client.socket, block, TOTAL_BYTES);
    expect(await standsStill(() => poured.taken)).toBeLessThan(WAITING_MAX_BYTES);
    reading!.resume();
    await client.when(() => client.answers().answers.length === 1, 60_000);
    expect(client.answers().answers.map(({ status }) => status)).toEqual([200]);
    expect(hash.digest('hex')).toBe(hashOf(block, TOTAL_BYTES));
  });
});
