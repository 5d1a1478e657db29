import { countsOf } from './evidence.ts';
import { type GateJudge, gateResult } from './gate-judge.ts';
import { judgeRate } from './rate-test.ts';
import { brokenRoute, unprovenRoutes, unprovenSentence } from './route-proof.ts';

/**
 * `mismatch.rate < 0.001%`: mismatched of all compared pairs. For all routes together it fails as
 * well when one of them alone is proved to mismatch more often, however rare it is.
 */
export const judgeMismatchRate: GateJudge = ({ gate, evidence, harmAlpha }) => {
  const { mismatched, compared } = countsOf(evidence, gate.route);
  const isOfAll = gate.route === null;
  const answer = judgeRate({
    gate,
    // Half of it is for the routes.
    harmAlpha: isOfAll ? harmAlpha / 2 : harmAlpha,
    name: 'mismatch rate',
    wrong: mismatched,
    trials: compared,
    limit: gate.limit,
  });
  if (!isOfAll) return gateResult(gate, answer);
  const broken = brokenRoute(gate, evidence.counts, harmAlpha / 2);
  if (broken !== null && answer.verdict !== 'fail') {
    return gateResult(gate, { ...answer, verdict: 'fail', sentence: broken });
  }
  const unproven =
    evidence.routes === undefined ? '' : unprovenSentence(unprovenRoutes(gate, evidence));
  const sentence = unproven === '' ? answer.sentence : `${answer.sentence}; ${unproven}`;
  return gateResult(gate, { ...answer, sentence });
};
