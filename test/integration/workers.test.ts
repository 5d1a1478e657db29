import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findControl } from '../../src/control/client.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import { answeredMore, ask, startLoad } from '../support/load.ts';
import { isAlive, type RunFolder, startRunFolder } from '../support/run-folder.ts';
import { until } from '../support/sides.ts';

const WORKERS = 2;
/** Each round starts proxies, which takes a busy machine seconds. */
const LONG = { timeout: 600_000 };

let here: RunFolder;

beforeEach(async () => {
  here = await startRunFolder();
});

afterEach(async () => {
  await here.close();
});

/** Connections with a request sent on each, and what begins the answer, if one comes. */
async function openConnections(port: number, count: number): Promise<readonly Promise<string>[]> {
  const sockets: Socket[] = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets.map((socket) => {
    socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    return new Promise((resolve) => {
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text.slice(0, 'HTTP/1.1 200'.length)));
      socket.on('error', (error) => (text = error.message));
    });
  });
}

describe('proxies under load', () => {
  it('are replaced when they hang', async () => {
    const [hung, other] = here.run.workerPids();
    process.kill(hung!, 'SIGSTOP');
    await until(() => !isAlive(hung!));
    await until(async () => (await here.run.status()).workers === WORKERS);
    expect(here.run.workerPids()).toContain(other);
    const load = startLoad(here.run.port, { kept: 0, fresh: 4 });
    await answeredMore(load, 50);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('finish, after a reload, what takes longer than everything else', LONG, async () => {
    const old = here.run.workerPids();
    // Its time is legacy's alone to end.
    here.configure({ more: 'timeouts: { live: 60s }' });
    await here.reload();
    const long = ask(here.run.port, 1, { path: '/held' });
    await until(() => here.heldCount === 1);
    await here.reload();
    const reloadedMs = performance.now();
    await until(() => !old.some(isAlive));
    while (performance.now() - reloadedMs < LIMITS.drainMaxMs + 2000) {
      await ask(here.run.port, 1).then((answer) => expect(answer).toBe('200'));
    }
    expect(here.run.workerPids().length).toBe(WORKERS + 1);
    here.letGo();
    expect(await long).toBe('200');
    await until(() => here.run.workerPids().length === WORKERS);
  });

  it('close no connection under a request while everything ends and starts again', async () => {
    const load = startLoad(here.run.port, { kept: 12, fresh: 0 });
    for (let round = 0; round < 5; round += 1) {
      await answeredMore(load, 200);
      expect(await here.run.stop('SIGTERM')).toBe(143);
      await here.restart();
    }
    await answeredMore(load, 200);
    await load.stop();
    // Between the two nobody listens: clients that were told to connect anew are refused.
    expect(load.refused).toBeGreaterThan(0);
    expect(load.failures).toEqual([]);
  });

  it('lose no more than what one had in flight when it is killed', async () => {
    const clients = { kept: 8, fresh: 4 };
    const load = startLoad(here.run.port, clients);
    await answeredMore(load, 200);
    process.kill(here.run.workerPids()[0]!, 'SIGKILL');
    await answeredMore(load, 200);
    await load.stop();
    expect(load.failures.length).toBeLessThanOrEqual(clients.kept + clients.fresh);
    expect(load.refused).toBe(0);
  });
});

describe('connections that nobody takes', () => {
  it('wait for the proxies that come after those that were killed', async () => {
    const killed = here.run.workerPids();
    for (const pid of killed) process.kill(pid, 'SIGSTOP');
    const answers = await openConnections(here.run.port, 100);
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200']));
  });

  it('are served before everything ends', async () => {
    const paused = here.run.workerPids();
    for (const pid of paused) process.kill(pid, 'SIGSTOP');
    const answers = await openConnections(here.run.port, 100);
    const ended = here.run.stop('SIGTERM');
    await until(() => here.run.said().includes('draining'));
    for (const pid of paused) process.kill(pid, 'SIGCONT');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200']));
    expect(await ended).toBe(143);
  });
});

describe('the end of a run', () => {
  it('is told by /readyz at once, while requests under way are finished', async () => {
    const { address } = findControl(here.store);
    const readiness = async () => (await fetch(`${address}/readyz`)).status;
    expect(await readiness()).toBe(200);
    const held = ask(here.run.port, 1, { path: '/held' });
    await until(() => here.heldCount === 1);
    const ended = here.run.stop('SIGTERM');
    await until(async () => (await readiness()) === 503);
    here.letGo();
    expect(await held).toBe('200');
    expect(await ended).toBe(143);
  });

  it('is forced by a second signal, whatever is under way', async () => {
    const pids = here.run.workerPids();
    const held = ask(here.run.port, 1, { path: '/held' });
    await until(() => here.heldCount === 1);
    const ended = here.run.stop('SIGTERM');
    await until(() => here.run.said().includes('draining'));
    here.run.child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(await held).not.toBe('200');
    await until(() => !pids.some(isAlive));
  });

  it('comes at its deadline though a request never ends', async () => {
    const held = ask(here.run.port, 1, { path: '/held' });
    await until(() => here.heldCount === 1);
    expect(await here.run.stop('SIGTERM')).toBe(143);
    expect(await held).not.toBe('200');
  });
});

describe('a bug in a proxy', () => {
  it('ends it at once, says what it was, and another takes its place', async () => {
    await here.run.stop();
    // Loaded by every process of the run; the signal is sent to one proxy alone.
    const bug = `process.on('SIGUSR2', () => { throw new Error('a bug of the test') })`;
    const preload = `data:text/javascript,${encodeURIComponent(bug).replaceAll("'", '%27')}`;
    await here.restart(`export NODE_OPTIONS='--import=${preload}'; exec "$0" "$@"`);
    const [victim] = here.run.workerPids();
    process.kill(victim!, 'SIGUSR2');
    await until(() => !isAlive(victim!));
    await until(() => here.run.log().includes('"how":"code 1"'));
    await until(() =>
      here.run.log().includes(`proxy ${victim} ends, by a bug of crossfade: Error: a bug of`),
    );
    await until(async () => (await here.run.status()).workers === WORKERS);
    expect(await ask(here.run.port, 1)).toBe('200');
  });
});

describe('proxies that die again and again', () => {
  it('only serve from then on, until a reload has tried one and it lives', async () => {
    const isSafe = async () =>
      (await here.run.status()).warnings.some((warning) => warning.startsWith('safe mode'));
    const seen = new Set<number>();
    while (!(await isSafe())) {
      const next = here.run.workerPids().find((pid) => !seen.has(pid));
      if (next === undefined) continue;
      seen.add(next);
      process.kill(next, 'SIGKILL');
    }
    await until(() => here.run.log().includes('safe mode: proxies serve and do nothing else'));
    // Those that were started before are told to make room.
    await until(async () => (await here.run.status()).workers === WORKERS);
    for (const pid of here.run.workerPids()) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      process.kill(pid, 'SIGTERM');
      await until(() => !isAlive(pid));
    }
    await until(async () => (await here.run.status()).workers === WORKERS);
    const { traffic } = await here.run.status();
    for (let user = 0; user < 50; user += 1) expect(await ask(here.run.port, user)).toBe('200');
    await until(async () => (await here.run.status()).traffic.received === traffic.received + 50);
    const after = (await here.run.status()).traffic;
    expect(after.mirrored).toBe(traffic.mirrored);
    expect(after.skipped.bypass).toBe(50);

    await here.reload();
    const answered = async () => {
      await ask(here.run.port, 1);
      return (await here.run.status()).traffic.mirrored;
    };
    await until(async () => (await answered()) > after.mirrored);
    expect(await isSafe()).toBe(true);
  });
});
