/**
 * `node bench/soak.ts [--streams N] [--seed S] [--processes P]`: generated streams of requests
 * through the whole proxy, in search of one that makes it lose step; see docs/wire.md. Ends with
 * 1 where it found any. `--json` prints the tally for machines.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runStreams, type Tally } from '../test/support/wire-streams.ts';

/** Streams under way at once in each process. */
const WIDTH = 96;
/** Of the requests, the share that the shadow sees too. */
const MIRROR_PERCENT = 10;
const PROGRESS_MS = 30_000;

interface Part {
  readonly seed: number;
  readonly streams: number;
}

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
  },
});

async function runPart(part: Part): Promise<void> {
  const tally = await runStreams({
    ...part,
    width: WIDTH,
    mirrorPercent: MIRROR_PERCENT,
    onProgress: (sofar) => void process.send!(sofar),
    onDesync: (what) => void process.stderr.write(`${what}\n`),
  });
  process.send!(tally, () => process.disconnect());
}

/** The parts' tallies so far, added up. */
function sumOf(tallies: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + of(tally), 0);
  return {
    streams: sum((tally) => tally.streams),
    good: sum((tally) => tally.good),
    forwarded: sum((tally) => tally.forwarded),
    mirrored: sum((tally) => tally.mirrored),
    refused: sum((tally) => tally.refused),
    stricter: sum((tally) => tally.stricter),
    late: sum((tally) => tally.late),
    desyncCount: sum((tally) => tally.desyncCount),
    desyncs: tallies.flatMap((tally) => tally.desyncs),
  };
}

function shown(tally: Tally, startedMs: number): string {
  const { streams, good, forwarded, mirrored, refused, stricter, late, desyncCount } = tally;
  const perSec = Math.round((streams / (performance.now() - startedMs)) * 1000);
  return (
    `${streams} streams (${good} left whole), ${forwarded} requests answered, ${mirrored} ` +
    `mirrored, ${refused} streams refused (${stricter} of them by us alone), ${late} late, ` +
    `${desyncCount} desyncs, ${perSec} streams/s`
  );
}

async function runAll(): Promise<void> {
  const seed = Number(values.seed);
  const streams = Number(values.streams);
  const processes = Math.max(1, Math.min(Number(values.processes), streams));
  const startedMs = performance.now();
  const tallies: Tally[] = [];
  const say = (line: string): void => {
    if (!values.json) process.stdout.write(`${line}\n`);
  };
  say(`seed ${seed}, ${streams} streams, ${processes} processes`);
  const progress = setInterval(() => say(shown(sumOf(tallies), startedMs)), PROGRESS_MS);
  const ended = Array.from({ length: processes }, (_, index) => {
    const from = Math.floor((streams * index) / processes);
    const to = Math.floor((streams * (index + 1)) / processes);
    return forkPart({ seed: seed + from, streams: to - from }, (tally) => {
      tallies[index] = tally;
    });
  });
  const areWhole = (await Promise.all(ended)).every((code) => code === 0);
  clearInterval(progress);
  const total = sumOf(tallies);
  if (values.json) process.stdout.write(`${JSON.stringify({ seed, ...total })}\n`);
  else say(shown(total, startedMs));
  if (!areWhole || total.streams !== streams || total.desyncCount > 0) process.exitCode = 1;
}

/** Runs a part in a process of its own and answers its exit code. */
function forkPart(part: Part, onTally: (tally: Tally) => void): Promise<number> {
  const child = fork(import.meta.filename, [], {
    env: { ...process.env, CROSSFADE_SOAK_PART: JSON.stringify(part) },
  });
  child.on('message', (tally) => onTally(tally as Tally));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

const part = process.env['CROSSFADE_SOAK_PART'];
if (part === undefined) await runAll();
else await runPart(JSON.parse(part) as Part);
