import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../support/sides.ts';
import { valuesOf } from '../support/wire-parse.ts';
import {
  answerOf,
  clientOf,
  closeAll,
  headSide,
  proxyOf,
  recorder,
  stageOf,
} from '../support/wire-scenes.ts';
import { runCase } from '../support/wire-stage.ts';
import type { RequestCase } from '../wire/rows.ts';
import { W_ROWS } from '../wire/w-rows.ts';

const WAIT_MS = 5000;

afterEach(closeAll);

describe('expectations', () => {
  test.each([
    ['a length', 'Content-Length: 5', 'hello'],
    ['chunks', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
  ])(
    'W-52 says 100 once before the body and delivers it once, with %s',
    async (_what, field, body) => {
      const { proxy, legacy } = await stageOf();
      const client = clientOf(proxy);
      await client.send(`POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n${field}\r\n\r\n`);
      await client.when(() => client.answers().answers.length === 1, WAIT_MS);
      expect(client.answers().answers.map(({ status }) => status)).toEqual([100]);
      await client.send(body);
      await client.when(() => client.answers().answers.length === 2, WAIT_MS);
      expect(client.answers().answers.map(({ status }) => status)).toEqual([100, 200]);
      expect(legacy.seen.map((request) => request.body.toString())).toEqual(['hello']);
      expect(valuesOf(legacy.seen[0]!.headers, 'expect')).toEqual([]);
    },
  );

  test.each([413, 417, 200])(
    'W-53 relays %d given before the body, closes, and mirrors nothing',
    async (status) => {
      const legacy = await headSide((socket) => socket.write(answerOf(status, 'early')));
      const shadow = await recorder();
      const proxy = await proxyOf(legacy, shadow);
      const client = clientOf(proxy);
      await client.send(
        'QUERY /safe/e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
      );
      expect(await client.whenClosed(WAIT_MS)).toBe(true);
      const { answers } = client.answers();
      expect(answers.map((answer) => answer.status).filter((each) => each >= 200)).toEqual([
        status,
      ]);
      expect(answers.at(-1)!.body.toString()).toBe('early');
      await until(() => legacy.sockets.size === 0 && proxy.traffic().inFlight === 0);
      expect(shadow.seen).toEqual([]);
      expect(shadow.partial).toEqual([]);
      expect(proxy.traffic().skipped).toEqual({ incomplete: 1 });
    },
  );
});

describe('connections', () => {
  test('W-59 never reads a request out of a body whose answer came early', async () => {
    const legacy = await headSide((socket) => socket.write(answerOf(403, 'no')));
    const shadow = await recorder();
    const proxy = await proxyOf(legacy, shadow);
    const client = clientOf(proxy);
    await client.send('POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\nbegin');
    await client.when(() => client.answers().answers.length === 1, WAIT_MS);
    await client.send('\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await client.whenClosed(WAIT_MS)).toBe(true);
    expect(client.answers().answers.map(({ status }) => status)).toEqual([403]);
    expect(client.answers().rest).toBe('');
    expect(legacy.connectionCount).toBe(1);
    expect(shadow.seen).toEqual([]);
  });

  test('W-62 joins a WebSocket to the live side alone', async () => {
    const switched =
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    let request = '';
    const legacy = await headSide((socket, text) => {
      request = text;
      socket.write(`${switched}first`);
      socket.on('data', (bytes) => socket.write(`<${bytes.toString()}>`));
    });
    const shadow = await recorder();
    const proxy = await proxyOf(legacy, shadow);
    const client = clientOf(proxy);
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n';
    await client.send(`GET /ws HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
    await client.when(() => client.received.includes('first'), WAIT_MS);
    await client.send('GET /not-http HTTP/1.1\r\n\r\n');
    await client.when(() => client.received.includes('<GET /not-http'), WAIT_MS);
    expect(client.received.toString()).toMatch(/^HTTP\/1\.1 101 .*\r\nConnection: upgrade\r\n/is);
    expect(request).toMatch(/^Upgrade: websocket\r$/im);
    expect(request).toMatch(/^Connection: upgrade\r$/im);
    expect(request).toMatch(/^Sec-WebSocket-Key: a\r$/m);
    client.close();
    await until(() => legacy.sockets.size === 0);
    expect(shadow.connectionCount).toBe(0);
    expect(proxy.traffic().skipped).toEqual({ upgrade: 1 });
  });

  test('W-65 gives up slow and silent clients at the limits, answering others', async () => {
    const port = { headTimeoutMs: 400, bodyIdleTimeoutMs: 400, keepAliveMs: 400 };
    const { proxy, legacy, candidate } = await stageOf({ port });
    const many = Array.from({ length: 200 }, () => [
      clientOf(proxy),
      clientOf(proxy),
      clientOf(proxy),
    ]);
    for (const [slowHead, slowBody] of many) {
      await slowHead!.send('GET /slow HTTP/1.1\r\nHos');
      await slowBody!.send('POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx');
    }
    const live = clientOf(proxy);
    await live.send('GET /live HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    expect(await live.whenClosed(WAIT_MS)).toBe(true);
    expect(live.answers().answers.map(({ status }) => status)).toEqual([200]);
    for (const [slowHead, slowBody, silent] of many) {
      for (const each of [slowHead!, slowBody!, silent!]) {
        expect(await each.whenClosed(WAIT_MS)).toBe(true);
      }
      expect(slowHead!.answers().answers.map(({ status }) => status)).toEqual([408]);
      expect(slowBody!.answers().answers.map(({ status }) => status)).toEqual([408]);
      expect(silent!.received.toString()).toBe('');
    }
    expect(proxy.traffic().rejected).toEqual({ 'head-timeout': 200, 'body-timeout': 200 });
    await until(() => legacy.pendingCount === 0);
    expect(legacy.seen.map(({ target }) => target)).toEqual(['/live']);
    expect(candidate.seen.map(({ target }) => target)).toEqual(['/live']);
  });

  test('W-65 gives up a head that comes one byte at a time, however alive it is', async () => {
    const { proxy } = await stageOf({ port: { headTimeoutMs: 400 } });
    const client = clientOf(proxy);
    const trickle = setInterval(() => void client.send('a'), 50);
    await client.send('GET /slow HTTP/1.1\r\nX-A: ');
    expect(await client.whenClosed(WAIT_MS)).toBe(true);
    clearInterval(trickle);
    expect(client.answers().answers.map(({ status }) => status)).toEqual([408]);
  });

  test.each([
    ['behind the head', ''],
    ['within the body', 'a\r\nhel'],
    ['between chunks', '5\r\nhello\r\n'],
  ])('W-66 breaks the live leg off after a reset %s', async (_where, part) => {
    const { proxy, legacy, candidate } = await stageOf();
    const client = clientOf(proxy);
    const head = 'QUERY /safe/r HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
    await client.send(head + part);
    await until(() => legacy.pendingCount === 1);
    client.reset();
    await until(() => legacy.sockets.size === 0 && proxy.traffic().inFlight === 0);
    expect(legacy.seen).toEqual([]);
    expect(candidate.seen.length + candidate.partial.length).toBe(0);
    expect(proxy.traffic().skipped).toEqual({ incomplete: 1 });
  });
});

/** Some of each kind, none of them long. */
const SPLIT = [
  'W-01',
  'W-04',
  'W-15',
  'W-22',
  'W-23',
  'W-32',
  'W-34',
  'W-42',
  'W-47',
  'W-56',
  'W-57',
];

const splits: readonly (readonly [string, RequestCase])[] = W_ROWS.filter(({ id }) =>
  SPLIT.includes(id),
).flatMap(({ id, requests = [] }) =>
  requests.slice(0, 2).map((each) => [`${id} ${each.name}`, each] as const),
);

describe('W-67 comes to the same at every split of the head', () => {
  test.each(splits)('%s', async (_name, wireCase) => {
    const stage = await stageOf();
    const headBytes = wireCase.send.indexOf('\r\n\r\n') + 4;
    for (let at = 1; at < headBytes; at += 1) {
      const { observed, expected } = await runCase(stage, wireCase, { at });
      expect({ at, ...observed }).toEqual({ at, ...expected });
    }
  });
});
