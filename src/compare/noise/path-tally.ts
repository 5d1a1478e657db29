/**
 * One place and kind of difference: how often legacy shows it against itself, and how often the
 * candidate against legacy. Both questions may be asked after every pair, and of every place:
 * each has its share of the chance of error, by the order in which the places were first seen.
 */
import { lnBetaBinomial, lnSum, tuning } from '../../kit/e-process.ts';
import type { DivergenceKind } from '../../model/pair.ts';

/** What noise may get wrong, and what it calls noise. */
export interface NoiseLimits {
  /** Chance that any place at all is wrongly said to differ more often on the candidate. */
  readonly alpha: number;
  /** Chance that any place at all is wrongly said to be noise more often than `rareRatio`. */
  readonly noiseAlpha: number;
  /** A place where legacy differs from itself more rarely is not called noise. */
  readonly rareRatio: number;
  /** A route is known when a pair shows what is not yet known at most so often … */
  readonly unknownRatio: number;
  /** … at this chance of error … */
  readonly unknownAlpha: number;
  /** … or when it has had so many pairs with the candidate. */
  readonly learningPairsMax: number;
}

export const NOISE_LIMITS: NoiseLimits = {
  alpha: 0.01,
  noiseAlpha: 0.01,
  rareRatio: 0.0001,
  unknownRatio: 0.001,
  unknownAlpha: 0.05,
  learningPairsMax: 20_000,
};

/** Plain data, so that it can be handed on to another thread as it is. */
export interface PathTally {
  readonly path: string;
  readonly kind: DivergenceKind;
  /** From 1, in the order of first sight among all places. */
  readonly rank: number;
  /** Pairs of the route, and its block, from which on this place counts. */
  readonly fromNoise: number;
  readonly fromJudged: number;
  readonly fromBlock: number;
  /** Pairs that show it. */
  noise: number;
  judged: number;
  /** Of these, those in the open block. */
  openNoise: number;
  openJudged: number;
  /** Blocks since `fromBlock` that the bets have been through. */
  blocks: number;
  /** ln of what a bet on each of {@link RATIOS} has come to. */
  readonly lnBets: number[];
  isNoisy: boolean;
  isHigher: boolean;
}

/** How many times as often the candidate might differ as legacy does. */
const RATIOS: readonly number[] = [1.25, 1.5, 2, 4, 8, 32];
const LN_RATIOS = Math.log(RATIOS.length);

/** Pairs at which the proof of noise is tightest: most noise shows itself within a few. */
const PROOF_PAIRS = 1000;

/** A tally without a single pair. */
export function newTally(
  place: Pick<PathTally, 'path' | 'kind' | 'rank' | 'fromNoise' | 'fromJudged' | 'fromBlock'>,
): PathTally {
  return {
    ...place,
    noise: 0,
    judged: 0,
    openNoise: 0,
    openJudged: 0,
    blocks: 0,
    lnBets: RATIOS.map(() => -Infinity),
    isNoisy: false,
    isHigher: false,
  };
}

/** The share of `alpha` of the place that was seen as the `rank`th; all shares add up to it. */
export function shareOf(alpha: number, rank: number): number {
  return alpha / (rank * (rank + 1));
}

/**
 * Whether something seen in `k` of `n` pairs is proved to be more frequent than `rareRatio`, at
 * this chance of error however often it is asked.
 */
export function isProvedFrequent(k: number, n: number, rareRatio: number, alpha: number): boolean {
  if (k === 0 || k / n <= rareRatio) return false;
  return lnBetaBinomial(k, n, rareRatio, tuning(PROOF_PAIRS, alpha)) >= -Math.log(alpha);
}

/**
 * Takes the open block into the bets against "the candidate differs no more often than legacy
 * from itself". `odds`: judged pairs of the block for each pair of legacy with itself.
 *
 * Of the pairs in a block that differ, each is one with the candidate by a chance of at most
 * odds / (1 + odds) while the hypothesis holds. A bet on the ratio r takes that chance for
 * r * odds / (1 + r * odds): its factor has a mean of at most 1, whatever the rate, and whether
 * or not the two answers that one request has from legacy differ together. As each block is held
 * against its own odds, rates and sampling may drift. Part of the stake is put in with each
 * block, 1 / (j * (j + 1)) with the jth, so that a change is found however long all was well.
 * Source: conditional test of two proportions; e-detectors as mixtures over times of change,
 * Shin, Ramdas and Rinaldo 2023.
 */
export function closeBlock(tally: PathTally, block: number, odds: number, alpha: number): void {
  const { openJudged, openNoise, lnBets } = tally;
  const blocks = block - tally.fromBlock;
  const lnStake = Math.log(1 / (tally.blocks + 1) - 1 / (blocks + 1));
  RATIOS.forEach((ratio, i) => {
    const lnBoth = Math.log((1 + odds) / (1 + ratio * odds));
    const lnFactor = openJudged * (Math.log(ratio) + lnBoth) + openNoise * lnBoth;
    lnBets[i] = lnSum([lnBets[i]!, lnStake]) + lnFactor;
  });
  tally.blocks = blocks;
  tally.openJudged = 0;
  tally.openNoise = 0;
  if (lnEvidence(tally) >= -Math.log(shareOf(alpha, tally.rank))) tally.isHigher = true;
}

/** ln of the evidence that the candidate differs more often here. */
export function lnEvidence({ lnBets }: PathTally): number {
  return lnSum(lnBets) - LN_RATIOS;
}
