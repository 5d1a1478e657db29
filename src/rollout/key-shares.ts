import { splitProblem } from '../judge/share-check.ts';
import { LIMITS } from '../kit/limits.ts';
import type { PlacedKeys } from '../model/window.ts';

/** The first sampled keys of a step, and how many of them are live on the candidate. */
export class KeyShares {
  readonly #candidate = new Set<number>();
  readonly #legacy = new Set<number>();

  /** A key that waited on legacy for its writes, and then moved, is the candidate's. */
  accept({ legacy, candidate }: PlacedKeys): void {
    for (const id of candidate)
      if (this.#legacy.delete(id) || this.#hasRoom) this.#candidate.add(id);
    for (const id of legacy) if (!this.#candidate.has(id) && this.#hasRoom) this.#legacy.add(id);
  }

  get #hasRoom(): boolean {
    return this.#candidate.size + this.#legacy.size < LIMITS.sampledKeysMax;
  }

  /** See {@link splitProblem}. */
  problem(percent: number): string {
    const { size } = this.#candidate;
    return splitProblem(size, size + this.#legacy.size, percent);
  }
}
