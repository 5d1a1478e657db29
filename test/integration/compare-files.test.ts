import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crossfade } from '../support/command.ts';
import { ITEM_ROUTE, itemPair, writeConfig, writePairs } from '../support/offline.ts';

let folder: string;
let config: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-compare-'));
  const own = '{ path: /version, as: ignore, reason: r, owner: o }';
  config = writeConfig(folder, 'c.yaml', {
    routes: `[{ match: ${ITEM_ROUTE}, compare: [${own}] }]`,
  });
  writePairs(at('run.crossfade'), [itemPair(1, '{}', '{}')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

function at(name: string): string {
  return join(folder, name);
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(at(name), content);
  return at(name);
}

interface JsonReport {
  readonly headline: string;
  readonly facts: {
    readonly verdict: string;
    readonly divergences: readonly Readonly<Record<string, unknown>>[];
    readonly hidden: readonly Readonly<Record<string, unknown>>[];
  };
}

async function compared(
  ...words: readonly string[]
): Promise<JsonReport & { readonly exitCode: number | null }> {
  const { stdout, exitCode } = await crossfade('compare', ...words, '--json');
  return { ...(JSON.parse(stdout) as JsonReport), exitCode };
}

describe('crossfade compare of two files', () => {
  test('names each divergence, its values and the page of its kind, and ends with 3', async () => {
    const old = file('old.json', '{"id":1234567890123456789,"name":"a"}');
    const young = file('young.json', '{"id":1234567890123456800}');
    const { headline, facts, exitCode } = await compared(old, young);
    expect(headline).toBe('Different: 2 divergences.');
    expect(facts.divergences).toEqual([
      {
        path: '/id',
        kind: 'id-precision',
        meaning: 'an identifier lost its last digits',
        legacy: '1234567890123456789',
        candidate: '1234567890123456800',
        page: 'docs/kinds/id-precision.md',
      },
      expect.objectContaining({ path: '/name', kind: 'missing', candidate: null }),
    ]);
    expect(exitCode).toBe(3);
    const { stdout } = await crossfade('compare', old, young);
    expect(stdout).toMatch(/^\/id +id-precision +1234567890123456789 +1234567890123456800$/m);
    expect(stdout).toMatch(/^ +id-precision: .* digits; see docs\/kinds\/id-precision\.md$/m);
  });

  test('notes what differs without meaning anything, and ends with 0', async () => {
    const old = file('order-a.json', '{"x":{"a":1,"b":2}}');
    const young = file('order-b.json', '{"x":{"b":2,"a":1}}');
    const { stdout, exitCode } = await crossfade('compare', old, young);
    expect(stdout).toContain('Alike; noted: key order differs at /x.');
    expect(exitCode).toBe(0);
  });

  test('ends with 4 and names the bound where they cannot be compared', async () => {
    const old = file('deep-a.json', '['.repeat(600) + ']'.repeat(600));
    const young = file('deep-b.json', `${'['.repeat(600)} ${']'.repeat(600)}`);
    const { headline, exitCode } = await compared(old, young);
    expect(headline).toContain('600 levels deep, and no more than 512 levels are looked into');
    expect(exitCode).toBe(4);
  });

  test('names the bound that was met as it was unpacked', async () => {
    const bomb = file('bomb.json.gz', gzipSync(Buffer.alloc(4 * 1024 * 1024)));
    const { headline, exitCode } = await compared(bomb, file('small.json', '{}'));
    expect(headline).toBe(
      'Not comparable (too-large): one unpacks to more than 8.0 MiB, or 200 times its size.',
    );
    expect(exitCode).toBe(4);
  });

  test('hides what the rules of the route hide, and says which did', async () => {
    const [old, young] = [file('v1.json', '{"version":1}'), file('v2.json', '{"version":2}')];
    const words = ['-c', config, '--route', 'GET /items/7'];
    const { facts, exitCode } = await compared(old, young, ...words);
    expect(facts.hidden).toEqual([{ rule: 'GET /items/:id ignore /version', divergences: 1 }]);
    expect(exitCode).toBe(0);
    expect((await compared(old, young, '-c', config)).exitCode).toBe(3);
  });

  test('compares by structure: lines of JSON, packed files, heads and trailers', async () => {
    const [lines, packed] = ['{"a":1}\n{"b":2}\n', gzipSync('{"a":1}\n{"b":3}\n')];
    const records = await compared(file('a.ndjson', lines), file('b.ndjson.gz', packed));
    expect(records.facts.divergences).toMatchObject([{ path: '/1/b', kind: 'value' }]);
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
    const heads = await compared(
      file('a.http', `${head}Set-Cookie: a=1\r\n\r\n{"a":1}`),
      file('b.http', `${head}\r\n{"a":1}\n`),
      '--http',
    );
    expect(heads.facts.divergences).toMatchObject([{ path: 'header:set-cookie', kind: 'cookie' }]);
    const { stderr } = await crossfade('compare', at('a.http'), at('b.http'));
    expect(stderr).toContain('warning: both begin as HTTP answers do: with --http');
  });

  test('takes one of them from standard input', async () => {
    const young = file('stdin.json', '{"a":2}');
    const child = spawn(process.execPath, ['src/cli/main.ts', 'compare', '-', young, '--json']);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stdin.end('{"a":1}');
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    const { facts } = JSON.parse(stdout) as JsonReport;
    expect(facts.divergences).toMatchObject([{ path: '/a', legacy: '1', candidate: '2' }]);
    expect(exitCode).toBe(3);
  });
});

describe('crossfade compare refuses with one sentence and 2', () => {
  test.each([
    [['A', 'missing.json'], 'cannot read missing.json: there is no such file'],
    [['A', 'RECORDING'], 'run.crossfade is a recording and '],
    [['A', '.'], 'cannot read .: it is a folder'],
    [['-', '-'], 'only one of the two can be standard input'],
    [['A', 'A', '--route', 'GET /items/7'], '--route needs -c FILE'],
    [['A', 'A', '-c', 'CONFIG', '--route', 'GET /item/7'], "no route is, or takes, 'GET /item/7'"],
    [['A', 'A', '--side', 'live'], '--side is for recordings'],
    [['RECORDING', 'RECORDING', '--http'], '--http is for two files'],
    [['A', 'A', '--http'], 'is no HTTP answer: it does not begin with the head'],
    [['CUT', 'CUT', '--http'], 'cut.http is no HTTP answer: its body is 2 of 100 bytes'],
    [['RECORDING', 'RECORDING', '--side', 'both'], "--side is 'both'"],
    [['A'], 'b is missing'],
  ])('%j', async (words, sentence) => {
    const names: Readonly<Record<string, string>> = {
      A: file('any.json', '{"a":1}'),
      CUT: file('cut.http', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}'),
      RECORDING: at('run.crossfade'),
      CONFIG: config,
    };
    const given = words.map((word) => names[word] ?? word);
    const { exitCode, stdout, stderr } = await crossfade('compare', ...given);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([stdout, exitCode]).toEqual(['', 2]);
  });
});
