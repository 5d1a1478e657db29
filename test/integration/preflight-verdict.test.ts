import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/preflight/finding.ts';
import type { Preflight } from '../../src/preflight/preflight.ts';
import { crossfade } from '../support/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-preflight-verdict-'));
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The URL of a server that takes heads of so many bytes: fewer than the proxy does. */
async function serve(answer: RequestListener, maxHeaderSize = 16_384): Promise<string> {
  const server = createServer({ maxHeaderSize }, answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers 200 to these targets, 404 to all others. */
function only(...targets: readonly string[]): RequestListener {
  return (request, response) => {
    response.statusCode = targets.includes(request.url!) ? 200 : 404;
    response.end('{}');
  };
}

async function report(...words: string[]): Promise<{ exitCode: number | null; stdout: string }> {
  const ended = await crossfade('preflight', ...words, '--idle', '300ms');
  if (ended.stdout === '') throw new Error(ended.stderr);
  return ended;
}

async function facts(...words: string[]): Promise<Preflight> {
  return JSON.parse((await report(...words, '--json')).stdout) as Preflight;
}

function about({ findings }: Preflight, where: string): Finding[] {
  return findings.filter((finding) => finding.where.startsWith(where));
}

describe('the size of a target', () => {
  const found = async (head: string): Promise<Preflight> => {
    const sides = [serve(only('/page'), 262_144), serve(only('/page'), 262_144)];
    const [legacy, candidate] = await Promise.all(sides);
    const file = join(folder, `${head}.yaml`);
    const limits = `limits: { head: ${head} }\n`;
    writeFileSync(file, `legacy: { url: ${legacy} }\ncandidate: { url: ${candidate} }\n${limits}`);
    return facts('-c', file, '/page');
  };

  it('is limited by limits.head, as its finding says', async () => {
    const preflight = await found('32KiB');
    const { proxy } = preflight.sizes.target;
    expect(proxy).toMatchObject({ bound: 'exact', isRefusedByProxy: true });
    expect(proxy.bytes).toBeGreaterThan(32_768 - 256);
    const [finding] = about(preflight, 'request target');
    expect(finding!.mend).toBe(
      'to mend: raise the limit of the data port, now 32,768 bytes: limits.head',
    );
  });

  it('is no finding any more where that is followed', async () => {
    const preflight = await found('128KiB');
    expect(preflight.sizes.target.proxy).toMatchObject({ bytes: 65_536, bound: 'at-least' });
    expect(about(preflight, 'request target')).toEqual([]);
  });

  it('is not what a 404 to the added parameter says it is', async () => {
    const [legacy, candidate] = [await serve(only('/page')), await serve(only('/page'))];
    const { sizes } = await facts('--legacy', legacy, '--candidate', candidate, '/page');
    expect(sizes.target.legacy).toMatchObject({ bound: 'exact', refusal: '431' });
    expect(sizes.target.legacy.bytes).toBeGreaterThan(16_384 - 256);
  });
});

it('a target with scheme and host is no difference where only its form is another', async () => {
  const [legacy, candidate] = [await serve(only('/page', '*')), await serve(only('/page', '*'))];
  const words = ['--legacy', legacy, '--candidate', candidate, '/page'];
  const { exitCode, stdout } = await report(...words);
  expect(stdout).toContain(
    'note: a target with scheme and host: legacy has nothing there (404), through the proxy it ' +
      'takes it (200): the proxy forwards it in origin-form (RFC 9112, 3.2.2)',
  );
  expect(stdout).not.toContain('flaky');
  expect(exitCode).toBe(0);
});

describe('the verdict', () => {
  const LAST =
    'Comparing what they answer (a value, an ETag, a bug in one of them) is what shadowing is ' +
    'for: crossfade run.\n';

  it('warns first of all where legacy answered no given target', async () => {
    const [legacy, candidate] = [await serve(only('/', '*')), await serve(only('/', '*'))];
    const { stdout } = await report('--legacy', legacy, '--candidate', candidate, '/no', '/nor');
    const [first] = stdout.split('\n');
    expect(first).toMatch(/^warning: legacy answered no given target 2xx or 3xx, /);
    expect(first).toContain(': GET /no (404), GET /nor (404); give paths that exist');
    expect(stdout).toContain('\nNothing differs, which says little. ');
    expect(stdout).toContain(
      '\nWhat it rests on: of 2 distinct requests legacy answered 0 with 2xx or 3xx, not so ' +
        'GET /no (404), GET /nor (404); methods, forms and sizes were tried on GET / (200).\n',
    );
    expect(stdout.endsWith(LAST)).toBe(true);
  });

  it('says on which answers it rests where there are some', async () => {
    const [legacy, candidate] = [await serve(only('/a', '*')), await serve(only('/a', '*'))];
    const { stdout } = await report('--legacy', legacy, '--candidate', candidate, '/a', '/nor');
    expect(stdout).not.toContain('warning');
    expect(stdout).toContain('\nNothing differs. ');
    expect(stdout).toContain(
      '\nWhat it rests on: of 2 distinct requests legacy answered 1 with 2xx or 3xx, not so ' +
        'GET /nor (404); methods, forms and sizes were tried on GET /a (200).\n',
    );
    expect(stdout.endsWith(LAST)).toBe(true);
  });

  it('is told by --help to leave the answers to shadowing', async () => {
    const { stdout } = await crossfade('preflight', '--help');
    expect(stdout).toContain('what the two sides answer');
    expect(stdout).toContain('what shadowing is for');
  });
});
