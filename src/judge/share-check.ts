import { lnBetaBinomial, tuning } from '../kit/e-process.ts';
import { formatShare } from '../kit/units.ts';
import { formatCount } from './gate-judge.ts';

/** Chance that a right split is called wrong in a step. */
export const SPLIT_ALPHA = 0.0001;
/** Keys at which the check is tightest. */
const KEYS = 1000;

/**
 * Why the traffic is not split as it should be; '' while nothing speaks against it. Of `keys`
 * sampled keys `onCandidate` were live on the candidate, where `percent` of all should be. About
 * keys, not requests: 1 % of the keys is not 1 % of the requests. A wrong split is a fault of the
 * harness or of the routing, and says nothing of the candidate.
 */
export function splitProblem(onCandidate: number, keys: number, percent: number): string {
  if (percent <= 0 || percent >= 100 || keys === 0) return '';
  const share = percent / 100;
  const lnE = lnBetaBinomial(onCandidate, keys, share, tuning(KEYS / share, SPLIT_ALPHA));
  if (lnE < -Math.log(SPLIT_ALPHA)) return '';
  return (
    `${formatShare(onCandidate / keys)} of ${formatCount(keys)} sampled keys are live on the ` +
    `candidate, not ${formatShare(share)}: the traffic is not split as it should be (chance of a ` +
    `wrong alarm ${formatShare(SPLIT_ALPHA)})`
  );
}
