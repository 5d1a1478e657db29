import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import {
  identities,
  type RunningProxy,
  startProxy,
  testRoute,
  testSettings,
} from '../support/proxy.ts';
import { type Answer, rawExchange, type SideServer, startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const ok: Answer = (_request, response) => void response.end('{"same":true}');

async function side(answer: Answer = ok): Promise<SideServer> {
  const started = await startSide(answer);
  open.push(started);
  return started;
}

/** A side that answers these very bytes to whatever it is sent. */
async function rawSide(bytes: string): Promise<{ url: string }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(bytes, 'latin1'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function proxyOf(...args: Parameters<typeof startProxy>): Promise<RunningProxy> {
  const proxy = await startProxy(...args);
  open.push(proxy);
  return proxy;
}

async function settled(proxy: RunningProxy, received: number): Promise<void> {
  await until(() => {
    const traffic = proxy.traffic();
    for (const [left, right] of identities(traffic)) expect(left).toBe(right);
    expect(traffic.inFlight).toBeGreaterThanOrEqual(0);
    return traffic.received === received && traffic.inFlight === 0;
  });
}

const odd = (reason: string) => `HTTP/1.1 200 ${reason}\r\nContent-Length: 2\r\n\r\nok`;
const GET = 'GET /u/1/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';

describe('an odd reason phrase', () => {
  it.each(['Non trouv\xe9', '\xe2\x9c\x93', ''])('%j reaches the client', async (reason) => {
    const legacy = await rawSide(odd(reason));
    const proxy = await proxyOf(testSettings(legacy.url, (await side()).url));
    const answer = await rawExchange(proxy.port, GET);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.endsWith('\r\n\r\nok')).toBe(true);
  });

  it('of a canary answer that is held back does not leave the client waiting', async () => {
    const candidate = await rawSide(odd('Non trouv\xe9'));
    const proxy = await proxyOf(testSettings((await side()).url, candidate.url), 100);
    expect(await rawExchange(proxy.port, GET)).toMatch(/^HTTP\/1\.1 200 /);
    await settled(proxy, 1);
  });
});

describe('an upload', () => {
  const length = LIMITS.captureMaxBytes * 4;
  const head = `PUT /u/1/x HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`;

  it('that is given up while legacy is dead leaves the proxy alive, nothing open', async () => {
    const legacy = await startSide(ok);
    await legacy.close();
    const proxy = await proxyOf(testSettings(legacy.url, (await side()).url));
    const clients = Array.from({ length: 20 }, () => connect(proxy.port, '127.0.0.1'));
    for (const client of clients) {
      client.on('error', () => undefined);
      client.write(head + 'x'.repeat(10_000));
    }
    await until(() => proxy.traffic().received === 20);
    for (const client of clients) client.destroy();
    await until(async () => (await connections(proxy)) === 0);
    expect((await fetch(`${proxy.url}/u/1/x`)).status).toBe(502);
  });

  it('that legacy does not read is answered by it; nothing behind it is read', async () => {
    const legacy = await startSide(ok);
    open.push(legacy);
    legacy.server.removeAllListeners('request');
    legacy.server.on('request', (request, response) => {
      if (request.method === 'PUT') response.writeHead(413, { connection: 'close' });
      response.end('said at once');
    });
    const proxy = await proxyOf(testSettings(legacy.url, (await side()).url));
    const client = connect(proxy.port, '127.0.0.1');
    let received = '';
    client.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    client.write(head);
    client.write(Buffer.alloc(length));
    client.write('GET /u/1/next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    await once(client, 'close');
    expect(received).toMatch(/^HTTP\/1\.1 413 [^]*said at once/);
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(legacy.seen).not.toContain('GET /u/1/next');
  });
});

function connections(proxy: RunningProxy): Promise<number> {
  return new Promise((resolve) => {
    proxy.proxy.server.getConnections((_error, count) => resolve(count));
  });
}

describe('evidence', () => {
  it('settles a pair once, though both legs are refused at once', async () => {
    const [legacy, candidate] = [await startSide(ok), await startSide(ok)];
    await legacy.close();
    await candidate.close();
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    const options = 'OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    expect(await rawExchange(proxy.port, options)).toMatch(/^HTTP\/1\.1 502/);
    await settled(proxy, 1);
    expect(proxy.traffic().notComparable).toEqual({ 'live-failed': 1 });
  });

  it('does not charge the candidate for an answer that legacy is no quicker with', async () => {
    const slow: Answer = (_request, response) =>
      void setTimeout(() => response.end('slow'), 300).unref();
    const settings = testSettings((await side(slow)).url, (await side(slow)).url, {
      rescueAfterMs: 100,
    });
    const proxy = await proxyOf(settings, 100);
    expect(await (await fetch(`${proxy.url}/u/1/x`)).text()).toBe('slow');
    let charged = 0;
    await until(() => {
      const { cells, traffic } = proxy.proxy.summarize();
      for (const cell of cells) charged += cell.candidateOnlyErrors;
      return traffic.mirrored === 1 && traffic.inFlight === 0;
    });
    expect(charged).toBe(0);
  });

  it('counts the wait of a client who gives up on a candidate that hangs', async () => {
    const legacy = await side();
    const candidate = await side(() => undefined);
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url), 100);
    const client = connect(proxy.port, '127.0.0.1');
    client.write('GET /u/1/x HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(() => legacy.seen.length === 1 && candidate.seen.length === 1);
    // Legacy's answer is on its way; give it the turns of the event loop that it needs.
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    client.destroy();
    let timed = 0;
    await until(() => {
      const { cells, traffic } = proxy.proxy.summarize();
      for (const cell of cells) timed += cell.candidate.length / 2;
      return traffic.mirrored === 1 && traffic.inFlight === 0;
    });
    expect(timed).toBe(1);
  });

  it('keeps a long canary answer whole beyond the time for its rescue', async () => {
    const half = 'x'.repeat(LIMITS.rescueHoldMaxBytes + 1);
    const slow: Answer = (_request, response) => {
      response.write(half);
      setTimeout(() => response.end(half), 400).unref();
    };
    const settings = testSettings((await side(slow)).url, (await side(slow)).url, {
      rescueAfterMs: 200,
    });
    const proxy = await proxyOf(settings, 100);
    expect((await (await fetch(`${proxy.url}/u/1/x`)).text()).length).toBe(half.length * 2);
  });
});

describe('a tainted key', () => {
  it('stays on the side that has its writes when a new proxy takes over', async () => {
    const legacy = await side((request, response) => {
      response.statusCode = request.method === 'POST' ? 500 : 200;
      response.end();
    });
    const candidate = await side();
    const routes = [testRoute('POST /u/:user/write', { writes: 'mirror' })];
    const settings = testSettings(legacy.url, candidate.url, { routes });
    const before = await proxyOf(settings, 99);
    await fetch(`${before.url}/u/1/write`, { method: 'POST', body: 'x' });
    await settled(before, 1);
    const after = await proxyOf(settings, 99);
    after.proxy.tainted.restore(before.proxy.tainted.all());
    expect(after.proxy.tainted.truthOf('1')).toBe('candidate');
  });
});

describe('an end', () => {
  it('does not wait for a shadow that hangs, once the clients have gone', async () => {
    const legacy = await side();
    const candidate = await side(() => undefined);
    const settings = testSettings(legacy.url, candidate.url, { shadowTimeoutMs: 60_000 });
    const proxy = await proxyOf(settings);
    expect(await rawExchange(proxy.port, GET)).toMatch(/^HTTP\/1\.1 200 /);
    await until(() => candidate.seen.length === 1);
    await proxy.proxy.drain(30_000, () => undefined);
    expect(proxy.traffic()).toMatchObject({ inFlight: 0, notComparable: { 'shadow-failed': 1 } });
  });

  it('answers 503 in place of a request that it has no room for', async () => {
    let fullness = 0;
    const parts = { fullness: () => fullness };
    const settings = testSettings((await side()).url, (await side()).url);
    const proxy = await proxyOf(settings, 0, parts);
    fullness = 1;
    await until(async () => (await rawExchange(proxy.port, GET)).startsWith('HTTP/1.1 503 '));
    expect(proxy.traffic().rejected.overload).toBeGreaterThan(0);
  });
});
