import { LIMITS } from '../kit/limits.ts';
import type { Side } from '../model/exchange.ts';
import type { TaintedKey, TaintReason } from '../model/window.ts';

/** Files beside the store: keys an orphaned proxy tainted, for the next controller to read. */
export const ORPHAN_TAINT_PREFIX = 'tainted-by-';

/**
 * Keys whose two sides may rightly differ, as one of them missed a write: not judged any more,
 * and kept on the side that has every write. Bounded: the count goes on when it is full.
 */
export class TaintedKeys {
  readonly #truth = new Map<string, TaintedKey>();
  #fresh: TaintedKey[] = [];
  #overflow = 0;

  /** Keys tainted, those beyond the limit included. */
  get count(): number {
    return this.#truth.size + this.#overflow;
  }

  has(key: string): boolean {
    return this.#overflow > 0 || this.#truth.has(key);
  }

  /** The side that has every write of a tainted key; null when the key is not tainted. */
  truthOf(key: string): Side | null {
    return this.#truth.get(key)?.[1] ?? null;
  }

  add(key: string, truth: Side, reason: TaintReason): void {
    if (this.#truth.has(key)) return;
    if (this.#truth.size >= LIMITS.taintedKeysMax) {
      // From here on no key can be told to be sound, so none is judged: see `has`.
      this.#overflow += 1;
      return;
    }
    const tainted: TaintedKey = [key, truth, reason];
    this.#truth.set(key, tainted);
    this.#fresh.push(tainted);
  }

  /** Takes over what is known already, without telling it again. */
  restore(keys: readonly TaintedKey[]): void {
    for (const tainted of keys) this.#truth.set(tainted[0], tainted);
  }

  /** Every key tainted, for the next controller. */
  all(): readonly TaintedKey[] {
    return [...this.#truth.values()];
  }

  /** Keys tainted since the last call. */
  takeFresh(): readonly TaintedKey[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }
}
