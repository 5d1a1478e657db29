/**
 * `npm run bench -- diagnosis [--sides engines|go] [--seconds N] [--period S] [--rate R]`: a real
 * run, diagnosed while it serves, and its recording afterwards. Half way the proxy is stopped for
 * a second, as by a machine that has none to spare. Ends with 1 unless legacy's collections are
 * found by both (Go's by its metrics), the candidate is calm, and the stop is the harness's.
 *
 * engines: legacy collects by force each period, the slab does not. go: a program whose collector
 * runs as its memory limit comes near, and the same without pointers; it takes Go's compiler.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { demoConfiguration } from '../src/cli/demo/settings.ts';
import { freePorts, type Ports, Stage } from '../src/cli/demo/stage.ts';
import { isCalm } from '../src/diagnose/decision.ts';
import type { Diagnosis } from '../src/diagnose/diagnosis.ts';
import { median } from '../src/kit/median.ts';
import { proxyPids } from '../test/support/crossfade.ts';
import { type CollectedProgram, startCollected } from './collected.ts';

const { values } = parseArgs({
  options: {
    sides: { type: 'string', default: 'engines' },
    seconds: { type: 'string', default: '206' },
    period: { type: 'string', default: '20' },
    rate: { type: 'string', default: '300' },
  },
});
const seconds = Number(values.seconds);
const periodMs = 1000 * Number(values.period);
const ratePerSec = Number(values.rate);
/** Enough states for pauses that nobody can overlook: half a million, as in the demo. */
const CAPACITY = 524_288;
const SEED = 42;
const WARM_UP_MS = 5000;
const STOP_MS = 1000;

const LADDER = 'mirror: { autoPause: off }\nladder:\n  - { percent: 0, hold: 24h }\n';

const stage = new Stage();
const programs: CollectedProgram[] = [];
try {
  await measure();
} finally {
  for (const program of programs) program.end();
  await stage.strike();
}

async function measure(): Promise<void> {
  const ports = await freePorts();
  const collections = await (values.sides === 'go' ? startGo(ports) : startEngines(ports));
  // At 0 %: legacy answers every client, and the candidate is its shadow. Every second is mirrored,
  // as legacy's own pauses would make every other one a second without.
  const recording = stage.path('pairs.crossfade');
  const configuration = `${demoConfiguration(ports)
    .replace(/ladder:[\s\S]*?(?=gates:)/, LADDER)
    .replace('./crossfade.db', stage.path('crossfade.db'))}record: { file: ${recording} }\n`;
  const run = await stage.run(configuration, 'diagnosis');
  const target = `http://127.0.0.1:${ports.proxy}`;
  const traffic = await stage.traffic({ target, ratePerSec, seed: SEED, users: 2000 });
  traffic.go();
  await sleep(WARM_UP_MS + (1000 * seconds) / 2);
  const [proxy] = proxyPids(run.pid!);
  if (proxy === undefined) throw new Error('the run has no proxy');
  process.kill(proxy, 'SIGSTOP');
  await sleep(STOP_MS);
  process.kill(proxy, 'SIGCONT');
  await sleep((1000 * seconds) / 2 - STOP_MS);
  const ofRun = [stage.path('crossfade.db')];
  const told = diagnosed(...ofRun, '--json');
  process.stdout.write(`The run\n\n${diagnosed(...ofRun)}\n`);
  const feed = await collections();
  await traffic.pause();
  await sleep(STOP_MS);
  const ofRecording = [recording, ...feed];
  process.stdout.write(`The recording\n\n${diagnosed(...ofRecording)}\n`);
  check('run', told, feed);
  check('recording', diagnosed(...ofRecording, '--json'), feed);
}

/** What the recording is diagnosed with: flags that name legacy's collections, a file first. */
type Collections = () => Promise<readonly string[]>;

interface Collection {
  readonly startMs: number;
  readonly isForced: boolean;
}

/** What the period really was: from the end of one forced collection on it is a timer's. */
function trueMs(file: string): number {
  const all = JSON.parse(readFileSync(file, 'utf8')) as readonly Collection[];
  const atMs = all.flatMap(({ startMs, isForced }) => (isForced ? [startMs] : []));
  const apart = atMs.slice(1).map((each, i) => each - atMs[i]!);
  return median(apart.filter((each) => each > periodMs / 2)) ?? Number.NaN;
}

async function startEngines(ports: Ports): Promise<Collections> {
  const base = { capacity: CAPACITY, preload: CAPACITY, seed: SEED };
  const [legacy] = await Promise.all([
    stage.service({ ...base, engine: 'legacy', port: ports.legacy, gcPeriodMs: periodMs }),
    stage.service({ ...base, engine: 'slab', port: ports.candidate, gcPeriodMs: 0 }),
  ]);
  return async () => {
    const file = stage.path('collections.json');
    const answer = await fetch(`${legacy.url}/internal/collections?since=0`);
    writeFileSync(file, await answer.text());
    return ['--legacy-gc', file];
  };
}

async function startGo(ports: Ports): Promise<Collections> {
  const legacy = await startCollected(stage, ports.legacy, []);
  const candidate = await startCollected(stage, ports.candidate, ['-flat']);
  programs.push(legacy, candidate);
  const { tracePath, startedAt } = legacy;
  return async () => ['--legacy-gc', tracePath, '--legacy-started', startedAt];
}

/** What the command says of the run while it serves, or of its recording. */
function diagnosed(...words: readonly string[]): string {
  const main = join(dirname(import.meta.dirname), 'src/cli/main.ts');
  const { stdout, stderr } = spawnSync(process.execPath, [main, 'diagnose', ...words], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return stdout;
}

function check(source: string, told: string, [, file = '']: readonly string[]): void {
  const { instances, decision } = JSON.parse(told) as Diagnosis;
  const { legacy, candidate, stalls } = instances[0]!;
  const foundMs = legacy.period?.periodMs ?? 0;
  // By gctrace the cycles of Go last for a quarter of the time: no lift of five is possible.
  const isAttributed = values.sides === 'engines' || source === 'run';
  // A heap that grows keeps no time.
  const isTimed = values.sides === 'engines';
  const off = isTimed ? Math.abs(foundMs / trueMs(file) - 1) : 0;
  const checks: readonly (readonly [what: string, isOk: boolean])[] = [
    ...(isAttributed
      ? [
          ['legacy pauses in step with its collections', legacy.cause === 'collector'] as const,
          ['the runtime is the floor', decision.floor === 'runtime'] as const,
        ]
      : []),
    ['the candidate has none of that kind: at most a tenth of it', isCalm(legacy, candidate)],
    ['the stopped proxy is counted as the harness’s', stalls.stalled > 0],
    ...(isTimed
      ? [[`its period is found to 0.5 %: ${(100 * off).toFixed(2)} % off`, off < 0.005] as const]
      : []),
  ];
  for (const [what, isOk] of checks) {
    process.stdout.write(`${isOk ? 'ok    ' : 'failed'} ${source}: ${what}\n`);
  }
  if (!checks.every(([, isOk]) => isOk)) process.exitCode = 1;
}
