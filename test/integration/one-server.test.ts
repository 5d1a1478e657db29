/** A candidate that is legacy under another name gets no copy of a write. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_UPSTREAM } from '../../src/config/defaults.ts';
import type { UpstreamSettings } from '../../src/model/settings.ts';
import { startRun } from '../support/crossfade.ts';
import { closePools, openPool, send } from '../support/legs.ts';
import { startNameServer } from '../support/name-server.ts';
import { startProxy, testRoute, testSettings } from '../support/proxy.ts';
import { startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await closePools();
  for (const each of open.splice(0).reverse()) await each.close();
});

function kept<T extends { close(): Promise<void> }>(each: T): T {
  open.push(each);
  return each;
}

async function startLegacy(): Promise<{ port: number; methods: string[] }> {
  const methods: string[] = [];
  const { port } = kept(
    await startSide((request, response) => {
      methods.push(request.method!);
      response.end('ok');
    }),
  );
  return { port, methods };
}

const legacyAt = (url: string): UpstreamSettings => ({
  ...DEFAULT_UPSTREAM,
  url,
  metricsUrl: null,
});

describe('a copy never reaches the server that did the work', () => {
  it.each(['localhost', '[::ffff:127.0.0.1]'])('by the name of %s', async (host) => {
    const legacy = await startLegacy();
    const settings = testSettings(
      `http://127.0.0.1:${legacy.port}`,
      `http://${host}:${legacy.port}`,
      {
        routes: [testRoute('POST /u/:user/orders', { writes: 'mirror' })],
      },
    );
    const proxy = kept(await startProxy(settings));
    const answer = await fetch(`${proxy.url}/u/1/orders`, { method: 'POST', body: 'one' });
    expect(answer.status).toBe(200);
    let failed = 0;
    await until(() => {
      failed += proxy.traffic().notComparable['shadow-failed'] ?? 0;
      return failed > 0;
    });
    expect(legacy.methods).toEqual(['POST']);
  });

  it('whose name has come to mean it', async () => {
    const legacy = await startLegacy();
    const names = kept(await startNameServer(() => '10.9.8.7'));
    const pool = openPool(`http://new.test.:${legacy.port}`, {
      role: 'shadow',
      nameServers: [names.address],
      opposite: { settings: legacyAt(`http://old.test.:${legacy.port}`), addresses: () => [] },
    });
    expect(await send(pool).ended).toMatchObject({
      outcome: 'refused',
      isSent: false,
      failure: 'forbidden address 10.9.8.7: the other side itself',
    });
  });

  it('where only its live connections know its address', async () => {
    const legacy = await startLegacy();
    const names = kept(await startNameServer(() => 'servfail'));
    const opposite = legacyAt(`http://old.test.:${legacy.port}`);
    const told = async (addresses: readonly string[]) => {
      const pool = openPool(`http://127.0.0.1:${legacy.port}`, {
        role: 'shadow',
        nameServers: [names.address],
        opposite: { settings: opposite, addresses: () => addresses },
      });
      return (await send(pool).ended).failure;
    };
    expect(await told(['::1'])).toBe('forbidden address 127.0.0.1: the other side itself');
    expect(await told([])).toBe('it may be the other side, whose name cannot be resolved');
    expect(await told(['10.0.0.1'])).toBe('');
  });
});

it('reads alone may be compared with those of the same server', async () => {
  const legacy = await startLegacy();
  const url = `http://127.0.0.1:${legacy.port}`;
  const proxy = kept(await startProxy(testSettings(url, url)));
  await fetch(`${proxy.url}/u/1/orders`);
  await until(() => legacy.methods.length === 2);
  expect(legacy.methods).toEqual(['GET', 'GET']);
});

it('a run that compares a server with itself says so', async () => {
  const legacy = await startLegacy();
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-one-server-'));
  const file = join(folder, 'c.yaml');
  const store = join(folder, 'x.db');
  const sides = {
    legacy: { url: `http://127.0.0.1:${legacy.port}` },
    candidate: { url: `http://localhost:${legacy.port}` },
  };
  const own = { listen: '127.0.0.1:0', control: { listen: '127.0.0.1:0' }, workers: 1 };
  writeFileSync(
    file,
    JSON.stringify({ ...sides, ...own, state: 'shared', store: { sqlite: store } }),
  );
  const run = await startRun(file, store);
  await until(() => run.log().includes('legacy and candidate are the same server'));
  await run.stop();
  rmSync(folder, { recursive: true });
});
