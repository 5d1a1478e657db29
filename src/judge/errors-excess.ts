import { carriedOf, countsOf } from './evidence.ts';
import type { GateJudge } from './gate-judge.ts';
import { judgeRate } from './rate-test.ts';

/** `errors.excess < 0.01%`: pairs in which the candidate alone failed, of all pairs. */
export const judgeErrorsExcess: GateJudge = (question) => {
  const { gate, evidence } = question;
  const now = countsOf(evidence, gate.route);
  const before = carriedOf(evidence, gate.route);
  return judgeRate({
    ...question,
    name: 'candidate-only errors',
    verb: 'fails on the candidate alone',
    wrong: now.candidateOnlyErrors,
    trials: now.pairs,
    carried: before && { wrong: before.candidateOnlyErrors, trials: before.pairs },
    limit: gate.limit,
  });
};
