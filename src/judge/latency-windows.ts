/**
 * What latency gates see in a window, and what that adds up to. In: merged windows, in order.
 * Out: evidence whose thresholds are fixed before the windows that are held against them.
 */
import { LIMITS } from '../kit/limits.ts';
import type { GateSettings } from '../model/settings.ts';
import { countAbove } from './buckets.ts';
import { addShare } from './design-effect.ts';
import type {
  EvidenceWindow,
  LatencyEvidence,
  LatencyPoint,
  LatencyWindow,
  LiveArms,
  OverCounts,
  TailEvidence,
} from './evidence.ts';
import { median } from './sign-test.ts';
import { addToBet } from './window-bet.ts';
import { addHistograms, countOf, pointOf, strataOf } from './windows.ts';

/** The first windows of a step fix the threshold, and are not held against it. */
const THRESHOLD_WINDOWS = 3;
/** Newest windows that are kept as they were. */
export const RECENT_WINDOWS = 12;
/** Bets on windows are tuned for this chance of a wrong failure. */
const BET_ALPHA = 0.01;
/** A difference so many times what is usually over the threshold takes the whole stake. */
const BET_SCALE = 1.2;

/** What the gate sees in one more window. */
export function seenIn(
  gate: GateSettings,
  window: EvidenceWindow,
  { tail }: LatencyEvidence,
): LatencyWindow {
  const quantile = gate.quantile ?? 0.99;
  const strata = strataOf(window, gate.route);
  const { seconds, stalledSeconds } = window;
  const pairs = strata.reduce((sum, { legacy }) => sum + countOf(legacy), 0);
  const seen = { point: pointOf(window, quantile, gate.route), pairs, seconds, stalledSeconds };
  const { thresholdUs } = tail;
  if (thresholdUs === null || seen.point === null) return seen;
  const over = strata.map(
    ({ liveSide, legacy, candidate }): OverCounts => ({
      liveSide,
      pairs: countOf(legacy),
      legacy: countAbove(legacy, thresholdUs),
      candidate: countAbove(candidate, thresholdUs * allowance(gate)),
    }),
  );
  return { ...seen, over: over.filter(({ pairs: n }) => n >= LIMITS.windowPairsMin) };
}

/** How many times legacy's threshold the candidate's is. */
function allowance({ metric, limit }: GateSettings): number {
  return metric === 'latency' ? limit : 1;
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
    pairs: evidence.pairs + window.pairs,
    thinWindows: evidence.thinWindows + (point === null ? 1 : 0),
    seconds: evidence.seconds + window.seconds,
    stalledSeconds: evidence.stalledSeconds + window.stalledSeconds,
    tail: addTail(evidence.tail, window.over ?? [], points, 1 - (gate.quantile ?? 0.99)),
  };
}

function addTail(
  tail: TailEvidence,
  over: readonly OverCounts[],
  points: readonly LatencyPoint[],
  usualShare: number,
): TailEvidence {
  const thresholdUs = tail.thresholdUs ?? thresholdOf(points);
  if (over.length === 0) return { ...tail, thresholdUs };
  const sum = (of: (counts: OverCounts) => number): number =>
    over.reduce((total, counts) => total + of(counts), 0);
  const count = sum(({ pairs }) => pairs);
  // Both live sides weigh alike, as in the window's quantile.
  const difference = sum(({ pairs, legacy, candidate }) => (candidate - legacy) / pairs);
  const inScale = difference / over.length / (BET_SCALE * usualShare);
  return {
    thresholdUs,
    bet: addToBet(tail.bet, inScale, BET_ALPHA),
    legacy: addShare(tail.legacy, { over: sum(({ legacy }) => legacy), count }),
    candidate: addShare(tail.candidate, { over: sum(({ candidate }) => candidate), count }),
    recent: [...tail.recent, over].slice(-RECENT_WINDOWS),
  };
}

/** Legacy's own quantile in the first windows of the step; null before they are there. */
function thresholdOf(points: readonly LatencyPoint[]): number | null {
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
