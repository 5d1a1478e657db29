import { formatShare } from '../kit/units.ts';
import { countsOf } from './evidence.ts';
import type { GateJudge } from './gate-judge.ts';
import { judgeRate, ofPairs } from './rate-test.ts';

/**
 * `coverage > 99%`: compared of all that should have been, dropped requests included. Judged as
 * the rate of what was missed, so that the bounds are those of the other rates. Of this step
 * alone: what was missed before was missed by the harness.
 */
export const judgeCoverage: GateJudge = (question) => {
  const { gate, evidence } = question;
  const { compared, eligible } = countsOf(evidence, gate.route);
  const missed = judgeRate({
    ...question,
    climbAlpha: 0,
    name: 'coverage',
    verb: 'is missed',
    wrong: eligible - compared,
    trials: eligible,
    carried: null,
    limit: 1 - gate.limit,
  });
  return {
    ...missed,
    measured: eligible === 0 ? null : compared / eligible,
    tell: () => {
      const words = missed.tell();
      const { lower, upper } = words.interval ?? { lower: 0, upper: 1 };
      return {
        ...words,
        format: formatShare,
        samples: `: ${ofPairs({ wrong: compared, trials: eligible })}`,
        interval: { lower: 1 - upper, upper: 1 - lower },
      };
    },
  };
};
