/**
 * `npm run bench -- alike [--percents 0,1,10,50,100] [--seconds N] [--held 5ms]`: legacy against
 * legacy through a real run, at every share of the canary: what the gates measure there is what
 * the harness adds, and what two processes of one program differ by. The percents are steps of
 * one ladder, taken by `promote`; every figure is one that `status` tells. Ends with 1 unless p50
 * and p99 ratios are within 0.95 to 1.05 at every percent, and no gate fails.
 *
 * Nobody is pinned: with both sides on one core the shadow would wait there for the live side.
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { demoConfiguration } from '../src/cli/demo/settings.ts';
import { freePorts, Stage, type Traffic } from '../src/cli/demo/stage.ts';
import { DEFAULT_GATES, DEFAULT_METRICS_GATES } from '../src/config/defaults.ts';
import { call, type ControlPoint, findControl } from '../src/control/client.ts';
import type { GateResult, Status } from '../src/model/rollout.ts';
import type { TaintReason } from '../src/model/window.ts';
import { parseFlaw } from '../src/read-states/flaws.ts';
import { renderTable } from '../src/report/table.ts';
import { formatCount, measuredText } from '../src/report/wording.ts';

const { values } = parseArgs({
  options: {
    percents: { type: 'string', default: '0,1,10,50,100' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '400' },
    users: { type: 'string', default: '2000' },
    /** Of the latency gates. */
    window: { type: 'string', default: '2s' },
    /** Between two forced collections of either side, seconds; 0: none is forced. */
    collect: { type: 'string', default: '0' },
    /** Both hold every answer back for so long, as with a database behind; 0: not at all. */
    held: { type: 'string', default: '5ms' },
  },
});
const PERCENTS = values.percents.split(',').map(Number);
const SECONDS = Number(values.seconds);
const LOWEST = 0.95;
const HIGHEST = 1.05;
const P50 = 'latency.p50.ratio < 1.05';
const P99 = 'latency.p99.ratio < 1.05';
/** Those of a configuration that names none, and what else is to be shown. */
const GATES = [...new Set([P50, ...DEFAULT_GATES, ...DEFAULT_METRICS_GATES])];
/** States that each side holds. */
const CAPACITY = 131_072;
const SEED = 42;
/** Users come for the first time, and everybody compiles. */
const WARM_UP_MS = 20_000;

/** A timer that is later than this had no processor to run on: nothing is to be read from that. */
const LATE_MAX_MS = 500;
let stoodStillMs = 0;

/** What `status` says at the end of one step. */
interface Step {
  readonly percent: number;
  readonly pairs: number;
  /** All that was not compared since the climb began, by reason. */
  readonly missing: Readonly<Record<string, number>>;
  /** Keys that are not judged now, by reason. */
  readonly taintedBy: Readonly<Partial<Record<TaintReason, number>>>;
  readonly gates: readonly GateResult[];
  readonly warnings: readonly string[];
}

const stage = new Stage();
try {
  const traffic = await start();
  const steps = await climb();
  await traffic.pause();
  report(steps, traffic);
} finally {
  await stage.strike();
}

/** Both sides, the run and its clients; resolves when all are warm. */
async function start(): Promise<Traffic> {
  const ports = await freePorts();
  const gcPeriodMs = 1000 * Number(values.collect);
  const flaws = values.held === '0' ? [] : [parseFlaw(`slow:${values.held}@100%`)];
  const filled = { capacity: CAPACITY, preload: CAPACITY, seed: SEED };
  for (const port of [ports.legacy, ports.candidate]) {
    await stage.service({ engine: 'legacy', ...filled, port, gcPeriodMs, flaws });
  }
  const configuration = demoConfiguration(ports)
    .replace(/ladder:[\s\S]*?(?=store:)/, ladder())
    .replace('./crossfade.db', stage.path('crossfade.db'));
  await stage.run(configuration, 'warming-up');
  const traffic = await stage.traffic({
    target: `http://127.0.0.1:${ports.proxy}`,
    ratePerSec: Number(values.rate),
    seed: SEED,
    users: Number(values.users),
  });
  traffic.go();
  await sleep(WARM_UP_MS);
  return traffic;
}

function ladder(): string {
  // A ladder begins in the shadow, whatever is to be measured.
  const steps = [...new Set([0, ...PERCENTS])].map(
    (percent) => `  - { percent: ${percent}, hold: 24h }`,
  );
  const window = (gate: string): string =>
    gate.startsWith('latency') ? `, window: ${values.window}` : '';
  const gates = GATES.map((gate) => `  - { gate: ${gate}${window(gate)} }`);
  // Both sides share this machine: it would find, rightly, that mirroring harms legacy here.
  const mirror = 'mirror: { autoPause: off }';
  return [mirror, 'ladder:', ...steps, 'gates:', ...gates, ''].join('\n');
}

/** Every step for as long as it is to last, or until a gate takes it back. */
async function climb(): Promise<readonly Step[]> {
  const point = findControl(stage.path('crossfade.db'));
  await call(point, 'POST', '/v1/begin', { label: 'alike' });
  const steps: Step[] = [];
  for (const percent of PERCENTS) {
    const step = await at(point, percent);
    for (const { verdict, gate, sentence } of step.gates) {
      process.stdout.write(`${percent} %: ${verdict}  ${gate}  ${sentence}\n`);
    }
    const missing = JSON.stringify({ ...step.missing, taintedKeys: step.taintedBy });
    process.stdout.write(`${percent} %: not compared ${missing}\n`);
    for (const warning of step.warnings) process.stdout.write(`warning: ${warning}\n`);
    steps.push(step);
    if (hasFailed(step)) break;
  }
  return steps;
}

async function at(point: ControlPoint, percent: number): Promise<Step> {
  let status = await call<Status>(point, 'GET', '/v1/status');
  while (status.rollout.percent < percent) {
    status = await call<Status>(point, 'POST', '/v1/promote', { reason: 'the next step' });
  }
  const { compared } = status.traffic;
  for (let second = 0; second < SECONDS && !hasFailed(status); second += 1) {
    const beforeMs = performance.now();
    await sleep(1000);
    const lateMs = performance.now() - beforeMs - 1000;
    if (lateMs > LATE_MAX_MS) stoodStillMs += lateMs;
    status = await call<Status>(point, 'GET', '/v1/status');
  }
  const { gates, traffic, warnings } = status;
  const { skipped, dropped, notComparable, taintedBy } = traffic;
  const missing = { ...skipped, ...dropped, ...notComparable };
  return { percent, pairs: traffic.compared - compared, missing, taintedBy, gates, warnings };
}

function hasFailed({ gates }: Pick<Step, 'gates'>): boolean {
  return gates.some(({ verdict }) => verdict === 'fail');
}

function report(steps: readonly Step[], { report: clients }: Traffic): void {
  const measured = (step: Step, name: string): string =>
    measuredText(step.gates.find(({ gate }) => gate === name)!);
  const failing = ({ gates }: Step): string =>
    gates.flatMap(({ gate, verdict }) => (verdict === 'fail' ? [gate] : [])).join(', ');
  const rows = steps.map((step) => [
    `${step.percent} %`,
    formatCount(step.pairs),
    measured(step, P50),
    measured(step, P99),
    hasFailed(step) ? failing(step) : 'none',
  ]);
  process.stdout.write(
    `${renderTable(['canary', 'pairs', 'p50 ratio', 'p99 ratio', 'failing gates'], rows)}\n` +
      `${clients.answered} requests, failed for clients ` +
      `${clients.failedSafe + clients.failedWrites}. ` +
      `The trial itself stood still for ${Math.round(stoodStillMs)} ms. ` +
      `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}. ` +
      `Command: npm run bench -- alike ${process.argv.slice(2).join(' ')}\n`,
  );
  const isAlike = steps.every((step) => [P50, P99].every((name) => isWithin(step, name)));
  if (!isAlike || steps.some(hasFailed) || steps.length < PERCENTS.length) process.exitCode = 1;
}

function isWithin({ gates }: Step, name: string): boolean {
  const { measured } = gates.find(({ gate }) => gate === name)!;
  return measured !== null && measured >= LOWEST && measured <= HIGHEST;
}
