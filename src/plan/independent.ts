/**
 * How many requests show that a quantile is worse, were every request slow for itself: the tests
 * on requests, at the numbers that are expected. Pauses make requests slow in bursts, so that the
 * gates count windows; this is what no test can beat.
 */
import { bucketTop } from '../judge/buckets.ts';
import { lnTwoArms } from '../judge/two-arms.ts';
import { lnBetaBinomial, tuning } from '../kit/e-process.ts';
import type { HistogramCounts } from '../model/window.ts';
import { smallest } from './search.ts';

const PAIRS_MAX = 1e10;
/** Chance of a wrong finding. */
const ALPHA = 0.01;
const NEEDED = -Math.log(ALPHA);

/**
 * Pairs of which one side alone is over the threshold, `times` as often the candidate, that prove
 * that it is more often; the test is tuned for as many. Source: sequential McNemar.
 */
export function discordantPairs(times: number): number | null {
  return smallest(1, PAIRS_MAX, (n) => {
    const ofCandidate = Math.round((n * times) / (1 + times));
    return lnBetaBinomial(ofCandidate, n, 0.5, tuning(n, ALPHA)) >= NEEDED;
  });
}

/** The same as pairs in all, with the threshold at `quantile` of legacy; sides are independent. */
export function pairsFor(times: number, quantile: number): number | null {
  const discordant = discordantPairs(times);
  if (discordant === null) return null;
  const above = 1 - quantile;
  const share = times * above * quantile + above * Math.max(0, 1 - times * above);
  return Math.ceil(discordant / share);
}

/**
 * Requests live on the candidate, a share of all, that show that `times` as many of them are over
 * legacy's `quantile`; 0 < share < 1. `slope` says how steep the latencies are there.
 */
export function liveRequestsFor(
  times: number,
  quantile: number,
  share: number,
  slope: number,
): number | null {
  return smallest(10, PAIRS_MAX, (n) => {
    const ofLegacy = Math.round((n * (1 - share)) / share);
    const candidate = { counts: powerLaw(n, quantile, times, slope), c: tuning(n, ALPHA) };
    const legacy = { counts: powerLaw(ofLegacy, quantile, 1, slope), c: tuning(ofLegacy, ALPHA) };
    return lnTwoArms(candidate, legacy, quantile, 1).lnE >= NEEDED;
  });
}

const AT_QUANTILE_US = 131_072;

/** As many latencies as expected in each bucket: the share above falls with the power 1/slope. */
function powerLaw(n: number, quantile: number, times: number, slope: number): HistogramCounts {
  const above = (1 - quantile) * times;
  const counts: number[] = [];
  let counted = 0;
  let bottom = bucketOf(AT_QUANTILE_US * above ** slope);
  while (counted < n) {
    const top = bucketTop(bottom) + 1;
    const share = Math.min(1, above * (top / AT_QUANTILE_US) ** (-1 / slope));
    const upTo = Math.round(n * (1 - share));
    if (upTo > counted) counts.push(bottom, upTo - counted);
    counted = Math.max(counted, upTo);
    bottom = top;
  }
  return counts;
}

/** The smallest value of the bucket that holds this one. */
function bucketOf(value: number): number {
  const width = Math.max(1, bucketTop(value) - value + 1);
  return Math.max(1, Math.floor(value / width) * width);
}
