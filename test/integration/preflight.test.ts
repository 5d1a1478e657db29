import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding, SizeFact } from '../../src/preflight/finding.ts';
import type { Preflight } from '../../src/preflight/preflight.ts';
import { openRecording } from '../../src/recording/writer.ts';
import { crossfade } from '../support/command.ts';
import { pairOf } from '../support/recorded.ts';
import { type SideServer, startSide, until } from '../support/sides.ts';
import { freePort } from '../support/free-port.ts';

type Found = Preflight & { readonly differences: number };

const folder = mkdtempSync(join(tmpdir(), 'crossfade-preflight-'));
const children: ChildProcess[] = [];

afterAll(async () => {
  for (const child of children) {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Runs it with `--json`; a shorter wait for idle connections than a person would use. */
async function preflight(...words: string[]): Promise<{ exitCode: number | null; found: Found }> {
  const ended = await crossfade('preflight', ...words, '--json', '--idle', '300ms');
  if (ended.stdout === '') throw new Error(ended.stderr);
  return { exitCode: ended.exitCode, found: JSON.parse(ended.stdout) as Found };
}

function differences(found: Found, group: Finding['group']): string[] {
  return found.findings
    .filter((finding) => finding.group === group && finding.isDifference)
    .map(({ where, what }) => `${where}: ${what}`);
}

const missing = ['nginx', 'python3'].filter((name) => spawnSync(name, ['-h']).error !== undefined);
const title = 'between nginx and python3 -m http.server';

describe.skipIf(missing.length > 0)(
  missing.length === 0 ? title : `${title} (skipped: ${missing.join(' and ')} not installed)`,
  () => {
    let nginx: string;
    let twin: string;
    let python: string;

    beforeAll(async () => {
      const www = join(folder, 'www');
      mkdirSync(join(www, 'private'), { recursive: true });
      writeFileSync(join(www, 'page.txt'), 'both have this\n');
      writeFileSync(join(www, 'private', 'plan.txt'), 'nginx keeps this\n');
      const ports = [await freePort(), await freePort(), await freePort()];
      writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(www, ports[0]!, ports[1]!));
      children.push(spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder]));
      const args = ['-m', 'http.server', String(ports[2]), '--bind', '127.0.0.1', '-d', www];
      children.push(spawn('python3', args, { stdio: 'ignore' }));
      for (const port of ports) await until(() => accepts(port));
      [nginx, twin, python] = ports.map((port) => `http://127.0.0.1:${port}`) as [
        string,
        string,
        string,
      ];
    });

    it('names a header too large for one, a path one refuses, a read that counts', async () => {
      const sides = ['--legacy', nginx, '--candidate', python];
      const { exitCode, found } = await preflight(
        ...sides,
        '/page.txt',
        '/private/plan.txt',
        '/hits',
      );
      expect(exitCode).toBe(3);
      const { legacy, proxy, candidate } = found.sizes.head;
      expect([legacy.bound, candidate.bound]).toEqual(['exact', 'at-least']);
      expect(legacy.bytes).toBeGreaterThan(4096);
      expect(legacy.bytes).toBeLessThan(4096 + 512);
      expect(legacy.refusal).toBe('400');
      expect(Math.abs(proxy.bytes - legacy.bytes)).toBeLessThan(512);
      expect(differences(found, 'sizes')[0]).toMatch(
        /^request head .*65,536 bytes is taken by the candidate and too large for legacy/,
      );
      expect(differences(found, 'side')).toContain(
        'GET /private/plan.txt: legacy refuses it (403), the candidate takes it (200)',
      );
      expect(differences(found, 'side')).toContain(
        '110 header fields: legacy takes it (200), the candidate refuses it (431)',
      );
      expect(differences(found, 'routes')).toEqual([
        expect.stringMatching(
          /^GET \/hits: taken for safe by its method and not declared, but .* from \d+ to \d+$/,
        ),
      ]);
      expect(found.base).toBe('GET /page.txt');
    });

    it('finds a token that is another one the second time', async () => {
      const { found } = await preflight('--legacy', nginx, '--candidate', twin, '/form');
      expect(differences(found, 'tokens')).toEqual([
        'GET /form: asked twice, legacy gives another token (body: csrf): the route cannot be ' +
          'repeated, and mirroring it would burn tokens',
      ]);
    });

    it('finds nothing, and exits 0, between two servers of one configuration', async () => {
      const { exitCode, found } = await preflight(
        '--legacy',
        nginx,
        '--candidate',
        twin,
        '/page.txt',
        '/private/plan.txt',
      );
      expect(found.findings.filter(({ isDifference }) => isDifference)).toEqual([]);
      expect(exitCode).toBe(0);
    });

    it('says it in sentences, under their headings, with the number of requests', async () => {
      const sides = ['--legacy', nginx, '--candidate', python, '--idle', '300ms'];
      const { stdout } = await crossfade('preflight', ...sides, '/private/plan.txt');
      expect(stdout.match(/^[A-Z][A-Za-z -]*$/gm)).toEqual([
        'Refused by the proxy',
        'Refused by one side',
        'Header sizes',
        'Time limits',
        'One-time tokens',
        'Routes',
      ]);
      expect(stdout).toMatch(
        /^\d+ differences\. \d{3} requests were sent, none with a method that changes anything\.$/m,
      );
      expect(stdout).toContain(
        '  differs: GET /private/plan.txt: legacy refuses it (403), the candidate takes it (200)',
      );
    });

    function nginxConfiguration(www: string, port: number, twinPort: number): string {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join(' ');
      return `daemon off; master_process off; pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http { access_log off; ${temporary} large_client_header_buffers 4 4k;
  server { listen 127.0.0.1:${port}; listen 127.0.0.1:${twinPort}; root ${www};
    location /private/ { return 403; }
    location = /hits { default_type application/json; return 200 '{"hits":$connection}'; }
    location = /form { default_type text/html;
      return 200 '<input name="csrf" value="$request_id">'; }
  } }
`;
    }
  },
);

describe('preflight', () => {
  let legacy: SideServer;
  let candidate: SideServer;

  beforeAll(async () => {
    legacy = await startSide((request, response) => {
      response.statusCode = request.url === '/once' && seenTimes('/once') > 1 ? 409 : 200;
      response.end('{"same":true}');
    });
    candidate = await startSide((_request, response) => void response.end('{"same":true}'));
  });

  afterAll(async () => {
    await legacy.close();
    await candidate.close();
  });

  function seenTimes(target: string): number {
    return legacy.seen.filter((line) => line === `GET ${target}`).length;
  }

  function configure(name: string, more: string): string {
    const file = join(folder, name);
    writeFileSync(
      file,
      `legacy: { url: ${legacy.url} }\ncandidate: { url: ${candidate.url} }\n${more}`,
    );
    return file;
  }

  it("names the limit of the proxy's own that refuses what legacy takes", async () => {
    const file = configure('small.yaml', 'limits: { head: 6KiB }\n');
    const { exitCode, found } = await preflight('-c', file, '/page');
    expect(exitCode).toBe(3);
    const proxy: SizeFact = found.sizes.head.proxy;
    expect(proxy).toMatchObject({ bound: 'exact', refusal: '431' });
    expect(proxy.bytes).toBeLessThanOrEqual(6144);
    expect(proxy.bytes).toBeGreaterThan(6144 - 128);
    const [finding] = found.findings.filter(({ where }) => where.startsWith('request head'));
    expect(finding).toMatchObject({ group: 'proxy', isDifference: true });
    expect(finding!.mend).toBe(
      'to mend: raise the limit of the data port, now 6,144 bytes: limits.head',
    );
  });

  it('goes by a recording: safe requests are sent, writes only classified', async () => {
    const recording = join(folder, 'sample.crossfade');
    const writer = openRecording(recording, { maxBytes: 1_000_000 });
    const requests = [
      ['GET', '/users/1234567/page'],
      ['GET', '/users/7654321/page'],
      ['POST', '/users/1234567/page'],
      ['DELETE', '/users/1234567'],
      ['GET', '/account/log-out'],
      ['GET', '/once'],
    ] as const;
    for (const [i, [method, target]] of requests.entries()) {
      const pair = pairOf(i);
      writer.append({ ...pair, request: { ...pair.request, method, target, body: null } });
    }
    writer.close();
    const seenBefore = [legacy.seen.length, candidate.seen.length];
    const file = configure(
      'keyed.yaml',
      'key: { from: path, pattern: /users/:user/*, name: user }\n' +
        'ladder: [{ percent: 0, hold: 1h }]\n',
    );
    const { exitCode, found } = await preflight('-c', file, '--requests', recording);
    expect(exitCode).toBe(3);
    const routes = found.routes.map((route) => [
      route.route,
      route.kind,
      route.isKeyed,
      route.requests,
      route.asked,
    ]);
    expect(routes).toEqual([
      ['GET /users/:id/page', 'safe', true, 2, 2],
      ['POST /users/:id/page', 'write', true, 1, 0],
      ['DELETE /users/:id', 'write', false, 1, 0],
      ['GET /account/log-out', 'safe', false, 1, 0],
      ['GET /once', 'safe', false, 1, 1],
    ]);
    const seen = [...legacy.seen.slice(seenBefore[0]), ...candidate.seen.slice(seenBefore[1])];
    expect(seen.filter((line) => /^(POST|PUT|PATCH|DELETE)|log-out/.test(line))).toEqual([]);
    expect(differences(found, 'routes')).toEqual([
      'GET /account/log-out: taken for safe by its method and not declared, but its path says ' +
        '"logout"',
    ]);
    expect(differences(found, 'tokens')).toEqual([
      'GET /once: asked twice, legacy refuses the second time (409 after 200): the route cannot ' +
        'be repeated, and mirroring it would burn tokens',
    ]);
  });

  it('asks a side over TLS with the certificates of the configuration', async () => {
    const [key, cert] = ['server-key', 'server'].map((name) =>
      readFileSync(`fixtures/tls/${name}.pem`),
    );
    const secure = createServer({ key: key!, cert: cert! }, (_request, response) => {
      response.end('{"same":true}');
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const { port } = secure.address() as AddressInfo;
    const file = join(folder, 'tls.yaml');
    const configuration = (tls: string): string =>
      `legacy: { url: https://127.0.0.1:${port}, tls: { ${tls} } }\n` +
      `candidate: { url: ${candidate.url} }\n`;
    writeFileSync(file, configuration(`ca: ${resolve('fixtures/tls/ca.pem')}`));
    const { exitCode, found } = await preflight('-c', file);
    expect(differences(found, 'side')).toEqual([]);
    expect(exitCode).toBe(0);
    writeFileSync(file, configuration('verify: true'));
    const untrusted = await preflight('-c', file);
    expect(differences(untrusted.found, 'side')[0]).toContain('legacy gives no answer');
    secure.closeAllConnections();
    secure.close();
  });

  it('exits 5 where a side cannot be reached, and says which', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const ended = await crossfade('preflight', '--legacy', legacy.url, '--candidate', nobody);
    expect(ended.exitCode).toBe(5);
    expect(ended.stderr).toContain(`candidate cannot be reached at ${nobody}: ECONNREFUSED`);
  });

  it.each([
    [[], 'nothing to check: no configuration and no two URLs'],
    [['--sample', '0', '--legacy', 'http://a', '--candidate', 'http://b'], "--sample is '0'"],
    [['--idle', 'x', '--legacy', 'http://a', '--candidate', 'http://b'], "--idle is 'x'"],
    [['no-slash', '--legacy', 'http://a', '--candidate', 'http://b'], "'no-slash' is no target"],
  ])('refuses %j with 2', async (words, sentence) => {
    const ended = await crossfade('preflight', ...words);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(sentence);
  });
});
