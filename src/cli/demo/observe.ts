/** What the demo knows of its processes: asked of their own endpoints, never guessed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from '../../measure/latency.ts';
import type { RolloutEvent, Status } from '../../model/rollout.ts';
import { createLatencySeries } from '../../report/latency-series.ts';
import type { LatencySeries } from '../../report/report.ts';
import type { EngineRun } from '../../report/story.ts';
import type { ReadStatesProcess } from '../../read-states/spawn.ts';
import type { PairedSecond } from '../../rollout/seconds.ts';
import { DEMO } from './settings.ts';

/** The rollout as its control API tells it. */
export interface Rollout {
  status(): Promise<Status>;
  events(afterId: number): Promise<readonly RolloutEvent[]>;
  seconds(sinceMs: number): Promise<readonly PairedSecond[]>;
  begin(label: string, reason: string): Promise<void>;
}

/** One collection of a side, as its own process observed it. Wall clock. */
interface Collection {
  readonly startMs: number;
  readonly endMs: number;
  readonly kind: string;
  readonly isForced: boolean;
}

/** Figures of a side's process at one moment. */
export interface ProcessFigures {
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Resident with the engine's arrays touched, less before they were there. */
  readonly reservedBytes: number;
  /** Live memory that the engine and its states added: heap objects, for legacy. */
  readonly liveBytes: number;
  readonly entries: number;
}

/** Scrapes a side's own metrics. */
export async function figuresOf(side: ReadStatesProcess): Promise<ProcessFigures> {
  const text = await (await fetch(`${side.url}/metrics`)).text();
  const read = (name: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(name) && !each.startsWith('#'));
    return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1));
  };
  return {
    atMs: Date.now(),
    cpuSeconds: read('process_cpu_seconds_total'),
    residentBytes: read('process_resident_memory_bytes'),
    reservedBytes: read('crossfade_engine_resident_bytes'),
    liveBytes: read('crossfade_engine_live_bytes'),
    entries: read('crossfade_cache_entries'),
  };
}

/** Full collections of a side that ended after `sinceMs`. */
export async function collectionsOf(
  side: ReadStatesProcess,
  sinceMs: number,
): Promise<readonly Collection[]> {
  const answer = await fetch(`${side.url}/internal/collections?since=${sinceMs}`);
  const collections = (await answer.json()) as readonly Collection[];
  return collections.filter((each) => each.isForced);
}

/** A stretch of the demo that is being measured: a side, and its figures at the beginning. */
export interface OpenStretch {
  readonly side: ReadStatesProcess;
  readonly before: ProcessFigures;
}

/** A stretch as the report's series and the table's row. */
export interface MeasuredRun {
  readonly series: LatencySeries;
  readonly run: EngineRun;
}

/** Begins a stretch: the side's own figures now, to be subtracted when it ends. */
export async function beginStretch(side: ReadStatesProcess): Promise<OpenStretch> {
  return { side, before: await figuresOf(side) };
}

/** Ends a stretch: the whole seconds within it, as pairs saw them, and the side's own figures. */
export async function endStretch(
  stretch: OpenStretch,
  rollout: Rollout,
  role: 'legacy' | 'candidate',
  name: string,
): Promise<MeasuredRun> {
  const { side, before } = stretch;
  const after = await figuresOf(side);
  const all = await rollout.seconds(before.atMs);
  const seconds = all.filter(({ startMs }) => startMs + 1000 <= after.atMs);
  const builder = createLatencySeries(name);
  const total = new LatencyHistogram(3);
  for (const second of seconds) {
    builder.add(second.startMs, second[role]);
    total.add(second[role]);
  }
  const measured = new Set(seconds.map(({ startMs }) => startMs));
  for (const { startMs, endMs } of await collectionsOf(side, before.atMs)) {
    for (let atMs = wholeSecond(startMs); atMs <= endMs; atMs += 1000) {
      if (measured.has(atMs)) builder.markCollection(atMs);
    }
  }
  const series = builder.finish();
  const run: EngineRun = {
    name,
    capacity: DEMO.capacity,
    counts: total.toCounts(),
    seconds: series.seconds,
    bytesPerEntry: (role === 'legacy' ? after.liveBytes : after.reservedBytes) / DEMO.capacity,
    rssBytes: after.residentBytes,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    requests: total.count,
  };
  return { series, run };
}

function wholeSecond(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000;
}

/** Resolves with the first status for which `isReached` holds; gives up after `maxMs`. */
export async function waitFor(
  rollout: Rollout,
  maxMs: number,
  isReached: (status: Status) => boolean,
): Promise<Status> {
  const deadline = Date.now() + maxMs;
  for (;;) {
    const status = await rollout.status();
    if (isReached(status) || Date.now() > deadline) return status;
    await sleep(200);
  }
}
