import { LIMITS } from '../kit/limits.ts';
import { formatLatency, formatShare } from '../kit/units.ts';
import type { GateOutcome, GateResult } from '../model/rollout.ts';
import { lnMean } from '../kit/e-process.ts';
import { gateKey, type LatencyEvidence, NO_LATENCY } from './evidence.ts';
import {
  formatCount,
  formatRatio,
  type GateJudge,
  type GateQuestion,
  gateResult,
  quantileName,
} from './gate-judge.ts';
import { crossings, lnOver, lnWithin, median, signs } from './sign-test.ts';

/**
 * `latency.p99.ratio < 1.10`: in the typical window, the candidate's quantile is at most so many
 * times legacy's in the same window. Measured is the median of the windows' ratios, and the
 * tests are over windows, so that a pause counts once and not once for each request in it.
 * The plain sign test and the one at a threshold share the stake evenly.
 */
export const judgeLatency: GateJudge = (question) => {
  const { gate, evidence } = question;
  const seen = evidence.latency.get(gateKey(gate)) ?? NO_LATENCY;
  const { points } = seen;
  const name = `${quantileName(gate.quantile ?? 0.99)} ratio`;
  if (points.length === 0 || seen.pairs < gate.minPairs) return tooLittle(question, seen, name);
  const measured = median(points.map((point) => point.candidateUs / point.legacyUs));
  const verdict = decide(question, seen, measured);
  const limit = formatRatio(gate.limit);
  const sign = measured > gate.limit ? '>' : '<';
  const proof = verdict === 'inconclusive' ? ', not proved yet' : '';
  const candidate = formatLatency(median(points.map((point) => point.candidateUs)));
  const legacy = formatLatency(median(points.map((point) => point.legacyUs)));
  const windows = `${formatCount(points.length)} window${points.length === 1 ? '' : 's'}`;
  const sentence =
    `${name} ${formatRatio(measured)} ${sign} ${limit} over ${windows}${proof} ` +
    `(${candidate} against ${legacy})${stallNote(seen)}`;
  return gateResult(gate, { verdict, measured, samples: points.length, sentence });
};

function decide(question: GateQuestion, seen: LatencyEvidence, measured: number): GateOutcome {
  const { gate, harmAlpha } = question;
  const { lnHarm, lnOk } = proofOf(seen, gate.limit);
  if (lnHarm >= -Math.log(harmAlpha)) return 'fail';
  if (measured > gate.limit) return 'inconclusive';
  if (seen.stalledSeconds > LIMITS.proxyStalledMaxRatio * seen.seconds) return 'inconclusive';
  return lnOk >= -Math.log(gate.alpha) ? 'pass' : 'inconclusive';
}

interface Proof {
  readonly limit: number;
  readonly lnHarm: number;
  readonly lnOk: number;
}

/** Gates are judged more often than windows close; the same windows prove the same. */
const proofs = new WeakMap<LatencyEvidence, Proof>();

function proofOf(seen: LatencyEvidence, limit: number): Proof {
  const known = proofs.get(seen);
  if (known?.limit === limit) return known;
  const candidate = seen.points.map((point) => point.candidateUs);
  const allowed = seen.points.map((point) => point.legacyUs * limit);
  const plain = signs(candidate, allowed);
  const crossed = crossings(candidate, allowed);
  const proof = {
    limit,
    lnHarm: lnMean(lnOver(plain), lnOver(crossed)),
    lnOk: lnMean(lnWithin(plain), lnWithin(crossed)),
  };
  proofs.set(seen, proof);
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
