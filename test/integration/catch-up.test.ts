import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Status } from '../../src/model/rollout.ts';
import { startRun } from '../support/crossfade.ts';
import { type KeptLogs, startKeptLogs, startWriters } from '../support/kept-logs.ts';
import {
  identities,
  type RunningProxy,
  startProxy,
  testRoute,
  testSettings,
} from '../support/proxy.ts';
import { until } from '../support/sides.ts';
import { freePort } from '../support/free-port.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const ROUTES = [
  testRoute('PUT /u/:user/items/:name', { writes: 'mirror', isIdempotent: true }),
  testRoute('POST /u/:user/items', { writes: 'mirror' }),
  testRoute('GET /u/:user/items', { isVerifying: true }),
];
const USERS = Array.from({ length: 12 }, (_, i) => `user-${i}`);

interface Stage {
  readonly legacy: KeptLogs;
  readonly candidate: KeptLogs;
  readonly proxy: RunningProxy;
}

async function stage(): Promise<Stage> {
  const legacy = await startKeptLogs();
  const candidate = await startKeptLogs();
  const proxy = await startProxy(testSettings(legacy.url, candidate.url, { routes: ROUTES }));
  open.push(legacy, candidate, proxy);
  return { legacy, candidate, proxy };
}

async function send(url: string, method: string, body?: string): Promise<boolean> {
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body }) });
  await answer.arrayBuffer();
  return answer.ok;
}

const put = ({ proxy }: Stage, user: string, n: number) =>
  send(`${proxy.url}/u/${user}/items/${n}`, 'PUT');
const post = ({ proxy }: Stage, user: string, n: number) =>
  send(`${proxy.url}/u/${user}/items`, 'POST', String(n));
const read = ({ proxy }: Stage, user: string) => send(`${proxy.url}/u/${user}/items`, 'GET');

/** What was written, in turn: what a log has to be. */
const turns = (log: readonly string[]) => log.map((_, i) => String(i + 1));

describe('a shadow that is down for a while under writes', () => {
  it('catches up in order: both sides are equal, and no key is tainted', async () => {
    const s = await stage();
    const { legacy, candidate, proxy } = s;
    const writers = startWriters(USERS, (user, n) => put(s, user, n));
    await until(() => writers.done > 200);
    await candidate.stop();
    await until(() => writers.done > 1000);
    expect(proxy.traffic().journalEntries).toBeGreaterThan(100);
    await candidate.restart();
    const doneAtReturn = writers.done;
    await until(() => writers.done > doneAtReturn + 200);
    await writers.stop();
    expect(writers.failed).toBe(0);
    await until(() => proxy.traffic().taintedKeys === 0);
    const traffic = proxy.traffic();
    expect(traffic).toMatchObject({ journalEntries: 0, journalBytes: 0, taintedBy: {} });
    expect(traffic.skipped.journalled).toBeGreaterThan(0);
    for (const [left, right] of identities(traffic)) expect(left).toBe(right);
    for (const user of USERS) {
      await read(s, user);
      const log = legacy.logs.get(user)!;
      expect(log).toEqual(turns(log));
      expect(candidate.logs.get(user)).toEqual(log);
    }
    await until(() => proxy.traffic().inFlight === 0);
    expect(proxy.traffic().mismatched).toBe(0);
  });

  it('lists exactly the keys that differ, where a write must not be done twice', async () => {
    const s = await stage();
    const { legacy, candidate, proxy } = s;
    const writers = startWriters(USERS, (user, n) => post(s, user, n));
    await until(() => writers.done > 200);
    await candidate.stop();
    await until(() => writers.done > 500);
    await candidate.restart();
    await writers.stop();
    expect(writers.failed).toBe(0);
    await until(() => proxy.traffic().journalEntries === 0);
    for (const user of USERS) await read(s, user);
    await until(() => proxy.traffic().inFlight === 0);
    const differing = USERS.filter((user) => {
      const log = legacy.logs.get(user)!;
      const shadowLog = candidate.logs.get(user)!;
      // Nothing was done twice or out of turn; only what was under way as it went may be missing.
      expect(log).toEqual(turns(log));
      expect(shadowLog).toEqual(log.filter((turn) => shadowLog.includes(turn)));
      return shadowLog.length < log.length;
    });
    const tainted = proxy.proxy.tainted.all();
    expect(tainted.map(([user]) => user).toSorted()).toEqual(differing.toSorted());
    expect(tainted.every(([, , reason]) => reason === 'shadow-unknown')).toBe(true);
    expect(proxy.traffic().mismatched).toBe(0);
  });

  it('keeps keys of writes of unknown outcome tainted until a read shows them equal', async () => {
    const s = await stage();
    const { candidate, proxy } = s;
    candidate.mood = 'does it and hangs up';
    await post(s, 'done', 1);
    await put(s, 'again', 1);
    candidate.mood = 'hangs up';
    await post(s, 'not-done', 1);
    await until(() => proxy.proxy.tainted.all().length === 2);
    candidate.mood = 'answers';
    await post(s, 'done', 2);
    await until(() => proxy.traffic().journalEntries === 0);
    // Sent once more only where that does no harm.
    expect(Object.fromEntries(candidate.logs)).toEqual({ done: ['1', '2'], again: ['1'] });
    expect(proxy.traffic().taintedBy).toEqual({ 'shadow-unknown': 2 });
    for (const user of ['done', 'again', 'not-done']) await read(s, user);
    await until(() => proxy.traffic().inFlight === 0 && proxy.proxy.tainted.all().length === 1);
    expect(proxy.proxy.tainted.all()).toEqual([['not-done', 'legacy', 'shadow-unknown']]);
    expect(proxy.traffic().mismatched).toBe(0);
    await send(`${candidate.url}/u/not-done/items`, 'POST', '1');
    await read(s, 'not-done');
    await until(() => proxy.traffic().taintedKeys === 0);
  });

  it('is sent nothing while mirroring is paused, and all of it afterwards', async () => {
    const s = await stage();
    const { legacy, candidate, proxy } = s;
    proxy.assign(0, { mirrorPause: 'a person' });
    for (const n of [1, 2, 3]) await put(s, 'a', n);
    await until(() => proxy.traffic().journalEntries === 3);
    expect(candidate.logs.size).toBe(0);
    proxy.assign(0, { mirrorPause: '' });
    await until(() => proxy.traffic().taintedKeys === 0);
    expect(candidate.logs).toEqual(legacy.logs);
  });

  it('gets those that waited behind one that failed after that one', async () => {
    const s = await stage();
    const { candidate, proxy } = s;
    candidate.mood = 'hangs';
    for (const n of [1, 2, 3]) await put(s, 'user', n);
    candidate.mood = 'answers';
    await candidate.stop();
    await candidate.restart();
    await until(() => candidate.logs.get('user')?.length === 3);
    expect(candidate.logs.get('user')).toEqual(['1', '2', '3']);
    await until(() => proxy.traffic().taintedKeys === 0);
  });

  it('is not sent what live never got', async () => {
    const s = await stage();
    const { legacy, candidate, proxy } = s;
    await candidate.stop();
    await put(s, 'a', 1);
    await legacy.stop();
    expect(await put(s, 'a', 2)).toBe(false);
    await candidate.restart();
    await legacy.restart();
    await until(() => proxy.traffic().taintedKeys === 0);
    expect(candidate.logs).toEqual(new Map([['a', ['1']]]));
  });
});

interface RunStage {
  readonly legacy: KeptLogs;
  readonly candidate: KeptLogs;
  readonly port: number;
  status(): Promise<Status>;
  /** When the store was last written to: wall clock. */
  savedAtMs(): number;
  start(): Promise<void>;
  stop(signal: NodeJS.Signals): Promise<unknown>;
  workerPids(): readonly number[];
}

/** A `crossfade run` between two sides that keep logs. */
async function runStage(): Promise<RunStage> {
  const legacy = await startKeptLogs();
  const candidate = await startKeptLogs();
  const folder = mkdtempSync(join(tmpdir(), 'crossfade-catch-up-'));
  const store = join(folder, 'crossfade.db');
  const configuration = join(folder, 'crossfade.yaml');
  const port = await freePort();
  writeFileSync(
    configuration,
    `listen: 127.0.0.1:${port}
legacy: { url: ${legacy.url} }
candidate: { url: ${candidate.url} }
key: { from: path, pattern: /u/:user/*, name: user }
workers: 1
state: separate
routes:
  - { match: PUT /u/:user/items/:name, writes: mirror, idempotent: true }
  - { match: POST /u/:user/items, writes: mirror }
  - { match: GET /u/:user/items, verifies: true }
ladder: [{ percent: 0, hold: 1h }]
gates: []
store: { sqlite: ./crossfade.db }
control: { listen: 127.0.0.1:0 }
`,
  );
  let run = await startRun(configuration, store);
  open.push(legacy, candidate, {
    close: async () => {
      await run.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return {
    legacy,
    candidate,
    port,
    status: () => run.status(),
    savedAtMs: () => statSync(`${store}-wal`).mtimeMs,
    start: async () => {
      run = await startRun(configuration, store);
    },
    stop: (signal) => run.stop(signal),
    workerPids: () => run.workerPids(),
  };
}

describe('the journal of a run', () => {
  const write = (port: number) => (user: string, n: number) =>
    user.endsWith('1')
      ? ask(port, 'POST', `/u/${user}/items`, String(n))
      : ask(port, 'PUT', `/u/${user}/items/${n}`);

  it('outlives its proxies and its controller', async () => {
    const s = await runStage();
    const { legacy, candidate, port } = s;
    for (const user of USERS) await ask(port, 'GET', `/u/${user}/items`);
    await candidate.stop();
    const writers = startWriters(USERS, write(port));
    await until(() => writers.done > 400);
    await writers.stop();
    expect(writers.failed).toBe(0);
    const journalled = async () => (await s.status()).traffic.journalEntries;
    await until(async () => (await journalled()) === writers.done);

    await s.stop('SIGKILL');
    await s.start();
    expect(await journalled()).toBe(writers.done);
    process.kill(s.workerPids()[0]!, 'SIGKILL');
    await candidate.restart();
    await until(async () => (await journalled()) === 0);
    for (const user of USERS) {
      const log = legacy.logs.get(user)!;
      expect(log).toEqual(turns(log));
      expect(candidate.logs.get(user)).toEqual(log);
    }
    // What the killed proxy may have had under way is seen to be equal.
    await until(async () => {
      for (const user of USERS) await ask(port, 'GET', `/u/${user}/items`);
      const { tainted, traffic } = await s.status();
      return tainted.length === 0 && traffic.taintedKeys === 0;
    });
  }, 60_000);

  it('taints what was under way for a while as controller and proxies died together', async () => {
    const s = await runStage();
    const { candidate, port } = s;
    candidate.mood = 'hangs';
    await until(async () => {
      expect(await ask(port, 'POST', '/u/user-1/items', 'x')).toBe(true);
      // Of two saves the second may hold what lasts; where it came too early there is another try.
      for (let saves = 0; saves < 2; saves += 1) {
        const before = s.savedAtMs();
        await until(() => s.savedAtMs() > before);
      }
      const proxies = s.workerPids();
      await s.stop('SIGKILL');
      for (const pid of proxies) process.kill(pid, 'SIGKILL');
      await s.start();
      return (await s.status()).traffic.taintedBy['proxy-lost'] === 1;
    });
    expect((await s.status()).tainted).toEqual([
      { key: 'user-1', reason: 'proxy-lost', side: 'legacy' },
    ]);
  }, 60_000);

  it('names every key that differs after its controller was killed at any moment', async () => {
    const s = await runStage();
    const { legacy, candidate, port } = s;
    const writers = startWriters(USERS, write(port));
    await until(() => writers.done > 50);
    await candidate.stop();
    await until(() => writers.done > 150);
    await s.stop('SIGKILL');
    const doneAtKill = writers.done;
    await until(() => writers.done > doneAtKill + 100);
    await candidate.restart();
    await s.start();
    const doneAtStart = writers.done;
    await until(() => writers.done > doneAtStart + 100);
    await writers.stop();
    const differing = () =>
      USERS.filter((user) => {
        const [log, shadowLog] = [legacy.logs.get(user)!, candidate.logs.get(user)!];
        return log.join(' ') !== shadowLog.join(' ');
      });
    await until(async () => (await s.status()).traffic.journalEntries === 0);
    await until(async () => {
      for (const user of USERS) await ask(port, 'GET', `/u/${user}/items`);
      const tainted = (await s.status()).tainted.map(({ key }) => key);
      return tainted.toSorted().join(' ') === differing().toSorted().join(' ');
    });
  }, 60_000);
});

/** One request on a connection of its own; true when it was answered below 300. */
function ask(port: number, method: string, path: string, body = ''): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', method, path, agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode! < 300));
      answer.on('error', () => resolve(false));
    });
    sent.on('error', () => resolve(false));
    sent.end(body);
  });
}
