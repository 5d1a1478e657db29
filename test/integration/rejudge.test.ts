import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pair } from '../../src/model/pair.ts';
import { exchange, rule } from '../support/answers.ts';
import { crossfade, type Ended } from '../support/command.ts';
import { ITEM_ROUTE, itemPair, routeOf, writeConfig, writePairs } from '../support/offline.ts';

interface Count {
  readonly rule: string;
  readonly pairs: number;
}

interface JsonReport {
  readonly headline: string;
  readonly warnings: readonly string[];
  readonly clusters: readonly { readonly path: string; readonly count: number }[];
  readonly facts: {
    readonly records: number;
    readonly compared: number;
    readonly mismatchedBefore: number;
    readonly mismatched: number;
    readonly excused: readonly Count[];
    readonly exposed: readonly Count[];
    readonly clusterChanges: readonly Readonly<Record<string, unknown>>[];
    readonly notComparableAfter: Readonly<Record<string, number>>;
    readonly rules: readonly (Count & { readonly state: string; readonly problem?: string })[];
  };
}

let folder: string;
let recording: string;
const PAIRS = 700;

/** Every tenth has another version, every hundredth no name, every twenty-fifth another tag. */
function* workload(): Generator<Pair> {
  for (let i = 0; i < PAIRS; i += 1) {
    const legacy = `{"id":${i},"name":"n${i}","version":${i},"tag":"t${i}"}`;
    const version = i % 10 === 0 ? i + 1 : i;
    const name = i % 100 === 0 ? '' : `"name":"n${i}",`;
    const tag = i % 25 === 0 ? 'other' : `t${i}`;
    yield itemPair(i, legacy, `{"id":${i},${name}"version":${version},"tag":"${tag}"}`);
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-rejudge-'));
  recording = join(folder, 'run.crossfade');
  const routes = [routeOf(ITEM_ROUTE, [rule('ignore', '/tag', { route: ITEM_ROUTE })])];
  writePairs(recording, workload(), { routes });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function rejudged(...words: readonly string[]): Promise<Ended & { report: JsonReport }> {
  const ended = await crossfade('rejudge', ...words, '--json');
  return { ...ended, report: JSON.parse(ended.stdout) as JsonReport };
}

function rules(name: string, ...texts: readonly string[]): string {
  const list = texts.map((text) => `{ ${text}, reason: r, owner: o }`).join(', ');
  return writeConfig(folder, name, { compare: `[${list}]` });
}

describe('crossfade rejudge', () => {
  test('says in its first sentence what is gone, by which rule, and what is new', async () => {
    const config = rules('version.yaml', 'path: /version, as: ignore');
    const { exitCode, stdout, stderr } = await crossfade('rejudge', recording, '-c', config);
    expect(stderr).toBe('');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'FAIL Under the new rules 56 of 70 mismatches are gone: 56 by "ignore /version"; 14 are ' +
        'new, hidden before: 14 by "GET /items/:id ignore /tag".',
    );
    expect(exitCode).toBe(3);
  });

  test('counts every turn, cluster and rule, for machines too', async () => {
    const config = rules(
      'all.yaml',
      'path: /version, as: ignore',
      'path: /name, as: ignore',
      'path: /tag, as: ignore',
      'path: /never, as: ignore',
    );
    const { report, exitCode } = await rejudged(recording, '-c', config);
    const { facts, clusters } = report;
    expect(facts).toMatchObject({ records: 700, compared: 700, mismatchedBefore: 70 });
    expect(facts.mismatched).toBe(0);
    expect(facts.excused).toEqual([
      { rule: 'ignore /version', pairs: 70, alone: 56 },
      { rule: 'ignore /tag', pairs: 14, alone: 0 },
      { rule: 'ignore /name', pairs: 7, alone: 0 },
    ]);
    expect(facts.clusterChanges).toEqual([
      expect.objectContaining({ path: '/version', before: 70, after: 0 }),
      expect.objectContaining({ path: '/name', kind: 'missing', before: 7, after: 0 }),
    ]);
    expect(facts.rules.map((each) => [each.rule, each.pairs, each.state])).toEqual([
      ['ignore /version', 70, 'used'],
      ['ignore /name', 7, 'used'],
      ['ignore /tag', 28, 'used'],
      ['ignore /never', 0, 'unused'],
    ]);
    expect([clusters, exitCode]).toEqual([[], 0]);
  });

  test('takes the old rules of a file in place of those of the recording', async () => {
    const before = rules('before.yaml', 'path: /version, as: ignore');
    const { report } = await rejudged(recording, '-c', before, '--before', before);
    expect(report.facts).toMatchObject({ mismatchedBefore: 28, mismatched: 28, excused: [] });
    expect(report.headline).toBe('Under the new rules all 28 mismatches stay.');
  });

  test('tells of rules that have expired since, and asks them of what came before', async () => {
    const config = rules('expired.yaml', 'path: /version, as: ignore, until: 2026-01-20');
    const { report, stderr } = await rejudged(recording, '-c', config);
    expect(report.facts.excused).toEqual([{ rule: 'ignore /version', pairs: 56, alone: 56 }]);
    const sentence =
      'the rule "ignore /version" has expired (2026-01-20): it hides nothing of what came since';
    expect(report.warnings).toEqual([sentence]);
    expect(stderr).toBe(`crossfade: warning: ${sentence}\n`);
  });

  test('ends with 4 where no answers were recorded', async () => {
    const config = rules('none.yaml');
    const file = 'fixtures/read-states-small.crossfade';
    const { report, exitCode } = await rejudged(file, '-c', config);
    expect(report.headline).toBe('No pair has two answers: 2,993 requests recorded without.');
    expect(exitCode).toBe(4);
  });
});

/** One pair near the end goes against one near the beginning, and against no other. */
function* remembered(): Generator<Pair> {
  for (let i = 0; i < 3000; i += 1) {
    const legacy = `{"id":"l${i === 2900 ? 5 : i}","version":${i}}`;
    const version = i === 2901 ? 1 : i + 10;
    const key = i === 6 || i === 2901 ? 'seldom' : `user-${i}`;
    yield itemPair(i, legacy, `{"id":"c${i}","version":${version}}`, { key });
  }
}

/**
 * More names at one place than stay apart, two of them in each pair: a pair counts for both until
 * there are too many, and which ones a thread has seen must not matter.
 */
function* manyNames(): Generator<Pair> {
  for (let i = 0; i < 3000; i += 1) {
    const [f, g] = [`f${Math.floor(i / 25)}`, `g${Math.floor(i / 25)}`];
    yield itemPair(i, `{"${f}":1,"${g}":1,"version":1}`, `{"${f}":2,"${g}":2,"version":2}`);
  }
}

/** Few enough in each batch that a map which fails on them stays on, were it asked by many. */
function* seldomDifferent(): Generator<Pair> {
  for (let i = 0; i < 3000; i += 1) {
    yield itemPair(i, '{"id":1}', i % 100 === 0 ? '{"id":1,"more":1}' : '{"id":1}');
  }
}

describe('whatever the number of threads', () => {
  async function bothWays(
    ...words: readonly string[]
  ): Promise<JsonReport & Pick<Ended, 'exitCode'>> {
    const [one, four] = await Promise.all([
      rejudged(...words, '--workers', '1'),
      rejudged(...words, '--workers', '4'),
    ]);
    expect(four.stdout).toBe(one.stdout);
    expect([four.stderr, four.exitCode]).toEqual([one.stderr, one.exitCode]);
    return { ...one.report, exitCode: one.exitCode };
  }

  test('the same comes out, examples and all', async () => {
    const file = join(folder, 'names.crossfade');
    writePairs(file, manyNames());
    const config = rules('some.yaml', 'path: /version, as: ignore');
    const { facts, clusters } = await bothWays(file, '-c', config);
    expect(facts).toMatchObject({ compared: 3000, mismatched: 3000 });
    expect(clusters.map(({ path }) => path)).toEqual(['/*']);
  });

  test('rules that remember earlier pairs find what goes against those', async () => {
    const file = join(folder, 'remembered.crossfade');
    writePairs(file, remembered());
    const config = rules(
      'remember.yaml',
      'path: /id, as: bijection',
      'path: /version, as: monotonic',
    );
    const { facts, clusters } = await bothWays(file, '-c', config);
    expect(facts).toMatchObject({ compared: 3000, mismatchedBefore: 3000, mismatched: 2 });
    expect(clusters.map(({ path, count }) => [path, count])).toEqual([
      ['/id', 1],
      ['/version', 1],
    ]);
  });

  test('a map of the user’s own makes the same of every pair', async () => {
    writeFileSync(
      join(folder, 'shapes.mjs'),
      `export const id = ({ body }) => body.id;
       export function broken({ body }) { throw new Error('no such field'); }`,
    );
    const file = join(folder, 'seldom.crossfade');
    writePairs(file, seldomDifferent());
    const mapped = rules('map.yaml', 'as: map, map: ./shapes.mjs#id');
    const { facts, exitCode } = await bothWays(file, '-c', mapped);
    expect(facts).toMatchObject({ compared: 3000, mismatched: 0 });
    expect(facts.excused).toEqual([{ rule: 'map ./shapes.mjs#id', pairs: 30, alone: 30 }]);
    expect(exitCode).toBe(0);
    const broken = rules('broken.yaml', 'as: map, map: ./shapes.mjs#broken');
    const failed = await bothWays(file, '-c', broken);
    expect(failed.facts.notComparableAfter).toEqual({ 'map-failed': 30 });
    expect(failed.facts.rules[0]!.problem).toContain('switched off after it failed 20 in a row');
    expect(failed.headline).toBe(
      'Under the new rules none of 30 mismatches is gone; 30 are not comparable any more.',
    );
    expect(failed.exitCode).toBe(4);
    const again = await rejudged(file, '-c', broken, '--before', broken);
    expect(again.report.headline).toContain('; 30 other pairs cannot be compared.');
    expect(again.exitCode).toBe(4);
    expect(failed.warnings[0]).toContain('has failed on 30 pairs');
  });

  test('a recording that was cut off is used as far as it goes, with a warning', async () => {
    const cut = join(folder, 'cut.crossfade');
    const bytes = readFileSync(recording);
    writeFileSync(cut, bytes.subarray(0, bytes.length - 100));
    const config = rules('cut.yaml', 'path: /version, as: ignore');
    const { facts, warnings } = await bothWays(cut, '-c', config);
    expect(facts.records).toBeGreaterThan(600);
    expect(facts.records).toBeLessThan(700);
    expect(warnings).toEqual([
      expect.stringMatching(`is cut off at byte \\d+, after ${facts.records} whole records`),
    ]);
  });

  test('a block that is damaged ends its recording, and not the next one', async () => {
    const damaged = join(folder, 'damaged.crossfade');
    const bytes = readFileSync(recording);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = bytes[middle]! ^ 0xff;
    writeFileSync(damaged, bytes);
    const config = rules('damaged.yaml', 'path: /version, as: ignore');
    const { facts, warnings } = await bothWays(damaged, recording, '-c', config);
    expect(facts.records).toBeGreaterThan(700 + 200);
    expect(facts.records).toBeLessThan(700 + 500);
    expect(warnings).toEqual([
      expect.stringMatching(`is damaged at byte \\d+, after ${facts.records - 700} whole records`),
    ]);
  });

  test('pairs without a second answer are counted apart', async () => {
    const file = join(folder, 'single.crossfade');
    const pairs = [...workload()].map((each, i) => {
      return i % 2 === 0 ? each : { ...each, candidate: exchange('candidate', null) };
    });
    writePairs(file, pairs);
    const { facts } = await bothWays(file, '-c', rules('single.yaml'));
    expect(facts).toMatchObject({ compared: 350, notComparableAfter: { 'shadow-failed': 350 } });
  });
});

describe('crossfade rejudge refuses with one sentence and 2', () => {
  test.each([
    [['missing.crossfade', '-c', 'CONFIG'], 'the recording missing.crossfade cannot be read'],
    [['package.json', '-c', 'CONFIG'], 'package.json is not a recording of Crossfade'],
    [['RECORDING', '-c', 'missing.yaml'], 'cannot read missing.yaml: there is no such file'],
    [['RECORDING'], '--config is missing'],
    [['RECORDING', '-c', 'CONFIG', '--workers', 'many'], "--workers is 'many'"],
    [['RECORDING', '-c', 'CONFIG', '--workers', '0'], "--workers is '0'"],
    [['RECORDING', '-c', 'CONFIG', '--format', 'pdf'], "unknown format 'pdf'"],
  ])('%j', async (words, sentence) => {
    const config = rules('wrong.yaml');
    const given = words.map((word) => ({ CONFIG: config, RECORDING: recording })[word] ?? word);
    const { exitCode, stdout, stderr } = await crossfade('rejudge', ...given);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([stdout, exitCode]).toEqual(['', 2]);
  });
});
