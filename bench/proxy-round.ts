/**
 * One round of the proxy trial: a load on one way, what the two sides counted of it, and what the
 * way's processes cost from the round's start until the shadow's work was done.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { TrafficCounts } from '../src/model/window.ts';
import { type CpuReading, cpuUsBetween, readCpu } from './cpu-time.ts';
import type { LoadResult, ToLoad } from './isolation-load.ts';
import type { Arm } from './proxy-arms.ts';
import { Child } from './trial-child.ts';
import type { Upstream, UpstreamCounts } from './upstreams.ts';

export interface Stage {
  readonly legacy: Upstream;
  readonly candidate: Upstream;
  readonly clients: number;
  readonly roundMs: number;
}

export interface Round {
  /** Live requests answered a second. */
  readonly perSec: number;
  /** CPU for each request that legacy received; null where there is no proxy. */
  readonly cpuUs: number | null;
  /** Share of the core that the proxy took while the load ran. */
  readonly busyRatio: number;
  /** Requests that legacy received. */
  readonly served: number;
  /** Requests that reached the shadow, to those that legacy received. */
  readonly shadowRatio: number;
  /** Connections opened at the shadow. */
  readonly opened: number;
  /** Live requests not answered as they should be. */
  readonly failed: number;
  /** Of a load at a fixed rate. */
  readonly latency: LoadResult | null;
}

interface Loaded {
  readonly perSec: number;
  readonly failed: number;
  readonly latency: LoadResult | null;
}

/** What everybody has counted so far. */
interface Look {
  readonly legacy: UpstreamCounts;
  readonly candidate: UpstreamCounts;
  readonly ours: TrafficCounts | null;
}

/** Every way gets this long after its load, so that what it costs when idle is alike. */
const SETTLE_MS = 2000;
const SETTLE_MAX_MS = 15_000;
const LOOK_EVERY_MS = 250;
const LEAD_IN_MS = 1000;
const WARM_IN_MS = 1000;
const run = promisify(execFile);

/**
 * A round at `ratePerSec`, or saturated where that is null. Throws where Crossfade failed a
 * request, or its counts are not those of the sides.
 */
export async function measureRound(
  stage: Stage,
  arm: Arm,
  ratePerSec: number | null,
): Promise<Round> {
  await arm.begin();
  if (ratePerSec === null) await warmIn(stage, arm);
  const before = await look(stage, arm);
  const pids = arm.pids();
  const cpuBefore = readCpu(pids);
  const { port } = arm.way;
  const loaded =
    ratePerSec === null ? await saturate(stage, port) : await pace(stage, port, ratePerSec);
  const busyUs = cpuUsBetween(cpuBefore, readCpu(pids));
  const { after, cpu } = await settle(stage, arm, before, pids);
  await arm.rest();
  if (arm.way.isOurs === true && loaded.failed > 0) {
    throw new Error(`${arm.way.name}: ${loaded.failed} requests failed`);
  }
  const served = after.legacy.requests - before.legacy.requests;
  return {
    ...loaded,
    served,
    cpuUs: pids.length === 0 ? null : cpuUsBetween(cpuBefore, cpu) / served,
    busyRatio: busyUs / (stage.roundMs * 1000),
    shadowRatio: (after.candidate.requests - before.candidate.requests) / served,
    opened: after.candidate.accepts - before.candidate.accepts,
  };
}

/** What a round was, in a line. */
export function describeRound(arm: Arm, round: Round): string {
  const cost = round.cpuUs === null ? '' : `, ${round.cpuUs.toFixed(1)} µs each`;
  return (
    `${arm.way.name}: ${round.served} received by legacy${cost}, ` +
    `${(round.shadowRatio * 100).toFixed(2)} % reached the shadow, ` +
    `${round.opened} connections opened there` +
    (round.failed > 0 ? `, ${round.failed} FAILED` : '')
  );
}

/** While others were measured its memory has grown cold, and the larger, the colder. */
async function warmIn(stage: Stage, arm: Arm): Promise<void> {
  const before = await look(stage, arm);
  await saturate({ ...stage, roundMs: WARM_IN_MS }, arm.way.port);
  await settle(stage, arm, before, arm.pids());
}

/** As fast as answers come. */
async function saturate({ clients, roundMs }: Stage, port: number): Promise<Loaded> {
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${clients}`,
    `-d${roundMs / 1000}s`,
    `http://127.0.0.1:${port}/u/1/x`,
  ]);
  const perSec = Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1]);
  const socketErrors = /Socket errors: (.*)/.exec(stdout)?.[1]?.match(/\d+/g) ?? [];
  const others = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? '0';
  const failed = [...socketErrors, others].reduce((sum, count) => sum + Number(count), 0);
  return { perSec, failed, latency: null };
}

/**
 * At a fixed rate, latencies counted from when each request was to be sent. They are taken once
 * the load itself is warm, on connections that are open by then: a start is the slowest hundredth
 * of so short a round, behind every way and behind none.
 */
async function pace(
  { clients, roundMs }: Stage,
  port: number,
  ratePerSec: number,
): Promise<Loaded> {
  const load = new Child<ToLoad, LoadResult>('isolation-load.ts');
  const asked = { port, connections: clients, ratePerSec };
  const leadIn = await load.tell({ ...asked, ms: LEAD_IN_MS });
  const latency = await load.tell({ ...asked, ms: roundMs });
  load.end();
  return { perSec: latency.perSec, failed: leadIn.failed + latency.failed, latency };
}

async function look({ legacy, candidate }: Stage, arm: Arm): Promise<Look> {
  return {
    legacy: await legacy.read(),
    candidate: await candidate.read(),
    ours: arm.way.isOurs === true ? (await arm.status()).traffic : null,
  };
}

/**
 * The counts and the time once the shadow's work is done: as many looks as it takes, for others
 * until nothing comes any more.
 */
async function settle(
  stage: Stage,
  arm: Arm,
  before: Look,
  pids: readonly number[],
): Promise<{ after: Look; cpu: CpuReading }> {
  const deadlineMs = performance.now() + SETTLE_MAX_MS;
  await sleep(SETTLE_MS - LOOK_EVERY_MS);
  let { requests } = await stage.candidate.read();
  for (;;) {
    await sleep(LOOK_EVERY_MS);
    // Before the look, which Crossfade has to answer.
    const cpu = readCpu(pids);
    const after = await look(stage, arm);
    const wrong = differences(arm, before, after);
    const isStill = after.candidate.requests === requests;
    if (isStill && wrong === null) return { after, cpu };
    if (performance.now() > deadlineMs) {
      if (wrong !== null) throw new Error(wrong);
      return { after, cpu };
    }
    ({ requests } = after.candidate);
  }
}

/** How Crossfade's counts are not those of the sides; null when they are, and for others. */
function differences({ way }: Arm, before: Look, after: Look): string | null {
  if (before.ours === null || after.ours === null) return null;
  const served = after.legacy.requests - before.legacy.requests;
  const expected = way.isMirroring ? served : 0;
  const shadowed = after.candidate.requests - before.candidate.requests;
  const { ours: then } = before;
  const { ours: now } = after;
  const counted = [
    ['the shadow received', shadowed, expected],
    ['Crossfade received', now.received - then.received, served],
    ['mirrored', now.mirrored - then.mirrored, expected],
    ['compared', now.compared - then.compared, expected],
  ] as const;
  const wrong = counted.filter(([, count, wanted]) => count !== wanted);
  if (wrong.length === 0) return null;
  return (
    `${way.name}: legacy received ${served}; ` +
    wrong.map(([name, count, wanted]) => `${name} ${count} instead of ${wanted}`).join(', ') +
    `\n${JSON.stringify(now)}`
  );
}
