/**
 * Tests over windows: within one window the two sides are exchangeable if the candidate is no
 * worse, however bursty the latencies are. One pause is one window, not hundreds of requests.
 */
import { lnMix, lnMixture, lnSum } from '../kit/e-process.ts';
import { nthSmallest } from '../kit/nth-smallest.ts';

/** 1: the candidate was over the limit in this window; -1: within it; 0: says nothing. */
export type WindowOutcome = 1 | 0 | -1;

/** Windows after which the test against harm starts once more. */
export const RESTART_EVERY = 3;
/** Newest windows whose medians set the threshold of the next one; `MedianOfNine` is for these. */
const MEMORY = 9;
/** Windows before there is a threshold. */
export const BURN_IN = 2;

/** ln E against "over the limit in at least half of the windows": large proves the limit. */
export function lnWithin(outcomes: readonly WindowOutcome[]): number {
  return lnWithinIf(outcomes, 1);
}

/** As `lnWithin`, were there so many `times` as many windows of the same kind. */
export function lnWithinIf(outcomes: readonly WindowOutcome[], times: number): number {
  const over = outcomes.filter((outcome) => outcome === 1).length;
  const within = outcomes.filter((outcome) => outcome === -1).length;
  return lnMixture(times * over, times * (over + within), 0.5);
}

/**
 * ln E against "within the limit in at least half of the windows": large proves harm. Half of
 * the stake is on the whole run, half on runs that start later (weights 1/2, 1/6, 1/12 …), so
 * that a side that turns bad in the middle of a long step is found soon.
 */
export function lnOver(outcomes: readonly WindowOutcome[]): number {
  let over = 0;
  let within = 0;
  const later: number[] = [];
  let stake = 1;
  for (let i = outcomes.length - 1; i >= 0; i -= 1) {
    if (outcomes[i] === 1) over += 1;
    else if (outcomes[i] === -1) within += 1;
    if (i === 0 || i % RESTART_EVERY !== 0) continue;
    const j = i / RESTART_EVERY;
    const weight = 1 / (j * (j + 1));
    stake -= weight;
    later.push(Math.log(weight) + lnMixture(within, over + within, 0.5));
  }
  const whole = lnMixture(within, over + within, 0.5);
  // What is staked on starts still to come is kept, neither won nor lost.
  return lnMix([
    [0.5, whole],
    [0.5, lnSum([...later, Math.log(Math.max(stake, 1e-300))])],
  ]);
}

/** The plain comparison of each window: candidate against limit times legacy. */
export function signs(
  candidate: readonly number[],
  legacy: readonly number[],
): readonly WindowOutcome[] {
  return candidate.map((value, i) => compare(value, legacy[i]!));
}

/**
 * Each window against a threshold between both sides' recent medians, fixed before the window:
 * it counts where only one side is above. A window in which legacy pauses while the candidate
 * is slow all the time says nothing here, where the plain comparison calls it legacy's loss.
 * In single precision, in which a product is exact: what is equal is neither above nor below.
 * Source: McNemar's test, on windows.
 */
export function crossings(
  candidate: readonly number[],
  legacy: readonly number[],
): readonly WindowOutcome[] {
  const [one, other] = [candidate.map(Math.fround), legacy.map(Math.fround)];
  return candidate.map((value, i) => {
    if (i < BURN_IN) return compare(value, legacy[i]!);
    const from = Math.max(0, i - MEMORY);
    const threshold = Math.sqrt(median(one.slice(from, i)) * median(other.slice(from, i)));
    const isCandidateAbove = one[i]! > threshold;
    if (isCandidateAbove === other[i]! > threshold) return 0;
    return isCandidateAbove ? 1 : -1;
  });
}

function compare(a: number, b: number): WindowOutcome {
  return a > b ? 1 : a < b ? -1 : 0;
}

/** The middle of the values, the mean of the middle two; NaN for none. */
export function median(values: ArrayLike<number>): number {
  const own = new Float64Array(values);
  const half = own.length >> 1;
  const upper = nthSmallest(own, half + 1);
  if (own.length % 2 === 1) return upper;
  // What is smaller stands before it now.
  let lower = own[0] ?? Number.NaN;
  for (let i = 1; i < half; i += 1) lower = Math.max(lower, own[i]!);
  return (lower + upper) / 2;
}
