import type { HeldKey } from '../../model/missed-write.ts';
import type { Side } from '../../model/exchange.ts';

interface Hold {
  truth: Side;
  /** Writes that the shadow will not get now, still under way on the live side. */
  underWay: number;
  /** The newest of this proxy's writes told to the journal; 0 when the journal has seen all. */
  toldSeq: number;
  /** The journal has writes of the key, this proxy's or another's. */
  isKept: boolean;
}

/**
 * Keys with writes that the shadow has yet to get: a later write of such a key goes behind them,
 * for what overtakes them would be done in another order than on the live side.
 */
export class HeldKeys {
  readonly #holds = new Map<string, Hold>();
  readonly #changed: (key: string, isHeld: boolean) => void;

  /** `changed` is called when a key begins or ceases to be held. */
  constructor(changed: (key: string, isHeld: boolean) => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#holds.size;
  }

  has(key: string): boolean {
    return this.#holds.size > 0 && this.#holds.has(key);
  }

  hasAny(keys: readonly string[]): boolean {
    if (this.#holds.size === 0) return false;
    for (const key of keys) if (this.#holds.has(key)) return true;
    return false;
  }

  /** The side that has the writes; null when the key is not held. */
  truthOf(key: string): Side | null {
    return this.#holds.get(key)?.truth ?? null;
  }

  /** A write that the shadow will not get now is under way on the live side. */
  begins(keys: readonly string[], truth: Side): void {
    for (const key of keys) this.#holdOf(key, truth).underWay += 1;
  }

  /** It has ended, and was told to the journal as `toldSeq`: 0 when there is nothing to await. */
  ends(keys: readonly string[], toldSeq: number): void {
    for (const key of keys) {
      const hold = this.#holds.get(key);
      if (hold === undefined) continue;
      hold.underWay -= 1;
      if (toldSeq > 0) hold.toldSeq = toldSeq;
      this.#forgetIdle(key, hold);
    }
  }

  /** The journal has writes of these keys. */
  kept(keys: readonly HeldKey[]): void {
    for (const [key, truth] of keys) {
      const hold = this.#holdOf(key, truth);
      hold.truth = truth;
      hold.isKept = true;
    }
  }

  /** The journal has no more writes of these keys among all it was told up to `seenSeq`. */
  released(keys: readonly string[], seenSeq: number): void {
    for (const key of keys) {
      const hold = this.#holds.get(key);
      if (hold === undefined) continue;
      hold.isKept = false;
      if (hold.toldSeq <= seenSeq) hold.toldSeq = 0;
      this.#forgetIdle(key, hold);
    }
  }

  /** All keys held now. */
  keys(): IterableIterator<string> {
    return this.#holds.keys();
  }

  #holdOf(key: string, truth: Side): Hold {
    let hold = this.#holds.get(key);
    if (hold === undefined) {
      hold = { truth, underWay: 0, toldSeq: 0, isKept: false };
      this.#holds.set(key, hold);
      this.#changed(key, true);
    }
    return hold;
  }

  #forgetIdle(key: string, hold: Hold): void {
    if (hold.underWay > 0 || hold.toldSeq > 0 || hold.isKept) return;
    this.#holds.delete(key);
    this.#changed(key, false);
  }
}
