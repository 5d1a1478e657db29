import type { Cluster } from './cluster.ts';
import type { Side } from './exchange.ts';
import type { LiftedKey } from './missed-write.ts';
import type { NoiseView } from './noise.ts';
import type { NoiseCounts, Race, RefereeCounts } from './race.ts';
import type { RejectReason } from './reject.ts';
import type { DropReason, NotComparableReason, RuleCount, SkipReason } from './pair.ts';

/** Latencies as counts: value in microseconds, count, value, count … Adds up without loss. */
export type HistogramCounts = readonly number[];

/**
 * Pairs of which one side alone is over a threshold, legacy's latency counting `margin` times:
 * the candidate in `more`, legacy in `less`. Index of a threshold, and how many pairs it has more
 * than the threshold before it. Adds up as histograms do.
 */
export interface PartedCounts {
  readonly margin: number;
  readonly more: HistogramCounts;
  readonly less: HistogramCounts;
}

/** Why a key is not judged. */
export const TAINT_REASONS = [
  /** Writes of it wait to be replayed: the taint lifts when they have been. */
  'journalled',
  /** Its write was not mirrored: a limit of ours, a pause, a switch of routes. */
  'not-mirrored',
  /** The shadow may or may not have carried a write out. */
  'shadow-unknown',
  /** The live side may or may not have carried a write out. */
  'live-unknown',
  /** Two writes of it were under way to one side at once: answers that agree count even so. */
  'overtaken',
  /** A proxy was killed in the middle of a write. */
  'proxy-lost',
] as const;
export type TaintReason = (typeof TAINT_REASONS)[number];

/**
 * A key that is not judged any more, the side that has every write of it, and why; and since
 * when, on the machine's monotonic clock, microseconds: absent when that was long ago.
 */
export type TaintedKey = readonly [key: string, truth: Side, reason: TaintReason, sinceUs?: number];

type CountsBy<K extends string> = Readonly<Partial<Record<K, number>>>;

/**
 * Where every request went. Exact at every moment:
 * received = mirrored + skipped + dropped; mirrored = compared + notComparable + inFlight;
 * compared = matched + mismatched + ignored.
 */
export interface TrafficCounts {
  readonly received: number;
  readonly mirrored: number;
  readonly skipped: CountsBy<SkipReason>;
  readonly dropped: CountsBy<DropReason>;
  readonly inFlight: number;
  readonly compared: number;
  readonly matched: number;
  readonly mismatched: number;
  readonly ignored: number;
  readonly notComparable: CountsBy<NotComparableReason>;
  /** Answers delivered from legacy because the candidate failed a safe request. */
  readonly rescued: number;
  /** Requests sent to legacy for a rescue alone: what rescuing costs it. */
  readonly rescueAsked: number;
  /** Microseconds that clients of rescued answers waited, all together. */
  readonly rescueWaitUs: number;
  /** What clients saw fail (an answer we made, or a cut answer), safe methods and writes apart. */
  readonly failedSafe: number;
  readonly failedWrites: number;
  /** Requests of a canary key that had none, or no key at all. */
  readonly keyless: number;
  /** Keys not judged any more because their shadow missed a write. */
  readonly taintedKeys: number;
  /** Those keys by reason. */
  readonly taintedBy: CountsBy<TaintReason>;
  /** Writes that wait to be replayed on the shadow, and their bytes. */
  readonly journalEntries: number;
  readonly journalBytes: number;
  /** Writes that one side alone has, by route, where no key says whose they are; absent: none. */
  readonly unplacedBy?: CountsBy<string>;
  /** Requests refused before they reached a side; not among the received. */
  readonly rejected: CountsBy<RejectReason>;
  /** Requests whose side a tester chose: live, never evidence. */
  readonly overridden: number;
  /** What asking again has shown of answers that differed; absent: nobody asks. */
  readonly referee?: RefereeCounts;
  /** Legacy asked twice, to learn what is noise; absent: nobody asks. */
  readonly noise?: NoiseCounts;
}

/** What has happened to pairs: of one second, or of all since the evidence began. All add up. */
export interface PairCounts {
  /** Pairs whose two legs have ended, however they ended: the denominator of the errors. */
  readonly pairs: number;
  readonly compared: number;
  readonly mismatched: number;
  /** What should have been compared and was decided on, dropped requests included. */
  readonly eligible: number;
  /** Pairs in which this side failed (no answer, or 5xx) and the other did not. */
  readonly candidateOnlyErrors: number;
  readonly legacyOnlyErrors: number;
  readonly bothErrors: number;
}

export const NO_COUNTS: PairCounts = {
  pairs: 0,
  compared: 0,
  mismatched: 0,
  eligible: 0,
  candidateOnlyErrors: 0,
  legacyOnlyErrors: 0,
  bothErrors: 0,
};

/**
 * What one proxy saw of one route with one live side in one second. As both legs of a pair are
 * in the same cell, the cell also fixes each side's role: paired comparison is within a cell.
 */
export interface Cell extends PairCounts {
  readonly route: string;
  readonly liveSide: Side;
  /**
   * Latency of the two legs of the pairs that were timed under like conditions (no leg failed
   * at once, none waited for its key's turn): both histograms hold the same pairs.
   */
  readonly legacy: HistogramCounts;
  readonly candidate: HistogramCounts;
  /** Of the same pairs: the candidate's latency by legacy's, in thousandths. */
  readonly ratios?: HistogramCounts;
  /** Of the same pairs, one for each margin that a gate has; absent: none. */
  readonly parted?: readonly PartedCounts[];
  /** Latency of every live leg of this cell, mirrored or not: what clients waited for. */
  readonly live: HistogramCounts;
}

/** All of a cell but its name, before anything has come. */
export const EMPTY_CELL: Omit<Cell, 'route' | 'liveSide'> = {
  ...NO_COUNTS,
  legacy: [],
  candidate: [],
  live: [],
};

/** What was compared of one route: what its clusters are held against. Adds up. */
export interface RoutePairs {
  readonly route: string;
  readonly compared: number;
  /** A sketch of the keys: see DistinctSketch. */
  readonly keys: string;
}

/** Ids of sampled keys by the side that answered them live. */
export type PlacedKeys = Readonly<Record<Side, readonly number[]>>;

/** How the mirror of one proxy stands. */
export interface MirrorState {
  /** 0 to 5: what the proxy has given up for want of memory or time; see proxy/overload. */
  readonly overload: number;
  /** Sides that are left alone as shadows, for they fail again and again. */
  readonly openBreakers: readonly Side[];
  /** Copies waiting or under way. */
  readonly outstanding: number;
  /** Bytes of requests and answers held for the shadow's sake. */
  readonly heldBytes: number;
}

/** One second of one proxy: counts since the last summary, histograms, clusters. */
export interface Summary {
  readonly worker: number;
  /** Half-open [startMs, endMs), wall clock. */
  readonly startMs: number;
  readonly endMs: number;
  /** Totals since this worker began: a lost summary loses nothing. */
  readonly traffic: TrafficCounts;
  readonly cells: readonly Cell[];
  /** Since the last summary, at most the cluster limit. */
  readonly clusters: readonly Cluster[];
  /** What compare rules hid since the last summary; absent: nothing. */
  readonly rules?: readonly RuleCount[];
  /** Compared since the last summary; absent: nothing. */
  readonly routes?: readonly RoutePairs[];
  /** Who answered which key, of a sample; absent: none. */
  readonly placed?: PlacedKeys;
  /** Keys tainted since the last summary. */
  readonly tainted: readonly TaintedKey[];
  /** Keys tainted beyond the limit since then, which no proxy can name; absent: none. */
  readonly taintedBeyond?: number;
  /** Keys whose two sides were seen to agree again since the last summary. */
  readonly lifted?: readonly LiftedKey[];
  /** The longest event-loop delay of the proxy in this second, microseconds. */
  readonly loopDelayMaxUs: number;
  /** The longest collection of the proxy's own in it, microseconds; absent: not watched. */
  readonly ownGcMaxUs?: number;
  /** What is noise, since the worker began; absent: nothing is learned. */
  readonly noisy?: NoiseView;
  /** Newest races since the last summary, each with the write that explains it. */
  readonly races?: readonly Race[];
  /** Absent where nothing is mirrored but replayed. */
  readonly mirror?: MirrorState;
  /** Revision of the assignment in force at the end of the second. */
  readonly revision: number;
}
