/** Gates on rates: how many pairs prove that a rate is below its limit, and that it is not. */
import { rateUpperBound } from '../kit/e-process.ts';
import { formatDuration, formatShare } from '../kit/units.ts';
import type { GatePlanner, GateQuestion, Refusal, Regression } from './gate-plan.ts';
import { longerMs, timeOf } from './hold.ts';
import { smallest } from './search.ts';
import { NO_COUNTS, type PairCounts } from '../model/window.ts';

/** Rates that are looked for: so many times the limit. */
const TIMES = [2, 10, 100];
const PAIRS_MAX = 1e12;
/** The least rate that fails is told to half a percent of it. */
const FINENESS = 1.005;

/** Of so many pairs, these went wrong. */
type Counts = (pairs: number, wrong: number) => PairCounts;

const mismatches: Counts = (pairs, wrong) => ({
  ...NO_COUNTS,
  pairs,
  eligible: pairs,
  compared: pairs,
  mismatched: wrong,
});

const excess: Counts = (pairs, wrong) => ({
  ...NO_COUNTS,
  pairs,
  eligible: pairs,
  compared: pairs,
  candidateOnlyErrors: wrong,
});

const missed: Counts = (pairs, wrong) => ({
  ...NO_COUNTS,
  pairs,
  eligible: pairs,
  compared: pairs - wrong,
});

/** `mismatch.rate < 0.001%` */
export const planMismatchRate: GatePlanner = (question) =>
  planRate(question, mismatches, question.gate.limit);

/** `errors.excess < 0.01%` */
export const planErrorsExcess: GatePlanner = (question) =>
  planRate(question, excess, question.gate.limit);

/** `coverage > 99%`: judged as the rate of what was not compared. */
export const planCoverage: GatePlanner = (question) =>
  shownAsCoverage(planRate(question, missed, 1 - question.gate.limit));

/** What is not compared is what the test counts, what is compared is what the gate says. */
function shownAsCoverage(plan: ReturnType<GatePlanner>): ReturnType<GatePlanner> {
  return {
    ...plan,
    finds: plan.finds === null ? null : 1 - plan.finds,
    regressions: plan.regressions.map((each) => ({ ...each, size: 1 - each.size })),
  };
}

function planRate(question: GateQuestion, counts: Counts, limit: number): ReturnType<GatePlanner> {
  const { step, pairsPerSec } = question;
  const inHold = Math.floor((pairsPerSec * step.holdMs) / 1000);
  const verdict = (pairs: number, wrong: number): string =>
    question.ask({ counts: new Map([[question.gate.route ?? '', counts(pairs, wrong)]]) });
  const needed = smallest(1, PAIRS_MAX, (pairs) => verdict(pairs, 0) === 'pass');
  const fails = (pairs: number, rate: number): boolean =>
    verdict(pairs, Math.min(pairs, Math.round(rate * pairs))) === 'fail';
  const finest = Math.floor(Math.log(1 / limit) / Math.log(FINENESS));
  const least =
    inHold === 0
      ? null
      : smallest(1, Math.max(1, finest), (i) => fails(inHold, limit * FINENESS ** i));
  return {
    pairsPerSec,
    needs: needed === null ? null : { samples: needed, unit: 'pairs' },
    passesAfterMs: needed === null ? null : timeOf(needed, pairsPerSec),
    finds: least === null ? null : limit * FINENESS ** least,
    regressions: TIMES.map((times) => limit * times)
      .filter((rate) => rate < 1)
      .map((rate): Regression => {
        const pairs = smallest(1, Math.max(1, inHold), (n) => fails(n, rate));
        const afterMs = pairs === null ? null : timeOf(pairs, pairsPerSec);
        return { size: rate, samples: pairs, unit: 'pairs', afterMs, independent: null };
      }),
    refusal: refusalOf(question, needed, inHold),
  };
}

function refusalOf(
  { gate, step, pairsPerSec }: GateQuestion,
  needed: number | null,
  inHold: number,
): Refusal | null {
  if (step.holdMs === 0 || (needed !== null && needed <= inHold)) return null;
  const brings = `${formatDuration(step.holdMs)} bring ${inHold.toLocaleString('en-US')}`;
  if (needed === null) {
    return {
      outlook: 'never',
      why: 'no number of pairs would pass it',
      mend: 'take a limit that can be proved',
    };
  }
  const why = `it needs ${needed.toLocaleString('en-US')} pairs without one, and ${brings}`;
  const holdMs = longerMs(timeOf(needed, pairsPerSec));
  const hold = `hold: ${formatDuration(holdMs)}`;
  const late = { outlook: 'late', why, holdMs } as const;
  if (inHold < gate.minPairs) return { ...late, mend: `${hold}, or fewer minPairs` };
  // A hair more than the bound, to three digits.
  const bound = Number((rateUpperBound(0, inHold, gate.alpha) * 1.005).toPrecision(3));
  const provable = gate.comparator === '>' ? 1 - bound : bound;
  return { ...late, mend: `${hold}, or a limit of ${formatShare(provable)}` };
}

/** Ratios of errors that are looked for. */
const ERROR_RATIOS = [3, 5, 10];

/**
 * `errors.ratio < 2`: passes with enough pairs until harm is proved. How long that takes depends on
 * how often either side fails, so it is said in errors.
 */
export const planErrorsRatio: GatePlanner = (question) => {
  const { gate, step, pairsPerSec } = question;
  const pairs = Math.max(gate.minPairs, 1);
  const verdict = (candidate: number, legacy: number, of: number): string =>
    question.ask({
      counts: new Map([[gate.route ?? '', { ...excess(of, candidate), legacyOnlyErrors: legacy }]]),
    });
  const needed = smallest(1, PAIRS_MAX, (n) => verdict(0, 0, n) === 'pass');
  return {
    pairsPerSec,
    needs: needed === null ? null : { samples: needed, unit: 'pairs' },
    passesAfterMs: needed === null ? null : timeOf(needed, pairsPerSec),
    finds: null,
    regressions: ERROR_RATIOS.filter((ratio) => ratio > gate.limit).map((ratio): Regression => {
      const errors = smallest(1, 1e7, (n) => {
        const ofCandidate = Math.round((n * ratio) / (1 + ratio));
        return verdict(ofCandidate, n - ofCandidate, pairs + n) === 'fail';
      });
      return { size: ratio, samples: errors, unit: 'errors', afterMs: null, independent: null };
    }),
    refusal: refusalOf(question, needed, Math.floor((pairsPerSec * step.holdMs) / 1000)),
  };
};
