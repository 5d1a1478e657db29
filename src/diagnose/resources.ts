/**
 * What both sides' processes took while they answered the same requests: memory, CPU, collections,
 * entries held. In: what they told, second by second. Out: figures of each, and two ratios with
 * their intervals.
 */
import type { Interval } from '../kit/e-process.ts';
import { median } from '../kit/median.ts';
import { medianInterval } from '../judge/quantile-interval.ts';
import type { Side } from '../model/exchange.ts';
import type { ProcessPoint, Trace, TraceSecond } from './trace.ts';

/** One process; null where it does not tell. */
export interface SideResources {
  readonly side: Side;
  readonly residentBytes: number | null;
  readonly cacheEntries: number | null;
  readonly cacheCapacity: number | null;
  /** Memory of the whole process by entry. */
  readonly bytesPerEntry: number | null;
  /** CPU seconds a second, and microseconds a pair. */
  readonly cores: number | null;
  readonly cpuUsPerPair: number | null;
  readonly collectionsPerMin: number | null;
  /** Share of the time that it stood still for them. */
  readonly pausedRatio: number | null;
}

/** Candidate by legacy: the median of windows, and where that lies. */
export interface ResourceRatio {
  readonly ratio: number;
  readonly interval: Interval;
  readonly windows: number;
}

/** Both processes side by side. */
export interface Resources {
  readonly legacy: SideResources;
  readonly candidate: SideResources;
  /** Null where one of both does not tell. */
  readonly memory: ResourceRatio | null;
  readonly cpu: ResourceRatio | null;
}

const WINDOW_MS = 10_000;
const ALPHA = 0.05;
/** Time without which a rate says nothing. */
const SPAN_MIN_MS = 10_000;

/** What the processes of a trace took; null where neither has told anything. */
export function resourcesOf({ processes, seconds }: Trace): Resources | null {
  if (processes === undefined) return null;
  const { legacy, candidate } = processes;
  if (legacy.length === 0 && candidate.length === 0) return null;
  return {
    legacy: sideOf('legacy', legacy, seconds),
    candidate: sideOf('candidate', candidate, seconds),
    memory: ratioOf(memoryBy(legacy), memoryBy(candidate)),
    cpu: ratioOf(cpuBy(legacy), cpuBy(candidate)),
  };
}

function sideOf(
  side: Side,
  points: readonly ProcessPoint[],
  seconds: readonly TraceSecond[],
): SideResources {
  const last = points.at(-1);
  const { residentBytes = null, cacheEntries = null, cacheCapacity = null } = last ?? {};
  const perEntry = residentBytes !== null && cacheEntries !== null && cacheEntries > 0;
  return {
    side,
    residentBytes,
    cacheEntries,
    cacheCapacity,
    bytesPerEntry: perEntry ? residentBytes / cacheEntries : null,
    ...rates(sinceItBegan(points), seconds),
  };
}

type Rates = Pick<SideResources, 'cores' | 'cpuUsPerPair' | 'collectionsPerMin' | 'pausedRatio'>;

const NO_RATES: Rates = {
  cores: null,
  cpuUsPerPair: null,
  collectionsPerMin: null,
  pausedRatio: null,
};

function rates(points: readonly ProcessPoint[], seconds: readonly TraceSecond[]): Rates {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return NO_RATES;
  const spanMs = last.atMs - first.atMs;
  if (spanMs < SPAN_MIN_MS) return NO_RATES;
  const cpuS = difference(first.cpuSeconds, last.cpuSeconds);
  const [before, after] = [first.collections, last.collections];
  const cycles = difference(before?.count ?? null, after?.count ?? null);
  const pausedMs = difference(before?.pausedMs ?? null, after?.pausedMs ?? null);
  const pairs = pairsWithin(seconds, first.atMs, last.atMs);
  return {
    cores: cpuS === null ? null : cpuS / (spanMs / 1000),
    cpuUsPerPair: cpuS === null || pairs === 0 ? null : (cpuS * 1e6) / pairs,
    collectionsPerMin: cycles === null ? null : cycles / (spanMs / 60_000),
    pausedRatio: pausedMs === null ? null : pausedMs / spanMs,
  };
}

function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

function pairsWithin(seconds: readonly TraceSecond[], fromMs: number, toMs: number): number {
  let pairs = 0;
  for (const { startMs, legacy } of seconds) {
    if (startMs < fromMs || startMs >= toMs) continue;
    for (let i = 1; i < legacy.counts.length; i += 2) pairs += legacy.counts[i]!;
  }
  return pairs;
}

/** The newest points of one process: what it counts goes down where another has taken its place. */
function sinceItBegan(points: readonly ProcessPoint[]): readonly ProcessPoint[] {
  const cpuOf = (index: number): number => points[index]?.cpuSeconds ?? 0;
  const began = points.findLastIndex((_, i) => i > 0 && cpuOf(i) < cpuOf(i - 1));
  return points.slice(Math.max(0, began));
}

/** The newest of each window of ten seconds. */
function newestBy(points: readonly ProcessPoint[]): ReadonlyMap<number, ProcessPoint> {
  return new Map(points.map((point) => [Math.floor(point.atMs / WINDOW_MS), point]));
}

function memoryBy(points: readonly ProcessPoint[]): ReadonlyMap<number, number> {
  const each = [...newestBy(points)];
  return new Map(each.flatMap(([w, { residentBytes: b }]) => (b === null ? [] : [[w, b]])));
}

function cpuBy(points: readonly ProcessPoint[]): ReadonlyMap<number, number> {
  const newest = newestBy(points);
  const cores = new Map<number, number>();
  for (const [window, point] of newest) {
    const before = newest.get(window - 1);
    const cpuS = difference(before?.cpuSeconds ?? null, point.cpuSeconds);
    if (before === undefined || cpuS === null || cpuS < 0) continue;
    cores.set(window, cpuS / ((point.atMs - before.atMs) / 1000));
  }
  return cores;
}

function ratioOf(
  legacy: ReadonlyMap<number, number>,
  candidate: ReadonlyMap<number, number>,
): ResourceRatio | null {
  const ratios = [...candidate].flatMap(([window, value]) => {
    const other = legacy.get(window) ?? 0;
    return other > 0 ? [value / other] : [];
  });
  const ratio = median(ratios);
  if (ratio === null) return null;
  return { ratio, interval: medianInterval(ratios, ALPHA), windows: ratios.length };
}
