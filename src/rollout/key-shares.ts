import { splitProblem } from '../judge/share-check.ts';
import { LIMITS } from '../kit/limits.ts';
import type { PlacedKeys } from '../model/window.ts';

/** How a sample of keys is split. */
export interface SplitCounts {
  readonly onCandidate: number;
  readonly keys: number;
}

const NONE: SplitCounts = { onCandidate: 0, keys: 0 };

/**
 * The first sampled keys of a step, and how many of them are live on the candidate. `before`: what
 * was counted before a restart. It holds until as many keys have been seen again: they are the
 * same ones, so the two are never added up.
 */
export class KeyShares {
  readonly #before: SplitCounts;
  readonly #candidate = new Set<number>();
  readonly #legacy = new Set<number>();

  constructor(before: SplitCounts = NONE) {
    this.#before = before;
  }

  /** A key that waited on legacy for its writes, and then moved, is the candidate's. */
  accept({ legacy, candidate }: PlacedKeys): void {
    for (const id of candidate)
      if (this.#legacy.delete(id) || this.#hasRoom) this.#candidate.add(id);
    for (const id of legacy) if (!this.#candidate.has(id) && this.#hasRoom) this.#legacy.add(id);
  }

  get #keys(): number {
    return this.#candidate.size + this.#legacy.size;
  }

  get #hasRoom(): boolean {
    return this.#keys < LIMITS.sampledKeysMax;
  }

  /** What a restart goes on from. */
  get counts(): SplitCounts {
    const keys = this.#keys;
    return keys < this.#before.keys ? this.#before : { onCandidate: this.#candidate.size, keys };
  }

  /** See {@link splitProblem}. */
  problem(percent: number): string {
    const { onCandidate, keys } = this.counts;
    return splitProblem(onCandidate, keys, percent);
  }
}
