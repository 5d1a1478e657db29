/**
 * How the analyst compares a pair: by the rules of its route, and, where legacy is asked twice,
 * without what legacy shows against itself.
 */
import { createNoise, type Noise } from '../../compare/noise/noise.ts';
import { NOISE_LIMITS } from '../../compare/noise/path-tally.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Comparison, Pair } from '../../model/pair.ts';
import type { AnalystItem, EqualPairs, NoiseStart, NoiseTold } from './analyst-messages.ts';
import type { RuleBook } from './rule-book.ts';

/** One analyst's rules and noise at work. */
export class Judging {
  readonly #book: RuleBook;
  readonly #noise: Noise | null;
  #toldAtMs = -Infinity;

  /** `start`: null where legacy is never asked twice. */
  constructor(book: RuleBook, start: NoiseStart | null) {
    this.#book = book;
    if (start === null) {
      this.#noise = null;
      return;
    }
    const { workers, state } = start;
    this.#noise = createNoise({
      compare: (pair, rules) => book.look(pair, rules),
      // Each proxy learns by itself, and has its share of the chance of error.
      limits: { ...NOISE_LIMITS, alpha: NOISE_LIMITS.alpha / Math.max(1, workers) },
      ...(state === null ? {} : { state }),
    });
  }

  /** What a pair with the candidate comes to. */
  compare(item: Pick<AnalystItem, 'noise' | 'isTainted'>, pair: Pair): Comparison {
    const { noise: part, isTainted = false } = item;
    const book = this.#book;
    const rules = book.rulesOf(pair.route);
    if (this.#noise === null || part === undefined) {
      return isTainted ? book.look(pair) : book.compare(pair);
    }
    if (isTainted) return this.#noise.judge(pair, rules, false);
    const comparison = this.#noise.judge(pair, rules, part === 'judge', (given, by) =>
      book.compareUncounted(given, by),
    );
    book.count(comparison, pair.arrivedAtMs);
    return comparison;
  }

  /** Takes a pair of legacy with itself. */
  learn(pair: Pair): void {
    this.#noise?.learn(pair, this.#book.rulesOf(pair.route));
  }

  /** Takes pairs that were byte-equal. */
  equal(pairs: readonly EqualPairs[]): void {
    for (const [route, count] of pairs) this.#noise?.equal(route, count);
  }

  /** Another candidate. */
  begin(): void {
    this.#noise?.begin();
  }

  /** What was learned; null where nothing is, or where it was told a moment ago. */
  take(nowMs: number, isAsked: boolean): NoiseTold | null {
    if (this.#noise === null) return null;
    if (!isAsked && nowMs - this.#toldAtMs < LIMITS.noiseToldEveryMs) return null;
    this.#toldAtMs = nowMs;
    return { view: this.#noise.view(), state: this.#noise.state() };
  }
}
