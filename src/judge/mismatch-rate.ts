import { countsOf } from './evidence.ts';
import { type GateJudge, gateResult } from './gate-judge.ts';
import { judgeRate } from './rate-test.ts';

/** `mismatch.rate < 0.001%`: mismatched of all compared pairs. */
export const judgeMismatchRate: GateJudge = ({ gate, evidence, harmAlpha }) => {
  const { mismatched, compared } = countsOf(evidence, gate.route);
  return gateResult(
    gate,
    judgeRate({
      gate,
      harmAlpha,
      name: 'mismatch rate',
      wrong: mismatched,
      trials: compared,
      limit: gate.limit,
    }),
  );
};
