/**
 * What a diagnosis reads, wherever it came from: seconds with the latencies of both sides, and
 * what the sides have told of their collections. All times are of the wall clock.
 */
import type { ProcessReading } from '../model/process-reading.ts';
import type { Side } from '../model/exchange.ts';
import type { HistogramCounts } from '../model/window.ts';

/** One side's latencies in one second. */
export interface SideSecond {
  readonly counts: HistogramCounts;
  /** When the slowest request arrived; null where only its second is known. */
  readonly worstAtMs: number | null;
}

/** One second, both sides over the same requests. Its beginning is a multiple of 1,000. */
export interface TraceSecond {
  readonly startMs: number;
  readonly legacy: SideSecond;
  readonly candidate: SideSecond;
  /** The harness's own longest stall in it, microseconds; 0 where none is known. */
  readonly stallUs: number;
  /** Its own longest collection, where it is known, microseconds: a stall of that kind. */
  readonly ownGcUs?: number;
}

/** One collection cycle, as exactly as its source tells. */
export interface Cycle {
  readonly startMs: number;
  readonly endMs: number;
  /** For how long the world stood still in it; null where that is not told. */
  readonly pauseMs: number | null;
  /** `major`, `timer`, `G1 Young Generation` …: kinds are looked at one by one. */
  readonly kind: string;
}

/** What a side told of its collections. */
export interface CollectionFeed {
  /** `Prometheus metrics`, `gctrace`, `performance entries`. */
  readonly source: string;
  /** How far a time in it may be off. */
  readonly precisionMs: number;
  /** True where each cycle is only known to lie within the stretch that is told. */
  readonly isBracketed: boolean;
  /**
   * Where it does not tell when a cycle began: how much earlier than said it may have been. Each
   * is tried, and chance is reckoned with that. Absent: it is told.
   */
  readonly leadsMs?: readonly number[];
  readonly cycles: readonly Cycle[];
}

/** What a side's process told at one moment, with its collections of all kinds so far. */
export interface ProcessPoint extends ProcessReading {
  readonly collections: { readonly count: number; readonly pausedMs: number | null } | null;
}

/** One instance of legacy, with the answers of the candidate to the same requests. */
export interface Trace {
  /** '' where there is but one. */
  readonly instance: string;
  /** Oldest first, none twice. */
  readonly seconds: readonly TraceSecond[];
  readonly feeds: Readonly<Record<Side, CollectionFeed | null>>;
  /** Oldest first; absent: no process has told anything. */
  readonly processes?: Readonly<Record<Side, readonly ProcessPoint[]>>;
}

/** No side has told anything. */
export const NO_FEEDS: Trace['feeds'] = { legacy: null, candidate: null };
