import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Pair } from '../../src/model/pair.ts';
import { answer, exchange } from '../support/answers.ts';
import { crossfade, type Ended } from '../support/command.ts';
import { itemPair, writeConfig, type Written, writePairs } from '../support/offline.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-recordings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface JsonReport {
  readonly headline: string;
  readonly context: readonly string[];
  readonly warnings: readonly string[];
  readonly clusters: readonly Readonly<Record<string, unknown>>[];
  readonly facts: Readonly<Record<string, unknown>> & {
    readonly leftOutListed: readonly Readonly<Record<string, unknown>>[];
  };
}

async function compared(...words: readonly string[]): Promise<Ended & { report: JsonReport }> {
  const ended = await crossfade('compare', ...words, '--json');
  return { ...ended, report: JSON.parse(ended.stdout) as JsonReport };
}

function recording(name: string, pairs: readonly Pair[], written: Written = {}): string {
  const path = join(folder, name);
  writePairs(path, pairs, written);
  return path;
}

/** Both sides answer alike; `version` is the build that was asked. */
function workload(count: number, bodyOf: (i: number) => string): Pair[] {
  return Array.from({ length: count }, (_, i) => itemPair(i, bodyOf(i), bodyOf(i)));
}

const plain = (i: number): string => `{"id":${i},"name":"n${i}"}`;

describe('crossfade compare of two recordings', () => {
  test('ends with 0 where the same requests had the same answers, in any order', async () => {
    const a = recording('same-a.crossfade', workload(300, plain));
    const shuffled = workload(300, plain).map((each, i) => {
      return { ...each, arrivedAtMs: each.arrivedAtMs + ((i * 7) % 50) };
    });
    const b = recording('same-b.crossfade', shuffled);
    const { report, exitCode, stderr } = await compared(a, b);
    expect(report.headline).toBe('Nothing differs in 300 compared pairs.');
    expect(report.facts).toMatchObject({ partners: 300, matched: 300, mismatched: 0 });
    expect([stderr, exitCode]).toEqual(['', 0]);
  });

  test('reports what differs by cause, the first as legacy, and ends with 3', async () => {
    const a = recording('diff-a.crossfade', workload(200, plain));
    const b = recording(
      'diff-b.crossfade',
      workload(200, (i) => (i % 10 === 0 ? `{"id":${i}}` : plain(i))),
    );
    const { report, exitCode } = await compared(a, b);
    expect(report.headline).toBe('20 of 200 compared pairs differ.');
    expect(report.clusters).toMatchObject([
      { path: '/name', kind: 'missing', change: 'string -> absent', count: 20 },
    ]);
    expect(exitCode).toBe(3);
    const swapped = await compared(b, a);
    expect(swapped.report.clusters).toMatchObject([{ path: '/name', kind: 'added', count: 20 }]);
  });

  test('counts and lists requests that only one of them has, and ends with 4', async () => {
    const a = recording('left-a.crossfade', workload(100, plain));
    const b = recording('left-b.crossfade', workload(103, plain).slice(1));
    const { report, exitCode } = await compared(a, b);
    expect(report.headline).toBe('Nothing differs in 99 compared pairs. 4 requests are left out.');
    expect(report.facts.leftOutListed).toMatchObject([
      { of: 'a', request: 'GET /items/0', why: 'no partner' },
      { of: 'b', request: 'GET /items/100' },
      { of: 'b', request: 'GET /items/101' },
      { of: 'b', request: 'GET /items/102' },
    ]);
    expect(exitCode).toBe(4);
    const { exitCode: partial, stdout } = await crossfade('compare', a, b, '--partial');
    expect(stdout).toMatch(/^left-a\.crossfade +no partner +1 .*GET \/items\/0 at \+0ms$/m);
    expect(partial).toBe(0);
  });

  test('looks at the side that was asked for, in each', async () => {
    const pairs = Array.from({ length: 50 }, (_, i) => itemPair(i, plain(i), `{"id":${i}}`));
    const file = recording('sides.crossfade', pairs);
    expect((await compared(file, file)).exitCode).toBe(0);
    expect((await compared(file, file, '--side', 'candidate')).exitCode).toBe(0);
    const words = ['--side', 'legacy', '--other-side', 'candidate'];
    const { report, exitCode } = await compared(file, file, ...words);
    expect(report.facts).toMatchObject({ mismatched: 50 });
    expect(exitCode).toBe(3);
  });

  test('asks the rules of the configuration', async () => {
    const pairs = Array.from({ length: 50 }, (_, i) => itemPair(i, plain(i), `{"id":${i}}`));
    const file = recording('rules.crossfade', pairs);
    const compare = '[{ path: /name, as: ignore, reason: r, owner: o }]';
    const config = writeConfig(folder, 'rules.yaml', { compare });
    const words = ['-c', config, '--side', 'legacy', '--other-side', 'candidate'];
    const { report, exitCode } = await compared(file, file, ...words);
    expect(report.facts).toMatchObject({
      ignored: 50,
      rules: [{ rule: 'ignore /name', pairs: 50, state: 'used' }],
    });
    expect(exitCode).toBe(0);
  });

  test('does not judge a key whose write took effect in one of them alone', async () => {
    const write = (i: number, status: number): Pair => {
      const { legacy, candidate, ...rest } = itemPair(i, plain(i), plain(i), { key: 'one' });
      const answered = { ...legacy, answer: { ...legacy.answer!, status } };
      const request = { ...rest.request, method: 'POST' };
      return { ...rest, request, legacy: answered, candidate };
    };
    const rest = workload(20, plain)
      .slice(1)
      .map((each) => ({ ...each, key: 'one' }));
    const a = recording('taint-a.crossfade', [write(0, 200), ...rest]);
    const b = recording('taint-b.crossfade', [write(0, 500), ...rest]);
    const { report, exitCode } = await compared(a, b);
    expect(report.facts).toMatchObject({ mismatched: 1, notComparable: { tainted: 19 } });
    expect(exitCode).toBe(3);
  });

  test('does not compare values for which each recording has tokens of its own', async () => {
    const withFields = (cookie: string, challenge = 'Bearer realm="x"'): Pair[] => {
      const type = ['Content-Type', 'application/json'];
      const secret = ['WWW-Authenticate', challenge, 'X-CSRF-Token', 'abc', 'Proxy-Status', 'ok'];
      const given = answer('{}', [...type, 'Set-Cookie', cookie, ...secret]);
      return workload(5, plain).map((each) => {
        return {
          ...each,
          legacy: exchange('legacy', given),
          candidate: exchange('candidate', null),
        };
      });
    };
    const one = recording('keyed-1.crossfade', withFields('theme=dark; Path=/'));
    const written = { redactKey: Buffer.alloc(32, 2) };
    const other = recording('keyed-2.crossfade', withFields('theme=dark; Path=/'), written);
    const { report, exitCode } = await compared(one, other);
    expect(report.headline).toBe('Nothing differs in 5 compared pairs.');
    expect(report.context.join(' ')).toContain('other credentials in the fields of answers were');
    expect(exitCode).toBe(0);
    const changed = [
      withFields('skin=dark; Path=/'),
      withFields('theme=dark'),
      withFields('theme='),
    ];
    for (const [i, pairs] of [...changed, withFields('theme=dark; Path=/', '')].entries()) {
      const file = recording(`keyed-changed-${i}.crossfade`, pairs, written);
      expect((await compared(one, file)).report.facts).toMatchObject({ mismatched: 5 });
    }
  });

  test('compares those values within one recording, which has the same for both', async () => {
    const side = (name: Exchange['side'], cookie: string): Exchange =>
      exchange(name, answer('{}', ['Set-Cookie', cookie]));
    const pairs = workload(5, plain).map((each) => {
      return { ...each, legacy: side('legacy', 'a=1'), candidate: side('candidate', 'a=2') };
    });
    const file = recording('one-key.crossfade', pairs);
    const words = ['--side', 'legacy', '--other-side', 'candidate'];
    const { report, exitCode } = await compared(file, file, ...words);
    expect(report.clusters).toMatchObject([{ kind: 'cookie', count: 5 }]);
    expect(report.context.join(' ')).not.toContain('credentials in the fields');
    expect(exitCode).toBe(3);
  });

  test('ends with 4 where partners could not be compared, unless that is no reason', async () => {
    const [write, ...reads] = workload(21, plain).map((each) => ({ ...each, key: 'one' }));
    const lost = {
      ...write!,
      request: { ...write!.request, method: 'POST' },
      legacy: exchange('legacy', null),
      candidate: exchange('candidate', null),
    };
    const alike = itemPair(21, '{}', '{}', { key: 'two' });
    const tainted = recording('tainted.crossfade', [lost, ...reads, alike]);
    const gone = exchange('legacy', answer('', [], 503));
    const away = recording('away.crossfade', [
      ...workload(20, plain).map((each) => ({ ...each, legacy: gone })),
      alike,
    ]);
    for (const [file, pairs] of [[tainted, 21] as const, [away, 20] as const]) {
      const { report, exitCode } = await compared(file, file);
      expect(report.headline).toBe(
        `Nothing differs in 1 compared pair. ${pairs} pairs are not comparable.`,
      );
      expect(exitCode).toBe(4);
      expect((await compared(file, file, '--partial')).exitCode).toBe(0);
    }
  });

  test('says where answers were not recorded, or the end of a recording is missing', async () => {
    const whole = recording('whole.crossfade', workload(200, plain));
    const cut = join(folder, 'cut.crossfade');
    const bytes = readFileSync(whole);
    writeFileSync(cut, bytes.subarray(0, bytes.length - 60));
    const short = await compared(whole, cut);
    expect(short.stderr).toMatch(/warning: cut\.crossfade: the recording is cut off at byte \d+/);
    expect(short.report.headline).toMatch(/^Nothing differs in \d+ compared pairs\. \d+ requests/);
    expect(short.exitCode).toBe(4);
    const failed = workload(200, plain).map((each) => {
      return { ...each, candidate: exchange('candidate', null) };
    });
    const file = recording('failed.crossfade', failed);
    const { report, exitCode } = await compared(whole, file, '--side', 'candidate');
    expect(report.facts).toMatchObject({ notComparable: { 'shadow-failed': 200 } });
    expect(exitCode).toBe(3);
    const made = 'fixtures/read-states-small.crossfade';
    const nothing = await compared(made, made);
    expect(nothing.report.headline).toBe('Nothing could be compared. 5,986 requests are left out.');
    expect(nothing.exitCode).toBe(4);
  });

  test('writes its report as a replay does', async () => {
    const a = recording('out.crossfade', workload(10, plain));
    const out = join(folder, 'report.md');
    const { stdout } = await crossfade('compare', a, a, '--out', out);
    expect(stdout).toContain(`Report: ${out}`);
    expect(readFileSync(out, 'utf8')).toContain(
      '✅ **Pass**: Nothing differs in 10 compared pairs',
    );
  });
});
