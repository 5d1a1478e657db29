import { afterEach, describe, expect, test } from 'vitest';
import { identities } from '../support/proxy.ts';
import { until } from '../support/sides.ts';
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
import { turn } from '../support/wire.ts';

const WAIT_MS = 5000;

afterEach(closeAll);

describe('R-11 a side that cannot be reached', () => {
  /** A port that nobody listens on: it was free a moment ago. */
  async function refusedUrl(): Promise<string> {
    const side = await rawSide(() => undefined);
    await side.close();
    return side.url;
  }

  const failures: readonly (readonly [string, () => Promise<string>, number, string])[] = [
    ['refused', refusedUrl, 502, 'refused'],
    ['no such name', async () => 'http://no-such-name.invalid', 502, 'refused'],
    [
      'no TLS',
      async () => {
        const side = await rawSide((socket) => socket.once('data', () => socket.end('no TLS')));
        return side.url.replace('http:', 'https:');
      },
      502,
      'refused',
    ],
    ['silent', async () => (await rawSide(() => undefined)).url, 504, 'timeout'],
    ['closed at once', async () => (await rawSide((socket) => socket.destroy())).url, 502, 'reset'],
  ];

  test.each(failures)('R-11 %s: live', async (_what, url, status) => {
    const proxy = await proxyOf({ url: await url() }, await recorder(), { liveTimeoutMs: 300 });
    const client = clientOf(proxy);
    await client.send('GET /r HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.when(() => client.answers().answers.length === 1, WAIT_MS);
    const [answer] = client.answers().answers;
    expect(answer?.status).toBe(status);
    expect(answer?.body.toString()).toMatch(/^crossfade: no answer from legacy: /);
    await until(() => proxy.traffic().inFlight === 0);
    expect(proxy.traffic().notComparable).toEqual({ 'live-failed': 1 });
  });

  test.each(failures)('R-11 %s: as shadow', async (_what, url) => {
    const proxy = await proxyOf(await recorder(), { url: await url() }, { shadowTimeoutMs: 300 });
    const client = clientOf(proxy);
    await client.send('GET /r HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.when(() => client.answers().answers.length === 1, WAIT_MS);
    expect(client.answers().answers.map(({ body }) => body.toString())).toEqual(['GET /r']);
    await until(() => proxy.traffic().received === 1 && proxy.traffic().inFlight === 0);
    const { compared, notComparable } = proxy.traffic();
    expect({ compared, notComparable }).toEqual({
      compared: 0,
      notComparable: { 'shadow-failed': 1 },
    });
  });

  test('R-11 the words for each failure differ', async () => {
    const texts = new Set<string>();
    for (const [, url] of failures) {
      const proxy = await proxyOf({ url: await url() }, await recorder(), { liveTimeoutMs: 300 });
      const client = clientOf(proxy);
      await client.send('GET /r HTTP/1.1\r\nHost: h\r\n\r\n');
      await client.when(() => client.answers().answers.length === 1, WAIT_MS);
      texts.add(client.answers().answers[0]?.body.toString() ?? '');
    }
    expect(texts.size).toBe(failures.length);
  });
});

test.each(['closes', 'resets'])(
  'R-12 relays an early answer though the side %s while the client uploads',
  async (how) => {
    const legacy = await headSide((socket) => {
      socket.write(answerOf(413, 'enough'));
      setImmediate(() => (how === 'closes' ? socket.destroy() : socket.resetAndDestroy()));
    });
    const proxy = await proxyOf(legacy, await recorder());
    const client = clientOf(proxy);
    await client.send('POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n');
    const block = Buffer.alloc(65_536);
    for (let sent = 0; sent < 200 && !client.isEnded && !client.isClosed; sent += 1) {
      await client.send(block);
      await turn();
    }
    expect(await client.whenClosed(WAIT_MS)).toBe(true);
    const { answers } = client.answers();
    expect(answers.map(({ status, body }) => `${status} ${body.toString()}`)).toEqual([
      '413 enough',
    ]);
  },
);

test('R-14 pairs answers by request, in whatever order they come', async () => {
  const { proxy, legacy, candidate } = await stageOf();
  const waiting: (() => void)[] = [];
  for (const side of [legacy, candidate]) {
    side.answer = (request, socket) => {
      waiting.push(() => socket.write(answerOf(200, `{"id":"${request.target}"}`)));
    };
  }
  const clients = Array.from({ length: 16 }, () => clientOf(proxy));
  for (const [i, client] of clients.entries()) {
    await client.send(`GET /pair/${i} HTTP/1.1\r\nHost: h\r\n\r\n`);
  }
  await until(() => legacy.seen.length === 16);
  // One in three turns, from both ends: live before shadow, and shadow long before live.
  for (let round = 0; proxy.traffic().compared < 16; round += 1) {
    const next = round % 2 === 0 ? waiting.pop() : waiting.splice(waiting.length >> 1, 1)[0];
    next?.();
    await turn();
  }
  for (const [i, client] of clients.entries()) {
    await client.when(() => client.answers().answers.length === 1, WAIT_MS);
    expect(client.answers().answers[0]?.body.toString()).toBe(`{"id":"/pair/${i}"}`);
  }
  expect(proxy.traffic().matched).toBe(16);
  for (const [left, right] of identities(proxy.traffic())) expect(left).toBe(right);
});
