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
import { median } from './sign-test.ts';

/**
 * `latency.p99.ratio < 1.10`: in the typical window, the candidate's quantile is at most so many
 * times legacy's in the same window. Measured is the median of the windows' ratios, and the
 * tests are over windows, so that a pause counts once and not once for each request in it; tests
 * of single requests have a share of the stake where these are slow each for itself.
 */
export const judgeLatency: GateJudge = (question) => {
  const { gate, evidence } = question;
  const seen = evidence.latency.get(gateKey(gate)) ?? NO_LATENCY;
  const { points } = seen;
  const name = `${quantileName(gate.quantile ?? 0.99)} ratio`;
  if (points.length === 0 || seen.pairs < gate.minPairs) return tooLittle(question, seen, name);
  const measured = median(points.map((point) => point.candidateUs / point.legacyUs));
  const proof = proofOf(gate, seen);
  const verdict = decide(question, seen, proof, measured);
  const limit = formatRatio(gate.limit);
  const sign = measured > gate.limit ? '>' : '<';
  const open = verdict === 'inconclusive' ? ', not proved yet' : '';
  const candidate = formatLatency(median(points.map((point) => point.candidateUs)));
  const legacy = formatLatency(median(points.map((point) => point.legacyUs)));
  const windows = `${formatCount(points.length)} window${points.length === 1 ? '' : 's'}`;
  const sentence =
    `${name} ${formatRatio(measured)} ${sign} ${limit} over ${windows}${open} ` +
    `(${candidate} against ${legacy})${burstNote(proof)}${stallNote(seen)}`;
  const { interval } = proof;
  return gateResult(gate, { verdict, measured, interval, samples: points.length, sentence });
};

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

function tooLittle(question: GateQuestion, seen: LatencyEvidence, name: string): GateResult {
  const { gate } = question;
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

/** Said where single requests are no evidence of their own. */
function burstNote({ design }: LatencyProof): string {
  if (design === null || design <= DESIGN_MAX) return '';
  return `, slow requests come in bursts (design effect ${formatRatio(design)})`;
}
