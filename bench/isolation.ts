/**
 * What a shadow's trouble costs live traffic: p99 of live answers with the shadow hung, slow,
 * dead, resetting or endless, beside p99 with the same shadow healthy, in blocks of one run in
 * the order ABBA, at half of what saturates. A row ends when the upper bound of the ratio is at
 * most 1.05, or its time is over. The control row adds 10 % to legacy's own answers: the method
 * must find that. With `--peers`, instead: every mirror there is, beside one another.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { call, findControl } from '../src/control/client.ts';
import { LIMITS } from '../src/kit/limits.ts';
import { formatDuration, formatLatency, parseDurationMs } from '../src/kit/units.ts';
import type { Status } from '../src/model/rollout.ts';
import { median } from '../src/kit/median.ts';
import { renderTable } from '../src/report/table.ts';
import type { LoadResult, ToLoad } from './isolation-load.ts';
import { comparePeers } from './isolation-peers.ts';
import { pairedRatio, type PairedRatio } from './isolation-ratio.ts';
import type { FromSide, SideMode, ToSide } from './isolation-side.ts';
import { type Pinning, pinToCores } from './pinning.ts';
import { Child } from './trial-child.ts';

const LIMIT = 1.05;
const CONNECTIONS = 256;
const SHADOW_TIMEOUT = '2s';
const RSS_EVERY_MS = 250;
const WARM_UP_MS = 10_000;
/** What a mirror may hold: its budget, and 32 MiB of what V8 makes of it. */
const RSS_OVER_MAX_MIB = LIMITS.shadowBytesMax / 1024 ** 2 + 32;

interface Row {
  readonly name: string;
  /** What the shadow does in the blocks that are not healthy. */
  readonly mode: SideMode;
  /** Share of the healthy p99 that legacy takes longer in those blocks. */
  readonly addedShare: number;
}

const ROWS: readonly Row[] = [
  { name: 'hung', mode: 'hung', addedShare: 0 },
  { name: 'slow', mode: 'slow', addedShare: 0 },
  { name: 'dead', mode: 'dead', addedShare: 0 },
  { name: 'resetting', mode: 'resetting', addedShare: 0 },
  { name: 'endless', mode: 'endless', addedShare: 0 },
  { name: 'control', mode: 'healthy', addedShare: 0.1 },
];

const { values } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    block: { type: 'string' },
    max: { type: 'string', default: '10m' },
    after: { type: 'string', default: '60s' },
    service: { type: 'string', default: '10ms' },
    pairs: { type: 'string' },
    rate: { type: 'string' },
    rows: { type: 'string' },
  },
});

function durationOf(name: 'block' | 'max' | 'after' | 'service', otherwise = '10s'): number {
  const text = values[name] ?? otherwise;
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new Error(`--${name}: expected a duration, found ${text}`);
  return ms;
}

const BLOCK_MS = durationOf('block', values.peers ? '5s' : '10s');
const MAX_MS = durationOf('max');
const AFTER_MS = durationOf('after');
const SERVICE_MS = durationOf('service');
const PAIRS_MIN = Number(values.pairs ?? 10);
const FOLDER = mkdtempSync(join(tmpdir(), 'crossfade-isolation-'));
const STORE = join(FOLDER, 'crossfade.db');
/** What ends the processes of the trial. */
const ends: (() => void)[] = [];

interface Stage {
  readonly legacy: Child<ToSide, FromSide>;
  readonly shadow: Child<ToSide, FromSide>;
  readonly load: Child<ToLoad, LoadResult>;
  readonly port: number;
  readonly proxyPid: number;
}

async function setStage(pinning: Pinning): Promise<Stage> {
  const legacy = new Child<ToSide, FromSide>('isolation-side.ts');
  const shadow = new Child<ToSide, FromSide>('isolation-side.ts');
  const ports = [(await legacy.hear()).port, (await shadow.hear()).port];
  const load = new Child<ToLoad, LoadResult>('isolation-load.ts');
  ends.push(...[legacy, shadow, load].map((child) => () => child.end()));
  const port = 20_000 + (process.pid % 20_000);
  const file = join(FOLDER, 'crossfade.yaml');
  writeFileSync(
    file,
    `listen: 127.0.0.1:${port}
legacy: { url: http://127.0.0.1:${ports[0]} }
candidate: { url: http://127.0.0.1:${ports[1]} }
key: { from: path, pattern: /u/:user/*, name: user }
state: shared
workers: 1
timeouts: { shadow: ${SHADOW_TIMEOUT} }
store: { sqlite: ${STORE} }
control: { listen: 127.0.0.1:0 }
`,
  );
  const main = join(import.meta.dirname, '../src/cli/main.ts');
  const [command, ...args] = [...pinning.prefix, process.execPath, main, 'run', '-c', file];
  const run = spawn(command, [...args, '--quiet'], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => run.kill());
  await new Promise<void>((resolve, reject) => {
    run.stdout.once('data', () => resolve());
    run.once('exit', () => reject(new Error('crossfade did not start')));
  });
  const proxyPid = Number(readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, 'utf8').trim());
  return { legacy, shadow, load, port, proxyPid };
}

const status = (): Promise<Status> => call<Status>(findControl(STORE), 'GET', '/v1/status');
const turn = (word: 'on' | 'off'): Promise<unknown> =>
  call(findControl(STORE), 'POST', '/v1/mirror', { turn: word, reason: 'the trial' });

/** Memory of the proxy that is its own, MiB: that of files, which come and go, left out. */
function rssMib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1024;
}

interface Block extends LoadResult {
  readonly rssMib: readonly number[];
}

async function block(stage: Stage, ratePerSec: number | null, ms = BLOCK_MS): Promise<Block> {
  const rss: number[] = [];
  const timer = setInterval(() => rss.push(rssMib(stage.proxyPid)), RSS_EVERY_MS);
  const { port } = stage;
  const result = await stage.load.tell({ port, connections: CONNECTIONS, ratePerSec, ms });
  clearInterval(timer);
  return { ...result, rssMib: rss };
}

async function setMode(stage: Stage, mode: SideMode, addedMs = 0): Promise<void> {
  await stage.legacy.tell({ mode: 'healthy', delayMs: SERVICE_MS + addedMs });
  await stage.shadow.tell({ mode, delayMs: SERVICE_MS });
}

/** A shadow that is healthy again and asked again: under load, until nothing is left alone. */
async function heal(stage: Stage, ratePerSec: number): Promise<void> {
  await setMode(stage, 'healthy');
  for (let i = 0; i < 30; i += 1) {
    await block(stage, ratePerSec, 2500);
    const { mirror, traffic } = await status();
    if (mirror.openBreakers.length === 0 && traffic.inFlight < ratePerSec) return;
  }
  throw new Error('the shadow is healthy and still left alone after a minute');
}

interface RowResult {
  readonly row: Row;
  readonly ratio: PairedRatio;
  readonly healthyP99Us: number;
  readonly otherP99Us: number;
  readonly answered: number;
  readonly failed: number;
  readonly healthyMib: number;
  readonly peakMib: number;
  readonly afterMib: number;
  readonly seconds: number;
}

async function measure(stage: Stage, row: Row, ratePerSec: number): Promise<RowResult> {
  const startedMs = performance.now();
  const pairs: (readonly [number, number])[] = [];
  let answered = 0;
  let failed = 0;
  let healthyMib = 0;
  let peakMib = 0;
  const take = async (isHealthy: boolean): Promise<number> => {
    if (isHealthy) await heal(stage, ratePerSec);
    else await setMode(stage, row.mode, addedMs);
    const seen = await block(stage, ratePerSec);
    answered += seen.answered;
    failed += seen.failed;
    const highest = Math.max(...seen.rssMib);
    if (isHealthy) healthyMib = Math.max(healthyMib, highest);
    else peakMib = Math.max(peakMib, highest);
    return seen.p99Us;
  };
  let ratio: PairedRatio;
  let addedMs = 0;
  do {
    const first = await take(true);
    if (addedMs === 0) addedMs = Math.round((first * row.addedShare) / 1000);
    pairs.push([first, await take(false)]);
    const second = await take(false);
    pairs.push([await take(true), second]);
    ratio = pairedRatio(pairs);
    progress(
      `${row.name}: ${ratio.ratio.toFixed(3)} < ${ratio.upper.toFixed(3)} (${pairs.length})`,
    );
  } while (!isDecided(row, ratio) && performance.now() - startedMs < MAX_MS);
  await setMode(stage, 'healthy');
  const after = await block(stage, ratePerSec, AFTER_MS);
  return {
    row,
    ratio,
    healthyP99Us: median(pairs.map(([healthy]) => healthy)) ?? 0,
    otherP99Us: median(pairs.map(([, other]) => other)) ?? 0,
    answered,
    failed: failed + after.failed,
    healthyMib,
    peakMib,
    afterMib: median(after.rssMib.slice(-20)) ?? 0,
    seconds: (performance.now() - startedMs) / 1000,
  };
}

function isDecided(row: Row, { pairs, upper, lower }: PairedRatio): boolean {
  if (pairs < PAIRS_MIN) return false;
  return row.addedShare === 0 ? upper <= LIMIT : lower > 1;
}

function verdictOf({ row, ratio }: RowResult): string {
  if (row.addedShare !== 0) return ratio.lower > 1 ? 'found' : 'NOT FOUND';
  return ratio.upper <= LIMIT ? `<= ${LIMIT}` : 'not shown';
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** What must add up at any moment; the names of those that do not. */
function broken({ traffic }: Status): readonly string[] {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  const { received, mirrored, skipped, dropped, compared, notComparable, inFlight } = traffic;
  return [
    received === mirrored + sum(skipped) + sum(dropped) ? '' : 'received',
    mirrored === compared + sum(notComparable) + inFlight ? '' : 'mirrored',
    compared === traffic.matched + traffic.mismatched + traffic.ignored ? '' : 'compared',
  ].filter((name) => name !== '');
}

function report(results: readonly RowResult[], baselineMib: number): void {
  const columns = [
    'shadow',
    'p99 healthy',
    'p99 then',
    'ratio',
    '95 % below',
    'pairs',
    'answered',
    'failed',
    `ratio ${LIMIT}`,
    'RSS healthy',
    'then',
    'after',
  ];
  const rows = results.map((result) => [
    result.row.name,
    formatLatency(result.healthyP99Us),
    formatLatency(result.otherP99Us),
    result.ratio.ratio.toFixed(3),
    result.ratio.upper.toFixed(3),
    String(result.ratio.pairs),
    String(result.answered),
    String(result.failed),
    verdictOf(result),
    ...[result.healthyMib, result.peakMib, result.afterMib].map(
      (mib) => `${mib > baselineMib ? '+' : ''}${(mib - baselineMib).toFixed(0)} MiB`,
    ),
  ]);
  process.stdout.write(`${renderTable(columns, rows)}\n`);
}

function closingLines(
  last: Status,
  baselineMib: number,
  ratePerSec: number,
  pinning: Pinning,
): string {
  const unequal = broken(last);
  const [cpu] = cpus();
  return (
    `${last.traffic.received} requests; the counts ` +
    `${unequal.length === 0 ? 'add up' : `do NOT add up: ${unequal.join(', ')}`}. ` +
    `${ratePerSec} a second${values.rate === undefined ? ', half of what saturates' : ''}; ` +
    `legacy answers after ${values.service}; ` +
    `the proxy holds ${baselineMib.toFixed(0)} MiB without mirroring, and may hold ` +
    `${RSS_OVER_MAX_MIB} MiB more. ` +
    `Blocks of ${formatDuration(BLOCK_MS)}, ABBA. ${pinning.says} ` +
    `${cpus().length} × ${cpu?.model ?? 'unknown'}, Node ${process.versions.node}. ` +
    `Command: npm run bench -- isolation ${process.argv.slice(2).join(' ')}`
  );
}

/** Every row of ours; true where every request was answered and the counts add up. */
async function measureRows(): Promise<boolean> {
  const pinning = pinToCores();
  const stage = await setStage(pinning);
  await setMode(stage, 'healthy');
  await turn('off');
  const alone = await block(stage, null, WARM_UP_MS);
  const baselineMib = Math.max(...alone.rssMib);
  await turn('on');
  await block(stage, null, WARM_UP_MS / 2);
  const saturated = await block(stage, null, WARM_UP_MS / 2);
  const ratePerSec = Math.round(Number(values.rate ?? saturated.perSec / 2));
  progress(`saturated at ${saturated.perSec.toFixed(0)} a second; goes on with ${ratePerSec}`);
  const wanted = values.rows?.split(',');
  const results: RowResult[] = [];
  for (const row of ROWS) {
    if (wanted?.includes(row.name) ?? true) results.push(await measure(stage, row, ratePerSec));
  }
  report(results, baselineMib);
  const last = await status();
  process.stdout.write(`${closingLines(last, baselineMib, ratePerSec, pinning)}\n`);
  return results.every(({ failed }) => failed === 0) && broken(last).length === 0;
}

function measurePeers(): Promise<boolean> {
  return comparePeers({
    blockMs: BLOCK_MS,
    ratePerSec: Number(values.rate ?? 2000),
    answerMs: SERVICE_MS,
    blocks: Number(values.pairs ?? 3),
    rows: values.rows?.split(',') ?? null,
  });
}

try {
  const isAsItShouldBe = await (values.peers ? measurePeers() : measureRows());
  if (!isAsItShouldBe) process.exitCode = 1;
} finally {
  for (const end of ends) end();
  rmSync(FOLDER, { recursive: true, force: true });
}
