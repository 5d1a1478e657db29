import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, findControl } from '../../../src/control/client.ts';
import { type ControlServer, requireFreePort, startControl } from '../../../src/control/server.ts';
import { capConnections } from '../../../src/control/connection-cap.ts';
import { LIMITS } from '../../../src/kit/limits.ts';
import type { Status } from '../../../src/model/rollout.ts';
import { until } from '../../support/sides.ts';
import { settingsOf, type SimulatedRollout, simulateRollout } from '../../support/rollout.ts';

const listen = { host: '127.0.0.1', port: 0 };
let folder = '';
let rollout: SimulatedRollout;
let control: ControlServer;
const storePath = (): string => join(folder, 'crossfade.db');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'control-'));
  rollout = await simulateRollout(settingsOf());
  const { controller } = rollout;
  control = await startControl({ listen, storePath: storePath(), controller });
});
afterEach(async () => {
  await control.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As any client may ask, forged Host included. */
function ask(path: string, asked: Asked = {}): Promise<{ status: number; body: string }> {
  const { method = 'GET', headers = {}, body } = asked;
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, control.address), { method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const authorized = (): Record<string, string> => ({
  authorization: `Bearer ${findControl(storePath()).token}`,
});

const GUARDED = [
  ['GET', '/v1/status'],
  ['GET', '/v1/events'],
  ['GET', '/v1/seconds'],
  ['POST', '/v1/hold'],
  ['POST', '/v1/resume'],
  ['POST', '/v1/promote'],
  ['POST', '/v1/approve'],
  ['POST', '/v1/rollback'],
  ['POST', '/v1/begin'],
  ['POST', '/v1/mirror'],
  ['POST', '/v1/reload'],
  ['GET', '/v1/nothing'],
] as const;

describe('the control API', () => {
  it.each(GUARDED)('refuses %s %s without the token', async (method, path) => {
    for (const headers of [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: 'Basic eDp5' },
    ]) {
      const answer = await ask(path, { method, headers: { ...headers } });
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'unauthorized' });
    }
    expect(rollout.kinds()).toEqual(['start']);
  });

  it.each(GUARDED)(
    'refuses %s %s under a foreign name, even with the token',
    async (method, path) => {
      for (const host of [
        'evil.example',
        'evil.example:8081',
        '127.0.0.1.evil.example',
        'localhost.',
      ]) {
        const answer = await ask(path, { method, headers: { ...authorized(), host } });
        expect(answer.status).toBe(403);
      }
    },
  );

  it('refuses browsers, whatever they send', async () => {
    const headers = { ...authorized(), origin: 'http://localhost:3000' };
    expect((await ask('/v1/status', { headers })).status).toBe(403);
    expect((await ask('/metrics', { headers: { host: 'evil.example' } })).status).toBe(403);
  });

  it('takes JSON alone, of known fields, and says what is wrong', async () => {
    const post = (path: string, body: string, type = 'application/json') =>
      ask(path, { method: 'POST', body, headers: { ...authorized(), 'content-type': type } });
    expect((await post('/v1/hold', '{}', 'text/plain')).status).toBe(415);
    expect((await post('/v1/hold', '{"reason":')).status).toBe(400);
    expect((await post('/v1/hold', '{"raeson":"x"}')).body).toContain('Unknown field \\"raeson\\"');
    expect((await post('/v1/begin', '{"reason":"x"}')).body).toContain('needs the label');
    expect((await post('/v1/hold', '{"revision":99}')).status).toBe(409);
    expect(rollout.kinds()).toEqual(['start']);
  });

  it('keeps a reason in one line', async () => {
    const point = findControl(folder);
    await call(point, 'POST', '/v1/hold', { reason: 'one\nRolled back\u001b[2J two' });
    expect(rollout.controller.events(0, 10).at(-1)?.sentence).toBe(
      'Hold at 0 %: one Rolled back [2J two',
    );
  });

  it('follows verbs, and answers the status after them', async () => {
    const point = findControl(storePath());
    const held: Status = await call(point, 'POST', '/v1/hold', { reason: 'lunch' });
    expect(held.rollout).toMatchObject({ phase: 'held', percent: 0 });
    const begun: Status = await call(point, 'POST', '/v1/begin', { label: 'b2', reason: 'new' });
    expect(begun.rollout).toMatchObject({ id: 2, label: 'b2', phase: 'climbing' });
    const { events } = await call<{ events: { kind: string }[] }>(
      point,
      'GET',
      '/v1/events?after=1',
    );
    expect(events.map(({ kind }) => kind)).toEqual(['hold', 'begin']);
  });

  it('takes orders of the mirror, and says what is wrong with others', async () => {
    const point = findControl(storePath());
    const off = { turn: 'off', percent: 20, reason: 'peak' };
    const status: Status = await call(point, 'POST', '/v1/mirror', off);
    expect(status.mirror).toMatchObject({ percent: 20, pausedBy: 'person' });
    expect((await ask('/metrics')).body).toContain('crossfade_mirror_paused{by="person"} 1\n');
    for (const [body, message] of [
      [{ turn: 'of' }, /turn must be on, off or reset/],
      [{ percent: 101 }, /percent must be a number from 0 to 100/],
      [{ maxRatePerSec: -1 }, /maxRatePerSec must be a number/],
      [{ percent: '10' }, /percent must be a number/],
      [{}, /Nothing was ordered/],
    ] as const) {
      await expect(call(point, 'POST', '/v1/mirror', body)).rejects.toThrow(message);
    }
    await expect(call(point, 'POST', '/v1/hold', { turn: 'off' })).rejects.toThrow(/Unknown field/);
  });

  it('hands refusals to the command with code, hint and exit code', async () => {
    rollout.behaviour.mismatchRatio = 0.3;
    rollout.run(4);
    const promoted = call(findControl(storePath()), 'POST', '/v1/promote', { reason: 'now' });
    await expect(promoted).rejects.toMatchObject({
      code: 'gate-failed',
      exitCode: 3,
      message: expect.stringContaining('mismatch rate 30.0 % > 0.5 %'),
      hint: expect.stringContaining('begin a new build'),
    });
  });

  it('tells Prometheus the traffic, the percent and the gates', async () => {
    rollout.run(3);
    const { body } = await ask('/metrics');
    expect(body).toContain('crossfade_canary_percent 0\n');
    expect(body).toContain('crossfade_received 1500\n');
    expect(body).toContain('crossfade_compared{result="matched"} 1500\n');
    expect(body).toMatch(/crossfade_gate_verdict\{gate="coverage > 95%"\} 1\n/);
  });

  it('never listens beyond this machine', async () => {
    const { controller } = rollout;
    const beyond = { listen: { host: '0.0.0.0', port: 0 }, storePath: storePath(), controller };
    await expect(startControl(beyond)).rejects.toMatchObject({
      code: 'control-not-loopback',
      exitCode: 2,
    });
  });

  it('says that its port is in use', async () => {
    const { controller } = rollout;
    const port = Number(new URL(control.address).port);
    const again = { listen: { ...listen, port }, storePath: storePath(), controller };
    const refusal = {
      code: 'port-in-use',
      exitCode: 2,
      message: `cannot listen on 127.0.0.1:${port} for the control API: the port is in use`,
    };
    await expect(startControl(again)).rejects.toMatchObject(refusal);
    await expect(requireFreePort(again.listen)).rejects.toMatchObject(refusal);
    await expect(requireFreePort({ ...listen, port: 0 })).resolves.toBeUndefined();
  });
});

describe('control.json', () => {
  it('holds address, token, pid, epoch and store, for the owner alone', () => {
    const path = join(folder, 'control.json');
    const point: unknown = JSON.parse(readFileSync(path, 'utf8'));
    expect(point).toEqual({
      address: control.address,
      token: expect.stringMatching(/^[0-9a-f]{64}$/),
      pid: process.pid,
      epoch: rollout.controller.epoch,
      store: expect.stringMatching(/./),
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is gone after a close; a command then says that no run is here', async () => {
    await control.close();
    expect(() => findControl(storePath())).toThrow(/No run is here/);
  });

  it('of a killed run leads to a clear error', async () => {
    const point = findControl(storePath());
    await control.close();
    await expect(call(point, 'GET', '/v1/status')).rejects.toMatchObject({
      code: 'run-gone',
      exitCode: 5,
    });
  });
});

describe('connections that ask nothing', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('never keep out who comes next, whether silent or in the middle of a head', async () => {
    const port = Number(new URL(control.address).port);
    const closed: number[] = [];
    const opened = Array.from(
      { length: LIMITS.controlConnectionsMax * 2 },
      async (_none, index) => {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => closed.push(index));
        await once(socket, 'connect');
        if (index % 2 === 0) socket.write('GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX');
      },
    );
    await Promise.all(opened);
    expect((await ask('/livez')).status).toBe(200);
    await until(() => closed.length > LIMITS.controlConnectionsMax);
    expect(closed.length).toBeLessThan(LIMITS.controlConnectionsMax * 2);
    expect((await ask('/v1/status', { headers: authorized() })).status).toBe(200);
  });

  it('make way before one that is being answered', async () => {
    const server = createServer((_request, response) => void waiting.push(response));
    const waiting: ServerResponse[] = [];
    capConnections(server, 2);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const get = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();
    const first = expect(get()).rejects.toThrow('fetch failed');
    await until(() => waiting.length === 1);
    const second = get();
    await until(() => waiting.length === 2);
    const late = connect(port, '127.0.0.1');
    sockets.push(late);
    // Both are at work: the oldest goes, and the other stays.
    await first;
    const later = connect(port, '127.0.0.1');
    sockets.push(later);
    await once(late, 'close');
    waiting[1]!.end('ok');
    expect(await second).toBe('ok');
    server.closeAllConnections();
    server.close();
  });
});
