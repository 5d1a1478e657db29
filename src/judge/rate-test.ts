import { formatShare } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import {
  confidenceInterval,
  lnBetaBinomial,
  lnMixture,
  rateUpperBound,
  tuning,
} from '../kit/e-process.ts';
import {
  expectedMs,
  formatCount,
  type GateAnswer,
  type GateQuestion,
  type Missing,
} from './gate-judge.ts';

/** What goes wrong, of how many. */
export interface Rate {
  readonly wrong: number;
  readonly trials: number;
}

export interface RateQuestion extends GateQuestion, Rate {
  /** What is measured: `mismatch rate`. */
  readonly name: string;
  /** Of one that goes wrong: `mismatches`. */
  readonly verb: string;
  /** The rate must be proved to be below this; 0 to 1. */
  readonly limit: number;
  /** What earlier steps of the climb saw; null where there are none. */
  readonly carried: Rate | null;
}

/**
 * Whether the rate of `wrong` among `trials` is below the limit. Passes by the mixture that
 * none at all suffices for; fails when the lower confidence bound is above the limit, of this step
 * or of all steps of the climb. Holds for rates that drift; what goes wrong in clusters goes wrong
 * at a rate that drifts.
 */
export function judgeRate(question: RateQuestion): GateAnswer {
  const { gate, wrong, trials } = question;
  const all = climbOf(question);
  const isOfClimb = all !== null && isOver(all, question, question.climbAlpha);
  const verdict = outcomeOf(question, isOfClimb);
  return {
    verdict,
    measured: trials === 0 ? null : wrong / trials,
    samples: trials,
    tell: () => ({
      name: question.name,
      format: formatShare,
      samples: `: ${ofPairs(question)}`,
      interval: intervalOf(question),
      notes: all !== null && isOfClimb ? [`, ${ofPairs(all)} in all steps so far`] : [],
      missing: verdict === 'inconclusive' ? missingOf(gate, question) : null,
    }),
  };
}

function outcomeOf(question: RateQuestion, isOfClimb: boolean): GateOutcome {
  const { gate, harmAlpha, climbAlpha, wrong, trials, limit } = question;
  if (isOfClimb) return 'fail';
  if (trials === 0 || trials < gate.minPairs) return 'inconclusive';
  const alone = climbAlpha > 0 ? harmAlpha / 2 : harmAlpha;
  if (isOver(question, question, alone)) return 'fail';
  if (limit >= 1) return 'pass';
  const isBelow = limit > 0 && lnMixture(wrong, trials, limit) >= -Math.log(gate.alpha);
  return isBelow ? 'pass' : 'inconclusive';
}

function climbOf({ carried, climbAlpha, wrong, trials, gate }: RateQuestion): Rate | null {
  if (carried === null || carried.trials === 0 || climbAlpha <= 0) return null;
  const all = { wrong: carried.wrong + wrong, trials: carried.trials + trials };
  return all.trials < gate.minPairs ? null : all;
}

/** The lower bound of the confidence interval is above the limit. */
function isOver(
  { wrong, trials }: Rate,
  { gate, limit }: Pick<RateQuestion, 'gate' | 'limit'>,
  alpha: number,
): boolean {
  if (trials === 0 || wrong / trials <= limit) return false;
  if (limit <= 0) return true;
  return lnBetaBinomial(wrong, trials, limit, cOf(gate, alpha)) >= -Math.log(alpha);
}

function intervalOf({ gate, wrong, trials }: RateQuestion): GateAnswerInterval {
  const { lower } = confidenceInterval(wrong, trials, gate.alpha, cOf(gate, gate.alpha));
  return { lower, upper: rateUpperBound(wrong, trials, gate.alpha) };
}

type GateAnswerInterval = ReturnType<typeof confidenceInterval>;

/** `3 of 1,000 pairs`. */
export function ofPairs({ wrong, trials }: Rate): string {
  return `${formatCount(wrong)} of ${formatCount(trials)} pairs`;
}

function missingOf(gate: GateSettings, question: RateQuestion): Missing {
  const { evidence, verb, wrong, trials, limit } = question;
  if (limit <= 0) return { what: 'no rate is proved to be zero', expectedMs: null };
  const isSteady = wrong > 0 && trials >= gate.minPairs && wrong / trials < limit;
  const total = isSteady
    ? steadyTrials(wrong / trials, trials, limit, gate.alpha)
    : trialsNeeded(wrong, limit, gate.alpha);
  if (total === null) {
    return { what: 'no pass while it is so near the limit', expectedMs: null };
  }
  const more = Math.max(total, gate.minPairs) - trials;
  const ifSo = isSteady ? 'if the rate stays as it is' : `if none of them ${verb}`;
  return {
    what: `a pass takes ${formatCount(more)} more pair${more === 1 ? '' : 's'} ${ifSo}`,
    // None of so many going wrong is not to be expected where more do than may.
    expectedMs: wrong > 1 && wrong / trials >= limit ? null : expectedMs(more, trials, evidence),
  };
}

/** So many times what there is, and a rate is called too near the limit. */
const STEADY_MAX = 1e5;

/** The fewest trials that prove a rate below the limit while it stays what it is; null: none. */
function steadyTrials(rate: number, trials: number, limit: number, alpha: number): number | null {
  return fewest(
    trials,
    trials * STEADY_MAX,
    (n) => lnMixture(rate * n, n, limit) >= -Math.log(alpha),
  );
}

/** The fewest trials with so many of them wrong that prove a rate below `limit`, 0 to 1. */
export function trialsNeeded(wrong: number, limit: number, alpha: number): number {
  const isProved = (n: number): boolean => lnMixture(wrong, n, limit) >= -Math.log(alpha);
  return fewest(wrong, Infinity, isProved)!;
}

/** The smallest integer above `from` that `isEnough`; null where `most` is not. */
function fewest(from: number, most: number, isEnough: (n: number) => boolean): number | null {
  let enough = from + 1;
  while (!isEnough(enough)) {
    if (enough > most) return null;
    enough *= 2;
  }
  let less = Math.max(from, Math.floor(enough / 2));
  while (enough - less > 1) {
    const middle = Math.floor((less + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else less = middle;
  }
  return enough;
}

function cOf({ minPairs }: GateSettings, alpha: number): number {
  return tuning(Math.max(minPairs, 100), alpha);
}
