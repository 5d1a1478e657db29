/**
 * A shadow must not harm live traffic, whatever it does. Every case: all live answers are whole
 * and legacy's, the counts add up at every look, nothing is left under way or open in the end.
 */
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/kit/random.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Settings } from '../../src/model/settings.ts';
import type { TrafficCounts } from '../../src/model/window.ts';
import { createAnalyst } from '../../src/proxy/analyst/analyst.ts';
import { type RunningProxy, startProxy, testRoute, testSettings } from '../support/proxy.ts';
import { startRun } from '../support/crossfade.ts';
import { agent, ask, BODY, counts, quiet, serve } from '../support/isolation.ts';
import { MISBEHAVIOURS, type RawShadow, startShadow } from '../support/shadows.ts';
import { type Answer, type SideServer, startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const SHADOW_TIMEOUT_MS = 250;

function kept<T extends { close(): Promise<void> }>(each: T): T {
  open.push(each);
  return each;
}

async function legacySide(
  answer: Answer = (_request, response) => void response.end(BODY),
): Promise<SideServer> {
  return kept(await startSide(answer));
}

async function proxyTo(
  candidateUrl: string,
  over: Partial<Settings> = {},
  parts: Parameters<typeof startProxy>[2] = {},
  legacy: SideServer | null = null,
): Promise<RunningProxy> {
  const { url } = legacy ?? (await legacySide());
  const changes = { shadowTimeoutMs: SHADOW_TIMEOUT_MS, ...over };
  return kept(await startProxy(testSettings(url, candidateUrl, changes), 0, parts));
}

/** Nothing is mirrored any more: nothing is left under way, held or open. */
async function released(proxy: RunningProxy, shadow: RawShadow | null): Promise<void> {
  proxy.assign(0, { mirrorPause: 'the kill switch' });
  await until(() => {
    shadow?.wake();
    return counts(proxy).inFlight === 0 && (shadow === null || shadow.open() === 0);
  });
  expect(proxy.proxy.summarize().mirror).toMatchObject({ outstanding: 0, heldBytes: 0 });
  const before = counts(proxy);
  expect(await ask(proxy)).toEqual([200, BODY]);
  expect(counts(proxy).skipped.paused).toBe((before.skipped.paused ?? 0) + 1);
}

type Expected = (traffic: TrafficCounts, shadow: RawShadow) => void;

const failsAndIsLeftAlone: Expected = ({ notComparable, dropped, compared }) => {
  expect(compared).toBe(0);
  expect(notComparable['shadow-failed']).toBeGreaterThanOrEqual(LIMITS.breakerFailuresMax);
  expect(dropped['breaker-open']).toBeGreaterThan(0);
};

const isCutSoon: Expected = ({ notComparable, compared, dropped }, shadow) => {
  expect(compared).toBe(0);
  expect(notComparable['too-large']).toBeGreaterThanOrEqual(LIMITS.breakerFailuresMax);
  expect(dropped['breaker-open']).toBeGreaterThan(0);
  // What the kernel and the streams in between hold is beyond what we read.
  expect(shadow.mostTaken()).toBeLessThan(LIMITS.shadowAheadMaxBytes + 8_000_000);
};

const isAskedOnceEach: Expected = ({ mirrored, mismatched, dropped }, shadow) => {
  expect(shadow.asked()).toBe(mirrored);
  expect(mismatched).toBe(mirrored);
  expect(dropped).toEqual({});
};

/** Row, what the shadow does, how many requests, and what the counts must say of it. */
const ROWS: readonly (readonly [id: string, how: string, times: number, Expected])[] = [
  ['I-01', 'never reads', 120, failsAndIsLeftAlone],
  ['I-01', 'reads and never answers', 120, failsAndIsLeftAlone],
  ['I-01', 'hangs in the middle of the head', 120, failsAndIsLeftAlone],
  ['I-01', 'hangs in the middle of the body', 120, failsAndIsLeftAlone],
  ['I-02', 'answers a byte at a time for ever', 120, failsAndIsLeftAlone],
  ['I-03', 'resets at connect', 120, failsAndIsLeftAlone],
  ['I-03', 'resets after the request', 120, failsAndIsLeftAlone],
  ['I-03', 'resets in the middle of the head', 120, failsAndIsLeftAlone],
  ['I-03', 'resets in the middle of the body', 120, failsAndIsLeftAlone],
  ['I-03', 'resets after its answer', 60, ({ received }) => expect(received).toBe(60)],
  ['I-03', 'answers what is no HTTP', 120, failsAndIsLeftAlone],
  ['I-04', 'answers 10 GiB', 120, isCutSoon],
  ['I-04', 'answers chunks without end', 120, isCutSoon],
  ['I-04', 'answers until it closes, and never closes', 120, isCutSoon],
  ['I-04', 'sends interim answers without end', 40, ({ compared }) => expect(compared).toBe(0)],
  ['I-04', 'sends trailers without end', 40, ({ compared }) => expect(compared).toBe(0)],
  ['I-05', 'answers 500 to everything', 200, isAskedOnceEach],
  ['I-05', 'answers 429 with Retry-After', 200, isAskedOnceEach],
];

describe('live traffic is not harmed by a shadow that', () => {
  it.each(ROWS)('%s %s', async (_id, how, times, expected) => {
    const shadow = kept(await startShadow(MISBEHAVIOURS[how]!));
    // Those that answer are not to be late, however busy the machine is.
    const isAnswering = expected === isCutSoon || expected === isAskedOnceEach;
    const shadowTimeoutMs = isAnswering ? 10_000 : SHADOW_TIMEOUT_MS;
    const proxy = await proxyTo(shadow.url, { shadowTimeoutMs });
    // The second half finds the breaker as the first has left it.
    await serve(proxy, times / 2);
    await quiet(proxy);
    await serve(proxy, times / 2);
    const traffic = await quiet(proxy);
    expect(traffic.received).toBe(times);
    expected(traffic, shadow);
    await released(proxy, shadow);
    expect(shadow.opened()).toBeLessThanOrEqual(times + LIMITS.shadowConnectionsMax);
  });

  // Row I-14: in the middle of it, not after.
  it.each(ROWS)('I-14 is stopped while it, as in %s, %s', async (_id, how, times) => {
    const shadow = kept(await startShadow(MISBEHAVIOURS[how]!));
    const proxy = await proxyTo(shadow.url, { shadowTimeoutMs: 60_000 });
    await serve(proxy, times);
    await released(proxy, shadow);
    proxy.assign(0, { mirrorPause: '' });
    await serve(proxy, 10);
    await released(proxy, shadow);
  });

  it('I-08 is slower than they come', async () => {
    const waiting: (() => void)[] = [];
    const shadow = kept(
      await startShadow({
        asked: (socket) => {
          waiting.push(() => {
            const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
            socket.write(`${head}Content-Length: ${BODY.length}\r\n\r\n${BODY}`);
          });
        },
      }),
    );
    const proxy = await proxyTo(shadow.url, { shadowTimeoutMs: 60_000 });
    const room = LIMITS.shadowInFlightMax + LIMITS.shadowQueueMax;
    await serve(proxy, room + 1000);
    const traffic = counts(proxy);
    expect(traffic.dropped['shadow-queue-full']).toBeGreaterThanOrEqual(1000);
    expect(traffic.inFlight).toBeLessThanOrEqual(room);
    expect(shadow.opened()).toBeLessThanOrEqual(LIMITS.shadowConnectionsMax);
    const { outstanding, heldBytes } = proxy.proxy.summarize().mirror!;
    expect(outstanding).toBe(traffic.inFlight);
    expect(heldBytes).toBeLessThanOrEqual(LIMITS.shadowBytesMax);
    await until(() => {
      for (const answer of waiting.splice(0)) answer();
      return counts(proxy).inFlight === 0;
    });
    expect(proxy.proxy.summarize().mirror).toMatchObject({ outstanding: 0, heldBytes: 0 });
  });

  it('I-08 is three times slower than they come, dropping no route more than others', async () => {
    const waiting: (() => void)[] = [];
    const shadow = kept(
      await startShadow({
        asked: (socket) => {
          const head = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`;
          waiting.push(() => void socket.write(head + BODY));
        },
      }),
    );
    const routes = [testRoute('GET /a/:user/x'), testRoute('GET /b/:user/x')];
    const proxy = await proxyTo(shadow.url, { shadowTimeoutMs: 60_000, routes, key: null });
    const random = createRandom(7);
    const seen = { a: 0, b: 0 };
    for (let i = 0; i < 6000; i += 1) {
      const route = random.int(0, 1) === 0 ? 'a' : 'b';
      seen[route] += 1;
      expect(await ask(proxy, { path: `/${route}/${i}/x` })).toEqual([200, BODY]);
      if (i % 3 === 0) waiting.shift()?.();
    }
    await until(() => {
      for (const answer of waiting.splice(0)) answer();
      return counts(proxy).inFlight === 0;
    });
    const { cells, traffic } = proxy.proxy.summarize();
    expect(traffic.dropped['shadow-queue-full']).toBeGreaterThan(1000);
    const share = traffic.mirrored / traffic.received;
    const chiSquare = cells.reduce((sum, { route, pairs }) => {
      const sent = route.startsWith('GET /a/') ? seen.a : seen.b;
      return sum + (pairs - sent * share) ** 2 / (sent * share * (1 - share));
    }, 0);
    // One degree of freedom: beyond it in one of a thousand.
    expect(chiSquare).toBeLessThan(10.83);
  });

  it('I-09 does not read a long upload', async () => {
    const upload = Buffer.alloc(100_000_000, 'crossfade ');
    const legacy = await startHashing();
    const shadow = kept(await startShadow(MISBEHAVIOURS['never reads']!));
    const routes = [testRoute('POST /u/:user/x', { writes: 'mirror' })];
    const proxy = await proxyTo(shadow.url, { routes }, {}, legacy);
    const digest = createHash('sha256').update(upload).digest('hex');
    expect(await ask(proxy, { method: 'POST', body: upload })).toEqual([200, digest]);
    const half = upload.subarray(0, 500_000);
    const halfDigest = createHash('sha256').update(half).digest('hex');
    const path = '/u/2/x';
    expect(await ask(proxy, { method: 'POST', path, body: half })).toEqual([200, halfDigest]);
    const traffic = await quiet(proxy);
    expect(traffic.skipped['too-large']).toBe(1);
    expect(traffic.notComparable['shadow-failed']).toBe(1);
  });

  it.each([
    ['JSON of 10 MB', '', Buffer.from(`[${'1,'.repeat(5_000_000)}1]`)],
    ['JSON half a million deep', '', Buffer.from('['.repeat(500_000) + ']'.repeat(500_000))],
    ['a gzip bomb', 'gzip', gzipSync(Buffer.alloc(200_000_000))],
  ])('I-10 answers %s', async (_what, encoding, bytes) => {
    const type = encoding === '' ? '' : `Content-Encoding: ${encoding}\r\n`;
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${type}`;
    const shadow = kept(
      await startShadow({
        asked: (socket) => {
          socket.write(`${head}Content-Length: ${bytes.length}\r\n\r\n`);
          socket.write(bytes);
        },
      }),
    );
    const proxy = await proxyTo(shadow.url, { shadowTimeoutMs: 10_000 });
    await serve(proxy, 20);
    const traffic = await quiet(proxy);
    expect(traffic.matched).toBe(0);
    await released(proxy, shadow);
  });

  it('I-11 cannot be recorded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isolation-'));
    rmSync(folder, { recursive: true });
    const shadow = await legacySide();
    const record = { path: join(folder, 'gone.xfr'), maxBytes: 1_000_000 };
    const said: string[] = [];
    const analyst = createAnalyst({
      routes: [],
      record,
      redactKey: Buffer.alloc(32),
      warn: (sentence) => said.push(sentence),
    });
    const proxy = await proxyTo(shadow.url, { record, shadowTimeoutMs: 10_000 }, { analyst });
    await serve(proxy, 200);
    expect((await quiet(proxy)).matched).toBe(200);
    await until(() => said.length > 0);
    expect(said.join()).toContain('recording');
    expect(analyst.recordsDropped()).toBeGreaterThan(0);
  });

  it('I-12 differs, while the thread that compares ends again and again', async () => {
    const shadow = await legacySide((_request, response) => void response.end('{"same":false}'));
    const analyst = createAnalyst({
      routes: [],
      record: null,
      redactKey: Buffer.alloc(32),
      threadUrl: new URL('data:text/javascript,throw new Error("a bug")'),
      warn: () => undefined,
    });
    const proxy = await proxyTo(shadow.url, { shadowTimeoutMs: 10_000 }, { analyst });
    await serve(proxy, 200);
    const traffic = await quiet(proxy);
    expect(traffic.notComparable['compare-dropped']).toBe(200);
  });
});

it('I-13 wants more connections than there are descriptors, and takes none from live', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'isolation-'));
  const legacy = await legacySide();
  const shadow = kept(await startShadow(MISBEHAVIOURS['reads and never answers']!));
  const file = join(folder, 'crossfade.yaml');
  const store = join(folder, 'crossfade.db');
  writeFileSync(
    file,
    `listen: 127.0.0.1:0
legacy: { url: ${legacy.url} }
candidate: { url: ${shadow.url} }
workers: 1
store: { sqlite: ${store} }
control: { listen: 127.0.0.1:0 }
`,
  );
  const run = await startRun(file, store, 'ulimit -n 512; exec "$0" "$@"');
  try {
    const clients = new Agent({ keepAlive: true, maxSockets: 150 });
    const asked = Array.from({ length: 3000 }, (_, i) =>
      ask({ port: run.port }, { path: `/u/${i}/x` }, clients),
    );
    for (const answer of await Promise.all(asked)) expect(answer).toEqual([200, BODY]);
    clients.destroy();
    expect(shadow.opened()).toBeGreaterThan(0);
    // The counts come with the summary of the second.
    await until(async () => (await run.status()).traffic.received === 3000);
  } finally {
    await run.stop();
    rmSync(folder, { recursive: true });
  }
});

it('I-13 is served however many idle clients there are', async () => {
  const legacy = await legacySide();
  const connections = { live: 16, shadow: 16, clients: 40 };
  const proxy = await proxyTo(legacy.url, {}, { connections }, legacy);
  const silent = Array.from({ length: 200 }, () => connect(proxy.port, '127.0.0.1'));
  for (const socket of silent) socket.on('error', () => undefined);
  await until(() => (proxy.traffic().rejected.crowded ?? 0) >= 160);
  for (let i = 0; i < 20; i += 1) expect(await ask(proxy)).toEqual([200, BODY]);
  for (const socket of silent) socket.destroy();
});

describe('I-15: a proxy short of memory gives up', () => {
  const STEPS = [
    [0.72, { notComparable: { overload: 10 } }],
    [0.92, { dropped: { overload: 10 } }],
  ] as const;

  it.each(STEPS)('at %d what that level names, and nothing of live traffic', async (at, seen) => {
    const shadow = await legacySide((_request, response) => void response.end('{"same":false}'));
    let fullness = 0;
    const proxy = await proxyTo(
      shadow.url,
      { shadowTimeoutMs: 10_000 },
      { fullness: () => fullness },
    );
    await serve(proxy, 10);
    expect((await quiet(proxy)).mismatched).toBe(10);
    fullness = at;
    await until(() => proxy.proxy.summarize().mirror!.overload > 0);
    await serve(proxy, 10);
    expect(await quiet(proxy)).toMatchObject({ ...seen, mismatched: 10 });
    fullness = 0;
    await until(() => proxy.proxy.summarize().mirror!.overload === 0);
    await serve(proxy, 10);
    expect((await quiet(proxy)).mismatched).toBe(20);
  });

  it('at 0.96 kept connections, after their answers', async () => {
    const shadow = await legacySide();
    const proxy = await proxyTo(shadow.url, {}, { fullness: () => 0.96 });
    await until(() => proxy.proxy.summarize().mirror!.overload === 4);
    const connection = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: proxy.port, path: '/u/1/x', agent }, (answer) => {
        answer.resume();
        resolve(answer.headers.connection);
      })
        .on('error', reject)
        .end();
    });
    expect(connection).toBe('close');
  });
});

/** Answers the digest of what it is sent. */
async function startHashing(): Promise<SideServer> {
  const started = await startSide(() => undefined);
  open.push(started);
  started.server.removeAllListeners('request');
  started.server.on('request', (sent, response) => {
    const hash = createHash('sha256');
    sent.on('data', (chunk: Buffer) => hash.update(chunk));
    sent.on('end', () => response.end(hash.digest('hex')));
  });
  return started;
}
