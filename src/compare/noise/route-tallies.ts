/**
 * What is known of one route: how many pairs there were, the tallies of its places, and whether
 * it is still learned. In: which places a pair shows. Out: what each of them is.
 */
import { lnMixture } from '../../kit/e-process.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { NoiseVerdict } from '../../model/noise.ts';
import type { DivergenceKind } from '../../model/pair.ts';
import { type ArrayTally, placeOf } from './array-tally.ts';
import {
  closeBlock,
  isProvedFrequent,
  newTally,
  type NoiseLimits,
  type PathTally,
  shareOf,
} from './path-tally.ts';

/** A place and kind of difference that a pair shows. */
export interface Shown {
  /** With `*` for every index and id. */
  readonly path: string;
  readonly kind: DivergenceKind;
}

/**
 * Kinds that two values without any connection show by chance: where a `value` is noise, so are
 * they, until one of them is shown to be more frequent on the candidate by its own tally.
 */
const CHANCE_KINDS: ReadonlySet<DivergenceKind> = new Set<DivergenceKind>([
  'value',
  'generated',
  'id-precision',
  'overflow',
  'number-precision',
  'timestamp-precision',
  'clock-edge',
  'stale',
  'truncated',
]);

/** Pairs of each sort that a block must have before it is held against its own odds. */
const BLOCK_PAIRS = 32;

/** All of a route as plain data. */
export interface RouteState {
  readonly route: string;
  noisePairs: number;
  judgedPairs: number;
  /** Index of the open block, from 1, and its pairs. */
  block: number;
  blockNoise: number;
  blockJudged: number;
  isLearning: boolean;
  /** Pairs of legacy with itself since one showed what was not known. */
  quietPairs: number;
  /** Pairs with the candidate while the route was learned, and those of them held back. */
  learningPairs: number;
  heldBack: number;
  readonly tallies: Map<string, PathTally>;
  readonly arrays: Map<string, ArrayTally>;
}

/** Ranks of places, for all routes together. */
export interface Ranks {
  next: number;
}

/** A route of which nothing is known yet. */
export function newRoute(route: string): RouteState {
  return {
    route,
    noisePairs: 0,
    judgedPairs: 0,
    block: 1,
    blockNoise: 0,
    blockJudged: 0,
    isLearning: true,
    quietPairs: 0,
    learningPairs: 0,
    heldBack: 0,
    tallies: new Map(),
    arrays: new Map(),
  };
}

/** Counts the pairs of one route and says what a place is. Bounded: later places have no tally. */
export class RouteTallies {
  readonly state: RouteState;
  readonly #limits: NoiseLimits;
  readonly #ranks: Ranks;
  readonly #open = new Set<PathTally>();

  constructor(state: RouteState, limits: NoiseLimits, ranks: Ranks) {
    this.state = state;
    this.#limits = limits;
    this.#ranks = ranks;
    for (const tally of state.tallies.values()) {
      if (tally.openNoise + tally.openJudged > 0) this.#open.add(tally);
    }
  }

  get #learningPairsMax(): number {
    return this.#limits.learningPairsMax;
  }

  /** Counts a pair of legacy with itself. */
  learn(shown: readonly Shown[]): void {
    const { state } = this;
    this.#closeFullBlock();
    if (state.noisePairs === 0) state.isLearning = state.learningPairs < this.#learningPairsMax;
    state.noisePairs += 1;
    state.blockNoise += 1;
    state.quietPairs += 1;
    for (const each of withValue(shown)) {
      const tally = this.#tallyOf(each, 1);
      if (tally === undefined) continue;
      tally.noise += 1;
      tally.openNoise += 1;
      this.#open.add(tally);
      if (!tally.isNoisy) tally.isNoisy = this.#isProvedNoisy(tally);
    }
    if (!state.isLearning) return;
    if (shown.some((each) => this.verdictOf(each) === 'learning')) state.quietPairs = 0;
    const { unknownRatio, unknownAlpha } = this.#limits;
    const lnKnown = lnMixture(0, state.quietPairs, unknownRatio);
    if (lnKnown >= -Math.log(unknownAlpha)) state.isLearning = false;
  }

  /** Counts a pair with the candidate; `pairs`: so many alike that show nothing. */
  judge(shown: readonly Shown[], pairs = 1): void {
    const { state } = this;
    this.#closeFullBlock();
    state.judgedPairs += pairs;
    state.blockJudged += pairs;
    if (state.isLearning) {
      state.learningPairs += pairs;
      // Where legacy is never asked twice nothing will ever be known of it.
      const isSilent = state.noisePairs === 0 && state.learningPairs >= LIMITS.noiseSilentPairsMax;
      if (isSilent || state.learningPairs >= this.#learningPairsMax) state.isLearning = false;
    }
    for (const each of withValue(shown)) {
      // Half of the room is kept for what legacy shows.
      const tally = this.#tallyOf(each, 0.5);
      if (tally === undefined) continue;
      tally.judged += 1;
      tally.openJudged += 1;
      this.#open.add(tally);
    }
  }

  /** What the place is, by all pairs so far. */
  verdictOf({ path, kind }: Shown): NoiseVerdict {
    const { tallies, isLearning } = this.state;
    const own = tallies.get(nameOf(path, kind));
    const value = CHANCE_KINDS.has(kind) ? tallies.get(nameOf(path, 'value')) : undefined;
    if (own?.isHigher === true || value?.isHigher === true) return 'candidate-higher';
    if (own?.isNoisy === true || value?.isNoisy === true) return 'noise';
    return isLearning ? 'learning' : 'unproven';
  }

  /** Whether something seen in `k` of `n` pairs is frequent enough to be called noise. */
  isProvedFrequent(k: number, n: number, rank: number): boolean {
    const { rareRatio, noiseAlpha } = this.#limits;
    return isProvedFrequent(k, n, rareRatio, shareOf(noiseAlpha, rank));
  }

  takeRank(): number {
    const rank = this.#ranks.next;
    this.#ranks.next += 1;
    return rank;
  }

  /**
   * An array's elements are found otherwise from now on: what was seen in it by other places is
   * forgotten, and the route learned anew as far as its share of learning goes.
   */
  forgetBelow(array: ArrayTally): void {
    const { state } = this;
    this.#beginBlock();
    const place = placeOf(array.path);
    for (const [name, { path }] of state.tallies) {
      if (path === place || path.startsWith(`${array.path}/`)) state.tallies.delete(name);
    }
    for (const { path } of state.arrays.values()) {
      if (path.startsWith(`${array.path}/`)) state.arrays.delete(path);
    }
    array.fromNoise = state.noisePairs;
    array.fromJudged = state.judgedPairs;
    array.fromBlock = state.block - 1;
    state.quietPairs = 0;
    state.isLearning = state.learningPairs < this.#learningPairsMax;
  }

  /** Another candidate: what legacy shows against itself stays known. */
  forgetCandidate(): void {
    const { state } = this;
    this.#beginBlock();
    state.judgedPairs = 0;
    for (const [name, tally] of state.tallies) {
      if (tally.noise === 0) state.tallies.delete(name);
      else state.tallies.set(name, { ...newTally(tally), ...kept(tally, state.block - 1) });
    }
    for (const array of state.arrays.values()) {
      array.fromJudged = 0;
      array.fromBlock = state.block - 1;
    }
  }

  #isProvedNoisy(tally: PathTally): boolean {
    const pairs = this.state.noisePairs - tally.fromNoise;
    return this.isProvedFrequent(tally.noise, pairs, tally.rank);
  }

  /** `room`: the share of the limits up to which a place is taken that was not seen before. */
  #tallyOf({ path, kind }: Shown, room: number): PathTally | undefined {
    const { tallies, arrays } = this.state;
    const name = nameOf(path, kind);
    const known = tallies.get(name);
    if (known !== undefined) return known;
    const isFull = tallies.size >= LIMITS.noisePathsPerRoute * room;
    if (isFull || this.#ranks.next > LIMITS.noisePathsMax * room) return undefined;
    let from = { fromNoise: 0, fromJudged: 0, fromBlock: 0 };
    for (const array of arrays.values()) {
      if (array.by === null || array.fromBlock < from.fromBlock) continue;
      if (path === placeOf(array.path) || path.startsWith(`${array.path}/`)) from = array;
    }
    const { fromNoise, fromJudged, fromBlock } = from;
    const rank = this.takeRank();
    const tally = newTally({ path, kind, rank, fromNoise, fromJudged, fromBlock });
    tallies.set(name, tally);
    return tally;
  }

  #closeFullBlock(): void {
    const { blockNoise, blockJudged } = this.state;
    if (blockNoise >= BLOCK_PAIRS && blockJudged >= BLOCK_PAIRS) this.#beginBlock();
  }

  #beginBlock(): void {
    const { state } = this;
    const { block, blockNoise, blockJudged } = state;
    for (const tally of this.#open) {
      if (blockNoise > 0 && blockJudged > 0) {
        closeBlock(tally, block, blockJudged / blockNoise, this.#limits.alpha);
      } else {
        tally.openNoise = 0;
        tally.openJudged = 0;
      }
    }
    this.#open.clear();
    state.block += 1;
    state.blockNoise = 0;
    state.blockJudged = 0;
  }
}

/** What stays of a tally when the candidate is another one. */
function kept(
  { noise, isNoisy }: PathTally,
  fromBlock: number,
): Pick<PathTally, 'noise' | 'isNoisy' | 'fromJudged' | 'fromBlock'> {
  return { noise, isNoisy, fromJudged: 0, fromBlock };
}

function nameOf(path: string, kind: DivergenceKind): string {
  return `${kind} ${path}`;
}

/** Each place once; and where any kind of chance is shown, `value`, which stands for all. */
function withValue(shown: readonly Shown[]): Shown[] {
  const all = new Map<string, Shown>();
  for (const each of shown) {
    all.set(nameOf(each.path, each.kind), each);
    if (!CHANCE_KINDS.has(each.kind)) continue;
    all.set(nameOf(each.path, 'value'), { path: each.path, kind: 'value' });
  }
  return [...all.values()];
}
