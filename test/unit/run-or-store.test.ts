/** Whom a command asks, and what it reads where there is nobody to ask. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromRunOrStore } from '../../src/cli/run-or-store.ts';
import { call, findControl } from '../../src/control/client.ts';
import { writeControlPoint } from '../../src/control/control-file.ts';
import { openRolloutStore, type RolloutFile } from '../../src/store/rollout-store.ts';

type Told = { readonly by: string };

const WAIT_MS = 200;
let folder = '';
let server: Server | null = null;
let held: RolloutFile | null = null;
const path = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-run-or-store-'));
});
afterEach(() => {
  held?.close();
  held = null;
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What answers where control.json of `folder/at` says that the run on `store` is. */
async function serve(answer: RequestListener, store = 'crossfade.db', at = '.'): Promise<void> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const point = { address, token: 'secret', pid: 4711, epoch: 1, store };
  writeControlPoint(join(path(at), 'control.json'), point);
}

function writeStore(name: string): void {
  openRolloutStore(path(name)).close();
}

const ofRun: RequestListener = (_request, response) => void response.end('{"by":"run"}');

function told(store: string): Promise<Told> {
  return fromRunOrStore<Told>(
    { store: path(store) },
    {
      ask: (run) => call(run, 'GET', '/v1/status', undefined, WAIT_MS),
      read: (_file, found) => ({ by: found }),
      hint: 'Name a store.',
    },
  );
}

describe('what a killed run has left', () => {
  it.each<[string, number, string]>([
    ['another run, which refuses its token', 401, '{"code":"unauthorized","message":"no"}'],
    ['another program, which asks for a password', 401, 'Unauthorized'],
    ['another program with a page for everything', 200, '<!doctype html><p>hello'],
    ['another program that knows no such path', 404, '{"message":"not found"}'],
    ['another program with a list', 200, '[]'],
  ])('is read in its store though its port is now that of %s', async (_whose, status, body) => {
    writeStore('crossfade.db');
    await serve((_request, response) => void response.writeHead(status).end(body));
    expect(await told('.')).toEqual({ by: path('crossfade.db') });
    await expect(call(findControl(folder), 'GET', '/v1/status')).rejects.toMatchObject({
      code: 'run-gone',
      exitCode: 5,
    });
  });

  it('is told as such where another process has its store by now', async () => {
    held = openRolloutStore(path('crossfade.db'));
    await serve((_request, response) => void response.writeHead(401).end('{"code":"x"}'));
    await expect(told('.')).rejects.toMatchObject({
      code: 'run-gone',
      exitCode: 5,
      message: expect.stringMatching(
        /^The run of process 4711 .* refuses its token\. Nor can .*: a process holds .*e\.db\.$/,
      ),
    });
  });
});

describe('a run that hangs', () => {
  it.each<[string, RequestListener]>([
    ['before it answers', () => undefined],
    ['in the middle of its answer', (_request, response) => void response.write('{"by":')],
  ])('%s cannot be reached, and its store is said to be held', async (_when, answer) => {
    held = openRolloutStore(path('crossfade.db'));
    await serve(answer);
    await expect(told('.')).rejects.toMatchObject({
      code: 'run-gone',
      exitCode: 5,
      message: expect.stringMatching(/: nothing came within 200ms\. Nor can its store be read: /),
      hint: expect.stringContaining('end it and ask again'),
    });
  });
});

describe('a run is asked', () => {
  beforeEach(() => {
    mkdirSync(path('run'));
    held = openRolloutStore(path('run/crossfade.db'));
  });

  it('by a link to its store, wherever the link is', async () => {
    await serve(ofRun, 'crossfade.db', 'run');
    symlinkSync(path('run/crossfade.db'), path('elsewhere.db'));
    symlinkSync('crossfade.db', path('run/beside.db'));
    expect(await told('elsewhere.db')).toEqual({ by: 'run' });
    expect(await told('run/beside.db')).toEqual({ by: 'run' });
    expect(findControl(path('elsewhere.db')).pid).toBe(4711);
  });

  it('by the file that the store it was started with is a link to', async () => {
    symlinkSync('crossfade.db', path('run/link.db'));
    await serve(ofRun, 'link.db', 'run');
    expect(await told('run/crossfade.db')).toEqual({ by: 'run' });
    expect(await told('run')).toEqual({ by: 'run' });
  });

  it('not by a link to another store', async () => {
    await serve(ofRun, 'crossfade.db', 'run');
    writeStore('other.db');
    symlinkSync(path('other.db'), path('run/other.db'));
    expect(await told('run/other.db')).toEqual({ by: path('run/other.db') });
  });
});

describe('a folder that a run has left', () => {
  it('is enough where one store is in it, whatever its name', async () => {
    writeStore('rollout.sqlite');
    writeFileSync(path('crossfade.yaml'), 'store: { sqlite: ./rollout.sqlite }\n');
    writeFileSync(path('short'), 'SQLite');
    writeStore('rollout.sqlite.v3.bak');
    expect(await told('.')).toEqual({ by: path('rollout.sqlite') });
  });

  it('is enough where a store has the usual name, others beside it', async () => {
    writeStore('crossfade.db');
    writeStore('earlier.db');
    expect(await told('.')).toEqual({ by: path('crossfade.db') });
  });

  it('with several stores of other names has them named', async () => {
    writeStore('b.db');
    writeStore('a.db');
    await expect(told('.')).rejects.toMatchObject({
      code: 'many-stores',
      exitCode: 2,
      message: `${folder} holds 2 stores, and none is crossfade.db: a.db, b.db.`,
      hint: `Name one of them: ${path('a.db')}.`,
    });
  });
});

describe('a path that cannot be read', () => {
  it('is refused in a sentence', async () => {
    symlinkSync('round', path('round'));
    const refusal = { code: 'path-unreadable', exitCode: 2 };
    await expect(told('round/crossfade.db')).rejects.toMatchObject(refusal);
    expect(() => findControl(path('round/crossfade.db'))).toThrow(/ cannot be read: ELOOP/);
  });

  // Nothing is forbidden to root.
  it.runIf(process.getuid?.() !== 0)('says that permissions forbid it', async () => {
    mkdirSync(path('closed'), { mode: 0o000 });
    const refused = told('closed/crossfade.db').finally(() => chmodSync(path('closed'), 0o700));
    await expect(refused).rejects.toMatchObject({
      code: 'path-unreadable',
      exitCode: 2,
      message: `${path('closed/crossfade.db')} cannot be read: permissions forbid it (EACCES).`,
      hint: expect.stringContaining('enter every folder above it'),
    });
  });
});
