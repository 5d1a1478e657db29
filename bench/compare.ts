/**
 * The comparator in process, on one core: `node bench/compare.ts [ROUNDS]`, some two minutes. Pairs
 * that are the same byte for byte, from a pool larger than any cache; and pairs of JSON that
 * differ, from bytes to divergences, beside JSON.parse and each of four libraries. All take turns
 * in each round, and ratios are medians of those within a round: a machine that is slow for a
 * while is so for all. Ratios of one run mean something, nanoseconds of one machine do not. The
 * libraries see what JSON.parse leaves: no digits beyond a double's, no repeated keys, no kinds.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import deepDiff from 'deep-diff';
import fastJsonPatch from 'fast-json-patch';
import * as jsondiffpatch from 'jsondiffpatch';
import microdiff from 'microdiff';
import { compareExchanges } from '../src/compare/compare.ts';
import type { Comparison, Pair } from '../src/model/pair.ts';
import type { CompareRule } from '../src/model/settings.ts';
import { DOCUMENTS, equalPairs, unequalPairs } from './compare-pairs.ts';

const ROUNDS_DEFAULT = 25;
const POOL_BYTES = 96 * 1024 * 1024;
const UNEQUAL_PAIRS = 5000;
/** For the compiler, whose own time would count. */
const WARM_UP_ROUNDS = 10;
const LIBRARIES = ['jsondiffpatch', 'microdiff', 'deep-diff', 'fast-json-patch'] as const;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Counts verdicts, as those do who ask for them. */
class Verdicts {
  readonly counts: Record<Comparison['kind'], number> = {
    matched: 0,
    mismatched: 0,
    ignored: 0,
    'not-comparable': 0,
  };
  divergences = 0;

  add(comparison: Comparison): void {
    this.counts[comparison.kind] += 1;
    if (comparison.kind === 'mismatched') this.divergences += comparison.divergences.length;
  }
}

const verdicts = new Verdicts();

function compareAll(pairs: readonly Pair[], rules: readonly CompareRule[] = []): void {
  for (const pair of pairs) verdicts.add(compareExchanges(pair, rules));
}

const RULES = (
  [
    { path: '/version', as: 'ignore' },
    { path: '/entries/*/last_pin_timestamp', as: 'instant' },
    { path: '/score', as: 'tolerance', tolerance: 0.001 },
    { path: '/created_at', as: 'ignore', kinds: ['timestamp-precision'] },
    { path: '/**/etag', as: 'ignore' },
  ] satisfies Partial<CompareRule>[]
).map((rule) => {
  return { by: [], tolerance: 0, reason: 'a bench', owner: 'bench', until: '', ...rule };
});

/** What a library found, so that nobody may leave it out. */
let found = 0;

function parsed(pair: Pair, side: 'legacy' | 'candidate'): object {
  const { buffer, byteOffset, length } = pair[side].answer!.body;
  return JSON.parse(Buffer.from(buffer, byteOffset, length).toString('utf8')) as object;
}

const patcher = jsondiffpatch.create({ cloneDiffValues: false });
const DIFFS: Readonly<Record<(typeof LIBRARIES)[number], (a: object, b: object) => unknown>> = {
  jsondiffpatch: (a, b) => patcher.diff(a, b),
  microdiff: (a, b) => microdiff(a, b, { cyclesFix: false }),
  'deep-diff': (a, b) => deepDiff.diff(a, b),
  'fast-json-patch': (a, b) => fastJsonPatch.compare(a, b),
};

function diffAll(pairs: readonly Pair[], library: (typeof LIBRARIES)[number]): void {
  const diff = DIFFS[library];
  for (const pair of pairs) {
    if (diff(parsed(pair, 'legacy'), parsed(pair, 'candidate')) !== undefined) found += 1;
  }
}

/**
 * Nanoseconds of CPU for one pair, those of the collector's threads among them. Begins with a turn
 * that is not timed: the garbage collected in it was left by others.
 */
function timed(pairs: readonly Pair[], run: (pairs: readonly Pair[]) => void): number {
  run(pairs);
  const start = process.cpuUsage();
  run(pairs);
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / pairs.length;
}

function versionOf(name: string): string {
  const text = readFileSync(`node_modules/${name}/package.json`, 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function measureEqual(rounds: number): void {
  const pairs = equalPairs(POOL_BYTES, 1);
  for (let round = 0; round < 3; round += 1) timed(pairs, compareAll);
  const ns = median(Array.from({ length: rounds }, () => timed(pairs, compareAll)));
  const perSec = Math.round(1e9 / ns);
  console.log(`byte-equal, ${pairs.length} pairs over ${POOL_BYTES / 1024 / 1024} MiB`);
  console.log(`  ${ns.toFixed(0)} ns a pair, ${perSec.toLocaleString('en')} a second`);
}

/** All kinds of documents by turns: the code is the same for each, and so is the machine. */
function measureUnequal(rounds: number): void {
  const kinds = Object.entries(DOCUMENTS).map(([what, documentOf]) => {
    const pairs = unequalPairs(UNEQUAL_PAIRS, 2, documentOf);
    return { what, pairs, times: new Map<string, number[]>() };
  });
  const runs = new Map<string, (pairs: readonly Pair[]) => void>([
    ['crossfade', (all) => compareAll(all)],
    [`crossfade, ${RULES.length} rules`, (all) => compareAll(all, RULES)],
  ]);
  for (const name of LIBRARIES) runs.set(name, (all) => diffAll(all, name));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const { pairs, times } of kinds) {
      for (const [name, run] of runs) {
        const ns = timed(pairs, run);
        if (round >= 0) times.set(name, [...(times.get(name) ?? []), ns]);
      }
    }
  }
  for (const { what, pairs, times } of kinds) {
    const bytes = Math.round(pairs.reduce((sum, pair) => sum + bytesOf(pair), 0) / pairs.length);
    console.log(`\nunequal JSON, ${pairs.length} pairs of ${what}, ${bytes} bytes on average`);
    printTimes(times);
  }
}

function bytesOf({ legacy }: Pair): number {
  return legacy.answer!.bodyBytes;
}

function printTimes(times: ReadonlyMap<string, readonly number[]>): void {
  const own = times.get('crossfade')!;
  for (const [name, all] of times) {
    const ns = median(all);
    const ratio = median(all.map((each, round) => each / own[round]!));
    const isOwn = name.startsWith('crossfade');
    const what = isOwn ? name : `JSON.parse + ${name} ${versionOf(name)}`;
    const told = name === 'crossfade' ? '' : `${ratio.toFixed(2)} times as long`;
    console.log(`  ${what.padEnd(38)} ${(ns / 1000).toFixed(2).padStart(8)} µs  ${told}`);
  }
}

const rounds = Number(process.argv[2] ?? ROUNDS_DEFAULT);
console.log(`node bench/compare.ts ${rounds}`);
console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`);
console.log(`medians of ${rounds} rounds, CPU time of all threads of the process\n`);
measureEqual(rounds);
measureUnequal(rounds);
const { counts, divergences } = verdicts;
console.log(`\n${JSON.stringify(counts)}, ${divergences} divergences, ${found} by libraries`);
