import { rateUpperBound } from '../kit/e-process.ts';
import { formatShare } from '../kit/units.ts';
import { carriedOf, countsOf, type Evidence } from './evidence.ts';
import { formatCount, type GateJudge } from './gate-judge.ts';
import { judgeRate } from './rate-test.ts';
import { brokenRoute, unprovenSentence } from './route-proof.ts';

/**
 * `mismatch.rate < 0.001%`: mismatched of all compared pairs. For all routes together it fails as
 * well when one of them alone is proved to mismatch more often, however rare it is.
 */
export const judgeMismatchRate: GateJudge = (question) => {
  const { gate, evidence, harmAlpha, climbAlpha, unproven } = question;
  const { mismatched, compared } = countsOf(evidence, gate.route);
  const before = carriedOf(evidence, gate.route);
  const isOfAll = gate.route === null;
  // Half of it is for the routes.
  const part = isOfAll ? 2 : 1;
  const answer = judgeRate({
    ...question,
    harmAlpha: harmAlpha / part,
    climbAlpha: climbAlpha / part,
    name: 'mismatch rate',
    verb: 'mismatches',
    wrong: mismatched,
    trials: compared,
    carried: before && { wrong: before.mismatched, trials: before.compared },
    limit: gate.limit,
  });
  if (!isOfAll) return answer;
  const broken =
    answer.verdict === 'fail' ? null : brokenRoute(gate, evidence, harmAlpha / 2, climbAlpha / 2);
  if (broken !== null) return broken;
  const open = unprovenSentence(unproven);
  const tell = () => {
    const words = answer.tell();
    const notes = open === '' ? words.notes : [...words.notes, `; ${open}`];
    return { ...words, notes, beside: keysText(evidence, gate.alpha) };
  };
  return { ...answer, tell };
};

/** Mismatches come in clusters: one user's hundred are one user's. */
function keysText({ keys }: Evidence, alpha: number): string {
  if (keys === undefined || keys.compared === 0) return '';
  const { compared, mismatched } = keys;
  const most = formatShare(rateUpperBound(mismatched, compared, alpha));
  return (
    `by key about ${formatCount(mismatched)} of about ${formatCount(compared)} since the build ` +
    `began, at most ${most}`
  );
}
