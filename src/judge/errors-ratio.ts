import { confidenceInterval, tuning } from '../kit/e-process.ts';
import { countsOf } from './evidence.ts';
import { formatCount, formatRatio, type GateJudge, gateResult } from './gate-judge.ts';

/**
 * `errors.ratio < 2`: errors of the candidate alone over errors of legacy alone. Detects harm
 * only: a service that hardly fails could never prove a ratio, so with enough pairs the gate
 * passes until harm is proved. Each error that only one side made is the candidate's with
 * chance limit / (1 + limit).
 */
export const judgeErrorsRatio: GateJudge = ({ gate, evidence, harmAlpha }) => {
  const { candidateOnlyErrors, legacyOnlyErrors, pairs } = countsOf(evidence, gate.route);
  const errors = candidateOnlyErrors + legacyOnlyErrors;
  const measured = legacyOnlyErrors === 0 ? null : candidateOnlyErrors / legacyOnlyErrors;
  const counts = `${formatCount(candidateOnlyErrors)} against ${formatCount(legacyOnlyErrors)}`;
  const tail = `${counts} errors in ${formatCount(pairs)} pairs`;
  const limit = formatRatio(gate.limit);
  const tolerated = gate.limit / (1 + gate.limit);
  const c = tuning(100, harmAlpha);
  const { lower } = confidenceInterval(candidateOnlyErrors, errors, harmAlpha, c);
  const shown = confidenceInterval(
    candidateOnlyErrors,
    errors,
    gate.alpha,
    tuning(100, gate.alpha),
  );
  const interval = { lower: oddsOf(shown.lower), upper: oddsOf(shown.upper) };
  if (pairs < gate.minPairs) {
    const sentence = `errors ratio: ${tail}, ${formatCount(gate.minPairs)} pairs are needed`;
    const open = { verdict: 'inconclusive', measured, samples: pairs, sentence } as const;
    return gateResult(gate, open);
  }
  const isHarm = lower > tolerated;
  const value = measured === null ? '' : ` ${formatRatio(measured)}`;
  const sentence = isHarm
    ? `errors ratio${value} > ${limit}: ${tail}`
    : `errors ratio${value} not shown to exceed ${limit}: ${tail}`;
  return gateResult(gate, {
    verdict: isHarm ? 'fail' : 'pass',
    measured,
    interval,
    samples: pairs,
    sentence,
  });
};

/** Errors of the candidate for each of legacy's, where its share of them is `share`. */
function oddsOf(share: number): number {
  return share >= 1 ? Infinity : share / (1 - share);
}
