import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningCrossfade, startRun } from '../support/crossfade.ts';
import { identities } from '../support/proxy.ts';
import { rawExchange, until } from '../support/sides.ts';
import { freePort } from '../support/free-port.ts';

const missing = ['nginx', 'python3'].filter((name) => spawnSync(name, ['-h']).error !== undefined);
const title = 'nginx as legacy, python3 -m http.server as candidate';

describe.skipIf(missing.length > 0)(
  missing.length === 0 ? title : `${title} (skipped: ${missing.join(' and ')} not installed)`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'crossfade-strangers-'));
    const children: ChildProcess[] = [];
    let nginxPort: number;
    let run: RunningCrossfade;

    beforeAll(async () => {
      const www = join(folder, 'www');
      spawnSync('mkdir', [www]);
      writeFileSync(join(www, 'index.html'), '<h1>both have this</h1>');
      writeFileSync(join(www, 'page.txt'), 'line\n'.repeat(5000));
      writeFileSync(join(www, 'large.bin'), Buffer.alloc(3 * 1024 * 1024, 'crossfade'));
      nginxPort = await freePort();
      const pythonPort = await freePort();
      writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder, www, nginxPort));
      const python = ['-m', 'http.server', String(pythonPort), '--bind', '127.0.0.1', '-d', www];
      children.push(spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder]));
      children.push(spawn('python3', python, { stdio: 'ignore' }));
      await until(() => accepts(nginxPort));
      await until(() => accepts(pythonPort));
      const configuration = join(folder, 'crossfade.yaml');
      writeFileSync(
        configuration,
        `listen: 127.0.0.1:${await freePort()}
legacy: { url: http://127.0.0.1:${nginxPort} }
candidate: { url: http://127.0.0.1:${pythonPort} }
workers: 1
mirror: { autoPause: off }
store: { sqlite: ./crossfade.db }
control: { listen: 127.0.0.1:0 }
`,
      );
      run = await startRun(configuration, join(folder, 'crossfade.db'));
    });

    afterAll(async () => {
      await run.stop();
      for (const child of children) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    });

    it.each([
      ['GET', '/', ''],
      ['GET', '/page.txt', ''],
      ['GET', '/page.txt', 'Range: bytes=10-49\r\n'],
      ['GET', '/page.txt?with=query&%2e%2e', ''],
      ['HEAD', '/page.txt', ''],
      ['GET', '/large.bin', ''],
      ['GET', '/nowhere', ''],
      ['POST', '/page.txt', 'Content-Length: 0\r\n'],
      ['OPTIONS', '/page.txt', ''],
    ])("%s %s %sthrough the proxy is nginx's own answer, byte for byte", async (...parts) => {
      const [method, target, field] = parts;
      const head = `${method} ${target} HTTP/1.1\r\nHost: files.example\r\n${field}`;
      const bytes = `${head}Connection: close\r\n\r\n`;
      const direct = await rawExchange(nginxPort, bytes);
      const proxied = await rawExchange(run.port, bytes);
      expect(direct).toMatch(/^HTTP\/1\.1 \d{3}/);
      expect(withoutHop(proxied)).toBe(withoutHop(direct));
    });

    it('counts every one of them, exactly, and is quiet afterwards', async () => {
      await until(async () => {
        const { traffic } = await run.status();
        return traffic.received === 9 && traffic.inFlight === 0;
      });
      const { traffic } = await run.status();
      for (const [left, right] of identities(traffic)) expect(left).toBe(right);
      expect(traffic.skipped).toEqual({ write: 1 });
    });
  },
);

/** Without Date, and what belongs to the hop. */
function withoutHop(answer: string): string {
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.slice(0, end).replace(/\r\n(Date|Connection|Keep-Alive):[^\r]*/gi, '');
  return head + answer.slice(end);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}

function nginxConfiguration(folder: string, www: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 64; }
http { access_log off; ${temporary}
  server { listen 127.0.0.1:${port}; root ${www}; add_header X-Odd-Case "1"; } }
`;
}
