import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CollectionInterval } from '../../src/read-states/runtime.ts';
import type { SpawnOptions } from '../../src/read-states/spawn.ts';
import {
  callApi,
  createCalls,
  readMetric,
  type StartedServer,
  startReadStates,
} from '../support/read-states.ts';
import { until } from '../support/sides.ts';

let folder: string;
let servers: StartedServer[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-read-states-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop('SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: SpawnOptions): Promise<StartedServer> {
  const server = await startReadStates({ capacity: 1000, ...options });
  servers.push(server);
  return server;
}

async function ack(url: string, channel: number, message: number): Promise<number> {
  const path = `/v1/users/1/channels/${channel}/messages/${message}/ack`;
  return (await callApi(url, { method: 'POST', path })).status;
}

async function readList(url: string): Promise<string> {
  return (await callApi(url, { method: 'GET', path: '/v1/users/1/read-states' })).text;
}

describe('both engines', () => {
  it('answer the same sequence of calls byte for byte, evicting or not', async () => {
    for (const capacity of [3, 1000]) {
      const legacy = await start({ engine: 'legacy', capacity });
      const slab = await start({ engine: 'slab', capacity });
      const statuses = new Set<number>();
      for (const [i, call] of createCalls(capacity, 1500).entries()) {
        const [expected, actual] = await Promise.all([
          callApi(legacy.url, call),
          callApi(slab.url, call),
        ]);
        expect(actual, `call ${i}: ${JSON.stringify(call)}`).toEqual(expected);
        statuses.add(expected.status);
      }
      expect(statuses).toEqual(new Set([200, 204, 400, 404]));
    }
  });

  it('are as full as asked after preloading, nothing to write, and say what it takes', async () => {
    for (const engine of ['legacy', 'slab'] as const) {
      const { url } = await start({ engine, capacity: 20_000, preload: 20_000 });
      expect(await readMetric(url, 'crossfade_cache_entries')).toBe(20_000);
      expect(await readMetric(url, 'crossfade_cache_dirty_entries')).toBe(0);
      expect(await readMetric(url, 'crossfade_cache_evictions_total')).toBe(0);
      expect(await readMetric(url, 'crossfade_engine_live_bytes')).toBeGreaterThan(0);
    }
  });

  it('collect on the period given and count it apart', async () => {
    for (const engine of ['legacy', 'slab'] as const) {
      const { url } = await start({ engine, gcPeriodMs: 20 });
      const forced = 'crossfade_stalls_total{kind="collection"}';
      await until(async () => (await readMetric(url, forced)) >= 2);
      const path = '/internal/collections?since=0';
      const { text } = await callApi(url, { method: 'GET', path });
      const collections = JSON.parse(text) as CollectionInterval[];
      const major = collections.filter(({ kind, isForced }) => kind === 'major' && isForced);
      expect(major.length).toBeGreaterThanOrEqual(2);
      for (const { startMs, endMs } of major) expect(endMs).toBeGreaterThanOrEqual(startMs);
      const since = `/internal/collections?since=${Date.now() + 60_000}`;
      expect((await callApi(url, { method: 'GET', path: since })).text).toBe('[]');
    }
  });

  it('do not collect on a period of 0', async () => {
    const { url } = await start({ engine: 'legacy', gcPeriodMs: 0 });
    expect(await readMetric(url, 'crossfade_stalls_total{kind="collection"}')).toBe(0);
  });
});

describe('the process', () => {
  it('is live and ready and tells what it is', async () => {
    const { url } = await start({ engine: 'slab', label: 'build "7"' });
    expect((await callApi(url, { method: 'GET', path: '/livez' })).status).toBe(200);
    expect((await callApi(url, { method: 'GET', path: '/readyz' })).status).toBe(200);
    const labels = 'engine="slab",store="memory",label="build \\"7\\""';
    expect(await readMetric(url, `crossfade_read_states_info{${labels}}`)).toBe(1);
    expect(await readMetric(url, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(await readMetric(url, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  });

  it('flushes when asked, and says how many states were dirty', async () => {
    const { url } = await start({ engine: 'slab', store: `sqlite:${folder}/flush.db` });
    await ack(url, 1, 5);
    await ack(url, 2, 5);
    const flush = { method: 'POST', path: '/internal/flush' };
    expect((await callApi(url, flush)).text).toBe('{"flushed":2}');
    expect((await callApi(url, flush)).text).toBe('{"flushed":0}');
  });

  it.each(['legacy', 'slab'] as const)(
    'writes all on SIGTERM and reads it back (%s)',
    async (engine) => {
      const store = `sqlite:${folder}/${engine}.db`;
      const first = await start({ engine, store });
      for (let channel = 1; channel <= 20; channel += 1) await ack(first.url, channel, 5);
      const list = await readList(first.url);
      expect(await first.stop()).toEqual({ code: 0, signal: null });
      const second = await start({ engine, store });
      expect(await readList(second.url)).toBe(list);
    },
  );

  it('says how many states it could not write, and ends with 1', async () => {
    const path = join(folder, 'refusing.db');
    const empty = await start({ engine: 'slab', store: `sqlite:${path}` });
    await empty.stop();
    const database = new Database(path);
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON read_states
      BEGIN SELECT RAISE(ABORT, 'refused'); END`);
    database.close();
    const server = await start({ engine: 'slab', store: `sqlite:${path}`, flushMaxMs: 300 });
    await ack(server.url, 1, 5);
    await ack(server.url, 2, 5);
    expect((await callApi(server.url, { method: 'POST', path: '/internal/flush' })).status).toBe(
      503,
    );
    expect((await server.stop()).code).toBe(1);
    expect(server.lines.join('\n')).toContain('2 states were not written within 0.3 s');
  });

  it('ends by itself when its parent is killed, everything written', async () => {
    const store = `sqlite:${folder}/orphan.db`;
    const file = fileURLToPath(new URL('../support/read-states-parent.ts', import.meta.url));
    const parent = spawn(process.execPath, [file, store], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(parent, 'exit').then(() => [Buffer.from('"the parent ended"')]);
    const [line] = (await Promise.race([once(parent.stdout, 'data'), ended])) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    expect(url).toMatch(/^http:/);
    await ack(url, 1, 5);
    const list = await readList(url);
    parent.kill('SIGKILL');
    // The file is held until the orphan has ended.
    let next: StartedServer | undefined;
    await until(async () => {
      next = await start({ engine: 'slab', store }).catch(() => undefined);
      return next !== undefined;
    });
    expect(await readList(next!.url)).toBe(list);
  });

  it('refuses a port in use, an unknown store, a held file in a sentence, exit 2', async () => {
    const store = `sqlite:${folder}/held.db`;
    const { port } = await start({ engine: 'slab', store });
    await expect(start({ engine: 'slab', port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: `cannot listen on 127.0.0.1:${port}: the port is in use`,
      exitCode: 2,
    });
    for (const refused of ['redis://here', store]) {
      await expect(start({ engine: 'slab', store: refused })).rejects.toMatchObject({
        name: 'CrossfadeError',
        exitCode: 2,
      });
    }
  });
});
