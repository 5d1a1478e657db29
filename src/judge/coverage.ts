import { formatShare } from '../kit/units.ts';
import { countsOf } from './evidence.ts';
import { formatCount, type GateJudge, gateResult } from './gate-judge.ts';
import { judgeRate } from './rate-test.ts';

/**
 * `coverage > 99%`: compared of all that should have been, dropped requests included. Judged as
 * the rate of what was missed, so that the bounds are those of the other rates.
 */
export const judgeCoverage: GateJudge = ({ gate, evidence, harmAlpha }) => {
  const { compared, eligible } = countsOf(evidence, gate.route);
  const missed = judgeRate({
    gate,
    harmAlpha,
    name: 'coverage',
    wrong: eligible - compared,
    trials: eligible,
    limit: 1 - gate.limit,
  });
  const measured = eligible === 0 ? null : compared / eligible;
  const of = `${formatCount(compared)} of ${formatCount(eligible)} pairs`;
  const sign = missed.verdict === 'fail' ? '<' : missed.verdict === 'pass' ? '>' : 'not yet >';
  const value = measured === null ? '' : ` ${formatShare(measured)}`;
  const sentence = `coverage${value} ${sign} ${formatShare(gate.limit)}: ${of}`;
  const { lower = 0, upper = 1 } = missed.interval ?? {};
  const interval = { lower: 1 - upper, upper: 1 - lower };
  return gateResult(gate, { ...missed, measured, interval, sentence });
};
