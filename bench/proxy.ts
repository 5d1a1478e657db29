/**
 * What the proxy costs: the same load direct, through Crossfade (serving alone; mirroring and
 * comparing every answer) and through the mirrors of others, which throw the copy's answer away.
 * Saturated by wrk, interleaved rounds, medians; CPU is the proxy's own, all its processes. Then,
 * at half of what saturates nginx's mirror, what each adds to the latency of direct answers.
 * Peers: nginx from the path; Envoy and Traefik too, or from CROSSFADE_BENCH_ENVOY and
 * CROSSFADE_BENCH_TRAEFIK.
 */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { formatLatency, parseDurationMs } from '../src/kit/units.ts';
import { median } from '../src/report/story.ts';
import { renderTable } from '../src/report/table.ts';
import { type Arm, ArmStarter } from './proxy-arms.ts';
import type { LoadResult, ToLoad } from './isolation-load.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    round: { type: 'string', default: '4s' },
    clients: { type: 'string', default: '64' },
  },
});
const ROUNDS = Number(values.rounds);
const ROUND_MS = parseDurationMs(values.round) ?? 4000;
const CLIENTS = Number(values.clients);
const FOLDER = mkdtempSync(join(tmpdir(), 'crossfade-bench-'));
const TICK_US = 10_000;
const run = promisify(execFile);

interface Round {
  readonly perSec: number;
  readonly cpuUs: number;
}

class Side {
  readonly child: ChildProcess = fork(join(import.meta.dirname, 'answering-server.ts'));

  async next(): Promise<number> {
    const [word] = (await once(this.child, 'message')) as [number];
    return word;
  }

  /** Requests since the last call. */
  count(): Promise<number> {
    const counted = this.next();
    this.child.send('count');
    return counted;
  }
}

/** CPU of the processes so far, all threads, microseconds. */
function cpuUs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_US;
}

interface Counts {
  readonly received: number;
  readonly mirrored: number;
  readonly compared: number;
}

/** Crossfade's totals, once nothing is under way and its last second is told. */
async function countsOf(arm: Arm): Promise<Counts | null> {
  if (arm.status === null) return null;
  await sleep(2500);
  const { traffic } = await arm.status();
  return { received: traffic.received, mirrored: traffic.mirrored, compared: traffic.compared };
}

/** One saturated round; throws where a count is not what it has to be. */
async function saturate(arm: Arm, legacy: Side, candidate: Side): Promise<Round> {
  await legacy.count();
  await candidate.count();
  const before = await countsOf(arm);
  const cpuBefore = cpuUs(arm.pids);
  const seconds = ROUND_MS / 1000;
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${CLIENTS}`,
    `-d${seconds}s`,
    `http://127.0.0.1:${arm.port}/u/1/x`,
  ]);
  const cpu = cpuUs(arm.pids) - cpuBefore;
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${arm.name}: ${stdout}`);
  const after = await countsOf(arm);
  if (arm.status === null) await sleep(300);
  // wrk leaves what is under way when its time is over: the sides have counted that too.
  const served = await legacy.count();
  const copied = await candidate.count();
  // Others give up the copies of the clients that leave at the end; ours are all there.
  const mayMiss = arm.status === null ? CLIENTS : 0;
  if (arm.isMirroring && Math.abs(copied - served) > mayMiss) {
    throw new Error(`${arm.name}: ${served} requests served, ${copied} mirrored`);
  }
  if (before !== null && after !== null) checkCounts(arm, before, after, served);
  return { perSec: served / seconds, cpuUs: cpu / served };
}

function checkCounts(arm: Arm, before: Counts, after: Counts, served: number): void {
  const grown = (name: keyof Counts): number => after[name] - before[name];
  const expected = arm.isMirroring ? served : 0;
  const isExact =
    grown('received') === served &&
    grown('mirrored') === expected &&
    grown('compared') === expected;
  if (isExact) return;
  throw new Error(
    `${arm.name}: ${served} served by legacy; received ${grown('received')}, mirrored ` +
      `${grown('mirrored')}, compared ${grown('compared')}`,
  );
}

/** The latencies of a load at a fixed rate, counted from when each request was to be sent. */
async function atRate(port: number, ratePerSec: number): Promise<LoadResult> {
  const load = fork(join(import.meta.dirname, 'isolation-load.ts'));
  const ended = once(load, 'message') as Promise<[LoadResult]>;
  load.send({ port, connections: CLIENTS, ratePerSec, ms: ROUND_MS } satisfies ToLoad);
  const [result] = await ended;
  load.disconnect();
  if (result.failed > 0) throw new Error(`${result.failed} of ${result.sent} requests failed`);
  return result;
}

function ratioLine(what: string, ratio: number | null, isMet: (ratio: number) => boolean): string {
  if (ratio === null) return `${what}: not measured, the peer is not installed`;
  return `${what}: ${ratio.toFixed(2)}, ${isMet(ratio) ? 'met' : 'MISSED'}`;
}

const legacy = new Side();
const candidate = new Side();
const sides = { legacy: await legacy.next(), candidate: await candidate.next() };
const starter = new ArmStarter(FOLDER, sides, 20_000 + (process.pid % 20_000));
try {
  const peers = {
    nginx: await starter.nginx(false),
    nginxMirror: await starter.nginx(true),
    envoy: await starter.envoy(false),
    envoyMirror: await starter.envoy(true),
    traefikMirror: await starter.traefik(),
  };
  for (const [name, arm] of Object.entries(peers)) {
    if (arm === null) process.stdout.write(`${name}: not installed, left out\n`);
  }
  const alone = await starter.crossfade('Crossfade, serving alone', '0%');
  const compared = await starter.crossfade('Crossfade, mirrored and compared', '100%');
  const arms = [...Object.values(peers), alone, compared].filter((arm) => arm !== null);
  for (const arm of arms) await saturate(arm, legacy, candidate);
  const rounds = new Map<Arm, Round[]>(arms.map((arm) => [arm, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const arm of arms) rounds.get(arm)!.push(await saturate(arm, legacy, candidate));
    process.stderr.write(`saturated round ${round + 1} of ${ROUNDS}\n`);
  }
  const of = (arm: Arm | null, pick: (round: Round) => number): number | null =>
    arm === null ? null : median(rounds.get(arm)!.map(pick));
  const cpu = (arm: Arm | null): number | null => of(arm, (round) => round.cpuUs);
  const perSec = (arm: Arm | null): number | null => of(arm, (round) => round.perSec);

  const halfPerSec = Math.round((perSec(peers.nginxMirror) ?? perSec(compared)!) / 2);
  const direct: LoadResult[] = [];
  const paced = new Map<Arm, LoadResult[]>(arms.map((arm) => [arm, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    direct.push(await atRate(sides.legacy, halfPerSec));
    for (const arm of arms) paced.get(arm)!.push(await atRate(arm.port, halfPerSec));
    process.stderr.write(`paced round ${round + 1} of ${ROUNDS}\n`);
  }
  const added = (arm: Arm | null, pick: (result: LoadResult) => number): number | null => {
    if (arm === null) return null;
    return median(paced.get(arm)!.map((result, i) => pick(result) - pick(direct[i]!)));
  };
  const addedP99 = (arm: Arm | null): number | null => added(arm, ({ p99Us }) => p99Us);

  const rows = arms.map((arm) => [
    arm.name,
    perSec(arm)!.toFixed(0),
    `${cpu(arm)!.toFixed(0)} µs`,
    formatLatency(added(arm, ({ p50Us }) => p50Us)!),
    formatLatency(addedP99(arm)!),
  ]);
  const columns = ['way', 'requests/s', 'CPU a request', 'p50 added', 'p99 added'];
  process.stdout.write(`${renderTable(columns, rows)}\n`);
  const to = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? null : a / b;
  const upTo = (limit: number) => (ratio: number) => ratio <= limit;
  const lines = [
    ratioLine(
      'CPU to nginx-mirror (at most 0.70)',
      to(cpu(compared), cpu(peers.nginxMirror)),
      upTo(0.7),
    ),
    ratioLine(
      'CPU to Envoy-mirror (at most 0.70)',
      to(cpu(compared), cpu(peers.envoyMirror)),
      upTo(0.7),
    ),
    ratioLine(
      'CPU to Traefik-mirror (at most 0.45)',
      to(cpu(compared), cpu(peers.traefikMirror)),
      upTo(0.45),
    ),
    ratioLine(
      'throughput to nginx-mirror (at least 1.3)',
      to(perSec(compared), perSec(peers.nginxMirror)),
      (ratio) => ratio >= 1.3,
    ),
    ratioLine(
      'CPU serving alone to Envoy (below 1)',
      to(cpu(alone), cpu(peers.envoy)),
      (ratio) => ratio < 1,
    ),
    ratioLine('CPU serving alone to nginx (at most 3)', to(cpu(alone), cpu(peers.nginx)), upTo(3)),
    ratioLine(
      `p99 added at ${halfPerSec}/s to nginx-mirror (at most 1)`,
      to(addedP99(compared), addedP99(peers.nginxMirror)),
      upTo(1),
    ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  process.stdout.write(
    `In every round of Crossfade's: received = mirrored = compared, as the sides counted them.\n` +
      `${ROUNDS} rounds of ${ROUND_MS / 1000} s for each way and load, interleaved, ${CLIENTS} ` +
      `clients; medians. One worker each. ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ` +
      `Node ${process.versions.node}. Command: npm run bench -- proxy --rounds ${ROUNDS} ` +
      `--round ${values.round} --clients ${CLIENTS}\n`,
  );
} finally {
  starter.end();
  legacy.child.kill();
  candidate.child.kill();
  rmSync(FOLDER, { recursive: true, force: true });
}
process.exit();
