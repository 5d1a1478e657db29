import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { cohortSide } from '../../src/proxy/assign.ts';
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

async function side(answer: Answer): Promise<SideServer> {
  const started = await startSide(answer);
  open.push(started);
  return started;
}

async function proxyOf(...args: Parameters<typeof startProxy>): Promise<RunningProxy> {
  const proxy = await startProxy(...args);
  open.push(proxy);
  return proxy;
}

const ok: Answer = (_request, response) => void response.end('{"same":true}');
const MIRRORED = testRoute('POST /u/:user/write', { writes: 'mirror' });

/** Resolves when nothing is in flight; the identities held at every look. */
async function quiet(proxy: RunningProxy, received: number): Promise<void> {
  await until(() => {
    const traffic = proxy.traffic();
    for (const [left, right] of identities(traffic)) expect(left).toBe(right);
    return traffic.received === received && traffic.inFlight === 0;
  });
}

/** A key that is live on this side at 50 %. */
function keyOn(wanted: 'legacy' | 'candidate'): string {
  for (let i = 0; ; i += 1) if (cohortSide('test', `k${i}`, 50) === wanted) return `k${i}`;
}

describe('what clients get', () => {
  it("is legacy's own: status, reason, header order and case, repetition, body", async () => {
    const legacy = await side((_request, response) => {
      response.sendDate = false;
      const headers = ['X-b', '1', 'Set-Cookie', 'a=1', 'x-A', '2', 'Set-Cookie', 'b=2'];
      response.writeHead(207, 'Odd Reason', [...headers, 'Content-Length', '3', 'X-Byte', '\xe9']);
      response.end('abc');
    });
    const candidate = await side(ok);
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    const bytes = 'GET /u/1/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    const endToEnd = (raw: string) => raw.replace(/^(Date|Connection|Keep-Alive):.*\r\n/gim, '');
    const direct = await rawExchange(legacy.port, bytes);
    expect(endToEnd(await rawExchange(proxy.port, bytes))).toBe(endToEnd(direct));
    expect(direct).toContain('HTTP/1.1 207 Odd Reason\r\nX-b: 1\r\nSet-Cookie: a=1\r\nx-A: 2');
  });

  it('reaches legacy with the same target, header order and case, and host', async () => {
    let seen: readonly string[] = [];
    const legacy = await side((request, response) => {
      if (request.url === '/u/1/%2e%2e//a?x=%00&y') seen = request.rawHeaders;
      response.end();
    });
    const proxy = await proxyOf(
      testSettings(legacy.url, legacy.url.replace('127.0.0.1', 'localhost')),
    );
    const head =
      'GET /u/1/%2e%2e//a?x=%00&y HTTP/1.1\r\nHost: shop.example\r\nX-Z: 1\r\nx-a: \xe9\r\n';
    await rawExchange(proxy.port, `${head}Connection: close\r\n\r\n`);
    const endToEnd = seen.filter((_, i) => {
      const name = seen[i - (i % 2)]!.toLowerCase();
      return name !== 'connection';
    });
    const client = ['Host', 'shop.example', 'X-Z', '1', 'x-a', '\xe9'];
    const hop = ['X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'http'];
    const named = ['X-Forwarded-Host', 'shop.example', 'Via'];
    expect(endToEnd.slice(0, -1)).toEqual([...client, ...hop, ...named]);
  });

  it('passes bodies longer than what is kept, both ways, byte for byte', async () => {
    const size = LIMITS.captureMaxBytes * 3 + 17;
    const legacy = await startSide(ok);
    open.push(legacy);
    legacy.server.removeAllListeners('request');
    legacy.server.on('request', (request, response) => request.pipe(response));
    const candidate = await side(ok);
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    const sent = Buffer.alloc(size, 'crossfade ');
    const answer = await fetch(`${proxy.url}/u/1/echo`, { method: 'PUT', body: sent });
    expect(Buffer.from(await answer.arrayBuffer()).equals(sent)).toBe(true);
    const chunked = new Blob([sent]).stream();
    const again = await fetch(`${proxy.url}/u/1/echo`, {
      method: 'PUT',
      body: chunked,
      duplex: 'half',
    });
    expect(Buffer.from(await again.arrayBuffer()).equals(sent)).toBe(true);
    expect(candidate.seen).toEqual([]);
  });

  it('is a marked 502 while legacy cannot be reached, then its answer at once', async () => {
    const legacy = await startSide(ok);
    const candidate = await side(ok);
    await legacy.close();
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    const refused = await fetch(`${proxy.url}/u/1/x`);
    expect(refused.status).toBe(502);
    expect(refused.headers.get('crossfade-error')).toBe('unreachable');
    expect(await refused.text()).toContain('legacy');
    open.push(await startSide(ok, legacy.port));
    expect((await fetch(`${proxy.url}/u/1/x`)).status).toBe(200);
    expect(proxy.traffic()).toMatchObject({ failedSafe: 1 });
  });

  it('is cut, never completed, when legacy is cut in the middle of its answer', async () => {
    const legacy = await side((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('only some');
      setImmediate(() => response.destroy());
    });
    const candidate = await side(ok);
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    await expect(fetch(`${proxy.url}/u/1/x`).then((r) => r.text())).rejects.toThrow();
  });
});

describe('the shadow', () => {
  it('never gets an unsafe method or an unknown one by default', async () => {
    const legacy = await side(ok);
    const candidate = await side(ok);
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'PURGE', 'PROPFIND'];
    for (const method of methods) await fetch(`${proxy.url}/u/1/x`, { method });
    await fetch(`${proxy.url}/u/1/x`);
    await quiet(proxy, methods.length + 1);
    expect(candidate.seen).toEqual(['GET /u/1/x']);
    expect(proxy.traffic()).toMatchObject({ skipped: { write: methods.length }, matched: 1 });
  });

  it('gets declared writes in order per key, however slow it is', async () => {
    const legacy = await side(ok);
    let release = (): void => undefined;
    const isHeld = new Promise<void>((resolve) => {
      release = resolve;
    });
    const candidate = await side(async (_request, response) => {
      await isHeld;
      response.end('{"same":true}');
    });
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url, { routes: [MIRRORED] }));
    const write = (body: string) => fetch(`${proxy.url}/u/1/write`, { method: 'POST', body });
    await write('1');
    await write('2');
    await fetch(`${proxy.url}/u/1/read`);
    await write('3');
    expect(candidate.seen).toEqual(['POST /u/1/write 1']);
    release();
    await quiet(proxy, 4);
    expect(candidate.seen).toEqual([
      'POST /u/1/write 1',
      'POST /u/1/write 2',
      'GET /u/1/read',
      'POST /u/1/write 3',
    ]);
    expect(proxy.traffic()).toMatchObject({ matched: 4 });
  });

  it('that hangs delays no live answer; what does not fit is dropped and counted', async () => {
    const legacy = await side(ok);
    const candidate = await side(() => undefined);
    const proxy = await proxyOf(
      testSettings(legacy.url, candidate.url, { shadowTimeoutMs: 60_000 }),
    );
    const total = LIMITS.shadowInFlightMax + LIMITS.shadowQueueMax + 10;
    for (let sent = 0; sent < total; sent += 50) {
      const batch = Math.min(50, total - sent);
      const answers = await Promise.all(
        Array.from({ length: batch }, () => fetch(`${proxy.url}/u/${sent}/x`)),
      );
      expect(answers.every((answer) => answer.status === 200)).toBe(true);
      await Promise.all(answers.map((answer) => answer.text()));
    }
    const traffic = proxy.traffic();
    for (const [left, right] of identities(traffic)) expect(left).toBe(right);
    const dropped = traffic.dropped['shadow-queue-full']!;
    expect(traffic.dropped).toEqual({ 'shadow-queue-full': dropped });
    expect(dropped).toBeGreaterThanOrEqual(10);
    expect(traffic.mirrored).toBe(total - dropped);
    expect(traffic).toMatchObject({ received: total, failedSafe: 0 });
  });

  it('that missed a write leaves the key unjudged and counted', async () => {
    const legacy = await side(ok);
    let isBroken = true;
    const candidate = await side((request, response) => {
      response.statusCode = isBroken && request.method === 'POST' ? 500 : 200;
      response.end(request.url === '/u/1/read' ? '{"same":false}' : '{"same":true}');
    });
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url, { routes: [MIRRORED] }));
    await fetch(`${proxy.url}/u/1/write`, { method: 'POST', body: 'x' });
    await quiet(proxy, 1);
    isBroken = false;
    await fetch(`${proxy.url}/u/1/read`);
    await fetch(`${proxy.url}/u/2/read`);
    await quiet(proxy, 3);
    const traffic = proxy.traffic();
    expect(traffic.taintedKeys).toBe(1);
    expect(traffic.notComparable).toMatchObject({ tainted: 1 });
    expect(traffic.matched).toBe(1);
  });

  it('keeps what the client left unfinished out of the comparison', async () => {
    const legacy = await side(() => undefined);
    const candidate = await side(ok);
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    const request = httpRequest(`${proxy.url}/u/1/x`);
    request.on('error', () => undefined);
    request.end();
    await until(() => legacy.seen.length === 1 && candidate.seen.length === 1);
    request.socket!.resetAndDestroy();
    await quiet(proxy, 1);
    expect(proxy.traffic().notComparable).toEqual({ 'client-aborted': 1 });
  });
});

describe('rescue of a canary', () => {
  const user = keyOn('candidate');

  it.each<[string, Answer]>([
    ['answers 500', (_request, response) => void response.writeHead(500).end('broken')],
    ['resets the connection', (request) => void request.socket.destroy()],
    [
      'is cut in the middle of its answer',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('some');
        setImmediate(() => response.destroy());
      },
    ],
    ['never answers', () => undefined],
  ])('delivers the answer of legacy when the candidate %s', async (_name, broken) => {
    const legacy = await side(ok);
    const candidate = await side(broken);
    const settings = testSettings(legacy.url, candidate.url, { rescueAfterMs: 300 });
    const proxy = await proxyOf(settings, 50);
    const answer = await fetch(`${proxy.url}/u/${user}/x`);
    expect([answer.status, await answer.text()]).toEqual([200, '{"same":true}']);
    await quiet(proxy, 1);
    expect(proxy.traffic()).toMatchObject({ rescued: 1, rescueAsked: 0, failedSafe: 0 });
    const cell = proxy.proxy.summarize();
    expect(cell.traffic.failedWrites).toBe(0);
  });

  it('charges the candidate with the failure', async () => {
    const legacy = await side(ok);
    const candidate = await startSide(ok);
    await candidate.close();
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url), 50);
    expect((await fetch(`${proxy.url}/u/${user}/x`)).status).toBe(200);
    let charged = 0;
    await until(() => {
      for (const cell of proxy.proxy.summarize().cells) charged += cell.candidateOnlyErrors;
      return charged > 0;
    });
    expect(charged).toBe(1);
  });

  it('never covers a write: the client sees its failure', async () => {
    const legacy = await side(ok);
    const candidate = await side((_request, response) => void response.writeHead(500).end('no'));
    const settings = testSettings(legacy.url, candidate.url, { routes: [MIRRORED] });
    const proxy = await proxyOf(settings, 50);
    const answer = await fetch(`${proxy.url}/u/${user}/write`, { method: 'POST', body: 'x' });
    expect([answer.status, await answer.text()]).toEqual([500, 'no']);
    await quiet(proxy, 1);
    expect(proxy.traffic()).toMatchObject({ rescued: 0, failedWrites: 1, taintedKeys: 1 });
  });

  it('is not needed once an answer has begun to flow: long answers stream', async () => {
    const body = 'x'.repeat(LIMITS.rescueHoldMaxBytes * 2);
    const legacy = await side((_request, response) => void response.end(body));
    const candidate = await side((_request, response) => {
      response.write(body.slice(0, LIMITS.rescueHoldMaxBytes + 1));
      setImmediate(() => response.end(body.slice(LIMITS.rescueHoldMaxBytes + 1)));
    });
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url), 50);
    expect(await (await fetch(`${proxy.url}/u/${user}/x`)).text()).toBe(body);
    await quiet(proxy, 1);
    expect(proxy.traffic()).toMatchObject({ matched: 1, rescued: 0 });
  });
});

describe('a drained proxy', () => {
  it('finishes what is under way and accepts nothing new', async () => {
    let finish = (): void => undefined;
    const legacy = await side(async (_request, response) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      response.end('done');
    });
    const candidate = await side((_request, response) => void response.end('done'));
    const proxy = await proxyOf(testSettings(legacy.url, candidate.url));
    const pending = fetch(`${proxy.url}/u/1/x`);
    await until(() => legacy.seen.length === 1);
    const drained = proxy.proxy.drain(10_000, () => undefined);
    const closed = once(proxy.proxy.server, 'close');
    finish();
    expect(await (await pending).text()).toBe('done');
    await drained;
    await closed;
    await expect(fetch(`${proxy.url}/u/1/x`)).rejects.toThrow();
    expect(proxy.traffic()).toMatchObject({ matched: 1, inFlight: 0 });
  });
});
