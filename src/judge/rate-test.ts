import { formatShare } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import { confidenceInterval, lnMixture, rateUpperBound, tuning } from '../kit/e-process.ts';
import { formatCount, type GateAnswer } from './gate-judge.ts';

export interface RateQuestion {
  readonly gate: GateSettings;
  readonly harmAlpha: number;
  /** What goes wrong: `mismatch rate`. */
  readonly name: string;
  readonly wrong: number;
  readonly trials: number;
  /** The rate must be proved to be below this; 0 to 1. */
  readonly limit: number;
}

/**
 * Whether the rate of `wrong` among `trials` is below the limit. Passes by the mixture that
 * none at all suffices for; fails when the lower confidence bound is above the limit. Holds
 * for rates that drift; what goes wrong in clusters goes wrong at a rate that drifts.
 */
export function judgeRate(question: RateQuestion): GateAnswer {
  const { gate, harmAlpha, name, wrong, trials, limit } = question;
  const measured = trials === 0 ? null : wrong / trials;
  const of = `${formatCount(wrong)} of ${formatCount(trials)} pairs`;
  const upper = rateUpperBound(wrong, trials, gate.alpha);
  const { lower } = confidenceInterval(wrong, trials, gate.alpha, cOf(gate, gate.alpha));
  const say = (verdict: GateOutcome, sentence: string): GateAnswer => ({
    verdict,
    measured,
    interval: { lower, upper },
    samples: trials,
    sentence,
  });
  if (measured === null || trials < gate.minPairs) {
    return say('inconclusive', `${name}: ${of}, ${formatCount(gate.minPairs)} pairs are needed`);
  }
  const bound = formatShare(limit);
  const isHarm =
    measured > limit &&
    (limit <= 0 ||
      confidenceInterval(wrong, trials, harmAlpha, cOf(gate, harmAlpha)).lower > limit);
  if (isHarm) return say('fail', `${name} ${formatShare(measured)} > ${bound}: ${of}`);
  if (limit >= 1) return say('pass', `${name} ${formatShare(measured)} < ${bound}: ${of}`);
  if (limit > 0 && lnMixture(wrong, trials, limit) >= -Math.log(gate.alpha)) {
    const sure = formatShare(1 - gate.alpha);
    return say('pass', `${name} ${formatShare(measured)}, below ${bound} at ${sure}: ${of}`);
  }
  const sofar = formatShare(upper);
  return say('inconclusive', `${name} ${formatShare(measured)}, below ${sofar} so far: ${of}`);
}

function cOf({ minPairs }: GateSettings, alpha: number): number {
  return tuning(Math.max(minPairs, 100), alpha);
}
