/** What legacy shows against itself, and what was made of it. */
import type { DivergenceKind } from './pair.ts';

/**
 * noise: legacy differs from itself here, and the candidate from legacy no more often, for all
 * that is known. candidate-higher: the candidate does so provably more often. learning: too few
 * pairs of legacy with itself yet. unproven: seen, and too rarely to be called noise; it counts.
 */
export const NOISE_VERDICTS = ['unproven', 'learning', 'noise', 'candidate-higher'] as const;
export type NoiseVerdict = (typeof NOISE_VERDICTS)[number];

/** A place and kind of difference that legacy shows against itself. */
export interface NoisyPath {
  readonly route: string;
  /** As in a divergence, with `*` for every index and id. */
  readonly path: string;
  readonly kind: DivergenceKind;
  /** Pairs of legacy with itself, and those of them that differ here. */
  readonly noisePairs: number;
  readonly noiseDiffering: number;
  /** Pairs of legacy with the candidate, and those of them that differ here. */
  readonly judgedPairs: number;
  readonly judgedDiffering: number;
  readonly verdict: NoiseVerdict;
}

/** An array whose order legacy itself does not keep. */
export interface UnorderedArray {
  readonly route: string;
  /** JSON Pointer, `*` for every index and id; `body` for the whole. */
  readonly path: string;
  /** Fields its elements are known by; none: each by its value. */
  readonly by: readonly string[];
  /** Pairs of legacy with itself since it is known, and those of them in another order. */
  readonly noisePairs: number;
  readonly noiseMoved: number;
  /** The same of legacy with the candidate. */
  readonly judgedPairs: number;
  readonly judgedMoved: number;
  readonly verdict: NoiseVerdict;
}

/** How far a route is known. */
export interface RouteNoise {
  readonly route: string;
  readonly noisePairs: number;
  readonly judgedPairs: number;
  /** What legacy has not yet shown is held back as not comparable. */
  readonly isLearning: boolean;
  /** Pairs held back so. */
  readonly heldBack: number;
}

/** What one proxy, or all of them together, have learned. */
export interface NoiseView {
  readonly routes: readonly RouteNoise[];
  readonly paths: readonly NoisyPath[];
  readonly arrays: readonly UnorderedArray[];
}

/** A share of pairs, 0 to 1, with an interval that holds at 95 % however often one looks. */
export interface RateBounds {
  readonly ratio: number;
  readonly lower: number;
  readonly upper: number;
}

/** How often legacy differs from itself, and the candidate from legacy. */
export interface NoiseRates {
  readonly noise: RateBounds;
  readonly judged: RateBounds;
}

/** A {@link NoiseView} with its rates, as a status shows it. */
export interface NoiseStatus {
  readonly routes: readonly RouteNoise[];
  readonly paths: readonly (NoisyPath & NoiseRates)[];
  readonly arrays: readonly (UnorderedArray & NoiseRates)[];
}

/**
 * What noise makes of a pair of legacy with the candidate. judge: legacy is also asked twice on
 * requests like this one; what it shows against itself is taken out, and the pair counts. again:
 * the same of a pair that counts no more, for it was judged before, or not in quiet.
 */
export type NoisePart = 'judge' | 'again';
