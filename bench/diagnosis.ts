/**
 * `npm run bench -- diagnosis [--sides engines|go] [--seconds N] [--period S] [--rate R]`: a real
 * run, diagnosed while it serves. Half way the proxy is stopped for a second, as by a machine that
 * has none to spare. Ends with 1 unless legacy's collections are found, the candidate is calm, and
 * the stop is counted as the harness's.
 *
 * engines: legacy collects by force each period, the slab does not. go: a program whose collector
 * runs when its heap has doubled, and the same without pointers; it takes Go's compiler.
 */
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { demoConfiguration } from '../src/cli/demo/settings.ts';
import { freePorts, type Ports, Stage } from '../src/cli/demo/stage.ts';
import { isCalm } from '../src/diagnose/decision.ts';
import type { Diagnosis } from '../src/diagnose/diagnosis.ts';
import { proxyPids } from '../test/support/crossfade.ts';

const { values } = parseArgs({
  options: {
    sides: { type: 'string', default: 'engines' },
    seconds: { type: 'string', default: '210' },
    period: { type: 'string', default: '20' },
    rate: { type: 'string', default: '300' },
  },
});
const seconds = Number(values.seconds);
const periodMs = 1000 * Number(values.period);
const ratePerSec = Number(values.rate);
/** Enough states for pauses that nobody can overlook. */
const CAPACITY = 131_072;
const SEED = 42;
const ENTRIES = 1_000_000;
const GO_START_MAX_MS = 60_000;
const WARM_UP_MS = 5000;
const STOP_MS = 1000;

const LADDER = 'mirror: { autoPause: off }\nladder:\n  - { percent: 0, hold: 24h }\n';

const stage = new Stage();
const started: number[] = [];
try {
  await measure();
} finally {
  for (const pid of started) process.kill(pid, 'SIGKILL');
  await stage.strike();
}

async function measure(): Promise<void> {
  const ports = await freePorts();
  await (values.sides === 'go' ? startGo(ports) : startEngines(ports));
  // At 0 %: legacy answers every client, and the candidate is its shadow. Every second is mirrored,
  // as legacy's own pauses would make every other one a second without.
  const configuration = demoConfiguration(ports)
    .replace(/ladder:[\s\S]*?(?=gates:)/, LADDER)
    .replace('./crossfade.db', stage.path('crossfade.db'));
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
  const told = diagnosed('--json');
  process.stdout.write(diagnosed());
  await traffic.pause();
  check(JSON.parse(told) as Diagnosis);
}

async function startEngines(ports: Ports): Promise<void> {
  const base = { capacity: CAPACITY, preload: CAPACITY, seed: SEED };
  await Promise.all([
    stage.service({ ...base, engine: 'legacy', port: ports.legacy, gcPeriodMs: periodMs }),
    stage.service({ ...base, engine: 'slab', port: ports.candidate, gcPeriodMs: 0 }),
  ]);
}

async function startGo(ports: Ports): Promise<void> {
  const program = stage.path('collected');
  const folder = join(import.meta.dirname, 'collected');
  const build = { cwd: folder, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync('go', ['build', '-o', program, '.'], build);
  if (status !== 0) throw new Error(`go build failed: ${stderr}`);
  // The heap doubles once a period.
  const churn = Math.round((1000 * ENTRIES) / (ratePerSec * periodMs));
  const words = ['-entries', String(ENTRIES), '-churn', String(churn)];
  for (const [port, more] of [
    [ports.legacy, []],
    [ports.candidate, ['-flat']],
  ] as const) {
    const child = spawn(program, ['-listen', `127.0.0.1:${port}`, ...words, ...more], {
      stdio: 'ignore',
      env: { ...process.env, GOMAXPROCS: '1' },
    });
    started.push(child.pid!);
  }
  await Promise.all([ports.legacy, ports.candidate].map((port) => untilUp(port)));
}

async function untilUp(port: number): Promise<void> {
  const deadline = performance.now() + GO_START_MAX_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
    if (answer?.ok === true) return;
    if (performance.now() > deadline) throw new Error(`nobody answers on port ${port}`);
    await sleep(100);
  }
}

/** What the command says of the run while it serves. */
function diagnosed(...words: readonly string[]): string {
  const main = join(dirname(import.meta.dirname), 'src/cli/main.ts');
  const args = [main, 'diagnose', stage.path('crossfade.db'), ...words];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return stdout;
}

function check({ instances }: Diagnosis): void {
  const { legacy, candidate, stalls } = instances[0]!;
  const foundMs = legacy.period?.periodMs ?? 0;
  const isOnTime = Math.abs(foundMs / periodMs - 1) < 0.02;
  const checks: readonly (readonly [what: string, isOk: boolean])[] = [
    ['legacy pauses in step with its collections', legacy.cause === 'collector'],
    ['the candidate has none of that kind: at most a tenth of it', isCalm(legacy, candidate)],
    ['the stopped proxy is counted as the harness’s', stalls.stalled > 0],
    // A heap that doubles keeps no such time.
    ['the period is that of the setting, within 2 %', isOnTime || values.sides === 'go'],
  ];
  for (const [what, isOk] of checks) {
    process.stdout.write(`${isOk ? 'ok    ' : 'failed'} ${what}\n`);
  }
  if (!checks.every(([, isOk]) => isOk)) process.exitCode = 1;
}
