/**
 * The demo's acts. What they print is what `crossfade status` and the event log say of real
 * processes; every figure is measured while it runs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes, formatShare } from '../../kit/units.ts';
import type { ClusterRow } from '../../model/cluster.ts';
import type { Status } from '../../model/rollout.ts';
import { parseFlaw } from '../../read-states/flaws.ts';
import type { ReadStatesProcess } from '../../read-states/spawn.ts';
import {
  beginStretch,
  endStretch,
  figuresOf,
  type MeasuredRun,
  type Rollout,
  waitFor,
} from './observe.ts';
import type { Screen } from './screen.ts';
import { DEMO, type Pace } from './settings.ts';
import type { Ports, Stage, Traffic } from './stage.ts';

export type Fault = 'slow' | 'wrong' | 'crash';

/** Everyone an act needs. The candidate changes between the acts. */
export interface Cast {
  readonly stage: Stage;
  readonly ports: Ports;
  readonly screen: Screen;
  /** `--store` of each side's service. */
  readonly stores: { readonly legacy: string; readonly candidate: string };
  readonly legacy: ReadStatesProcess;
  readonly rollout: Rollout;
  readonly traffic: Traffic;
  readonly pace: Pace;
}

type Setting = Pick<Cast, 'stage' | 'ports' | 'stores'>;

/** Starts one side's service; both engines are filled with the same live states. */
export function startSide(
  { stage, ports, stores }: Setting,
  side: 'legacy' | 'candidate',
  flaws: readonly string[],
  gcPeriodMs: number,
  areFlawsOnSignal = false,
): Promise<ReadStatesProcess> {
  return stage.service({
    engine: side === 'legacy' ? 'legacy' : 'slab',
    port: ports[side],
    store: stores[side],
    capacity: DEMO.capacity,
    preload: DEMO.capacity,
    commitDelayMs: 5000,
    gcPeriodMs,
    flaws: flaws.map(parseFlaw),
    areFlawsOnSignal,
    label: side,
  });
}

/** What legacy holds before the first request: its pauses come from this, not from a sleep. */
export async function introduce(screen: Screen, legacy: ReadStatesProcess): Promise<void> {
  const { entries, residentBytes } = await figuresOf(legacy);
  screen.say(
    `Legacy holds ${entries.toLocaleString('en')} live states in ${formatBytes(residentBytes)} ` +
      `and forces a full collection every ${DEMO.gcPeriodMs / 1000} s:`,
  );
  screen.say('its pauses are its collector’s own. Gates and holds are scaled to seconds.');
}

/** Act one: a flawed candidate in the shadow. Its flaws are found; no client sees them. */
export async function shadowAct(
  cast: Cast,
  candidate: ReadStatesProcess,
): Promise<{ measured: MeasuredRun; clusters: readonly ClusterRow[] }> {
  const { screen, rollout, traffic } = cast;
  screen.heading('Act 1 · shadow at 0 %: a candidate with two serialization flaws');
  traffic.go();
  await sleep(cast.pace.warmUpMs);
  const stretch = await beginStretch(candidate);
  const status = await waitFor(rollout, DEMO.shadowMaxMs, (now) => {
    screen.progress(progressOf(now, traffic));
    const isLongEnough = Date.now() - stretch.before.atMs >= DEMO.shadowMs;
    return isLongEnough && now.rollout.phase === 'held' && hasBothFlaws(now);
  });
  for (const cluster of status.clusters) screen.say(clusterLine(cluster));
  const measured = await endStretch(stretch, rollout, 'candidate', 'slab, forced collections');
  await traffic.pause();
  return { measured, clusters: status.clusters };
}

/** The interval: the flawed build is flushed and stopped, the sound one starts on its store. */
export async function swap(cast: Cast, flawed: ReadStatesProcess): Promise<ReadStatesProcess> {
  const { screen } = cast;
  screen.say(
    'Traffic pauses while the build is swapped: a write that it missed would taint a key.',
  );
  await fetch(`${flawed.url}/internal/flush`, { method: 'POST' });
  await flawed.stop();
  return startSide(cast, 'candidate', [], 0);
}

/** Act two: the sound candidate climbs the ladder. Answers its row and legacy's for the table. */
export async function climbAct(
  cast: Cast,
  candidate: ReadStatesProcess,
): Promise<{ legacy: MeasuredRun; candidate: MeasuredRun; status: Status }> {
  const { screen, rollout, traffic, legacy } = cast;
  screen.heading('Act 2 · climb: the sound candidate, 1 % to 100 %, each step gated by evidence');
  traffic.go();
  await sleep(cast.pace.warmUpMs);
  // From here on its answers are evidence: a process that still compiles is not what is judged.
  await rollout.begin('slab-sound', 'both serialization flaws are mended');
  const stretches = {
    legacy: await beginStretch(legacy),
    candidate: await beginStretch(candidate),
  };
  const status = await waitFor(rollout, DEMO.climbMaxMs, (now) => {
    screen.progress(progressOf(now, traffic));
    return now.rollout.phase === 'complete' || now.rollout.phase === 'rolled-back';
  });
  return {
    legacy: await endStretch(stretches.legacy, rollout, 'legacy', 'legacy'),
    candidate: await endStretch(stretches.candidate, rollout, 'candidate', 'slab'),
    status,
  };
}

/** Instead of act two: the candidate breaks at 10 %, and the rollout falls back by itself. */
export async function faultAct(
  cast: Cast,
  candidate: ReadStatesProcess,
  fault: Fault,
): Promise<Status> {
  const { screen, rollout, traffic } = cast;
  screen.heading(`The candidate breaks at 10 %: ${FAULTS[fault].what}`);
  traffic.go();
  const climbed = await waitFor(rollout, DEMO.climbMaxMs, (now) => {
    screen.progress(progressOf(now, traffic));
    return now.rollout.percent >= 10 || now.rollout.phase === 'rolled-back';
  });
  if (climbed.rollout.percent < 10) return climbed;
  await sleep(2000);
  screen.say(`>>> ${FAULTS[fault].said}`);
  if (fault === 'crash') await candidate.stop('SIGKILL');
  else process.kill(candidate.pid, 'SIGUSR2');
  const status = await waitFor(rollout, DEMO.faultMaxMs, (now) => {
    screen.progress(progressOf(now, traffic));
    return now.rollout.phase === 'rolled-back';
  });
  await sleep(2000);
  return status;
}

/** What a fault is, what the demo says as it happens, and the flaws the candidate carries. */
export const FAULTS: Readonly<
  Record<Fault, { what: string; said: string; flaws: readonly string[] }>
> = {
  slow: {
    what: 'one answer in twenty is held back by 200 ms',
    said: 'the candidate now holds 5 % of its answers back by 200 ms',
    flaws: ['slow:200ms@5%'],
  },
  wrong: {
    what: 'it answers mention_count and flags exchanged',
    said: 'the candidate now exchanges mention_count and flags',
    flaws: ['column-order'],
  },
  crash: { what: 'kill -9', said: 'kill -9 of the candidate', flaws: [] },
};

function hasBothFlaws(status: Status): boolean {
  const kinds = new Set(status.clusters.map((cluster) => cluster.kind));
  return kinds.has('timestamp-precision') && kinds.has('fields-swapped');
}

function clusterLine(cluster: ClusterRow): string {
  const example = cluster.examples[0];
  const values =
    example === undefined ? '' : `: legacy ${example.legacy}, candidate ${example.candidate}`;
  const { kind, count, path, route } = cluster;
  return `  found ${kind} ×${count} at ${path} of ${route}${values}`;
}

function progressOf(status: Status, traffic: Traffic): string {
  const { rollout, traffic: counts } = status;
  const { failedSafe, failedWrites } = traffic.report;
  const mismatched = counts.compared === 0 ? 0 : counts.mismatched / counts.compared;
  const waiting = rollout.waitingFor[0] ?? '';
  return (
    `${rollout.percent} % ${rollout.phase}  ${counts.compared} compared, ` +
    `${formatShare(mismatched)} mismatched, ${failedSafe + failedWrites} failed  ${waiting}`
  );
}
