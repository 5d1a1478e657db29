/**
 * Both processes' memory and CPU, by gate window: what `memory.ratio` and `cpu.ratio` read. CPU is
 * told by the request: the side that is live gets those as well that are not mirrored.
 */
import { LIMITS } from '../kit/limits.ts';
import type { ResourcePoint } from '../judge/evidence.ts';
import { countOf } from '../judge/windows.ts';
import { otherSide, type Side } from '../model/exchange.ts';
import type { Summary } from '../model/window.ts';

/** What a side's process last said of itself; null where a metric is not exposed. */
export interface ResourceSample {
  readonly atMs: number;
  readonly residentBytes: number | null;
  readonly cpuSeconds: number | null;
  /** What its cache holds, and can; absent: it does not tell. */
  readonly cacheEntries?: number | null;
  readonly cacheCapacity?: number | null;
}

/** The newest sample of each side; null until there is one. */
export interface ResourceSource {
  legacy(): ResourceSample | null;
  candidate(): ResourceSample | null;
}

interface SamplePair {
  readonly legacy: ResourceSample;
  readonly candidate: ResourceSample;
  /** Requests that each side had got until then. */
  readonly served: Readonly<Record<Side, number>>;
}

/** One point, and the length of the window that it is of. */
export interface ClosedPoint {
  readonly windowMs: number;
  readonly point: ResourcePoint;
}

/** Points of memory and CPU by window length, one a window, the newest ones. */
export class ResourceWindows {
  readonly #windowsMs: readonly number[];
  #originMs = 0;
  #points = new Map<number, readonly ResourcePoint[]>();
  /** Points since they were last taken. */
  #fresh: ClosedPoint[] = [];
  /** First pair of the window that is open, by window length. */
  #first = new Map<number, SamplePair>();
  #newest: SamplePair | null = null;
  readonly #served: Record<Side, number> = { legacy: 0, candidate: 0 };

  constructor(windowsMs: readonly number[]) {
    this.#windowsMs = [...new Set(windowsMs)];
  }

  reset(originMs: number): void {
    this.#originMs = originMs;
    this.#points = new Map();
    this.#first = new Map();
    this.#newest = null;
    this.#fresh = [];
  }

  /** Takes back what was taken before a restart, oldest first. */
  restore(points: readonly ClosedPoint[]): void {
    for (const windowMs of this.#windowsMs) {
      this.#keep(
        windowMs,
        points.filter((each) => each.windowMs === windowMs).map(({ point }) => point),
      );
    }
  }

  /** The points of windows that have closed since the last call; they stay in the view. */
  take(): readonly ClosedPoint[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  /** Counts what both sides got in one second of one proxy, live or as a shadow. */
  count({ cells }: Summary): void {
    for (const { liveSide, live, pairs } of cells) {
      this.#served[liveSide] += countOf(live);
      this.#served[otherSide(liveSide)] += pairs;
    }
  }

  /** Takes the newest samples; the same ones again, or one side alone, change nothing. */
  add(source: ResourceSource): void {
    const legacy = source.legacy();
    const candidate = source.candidate();
    if (legacy === null || candidate === null) return;
    if (legacy.atMs < this.#originMs || candidate.atMs < this.#originMs) return;
    const newest = this.#newest;
    if (newest !== null && candidate.atMs <= newest.candidate.atMs) return;
    if (newest !== null && legacy.atMs <= newest.legacy.atMs) return;
    const pair = { legacy, candidate, served: { ...this.#served } };
    this.#newest = pair;
    for (const windowMs of this.#windowsMs) this.#addTo(windowMs, pair);
  }

  view(): ReadonlyMap<number, readonly ResourcePoint[]> {
    return this.#points;
  }

  #addTo(windowMs: number, pair: SamplePair): void {
    const first = this.#first.get(windowMs);
    if (first === undefined) {
      this.#first.set(windowMs, pair);
      return;
    }
    const indexOf = ({ candidate }: SamplePair): number =>
      Math.floor((candidate.atMs - this.#originMs) / windowMs);
    if (indexOf(pair) === indexOf(first)) return;
    const point = {
      startMs: first.candidate.atMs,
      legacyBytes: pair.legacy.residentBytes,
      candidateBytes: pair.candidate.residentBytes,
      legacyCpu: cpuBetween('legacy', first, pair),
      candidateCpu: cpuBetween('candidate', first, pair),
      ...filled('legacyFill', pair.legacy),
      ...filled('candidateFill', pair.candidate),
    };
    this.#keep(windowMs, [point]);
    this.#fresh.push({ windowMs, point });
    this.#first.set(windowMs, pair);
  }

  #keep(windowMs: number, newest: readonly ResourcePoint[]): void {
    const points = [...(this.#points.get(windowMs) ?? []), ...newest];
    this.#points.set(windowMs, points.slice(-LIMITS.resourceWindowsMax));
  }
}

/** CPU seconds a request; null when not exposed, without requests, or by a process begun anew. */
function cpuBetween(side: Side, from: SamplePair, to: SamplePair): number | null {
  const before = from[side].cpuSeconds;
  const now = to[side].cpuSeconds;
  const requests = to.served[side] - from.served[side];
  if (before === null || now === null || now < before || requests <= 0) return null;
  return (now - before) / requests;
}

function filled(name: 'legacyFill' | 'candidateFill', told: ResourceSample): object {
  const { cacheEntries = null, cacheCapacity = null } = told;
  if (cacheEntries === null || cacheCapacity === null || cacheCapacity <= 0) return {};
  return { [name]: cacheEntries / cacheCapacity };
}
