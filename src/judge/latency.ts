import { LIMITS } from '../kit/limits.ts';
import { formatLatency, formatShare } from '../kit/units.ts';
import type { GateOutcome, GateResult } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import { gateKey, type LatencyEvidence, NO_LATENCY } from './evidence.ts';
import {
  formatCount,
  formatRatio,
  type GateJudge,
  type GateQuestion,
  gateResult,
  quantileName,
} from './gate-judge.ts';
import { DESIGN_MAX, type LatencyProof, prove } from './latency-proof.ts';
import { hasOwnLimit } from './latency-windows.ts';
import { median } from './sign-test.ts';

/**
 * `latency.p99.ratio < 1.10`: in the typical window, the candidate's quantile is at most so many
 * times legacy's in the same window. `latency.p99 < 50ms`: it is at most so long.
 * `latency.paired.p50.ratio < 1.05`: in the typical window, so many of the pairs have a candidate
 * at most so many times as slow as legacy. Measured is the median of the windows, and the tests
 * are over windows, so that a pause counts once and not once for each request in it; tests of
 * single requests have a share of the stake where these are slow each for itself.
 */
export const judgeLatency: GateJudge = (question) => {
  const { gate, evidence } = question;
  const seen = evidence.latency.get(gateKey(gate)) ?? NO_LATENCY;
  const { points } = seen;
  const words = wordsOf(gate);
  if (points.length === 0 || seen.pairs < gate.minPairs) return tooLittle(question, seen, words);
  const measured = words.unit * median(points.map((point) => point.candidateUs / point.legacyUs));
  const proof = proofOf(gate, seen);
  const verdict = decide(question, seen, proof, measured);
  const sign = measured > gate.limit ? '>' : '<';
  const open = verdict === 'inconclusive' ? ', not proved yet' : '';
  const windows = `${formatCount(points.length)} window${points.length === 1 ? '' : 's'}`;
  const sentence =
    `${words.name} ${words.format(measured)} ${sign} ${words.format(gate.limit)} over ` +
    `${windows}${open}${bothSides(gate, seen)}` +
    (verdict === 'fail' && measured <= gate.limit ? tailNote(gate, seen) : '') +
    burstNote(proof) +
    stallNote(seen);
  const { lower, upper } = proof.interval;
  const interval = { lower: words.unit * lower, upper: words.unit * upper };
  return gateResult(gate, { verdict, measured, interval, samples: points.length, sentence });
};

interface Words {
  readonly name: string;
  /** What 1 stands for among the points' ratios. */
  readonly unit: number;
  readonly format: (value: number) => string;
}

function wordsOf({ metric, quantile, limit }: GateSettings): Words {
  const name = quantileName(quantile ?? 0.99);
  if (metric === 'latency.limit') return { name, unit: limit, format: formatLatency };
  if (metric === 'latency.paired') {
    return { name: `${name} of the pairs' ratios`, unit: 1, format: formatRatio };
  }
  return { name: `${name} ratio`, unit: 1, format: formatRatio };
}

function bothSides(gate: GateSettings, { points }: LatencyEvidence): string {
  if (hasOwnLimit(gate)) return '';
  const candidate = formatLatency(median(points.map((point) => point.candidateUs)));
  const legacy = formatLatency(median(points.map((point) => point.legacyUs)));
  return ` (${candidate} against ${legacy})`;
}

function decide(
  question: GateQuestion,
  seen: LatencyEvidence,
  { lnHarm, lnOk }: LatencyProof,
  measured: number,
): GateOutcome {
  const { gate, harmAlpha } = question;
  if (lnHarm >= -Math.log(harmAlpha)) return 'fail';
  if (measured > gate.limit) return 'inconclusive';
  if (seen.stalledSeconds > LIMITS.proxyStalledMaxRatio * seen.seconds) return 'inconclusive';
  return lnOk >= -Math.log(gate.alpha) ? 'pass' : 'inconclusive';
}

/** Gates are judged more often than windows close; the same windows prove the same. */
const proofs = new WeakMap<LatencyEvidence, readonly [GateSettings, LatencyProof]>();

function proofOf(gate: GateSettings, seen: LatencyEvidence): LatencyProof {
  const known = proofs.get(seen);
  if (known?.[0] === gate) return known[1];
  const proof = prove(gate, seen);
  proofs.set(seen, [gate, proof]);
  return proof;
}

function tooLittle({ gate }: GateQuestion, seen: LatencyEvidence, { name }: Words): GateResult {
  const thin =
    seen.points.length === 0 && seen.thinWindows > 0
      ? `; none of ${formatCount(seen.thinWindows)} windows had ${LIMITS.windowPairsMin} pairs ` +
        'of one live side, so a longer window would help'
      : '';
  const sentence =
    `${name}: ${formatCount(seen.pairs)} pairs in ${formatCount(seen.points.length)} windows, ` +
    `${formatCount(gate.minPairs)} pairs are needed${thin}${stallNote(seen)}`;
  return gateResult(gate, {
    verdict: 'inconclusive',
    measured: null,
    samples: seen.points.length,
    sentence,
  });
}

/** Said as soon as more than 1 % of the seconds are left out. */
function stallNote({ stalledSeconds, seconds }: LatencyEvidence): string {
  if (stalledSeconds <= 0.01 * seconds) return '';
  return `, ${formatShare(stalledSeconds / seconds)} of the seconds left out: the proxy stalled`;
}

/** What a candidate fails by that is within the limit in the typical window. */
function tailNote({ metric, limit }: GateSettings, { tail }: LatencyEvidence): string {
  const { thresholdUs, legacy, candidate } = tail;
  if (thresholdUs === null || candidate.count === 0) return '';
  const over = formatShare(candidate.over / candidate.count);
  if (metric !== 'latency') return `, yet all in all ${over} are over it`;
  const own = formatShare(legacy.over / legacy.count);
  return (
    `, yet all in all ${over} are over ${formatLatency(thresholdUs * limit)}, ` +
    `${own} of legacy's over ${formatLatency(thresholdUs)}`
  );
}

/** Said where single requests are no evidence of their own. */
function burstNote({ design }: LatencyProof): string {
  if (design === null || design <= DESIGN_MAX) return '';
  return `, slow requests come in bursts (design effect ${formatRatio(design)})`;
}
