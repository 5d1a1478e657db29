import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, findControl } from '../../src/control/client.ts';
import { type RunningCrossfade, startRun } from '../support/crossfade.ts';
import { type Answer, type SideServer, startSide, until } from '../support/sides.ts';
import { freePort } from '../support/free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-survival-'));
const store = join(folder, 'crossfade.db');
const configuration = join(folder, 'crossfade.yaml');
let legacy: SideServer;
let candidate: SideServer;
let run: RunningCrossfade;

beforeAll(async () => {
  legacy = await startSide(answerAs('legacy'));
  candidate = await startSide(answerAs('candidate'));
  const port = await freePort();
  writeFileSync(
    configuration,
    `listen: 127.0.0.1:${port}
legacy: { url: ${legacy.url} }
candidate: { url: ${candidate.url} }
key: { from: header, name: x-user }
state: shared
workers: 1
ladder: [{ percent: 0, hold: 0s }, { percent: 10, hold: 1h }]
gates: []
store: { sqlite: ./crossfade.db }
control: { listen: 127.0.0.1:0 }
`,
  );
  run = await startRun(configuration, store);
});

afterAll(async () => {
  await run.stop();
  await legacy.close();
  await candidate.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A side that says which one it is. */
function answerAs(side: string): Answer {
  return (_request, response) => void response.setHeader('x-side', side).end('{"ok":true}');
}

/** One request on a connection of its own; who answered it, null when nobody did. */
function ask(port: number, user: number): Promise<string | null> {
  return new Promise((resolve) => {
    const headers = { 'x-user': `user-${user}` };
    const request = httpRequest({ port, host: '127.0.0.1', headers, agent: false }, (response) => {
      response.resume();
      const side = String(response.headers['x-side']);
      response.on('end', () => resolve(response.statusCode === 200 ? side : null));
      response.on('error', () => resolve(null));
    });
    request.on('error', () => resolve(null));
    request.end();
  });
}

interface Load {
  readonly answered: number;
  readonly failed: number;
  stop(): Promise<void>;
}

/** A few clients that ask one thing after the other. */
function load(port: number, clients: number): Load {
  let isStopped = false;
  let answered = 0;
  let failed = 0;
  const client = async (id: number): Promise<void> => {
    for (let i = 0; !isStopped; i += 1) {
      if ((await ask(port, id * 1000 + (i % 1000))) !== null) answered += 1;
      else failed += 1;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, (_, id) => client(id)));
  return {
    get answered() {
      return answered;
    },
    get failed() {
      return failed;
    },
    async stop() {
      isStopped = true;
      await all;
    },
  };
}

function proxyPids(parent: number): number[] {
  const listing = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)]).toString();
  return listing
    .split('\n')
    .filter((line) => line.includes('proxy/worker'))
    .map((line) => Number(line.trim().split(' ')[0]));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

describe('crossfade run', () => {
  it('keeps serving, and its percent and history, through kill -9 and a new start', async () => {
    await until(async () => (await run.status()).rollout.percent === 10);
    const [before] = proxyPids(run.child.pid!);
    const clients = load(run.port, 4);
    await until(() => clients.answered > 200);
    await run.stop('SIGKILL');
    const answeredAtKill = clients.answered;
    await until(() => clients.answered > answeredAtKill + 200);
    expect(clients.failed).toBe(0);

    run = await startRun(configuration, store);
    const status = await run.status();
    expect(status.rollout).toMatchObject({ percent: 10, phase: 'climbing' });
    expect(status.events.map((event) => event.kind)).toEqual(['start', 'advance', 'start']);
    await until(() => !isAlive(before!));
    const answeredAtTakeover = clients.answered;
    await until(() => clients.answered > answeredAtTakeover + 200);
    await clients.stop();
    // Only what waited in the old proxy's queue as it closed may be lost.
    expect(clients.failed).toBeLessThanOrEqual(4);
    const after = await run.status();
    expect(after.events.some((event) => event.kind === 'rollback')).toBe(false);
    await until(async () => (await run.status()).traffic.inFlight === 0);
  });

  it('loses only the requests in flight when a proxy is killed', async () => {
    const clients = load(run.port, 4);
    await until(() => clients.answered > 200);
    const [victim] = proxyPids(run.child.pid!);
    process.kill(victim!, 'SIGKILL');
    const answeredAtKill = clients.answered;
    await until(() => clients.answered > answeredAtKill + 200);
    await clients.stop();
    expect(clients.failed).toBeLessThanOrEqual(4);
    expect(proxyPids(run.child.pid!)).not.toContain(victim);
    const { traffic } = await run.status();
    const settled =
      traffic.compared + Object.values(traffic.notComparable).reduce((a, b) => a + b, 0);
    expect(traffic.mirrored).toBe(settled + traffic.inFlight);
  });

  it('refuses a run on another store in the folder of its control.json', async () => {
    const other = join(folder, 'other.yaml');
    const text = readFileSync(configuration, 'utf8').replace('./crossfade.db', './other.db');
    writeFileSync(other, text.replace(/^listen: .*$/m, `listen: 127.0.0.1:${await freePort()}`));
    await expect(startRun(other, join(folder, 'other.db'))).rejects.toThrow(
      /ended \(2\).*has its control\.json in this folder/s,
    );
  });

  it('takes a rollback at once, and every later request goes to legacy', async () => {
    await call(findControl(store), 'POST', '/v1/rollback', { reason: 'a test of it' });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(run.port, i)));
    expect(new Set(answers)).toEqual(new Set(['legacy']));
    expect((await run.status()).rollout).toMatchObject({ percent: 0, phase: 'rolled-back' });
    // Copies go on; but not in every second, as some are left without to measure legacy alone.
    const seenBefore = candidate.seen.length;
    await until(async () => {
      expect(await ask(run.port, 1)).toBe('legacy');
      return candidate.seen.length > seenBefore;
    });
  });

  it('is not ready and answers 502 while legacy is away, then serves at once', async () => {
    const { address } = findControl(store);
    const readiness = async () => (await fetch(`${address}/readyz`)).status;
    expect(await readiness()).toBe(200);
    await legacy.close();
    await until(async () => (await readiness()) === 503);
    expect((await fetch(`http://127.0.0.1:${run.port}/`)).status).toBe(502);
    legacy = await startSide((_request, response) => void response.end('back'), legacy.port);
    expect(await (await fetch(`http://127.0.0.1:${run.port}/`)).text()).toBe('back');
    await until(async () => (await readiness()) === 200);
  });
});
