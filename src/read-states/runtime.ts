import { readFileSync } from 'node:fs';
import {
  constants,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import { assert } from '../kit/assert.ts';
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { StallCounter } from './engine.ts';
import { Stalls } from './stalls.ts';

/**
 * What the process itself costs: collections with their exact intervals, collections forced on
 * a period, delay of the event loop, resident memory. Nothing here knows of states.
 */
export const COLLECTION_KINDS = ['minor', 'major', 'incremental', 'weak-callbacks'] as const;
export type CollectionKind = (typeof COLLECTION_KINDS)[number];

/** One collection, wall clock milliseconds with fractions. */
export interface CollectionInterval {
  readonly startMs: number;
  readonly endMs: number;
  readonly kind: CollectionKind;
  /** Asked for by `gc()`, not begun by the collector itself. */
  readonly isForced: boolean;
}

/** How finely the event loop is watched; what is measured includes it, so it is taken off. */
const LOOP_RESOLUTION_MS = 5;

function kindOf(gcKind: number | undefined): CollectionKind {
  switch (gcKind) {
    case constants.NODE_PERFORMANCE_GC_MAJOR:
      return 'major';
    case constants.NODE_PERFORMANCE_GC_INCREMENTAL:
      return 'incremental';
    case constants.NODE_PERFORMANCE_GC_WEAKCB:
      return 'weak-callbacks';
    default:
      return 'minor';
  }
}

/** A full collection now, before this returns. Needs `--expose-gc`. */
export function collectNow(): void {
  const collect = globalThis.gc;
  assert(collect !== undefined, 'the process was started without --expose-gc');
  collect();
}

/** Watches the process it is created in, from then until `stop`. */
export class RuntimeWatch {
  readonly #clock: Clock;
  readonly #observer: PerformanceObserver;
  readonly #loopDelay: ReturnType<typeof monitorEventLoopDelay>;
  readonly #byKind = new Map<CollectionKind, Stalls>();
  readonly #forced = new Stalls();
  #intervals: CollectionInterval[] = [];
  #cancelForced: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    for (const kind of COLLECTION_KINDS) this.#byKind.set(kind, new Stalls());
    this.#observer = new PerformanceObserver((list) => this.#note(list.getEntries()));
    this.#observer.observe({ type: 'gc' });
    this.#loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
    this.#loopDelay.enable();
  }

  /** Collections that ended after `sinceMs` (wall clock), oldest first, the last 4,096 at most. */
  collectionsSince(sinceMs: number): CollectionInterval[] {
    this.#note(this.#observer.takeRecords());
    return this.#intervals.filter(({ endMs }) => endMs > sinceMs);
  }

  /** Collections of one kind since the start, whoever asked for them. */
  collections(kind: CollectionKind): StallCounter {
    this.#note(this.#observer.takeRecords());
    return this.#byKind.get(kind)!.read();
  }

  /** Collections forced on the period; those are among the major ones as well. */
  forced(): StallCounter {
    return this.#forced.read();
  }

  /** The longest delay of the event loop since the last call, microseconds. A cross-check only. */
  takeLoopDelayMaxUs(): number {
    const maxUs = Math.floor(this.#loopDelay.max / 1000) - LOOP_RESOLUTION_MS * 1000;
    this.#loopDelay.reset();
    return Math.max(0, maxUs);
  }

  /** Collects everything every `periodMs`, counted from the end of the collection before. */
  forceEvery(periodMs: number): void {
    this.#cancelForced = this.#clock.after(periodMs, () => {
      const startUs = this.#clock.nowUs();
      collectNow();
      this.#forced.add(this.#clock.nowUs() - startUs);
      this.forceEvery(periodMs);
    });
  }

  stop(): void {
    this.#cancelForced();
    this.#observer.disconnect();
    this.#loopDelay.disable();
  }

  #note(entries: readonly PerformanceEntry[]): void {
    // The two clocks drift apart when the wall clock is set: their distance is taken anew.
    const originMs = this.#clock.wallMs() - performance.now();
    for (const entry of entries) {
      const detail = (entry as { detail?: { kind?: number; flags?: number } }).detail;
      const kind = kindOf(detail?.kind);
      const isForced = ((detail?.flags ?? 0) & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
      const startMs = originMs + entry.startTime;
      this.#intervals.push({ startMs, endMs: startMs + entry.duration, kind, isForced });
      this.#byKind.get(kind)!.add(entry.duration * 1000);
    }
    if (this.#intervals.length > LIMITS.collectionsKeptMax) {
      this.#intervals = this.#intervals.slice(-LIMITS.collectionsKeptMax);
    }
  }
}

/** Readings until memory has settled, at most: each collection may give more pages back. */
const SETTLING_MAX = 8;

/**
 * Resident memory that is the process's own: without the pages of its files, which the kernel
 * drops and loads again as it likes. All resident memory where the system does not tell.
 */
export function anonymousBytes(): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss();
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return kilobytes === null ? process.memoryUsage.rss() : Number(kilobytes[1]) * 1024;
}

/** Resident memory once collecting makes it no smaller. Needs `--expose-gc`. */
export function readResidentBytes(): number {
  let settledBytes = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SETTLING_MAX; i += 1) {
    collectNow();
    const bytes = anonymousBytes();
    if (bytes >= settledBytes) break;
    settledBytes = bytes;
  }
  return settledBytes;
}

/** Bytes of all objects in use, and of what they hold outside the heap. Needs `--expose-gc`. */
export function readLiveBytes(): number {
  collectNow();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
