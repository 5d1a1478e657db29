import { LIMITS } from '../../kit/limits.ts';

/**
 * What was found of pairs that the referee has yet to rule on. Bounded: of too many the oldest
 * are forgotten, which are counted all the same.
 */
export class HeldMismatches<T> {
  readonly #held = new Map<number, T>();

  hold(id: number, found: T): void {
    this.#held.set(id, found);
    if (this.#held.size <= LIMITS.analystQueueMax + LIMITS.refereeWaitingMax) return;
    this.#held.delete(this.#held.keys().next().value!);
  }

  /** What is held under the id, which then is no more; undefined for none. */
  take(id: number): T | undefined {
    const found = this.#held.get(id);
    this.#held.delete(id);
    return found;
  }
}
