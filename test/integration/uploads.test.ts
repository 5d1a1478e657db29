/** What an upload may hold of the proxy, of the live side and of everybody else's time. */
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Settings } from '../../src/model/settings.ts';
import { type RunningProxy, startProxy, testRoute, testSettings } from '../support/proxy.ts';
import { type Answer, type SideServer, startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const ok: Answer = (_request, response) => void response.end('ok');

async function sideOf(answer: Answer = ok): Promise<SideServer> {
  const side = await startSide(answer);
  open.push(side);
  return side;
}

async function proxyOf(legacy: SideServer, over: Partial<Settings> = {}): Promise<RunningProxy> {
  const candidate = await sideOf();
  const proxy = await startProxy(testSettings(legacy.url, candidate.url, over));
  open.push(proxy);
  return proxy;
}

interface Client {
  readonly socket: Socket;
  text(): string;
}

function clientOf({ port }: RunningProxy, bytes: string): Client {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(bytes);
  open.push({
    close: () => {
      socket.destroy();
      return Promise.resolve();
    },
  });
  return { socket, text: () => text };
}

const post = (length: number, extra = ''): string =>
  `POST /u/1/x HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n${extra}\r\n`;

describe('an upload', () => {
  it('that is short reaches the live side whole, or not at all', async () => {
    let asked = 0;
    const legacy = await sideOf();
    legacy.server.on('request', () => (asked += 1));
    const proxy = await proxyOf(legacy);
    const client = clientOf(proxy, `${post(1000)}a`);
    const other = clientOf(proxy, 'GET /u/2/x HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(() => other.text().endsWith('ok'));
    expect(asked).toBe(1);
    client.socket.write('a'.repeat(999));
    await until(() => client.text().endsWith('ok'));
    expect(asked).toBe(2);
  });

  it.each([900_000, 1_100_000, 3_000_000])(
    'of %i bytes that is never answered ends with the time of a live answer',
    async (length) => {
      const legacy = await sideOf(() => undefined);
      const proxy = await proxyOf(legacy, { liveTimeoutMs: 300 });
      const client = clientOf(proxy, post(length) + 'a'.repeat(length));
      await until(() => client.text().startsWith('HTTP/1.1 504'));
    },
  );

  it('of which no copy is wanted is not kept', async () => {
    const legacy = await sideOf(() => undefined);
    const proxy = await proxyOf(legacy);
    clientOf(proxy, post(800_000) + 'a'.repeat(700_000));
    // A write that is not mirrored is counted with its first bytes.
    await until(() => proxy.traffic().skipped.write === 1);
    expect(proxy.proxy.summarize().mirror).toMatchObject({ heldBytes: 0 });
  });

  it('of which a copy is wanted is counted with what is held, and left out beyond it', async () => {
    const legacy = await sideOf(() => undefined);
    const routes = [testRoute('POST /u/:user/x', { writes: 'mirror' })];
    const proxy = await proxyOf(legacy, { routes });
    const bytes = 1_000_000;
    const count = Math.ceil(LIMITS.shadowBytesMax / bytes) + 3;
    for (let i = 0; i < count; i += 1) {
      clientOf(proxy, post(bytes + 1).replace('/1/', `/${i}/`) + 'a'.repeat(bytes));
    }
    await until(() => (proxy.traffic().dropped['shadow-bytes-full'] ?? 0) > 0);
    const { heldBytes } = proxy.proxy.summarize().mirror!;
    expect(heldBytes).toBeGreaterThan(LIMITS.shadowBytesMax / 2);
    expect(heldBytes).toBeLessThanOrEqual(LIMITS.shadowBytesMax);
  });
});

describe('a request that is not safe', () => {
  it('is seen through to its answer when its client leaves: its key stays sound', async () => {
    let answer: (() => void) | null = null;
    const legacy = await sideOf((_request, response) => {
      answer = () => void response.end('ok');
    });
    const routes = [testRoute('POST /u/:user/x', { writes: 'mirror' })];
    const proxy = await proxyOf(legacy, { routes });
    const client = clientOf(proxy, `${post(5)}hello`);
    await until(() => answer !== null);
    client.socket.resetAndDestroy();
    const connections = promisify(proxy.proxy.server.getConnections.bind(proxy.proxy.server));
    await until(async () => (await connections()) === 0);
    answer!();
    await until(() => proxy.traffic().inFlight === 0);
    expect(proxy.traffic()).toMatchObject({
      notComparable: { 'client-aborted': 1 },
      taintedKeys: 0,
      journalEntries: 0,
    });
  });

  it('is not sent twice, though it is a GET', async () => {
    let asked = 0;
    const legacy = await sideOf((request, response) => {
      asked += 1;
      if (request.headers['x-http-method-override'] === undefined) response.end('ok');
      else request.socket.destroy();
    });
    const proxy = await proxyOf(legacy);
    const first = clientOf(proxy, 'GET /u/1/x HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(() => first.text().endsWith('ok'));
    const override = 'X-HTTP-Method-Override: DELETE\r\n';
    const second = clientOf(proxy, `GET /u/1/x HTTP/1.1\r\nHost: h\r\n${override}\r\n`);
    await until(() => second.text().startsWith('HTTP/1.1 502'));
    expect(asked).toBe(2);
  });
});
