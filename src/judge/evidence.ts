import type { Side } from '../model/exchange.ts';
import {
  type HistogramCounts,
  NO_COUNTS,
  type PairCounts,
  type PartedCounts,
} from '../model/window.ts';
import { NO_SHARES, type ShareSums } from './design-effect.ts';
import type { WindowSigns } from './sign-bets.ts';
import { NO_BET, type WindowBet } from './window-bet.ts';

/** Latencies of one route with one live side within one window. */
export interface WindowCell {
  readonly route: string;
  readonly liveSide: Side;
  readonly legacy: HistogramCounts;
  readonly candidate: HistogramCounts;
  /** See the cell; absent where they were not taken. */
  readonly ratios?: HistogramCounts;
  readonly parted?: readonly PartedCounts[];
}

/** One window [startMs, endMs), all proxies together, without the seconds of a stall. */
export interface EvidenceWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** Summaries in it. */
  readonly seconds: number;
  /** Of these, left out of the latencies of both sides as the proxy itself had stalled. */
  readonly stalledSeconds: number;
  readonly cells: readonly WindowCell[];
}

/** A window's quantile on both sides, stratified by who was live. Microseconds. */
export interface LatencyPoint {
  /** What the candidate is held against: legacy's quantile, or what stands for it. */
  readonly legacyUs: number;
  readonly candidateUs: number;
}

/** Pairs of one live side in one window, and how many were over the threshold. */
export interface OverCounts {
  readonly liveSide: Side;
  readonly pairs: number;
  readonly legacy: number;
  /** Over as many times the threshold as the gate allows. */
  readonly candidate: number;
  /** Of the same pairs those of which one side alone was over it; absent: not told. */
  readonly parted?: Parted;
}

/** Pairs of which the candidate alone, and legacy alone, was over the threshold. */
export interface Parted {
  readonly more: number;
  readonly less: number;
}

/** What one latency gate has seen in one window; small enough to be kept for every window. */
export interface LatencyWindow {
  /** Null where neither live side had enough pairs. */
  readonly point: LatencyPoint | null;
  readonly pairs: number;
  readonly seconds: number;
  readonly stalledSeconds: number;
  /** Absent while there is no threshold. */
  readonly over?: readonly OverCounts[];
}

/** What is over the threshold, window by window, and what that is worth. */
export interface TailEvidence {
  /** Fixed before the first window that is held against it; null until then. Microseconds. */
  readonly thresholdUs: number | null;
  readonly bet: WindowBet;
  readonly legacy: ShareSums;
  readonly candidate: ShareSums;
  /** By live side. */
  readonly parted: Readonly<Record<Side, Parted>>;
  /** The newest windows, oldest first. */
  readonly recent: readonly (readonly OverCounts[])[];
}

export const NO_TAIL: TailEvidence = {
  thresholdUs: null,
  bet: NO_BET,
  legacy: NO_SHARES,
  candidate: NO_SHARES,
  parted: { legacy: { more: 0, less: 0 }, candidate: { more: 0, less: 0 } },
  recent: [],
};

/** Latencies of live answers of both sides, of windows in which both had some. */
export interface LiveArms {
  readonly legacy: HistogramCounts;
  readonly candidate: HistogramCounts;
}

export const NO_ARMS: LiveArms = { legacy: [], candidate: [] };

/** What one latency gate has seen. */
export interface LatencyEvidence {
  readonly points: readonly LatencyPoint[];
  /** What the points are worth; absent: to be told from these. */
  readonly signs?: WindowSigns;
  readonly pairs: number;
  /** Windows without enough pairs to be judged. */
  readonly thinWindows: number;
  readonly seconds: number;
  readonly stalledSeconds: number;
  readonly tail: TailEvidence;
  readonly arms: LiveArms;
}

export const NO_LATENCY: LatencyEvidence = {
  points: [],
  pairs: 0,
  thinWindows: 0,
  seconds: 0,
  stalledSeconds: 0,
  tail: NO_TAIL,
  arms: NO_ARMS,
};

/** Of both sides' processes within one window; null where a side does not tell. */
export interface ResourcePoint {
  readonly startMs: number;
  readonly legacyBytes: number | null;
  readonly candidateBytes: number | null;
  /** CPU seconds a request that the side got. */
  readonly legacyCpu: number | null;
  readonly candidateCpu: number | null;
  /** How full each cache was at its end, 0 to 1; absent: the side does not tell. */
  readonly legacyFill?: number;
  readonly candidateFill?: number;
}

export interface SpikeEvidence {
  /** Seconds with enough pairs to be looked at. */
  readonly seconds: number;
  /** Seconds in which only the candidate spiked. */
  readonly spikes: number;
  /** Seconds in which only legacy spiked. */
  readonly legacySpikes: number;
  /** Seconds in which both sides spiked: a cause they share, charged to neither. */
  readonly shared: number;
  /** Seconds looked at since the candidate's newest spike. */
  readonly quietSeconds: number;
  /** The worst spike: its p99 and the usual one; null without a spike. */
  readonly worst: { readonly p99Us: number; readonly usualUs: number } | null;
}

export const NO_SPIKES: SpikeEvidence = {
  seconds: 0,
  spikes: 0,
  legacySpikes: 0,
  shared: 0,
  quietSeconds: 0,
  worst: null,
};

/** A route that should be proved by itself, unless somebody accepts that it is not. */
export interface RouteToProve {
  readonly route: string;
  readonly accepted: { readonly reason: string; readonly owner: string } | null;
}

/** All that gates read: gathered since the step began, under one revision. */
export interface Evidence {
  readonly counts: ReadonlyMap<string, PairCounts>;
  /** By the gate as written, and its route where it has one: see {@link gateKey}. */
  readonly latency: ReadonlyMap<string, LatencyEvidence>;
  /** By window length in milliseconds. A list never changes: with one window more it is another. */
  readonly resources: ReadonlyMap<number, readonly ResourcePoint[]>;
  readonly spikes: SpikeEvidence;
  /** As configured; absent where nobody climbs. */
  readonly routes?: readonly RouteToProve[];
  /** Absent where no requests have keys. */
  readonly keys?: KeyCounts;
  /** Judged time that all this took; absent where no more is to come. */
  readonly elapsedMs?: number;
  /** What earlier steps of the climb say of harm; absent at its first step. */
  readonly carried?: CarriedHarm;
}

/** Distinct keys, about, since the build's rollout began: of compared pairs, and of mismatches. */
export interface KeyCounts {
  readonly compared: number;
  readonly mismatched: number;
}

/**
 * Evidence of harm, which a climb keeps from step to step. That a candidate is sound is proved at
 * each step anew, as load, caches and cohort are others there.
 */
export interface CarriedHarm {
  /** By route, all earlier steps together. */
  readonly counts: ReadonlyMap<string, PairCounts>;
  /** ln E against "within the limit", by gate, of the steps that began earlier. */
  readonly lnHarm: ReadonlyMap<string, number>;
}

/** What tells two gates apart. */
export function gateKey(gate: { readonly gate: string; readonly route: string | null }): string {
  return gate.route === null ? gate.gate : `${gate.gate} @ ${gate.route}`;
}

/** The counts of one route, or of all together. */
export function countsOf({ counts }: Evidence, route: string | null): PairCounts {
  return sumOf(counts, route);
}

/** As `countsOf`, of the earlier steps of the climb; null at its first step. */
export function carriedOf({ carried }: Evidence, route: string | null): PairCounts | null {
  return carried === undefined ? null : sumOf(carried.counts, route);
}

function sumOf(counts: ReadonlyMap<string, PairCounts>, route: string | null): PairCounts {
  if (route !== null) return counts.get(route) ?? NO_COUNTS;
  let sum = NO_COUNTS;
  for (const each of counts.values()) sum = addCounts(sum, each);
  return sum;
}

/** Both together. */
export function addCounts(a: PairCounts, b: PairCounts): PairCounts {
  return {
    pairs: a.pairs + b.pairs,
    compared: a.compared + b.compared,
    mismatched: a.mismatched + b.mismatched,
    eligible: a.eligible + b.eligible,
    candidateOnlyErrors: a.candidateOnlyErrors + b.candidateOnlyErrors,
    legacyOnlyErrors: a.legacyOnlyErrors + b.legacyOnlyErrors,
    bothErrors: a.bothErrors + b.bothErrors,
  };
}
