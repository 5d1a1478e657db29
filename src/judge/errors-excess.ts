import { countsOf } from './evidence.ts';
import { type GateJudge, gateResult } from './gate-judge.ts';
import { judgeRate } from './rate-test.ts';

/** `errors.excess < 0.01%`: pairs in which the candidate alone failed, of all pairs. */
export const judgeErrorsExcess: GateJudge = ({ gate, evidence, harmAlpha }) => {
  const { candidateOnlyErrors, pairs } = countsOf(evidence, gate.route);
  return gateResult(
    gate,
    judgeRate({
      gate,
      harmAlpha,
      name: 'candidate-only errors',
      wrong: candidateOnlyErrors,
      trials: pairs,
      limit: gate.limit,
    }),
  );
};
