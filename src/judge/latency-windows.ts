/**
 * What latency gates see in a window, and what that adds up to. In: merged windows, in order.
 * Out: evidence whose thresholds are fixed before the windows that are held against them.
 */
import { LIMITS } from '../kit/limits.ts';
import { thresholdAt } from '../kit/threshold-grid.ts';
import type { GateSettings } from '../model/settings.ts';
import type { HistogramCounts, PartedCounts } from '../model/window.ts';
import { countAbove } from './buckets.ts';
import { countShare, type MutableSums } from './design-effect.ts';
import type {
  EvidenceWindow,
  LatencyEvidence,
  LatencyPoint,
  LatencyWindow,
  LiveArms,
  OverCounts,
  Parted,
  TailEvidence,
} from './evidence.ts';
import { signsOf, WindowSigns } from './sign-bets.ts';
import { median } from './sign-test.ts';
import { betOn, type MutableBet, tuningFor } from './window-bet.ts';
import { addHistograms, meanQuantile, type Stratum, strataOf } from './windows.ts';

/** The first windows of a step fix the threshold, and are not held against it. */
export const THRESHOLD_WINDOWS = 3;
/** Newest windows that are kept as they were. */
export const RECENT_WINDOWS = 12;
/** Bets on windows are tuned for a chance of a wrong failure of 1 %. */
const BET_TUNING = tuningFor(0.01);
/** A difference so many times what is usually over the threshold takes the whole stake. */
const BET_SCALE = 1.2;

/** What the gate sees in one more window. */
export function seenIn(
  gate: GateSettings,
  window: EvidenceWindow,
  { tail }: LatencyEvidence,
): LatencyWindow {
  const strata = strataOf(window, gate.route);
  const { seconds, stalledSeconds } = window;
  const pairs = strata.reduce((sum, stratum) => sum + stratum.pairs, 0);
  const seen = { point: seenPoint(gate, strata), pairs, seconds, stalledSeconds };
  const thresholdUs = ownThreshold(gate) ?? tail.thresholdUs;
  if (thresholdUs === null || seen.point === null) return seen;
  return { ...seen, over: overOf(gate, strata, thresholdUs) };
}

/** What is over the threshold, of each live side that has enough pairs. */
export function overOf(
  gate: GateSettings,
  strata: readonly Stratum[],
  thresholdUs: number,
): readonly OverCounts[] {
  return strata.filter(hasEnough).map((stratum) => overIn(gate, stratum, thresholdUs));
}

/** What that adds to the bet and to the design effect; null where no live side has enough. */
export function tailIn(
  gate: GateSettings,
  strata: readonly Stratum[],
  thresholdUs: number,
): WindowTail | null {
  const over = strata.filter(hasEnough).map((stratum) => eachOver(gate, stratum, thresholdUs));
  return over.length === 0 ? null : tailOf(gate, over);
}

function hasEnough({ pairs }: Stratum): boolean {
  return pairs >= LIMITS.windowPairsMin;
}

/** The quantile, and what it is held against: legacy's, a time, or a ratio of 1 in thousandths. */
function seenPoint(gate: GateSettings, strata: readonly Stratum[]): LatencyPoint | null {
  const quantile = gate.quantile ?? 0.99;
  const of = gate.metric === 'latency.paired' ? 'ratios' : 'candidate';
  const candidateUs = meanQuantile(strata, of, quantile);
  const legacyUs = hasOwnLimit(gate)
    ? (ownThreshold(gate) ?? 0) / allowanceOf(gate)
    : meanQuantile(strata, 'legacy', quantile);
  return legacyUs === null || candidateUs === null ? null : { legacyUs, candidateUs };
}

function overIn(gate: GateSettings, stratum: Stratum, thresholdUs: number): OverCounts {
  const over = eachOver(gate, stratum, thresholdUs);
  const parted = stratum.parted.find(({ margin }) => margin === gate.limit);
  if (hasOwnLimit(gate) || parted === undefined) return over;
  return { ...over, parted: partedAt(parted, thresholdAt(allowedUs(gate, thresholdUs))) };
}

/** Of each side by itself. */
function eachOver(gate: GateSettings, stratum: Stratum, thresholdUs: number): OverCounts {
  const { liveSide, pairs, legacy, candidate, ratios } = stratum;
  if (hasOwnLimit(gate)) {
    const counts = gate.metric === 'latency.paired' ? ratios : candidate;
    return { liveSide, pairs, legacy: 0, candidate: countAbove(counts, thresholdUs) };
  }
  return {
    liveSide,
    pairs,
    legacy: countAbove(legacy, thresholdUs),
    candidate: countAbove(candidate, allowedUs(gate, thresholdUs)),
  };
}

function allowedUs({ metric, limit }: GateSettings, thresholdUs: number): number {
  return thresholdUs * (metric === 'latency.burn' ? 1 : limit);
}

function partedAt({ more, less }: PartedCounts, threshold: number): Parted {
  return { more: sumUpTo(more, threshold), less: sumUpTo(less, threshold) };
}

function sumUpTo(counts: HistogramCounts, last: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length && counts[i]! <= last; i += 2) sum += counts[i + 1]!;
  return sum;
}

/** A limit that legacy has no part in: a time, or a ratio within each pair. */
export function hasOwnLimit({ metric }: GateSettings): boolean {
  return metric === 'latency.limit' || metric === 'latency.paired';
}

/** What is over the limit; null where legacy's own latencies tell. */
function ownThreshold({ metric, limit }: GateSettings): number | null {
  if (metric === 'latency.limit') return limit;
  return metric === 'latency.paired' ? 1000 * limit : null;
}

/** How many times what it is held against a point may be. */
export function allowanceOf({ metric, limit }: GateSettings): number {
  return metric === 'latency.limit' ? 1 : limit;
}

/** The evidence of a latency gate with one more window in it. */
export function addWindow(
  gate: GateSettings,
  evidence: LatencyEvidence,
  window: LatencyWindow,
): LatencyEvidence {
  const { point } = window;
  const points = point === null ? evidence.points : [...evidence.points, point];
  return {
    ...evidence,
    points,
    ...(point !== null && { signs: signsWith(gate, evidence, point) }),
    pairs: evidence.pairs + window.pairs,
    thinWindows: evidence.thinWindows + (point === null ? 1 : 0),
    seconds: evidence.seconds + window.seconds,
    stalledSeconds: evidence.stalledSeconds + window.stalledSeconds,
    tail: addTail(gate, evidence.tail, window.over ?? [], points),
  };
}

function signsWith(
  gate: GateSettings,
  { points, signs }: LatencyEvidence,
  { candidateUs, legacyUs }: LatencyPoint,
): WindowSigns {
  const allowance = allowanceOf(gate);
  const next = new WindowSigns(signs ?? signsOf(points, allowance));
  next.add(candidateUs, legacyUs * allowance);
  return next;
}

function addTail(
  gate: GateSettings,
  tail: TailEvidence,
  over: readonly OverCounts[],
  points: readonly LatencyPoint[],
): TailEvidence {
  const thresholdUs = tail.thresholdUs ?? thresholdOf(gate, points);
  if (over.length === 0) return { ...tail, thresholdUs };
  const sums = sumsOf(tail);
  countTail(sums, tailOf(gate, over));
  return {
    thresholdUs,
    ...sums,
    parted: over.reduce(addParted, tail.parted),
    recent: [...tail.recent, over].slice(-RECENT_WINDOWS),
  };
}

/** What one window adds to the bet and to the design effect, both live sides together. */
export interface WindowTail {
  /** Of the shares over the threshold, candidate less legacy, in units of the stake. */
  readonly difference: number;
  readonly legacyOver: number;
  readonly candidateOver: number;
  readonly count: number;
}

/** The bet and the sums of the design effect, which go on from window to window. */
export interface TailSums {
  readonly bet: MutableBet;
  readonly legacy: MutableSums;
  readonly candidate: MutableSums;
}

/** A copy of what the tail's windows add up to. */
export function sumsOf({ bet, legacy, candidate }: Readonly<TailSums>): TailSums {
  return { bet: { ...bet }, legacy: { ...legacy }, candidate: { ...candidate } };
}

/** Adds one more window to the sums. */
export function countTail(sums: TailSums, tail: WindowTail): void {
  betOn(sums.bet, tail.difference, BET_TUNING);
  countShare(sums.legacy, tail.legacyOver, tail.count);
  countShare(sums.candidate, tail.candidateOver, tail.count);
}

/** What is over the threshold in one window, of at least one live side. */
function tailOf(gate: GateSettings, over: readonly OverCounts[]): WindowTail {
  const usualShare = 1 - (gate.quantile ?? 0.99);
  const sum = (of: (counts: OverCounts) => number): number =>
    over.reduce((total, counts) => total + of(counts), 0);
  const count = sum(({ pairs }) => pairs);
  // Both live sides weigh alike, as in the window's quantile.
  const worse = sum(({ pairs, legacy, candidate }) => (candidate - legacy) / pairs) / over.length;
  const difference = hasOwnLimit(gate) ? worse - usualShare : worse;
  return {
    difference: difference / (BET_SCALE * usualShare),
    legacyOver: sum(({ legacy }) => legacy),
    candidateOver: sum(({ candidate }) => candidate),
    count,
  };
}

/** Pairs of one live side more. */
export function addParted(
  sums: TailEvidence['parted'],
  { liveSide, parted }: OverCounts,
): TailEvidence['parted'] {
  if (parted === undefined) return sums;
  const { more, less } = sums[liveSide];
  return { ...sums, [liveSide]: { more: more + parted.more, less: less + parted.less } };
}

/** What the gate counts answers over, once there are such points; null before. */
export function thresholdOf(gate: GateSettings, points: readonly LatencyPoint[]): number | null {
  return ownThreshold(gate) ?? firstThreshold(points);
}

/** Legacy's own quantile in the first windows of the step; null before they are there. */
function firstThreshold(points: readonly LatencyPoint[]): number | null {
  if (points.length < THRESHOLD_WINDOWS) return null;
  return median(points.slice(0, THRESHOLD_WINDOWS).map(({ legacyUs }) => legacyUs));
}

/** The live answers of both sides with those of one more window in which both had some. */
export function addArms(arms: LiveArms, window: EvidenceWindow, route: string | null): LiveArms {
  let legacy: LiveArms['legacy'] = [];
  let candidate: LiveArms['candidate'] = [];
  for (const stratum of strataOf(window, route)) {
    if (stratum.liveSide === 'legacy') legacy = stratum.legacy;
    else candidate = stratum.candidate;
  }
  if (legacy.length === 0 || candidate.length === 0) return arms;
  return {
    legacy: addHistograms(arms.legacy, legacy),
    candidate: addHistograms(arms.candidate, candidate),
  };
}
