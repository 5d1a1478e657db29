/**
 * The tests of {@link lnOver} and {@link lnWithin}, window by window: what the windows so far are
 * worth, without going through them again.
 */
import { lnMix, lnMixture, lnSum, MIXTURE_RATES, MIXTURE_WEIGHTS } from '../kit/e-process.ts';
import type { LatencyPoint } from './evidence.ts';
import { MedianOfNine } from './median-of-nine.ts';
import { BURN_IN, RESTART_EVERY, type WindowOutcome } from './sign-test.ts';

/** Factors of the bets on a chance of a half: of a window that goes wrong, and of a good one. */
const WRONG = Float64Array.from(MIXTURE_RATES);
const GOOD = WRONG.map((rate) => 2 - rate);
const BETS = WRONG.length;
/** Factors of the windows between two starts, by how many were over and within. */
const BLOCKS = Array.from({ length: (RESTART_EVERY + 1) ** 2 }, (_, block) => {
  const [over, within] = [Math.floor(block / (RESTART_EVERY + 1)), block % (RESTART_EVERY + 1)];
  return GOOD.map((good, i) => good ** over * WRONG[i]! ** within);
});
/** As a factor is at most two, looking so often is enough to stay within a double. */
const SCALE_EVERY = 255;
const LARGE = 2 ** 256;
/** What a window makes of what is staked, at most: within, saying nothing, over. */
const AT_MOST = Float64Array.of(Math.max(...WRONG), 1, 2);
/** Against what adding up many small numbers may lose. */
const ROUNDED_UP = 1 + 1e-9;

/** What outcomes of windows, one after the other, are worth against both hypotheses. */
export class SignBets {
  #windows = 0;
  #over = 0;
  #within = 0;
  /** By bet, what all later starts have become, each with its weight; and ln of their unit. */
  readonly #later = new Float64Array(BETS);
  #lnUnit = 0;
  /** Outcomes since the newest start: those within, and four times those over. */
  #block = 0;
  /** What all that is staked on starts so far is worth, at most. */
  #most = 0.5 * ROUNDED_UP;

  add(outcome: WindowOutcome): void {
    if (this.#windows > 0 && this.#windows % RESTART_EVERY === 0) this.#start();
    this.#windows += 1;
    this.#most *= AT_MOST[outcome + 1]!;
    if (outcome === 1) {
      this.#over += 1;
      this.#block += RESTART_EVERY + 1;
    } else if (outcome === -1) {
      this.#within += 1;
      this.#block += 1;
    }
  }

  /** Takes in what the windows since the newest start have made of all, and starts once more. */
  #start(): void {
    const later = this.#later;
    const factors = BLOCKS[this.#block]!;
    this.#block = 0;
    const j = this.#windows / RESTART_EVERY;
    const share = 1 / (j * (j + 1));
    this.#most += share / 2;
    const weight = this.#lnUnit === 0 ? share : share * Math.exp(-this.#lnUnit);
    for (let i = 0; i < BETS; i += 1) later[i] = later[i]! * factors[i]! + weight;
    if (this.#windows % SCALE_EVERY === 0) this.#scale();
  }

  get windows(): number {
    return this.#windows;
  }

  /** Windows in which the candidate was over the limit. */
  get over(): number {
    return this.#over;
  }

  /** See {@link lnWithin}. */
  get lnWithin(): number {
    return lnMixture(this.#over, this.#over + this.#within, 0.5);
  }

  /** See {@link lnOver}. */
  get lnOver(): number {
    const factors = BLOCKS[this.#block]!;
    let started = 0;
    for (let i = 0; i < BETS; i += 1) {
      started += MIXTURE_WEIGHTS[i]! * this.#later[i]! * factors[i]!;
    }
    return lnMix([
      [0.5, lnMixture(this.#within, this.#over + this.#within, 0.5)],
      [0.5, lnSum([Math.log(started) + this.#lnUnit, Math.log(this.#kept)])],
    ]);
  }

  /**
   * Whether {@link lnOver} is the logarithm of so much or more. Mostly what windows could have made
   * of it at most tells; else it is gone through, which is remembered.
   */
  isOverWorth(worth: number): boolean {
    // Half of the stake at most is on starts still to come.
    if (this.#most < worth - 0.5) return false;
    const exactly = Math.exp(this.lnOver);
    this.#most = exactly * ROUNDED_UP - this.#kept / 2;
    return exactly >= worth;
  }

  /** The share of the stake on later starts that is for those still to come. */
  get #kept(): number {
    return 1 / (1 + Math.floor(Math.max(0, this.#windows - 1) / RESTART_EVERY));
  }

  copy(): SignBets {
    const bets = new SignBets();
    bets.#windows = this.#windows;
    bets.#over = this.#over;
    bets.#within = this.#within;
    bets.#later.set(this.#later);
    bets.#lnUnit = this.#lnUnit;
    bets.#block = this.#block;
    bets.#most = this.#most;
    return bets;
  }

  #scale(): void {
    if (this.#later.every((value) => value < LARGE)) return;
    for (let i = 0; i < BETS; i += 1) this.#later[i] = this.#later[i]! / LARGE;
    this.#lnUnit += Math.log(LARGE);
  }
}

/** Both comparisons of a gate's windows: the plain one, and that by a threshold between sides. */
export class WindowSigns {
  readonly plain: SignBets;
  readonly crossed: SignBets;
  readonly #candidate: MedianOfNine;
  readonly #allowed: MedianOfNine;

  constructor(from?: WindowSigns) {
    this.plain = from?.plain.copy() ?? new SignBets();
    this.crossed = from?.crossed.copy() ?? new SignBets();
    this.#candidate = new MedianOfNine(from && from.#candidate);
    this.#allowed = new MedianOfNine(from && from.#allowed);
  }

  /** One more window: the candidate's quantile, and what it may be. */
  add(candidate: number, allowed: number): void {
    const plain = candidate > allowed ? 1 : candidate < allowed ? -1 : 0;
    const crossed = this.#cross(Math.fround(candidate), Math.fround(allowed), plain);
    this.plain.add(plain);
    this.crossed.add(crossed);
    this.#candidate.add(candidate);
    this.#allowed.add(allowed);
  }

  /** See {@link crossings}. */
  #cross(candidate: number, allowed: number, plain: WindowOutcome): WindowOutcome {
    if (this.#candidate.count < BURN_IN) return plain;
    const threshold = Math.sqrt(this.#candidate.median * this.#allowed.median);
    const isAbove = candidate > threshold;
    if (isAbove === allowed > threshold) return 0;
    return isAbove ? 1 : -1;
  }
}

/** What such points are worth: each the candidate's quantile, and legacy's with its allowance. */
export function signsOf(points: readonly LatencyPoint[], allowance: number): WindowSigns {
  const signs = new WindowSigns();
  for (const { candidateUs, legacyUs } of points) signs.add(candidateUs, legacyUs * allowance);
  return signs;
}
