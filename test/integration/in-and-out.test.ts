/** docs/in-and-out.md, done as it says. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningCrossfade, startRun } from '../support/crossfade.ts';
import { echoOf, type FrontLoad, startFrontLoad } from '../support/front-load.ts';
import { type PageBlock, pageBlocks } from '../support/page-blocks.ts';
import { identities } from '../support/proxy.ts';
import { isAlive } from '../support/run-folder.ts';
import { type SideServer, startSide, until } from '../support/sides.ts';
import { freePort } from '../support/free-port.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const PORTS = ['8000', '8002', '8080', '8081', '9001', '9002'] as const;
const CONFIGURATION = '/etc/crossfade/crossfade.yaml';
const STORE = '/var/lib/crossfade/crossfade.db';
/** Requests after which something that still happens would have been seen. */
const ENOUGH = 150;

const missing = ['nginx', 'curl', 'pgrep', 'bash'].filter(
  (name) => spawnSync(name, ['-V']).error !== undefined,
);
const title = 'the page on putting it in front and taking it out';
const blocks = pageBlocks('docs/in-and-out.md');

describe.skipIf(missing.length > 0)(
  missing.length === 0 ? title : `${title} (skipped: ${missing.join(' and ')} not installed)`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'crossfade-page-'));
    const done = new Set<PageBlock>();
    const heads: IncomingHttpHeaders[] = [];
    const ports = new Map<string, number>();
    let legacy: SideServer;
    let candidate: SideServer;
    let nginx: ChildProcess;
    let run: RunningCrossfade | null = null;
    let load: FrontLoad;

    /** What the page says, with this test's ports and folders. */
    const here = (text: string): string =>
      text
        .replaceAll(/\b(8000|8002|8080|8081|9001|9002)\b/g, (port) => String(ports.get(port)))
        .replaceAll(/(?<![\w.])\/(etc|var\/lib)\//g, `${folder}/$1/`);

    const block = (kind: PageBlock['kind'], name: string): string => {
      const found = blocks.find((one) => one.kind === kind && one.name === name);
      if (found === undefined) throw new Error(`the page has no ${kind}=${name}`);
      done.add(found);
      return here(found.text);
    };

    const write = (name: string, more = ''): void => {
      const path = here(name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, block('file', name) + more);
    };

    const does = async (name: string): Promise<{ code: number | null; out: string }> => {
      const text = block('run', name).trim();
      if (text === 'systemctl start crossfade') {
        run = await startRun(here(CONFIGURATION), here(STORE));
        return { code: 0, out: '' };
      }
      if (text === 'systemctl stop crossfade') return { code: await run!.stop('SIGTERM'), out: '' };
      const env = { ...process.env, PATH: `${folder}/bin:${process.env['PATH']}` };
      const child = spawn('bash', ['-eo', 'pipefail', '-c', text], { env });
      let out = '';
      child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
      child.stderr.on('data', (bytes: Buffer) => (out += bytes.toString()));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, out };
    };

    const succeeds = async (name: string): Promise<string> => {
      const { code, out } = await does(name);
      expect(code, `${name}: ${out}`).toBe(0);
      return out;
    };

    const nginxWorkers = (): readonly number[] =>
      spawnSync('pgrep', ['-P', String(nginx.pid)])
        .stdout.toString()
        .split('\n')
        .filter((line) => line !== '')
        .map(Number);

    /** A step that reloads nginx; answers when the workers before it have gone. */
    const swaps = async (name: string): Promise<void> => {
      const old = nginxWorkers();
      await succeeds(name);
      await until(() => !old.some(isAlive) && nginxWorkers().length > 0);
    };

    const more = async (): Promise<void> => {
      const before = load.answered;
      await until(() => load.answered > before + ENOUGH || load.failures.length > 0);
      expect(load.failures).toEqual([]);
    };

    const viaCrossfade = (): number => heads.filter(({ via }) => via !== undefined).length;

    beforeAll(async () => {
      chmodSync(folder, 0o755);
      const side = (): Promise<SideServer> =>
        startSide((request, response, body) => {
          heads.push(request.headers);
          response.end(echoOf(request.method!, request.url!, body));
        });
      legacy = await side();
      candidate = await side();
      // Longer than the 60 s for which nginx keeps a connection.
      for (const { server } of [legacy, candidate]) server.keepAliveTimeout = 65_000;
      ports.set('9001', legacy.port).set('9002', candidate.port);
      for (const port of PORTS) if (!ports.has(port)) ports.set(port, await freePort());
      for (const path of ['bin', 'etc/nginx/conf.d', 'etc/nginx/orders', 'var/lib/crossfade']) {
        mkdirSync(join(folder, path), { recursive: true });
      }
      writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder));
      const own = spawnSync('bash', ['-c', 'command -v nginx']).stdout.toString().trim();
      program('nginx', `${own} -c ${folder}/nginx.conf -p ${folder}`);
      program('crossfade', `${process.execPath} ${MAIN}`);
      nginx = spawn(join(folder, 'bin', 'nginx'), ['-g', 'daemon off;'], { stdio: 'ignore' });
      await until(() => existsSync(join(folder, 'nginx.pid')) && nginxWorkers().length > 0);
    });

    const program = (name: string, words: string): void =>
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });

    afterAll(async () => {
      await load?.stop();
      await run?.stop();
      const gone = once(nginx, 'exit');
      nginx.kill('SIGTERM');
      await gone;
      await legacy.close();
      await candidate.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('comes in front of a service that runs, before which it has nothing to do', async () => {
      write('/etc/nginx/orders/legacy.conf');
      write('/etc/nginx/conf.d/orders.conf');
      write(CONFIGURATION);
      await swaps('before');
      // So many users that write that half of them without one is out of the question.
      load = startFrontLoad(ports.get('8000')!, 6, 24);
      await more();
      expect(viaCrossfade()).toBe(0);
      const { code, out } = await does('preflight');
      expect([0, 3], out).toContain(code);
      expect(out).toMatch(/\d+ requests were sent, none with a method that changes anything/);
      await succeeds('start');
      expect(await succeeds('ready')).toContain('"ready":true');
      expect((await run!.status()).traffic.received).toBe(0);
    });

    it('takes all traffic without failing a request', async () => {
      write('/etc/nginx/conf.d/crossfade-ready.conf');
      write('/etc/nginx/orders/crossfade.conf');
      await swaps('in');
      expect(await succeeds('old-workers')).toBe('');
      heads.length = 0;
      await more();
      expect(heads.length).toBe(viaCrossfade());
      const told = heads[0]!;
      expect(told['x-forwarded-for']).toBe('127.0.0.1, 127.0.0.1');
      expect(told['x-real-ip']).toBe('127.0.0.1');
      const ready = await fetch(`http://127.0.0.1:${ports.get('8002')}/readyz`);
      expect(ready.status).toBe(200);
    });

    it('is changed, and gives the candidate its share, without failing one', async () => {
      await succeeds('running');
      const { code } = await promote();
      expect(code).toBe(0);
      await until(() => candidate.seen.some((line) => line.startsWith('POST')));
      await more();
      expect((await run!.status()).rollout.percent).toBe(50);
    });

    it('is taken out without failing one, and then nothing goes through it', async () => {
      await succeeds('rollback');
      expect((await run!.status()).rollout.percent).toBe(0);
      await succeeds('caught-up');
      await swaps('out');
      expect(await succeeds('old-workers')).toBe('');
      heads.length = 0;
      await more();
      expect(viaCrossfade()).toBe(0);

      await until(async () => (await run!.status()).traffic.inFlight === 0);
      expect(await succeeds('quiet')).toMatch(/received \d+ = [\s\S]* in flight 0\n/);
      const { traffic } = await run!.status();
      for (const [left, right] of identities(traffic)) expect(left).toBe(right);
      expect(traffic.failedSafe + traffic.failedWrites).toBe(0);
      expect((await does('stop')).code).toBe(143);
      await more();
      expect(viaCrossfade()).toBe(0);
    });

    it('has lost no write on the way, and done none twice', async () => {
      await load.stop();
      expect(load.failures).toEqual([]);
      const got = [...legacy.seen, ...candidate.seen]
        .filter((line) => line.startsWith('POST'))
        .map((line) => line.split(' ')[2]);
      expect(new Set(got)).toEqual(new Set(load.written));
      expect(got.length).toBe(load.written.length);
      expect(got.length).toBeGreaterThan(0);
    });

    it('leaves its store, and no control.json', () => {
      expect(existsSync(here(STORE))).toBe(true);
      expect(existsSync(here('/var/lib/crossfade/control.json'))).toBe(false);
    });

    it('believes a balancer with the PROXY protocol who the client is', async () => {
      write(CONFIGURATION, 'proxyProtocol: true\n');
      heads.length = 0;
      await succeeds('start');
      const answer = await succeeds('greeting');
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain(echoOf('GET', '/orders/1', ''));
      expect(heads[0]!['x-forwarded-for']).toBe('203.0.113.7');
      expect((await does('stop')).code).toBe(143);
    });

    it('has no block that says it is run and is not', () => {
      const left = blocks
        .filter((one) => !done.has(one))
        .map(({ kind, name }) => `${kind}=${name}`);
      expect(left).toEqual([]);
      expect(blocks.length).toBeGreaterThan(15);
    });

    const promote = async (): Promise<{ code: number | null }> => {
      const words = [MAIN, 'promote', '-c', here(CONFIGURATION), '--reason', 'to have a share'];
      const child = spawn(process.execPath, words, { stdio: 'ignore' });
      const [code] = (await once(child, 'exit')) as [number | null];
      return { code };
    };
  },
);

/** As Debian's: what is in conf.d, with processes of its own that a reload replaces. */
function nginxConfiguration(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  return `worker_processes 2; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http { access_log off; ${temporary} include ${folder}/etc/nginx/conf.d/*.conf; }
`;
}
