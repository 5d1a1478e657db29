/** Pairs that go wrong in one step of one climb, one by one: as rare events come. */
import { exponentialUs, type Random } from '../../kit/random.ts';
import { type Injection, isWrongAt } from './injection.ts';
import type { World } from './world.ts';
import { NO_COUNTS, type PairCounts } from '../../model/window.ts';

/** Mismatches, or errors of the candidate alone, of one step. */
export class WrongPairs {
  readonly #world: World;
  readonly #random: Random;
  readonly #kind: 'mismatched' | 'candidateOnlyErrors';
  readonly #ratePerSec: number;
  readonly #byRoute = new Map<string, number>();
  #nextMs: number;

  constructor(world: World, injection: Injection, percent: number, random: Random) {
    const { wrong } = injection;
    this.#world = world;
    this.#random = random;
    this.#kind = wrong.kind === 'errors' ? 'candidateOnlyErrors' : 'mismatched';
    const rate = wrong.kind === 'errors' || wrong.kind === 'mismatches' ? wrong.rate : 0;
    const live = isWrongAt(injection, percent, true) ? percent / 100 : 0;
    const shadow = isWrongAt(injection, percent, false) ? 1 - percent / 100 : 0;
    this.#ratePerSec = world.pairsPerSec * rate * (live + shadow);
    this.#nextMs = this.#gapMs();
  }

  /** When the next one comes, milliseconds of the step; Infinity for never. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Takes the next one. */
  take(): void {
    const route = this.#routeOf(this.#random.next());
    this.#byRoute.set(route, (this.#byRoute.get(route) ?? 0) + 1);
    this.#nextMs += this.#gapMs();
  }

  /** All pairs of the step so far, by route. */
  counts(atMs: number): ReadonlyMap<string, PairCounts> {
    const counts = new Map<string, PairCounts>();
    for (const [route, ratio] of this.#world.routeRatios) {
      const wrong = this.#byRoute.get(route) ?? 0;
      const mean = Math.floor((this.#world.pairsPerSec * ratio * atMs) / 1000);
      const pairs = Math.max(wrong, mean);
      const counted = { ...NO_COUNTS, pairs, compared: pairs, eligible: pairs };
      counts.set(route, { ...counted, [this.#kind]: wrong });
    }
    return counts;
  }

  #gapMs(): number {
    if (this.#ratePerSec === 0) return Infinity;
    return exponentialUs(this.#random, this.#ratePerSec) / 1000;
  }

  #routeOf(chance: number): string {
    let left = chance;
    for (const [route, ratio] of this.#world.routeRatios) {
      left -= ratio;
      if (left < 0) return route;
    }
    return this.#world.routeRatios[0]![0];
  }
}
