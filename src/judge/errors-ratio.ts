import { confidenceInterval, type Interval, lnBetaBinomial, tuning } from '../kit/e-process.ts';
import { addCounts, carriedOf, countsOf } from './evidence.ts';
import { formatCount, formatRatio, type GateJudge, missingPairs } from './gate-judge.ts';
import type { PairCounts } from '../model/window.ts';

/**
 * `errors.ratio < 2`: errors of the candidate alone over errors of legacy alone. Detects harm
 * only: a service that hardly fails could never prove a ratio, so with enough pairs the gate
 * passes until harm is proved. Each error that only one side made is the candidate's with
 * chance limit / (1 + limit).
 */
export const judgeErrorsRatio: GateJudge = (question) => {
  const { gate, evidence, harmAlpha, climbAlpha } = question;
  const now = countsOf(evidence, gate.route);
  const before = carriedOf(evidence, gate.route);
  const all = before === null ? null : addCounts(before, now);
  const { candidateOnlyErrors, legacyOnlyErrors, pairs } = now;
  const alone = climbAlpha > 0 ? harmAlpha / 2 : harmAlpha;
  const isOfClimb = all !== null && climbAlpha > 0 && isHarm(all, gate.limit, climbAlpha);
  const isOpen = pairs < gate.minPairs && !isOfClimb;
  const hasFailed = isOfClimb || (!isOpen && isHarm(now, gate.limit, alone));
  return {
    verdict: hasFailed ? 'fail' : isOpen ? 'inconclusive' : 'pass',
    measured: legacyOnlyErrors === 0 ? null : candidateOnlyErrors / legacyOnlyErrors,
    samples: pairs,
    tell: () => ({
      name: 'errors ratio',
      format: formatRatio,
      samples: `: ${errorsText(now)}`,
      interval: intervalOf(now, gate.alpha),
      notes: all !== null && isOfClimb ? [`, ${errorsText(all)} in all steps so far`] : [],
      missing: isOpen ? missingPairs(question, pairs) : null,
    }),
  };
};

function isHarm(counts: PairCounts, limit: number, alpha: number): boolean {
  const { candidateOnlyErrors: candidate, legacyOnlyErrors: legacy } = counts;
  const tolerated = limit / (1 + limit);
  if (candidate <= tolerated * (candidate + legacy)) return false;
  const lnE = lnBetaBinomial(candidate, candidate + legacy, tolerated, tuning(100, alpha));
  return lnE >= -Math.log(alpha);
}

function errorsText({ candidateOnlyErrors, legacyOnlyErrors, pairs }: PairCounts): string {
  const counts = `${formatCount(candidateOnlyErrors)} against ${formatCount(legacyOnlyErrors)}`;
  return `${counts} errors in ${formatCount(pairs)} pairs`;
}

function intervalOf(counts: PairCounts, alpha: number): Interval {
  const { candidateOnlyErrors: candidate, legacyOnlyErrors: legacy } = counts;
  const c = tuning(100, alpha);
  const { lower, upper } = confidenceInterval(candidate, candidate + legacy, alpha, c);
  return { lower: oddsOf(lower), upper: oddsOf(upper) };
}

/** Errors of the candidate for each of legacy's, where its share of them is `share`. */
function oddsOf(share: number): number {
  return share >= 1 ? Infinity : share / (1 - share);
}
