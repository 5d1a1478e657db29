import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const SCRIPT = resolve(import.meta.dirname, '../../cassandra/start.ts');
const folder = mkdtempSync(join(tmpdir(), 'crossfade-cassandra-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function cassandra(args: readonly string[], env: NodeJS.ProcessEnv = {}): Answer {
  return spawnSync(process.execPath, [SCRIPT, ...args, '--folder', folder], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

test('refuses a port in use before anything is started', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const answer = cassandra(['start', '--port', String(port)]);
  server.close();
  expect(answer.status).toBe(2);
  expect(answer.stderr).toContain(`127.0.0.1:${port} is in use by another program`);
});

test('says in one sentence that Java is missing', () => {
  const ports = ['--port', '1', '--storage-port', '2'];
  const answer = cassandra(['start', ...ports], { JAVA_HOME: join(folder, 'none') });
  expect(answer.status).toBe(2);
  expect(answer.stderr).toMatch(/Java cannot be run as .*none/);
  expect(answer.stderr).not.toContain('    at ');
});

test('refuses what it does not know', () => {
  for (const args of [['restart'], ['--port', 'x'], ['--loud'], ['start', 'stop']]) {
    const answer = cassandra(args);
    expect(answer.status).toBe(2);
    expect(answer.stderr).toContain('npm run cassandra');
  }
});

test('stopping what does not run is no error', () => {
  const answer = cassandra(['stop', '--port', '1']);
  expect(answer).toMatchObject({ status: 0, stdout: expect.stringContaining('none is running') });
});
