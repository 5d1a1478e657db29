import { systemClock } from '../../kit/clock.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Side } from '../../model/exchange.ts';
import type { LiftedKey } from '../../model/missed-write.ts';
import type { TaintedKey, TaintReason, TrafficCounts } from '../../model/window.ts';
import { HeldKeys } from './held-keys.ts';

/** Files beside the store: keys an orphaned proxy tainted, for the next controller to read. */
export const ORPHAN_TAINT_PREFIX = 'tainted-by-';

interface Taint {
  readonly truth: Side;
  readonly reason: TaintReason;
  /** Nothing seen before says that the two sides agree; microseconds, monotonic. */
  sinceUs: number;
}

/**
 * Keys whose two sides may rightly differ, as one of them missed a write: not judged, and kept
 * on the side that has every write. Some wait for the journal to be replayed ({@link held}); the
 * others stay until both sides were seen to agree. Bounded: the count goes on when it is full.
 */
export class TaintedKeys {
  /** Keys with writes that wait to be replayed. */
  readonly held: HeldKeys;
  readonly #lasting = new Map<string, Taint>();
  readonly #countBy = new Map<TaintReason, number>();
  readonly #nowUs: () => number;
  #fresh: TaintedKey[] = [];
  #lifted: LiftedKey[] = [];
  /** Keys beyond the limit: nobody knows which. */
  #overflow = 0;
  #freshOverflow = 0;
  /** Keys that are held and would stay tainted if they were not. */
  #heldAndLasting = 0;

  constructor(nowUs: () => number = () => systemClock.nowUs()) {
    this.#nowUs = nowUs;
    this.held = new HeldKeys((key, isHeld) => this.#heldChanged(key, isHeld));
  }

  /** Keys tainted, those beyond the limit included. */
  get count(): number {
    return this.#lasting.size + this.held.size - this.#heldAndLasting + this.#overflow;
  }

  /** Keys tainted by reason, each counted once: a lasting reason goes before `journalled`. */
  countBy(): TrafficCounts['taintedBy'] {
    const counts: Partial<Record<TaintReason, number>> = Object.fromEntries(this.#countBy);
    const journalled = this.held.size - this.#heldAndLasting;
    if (journalled > 0) counts.journalled = journalled;
    return counts;
  }

  has(key: string): boolean {
    return this.#overflow > 0 || this.#lasting.has(key) || this.held.has(key);
  }

  hasAny(keys: readonly string[]): boolean {
    if (this.#lasting.size + this.held.size + this.#overflow === 0) return false;
    for (const key of keys) if (this.has(key)) return true;
    return false;
  }

  /**
   * Whether a pair of these keys says nothing: one of them lacks a write on a side, for all that is
   * known. Of one that is only `overtaken` both sides have every write, if in another order.
   */
  excludesAny(keys: readonly string[]): boolean {
    if (!this.hasAny(keys)) return false;
    return keys.some((key) => this.has(key) && !this.#isOvertaken(key));
  }

  /** Whether what differs of these keys may be what is left of writes in another order. */
  isOvertakenAny(keys: readonly string[]): boolean {
    return this.#lasting.size > 0 && keys.some((key) => this.#isOvertaken(key));
  }

  /** The side that has every write of a tainted key; null when the key is not tainted. */
  truthOf(key: string): Side | null {
    return this.held.truthOf(key) ?? this.#lasting.get(key)?.truth ?? null;
  }

  /** Taints a key until its two sides are seen to agree; `sinceUs`: now, when not given. */
  add(key: string, truth: Side, reason: TaintReason, sinceUs: number = this.#nowUs()): void {
    const known = this.#lasting.get(key);
    if (known !== undefined) {
      // Told again: what was seen before this one lifts it no more, here or anywhere.
      if (sinceUs <= known.sinceUs) return;
      known.sinceUs = sinceUs;
      this.#fresh.push([key, known.truth, known.reason, sinceUs]);
      return;
    }
    if (this.#lasting.size >= LIMITS.taintedKeysMax) {
      // From here on no key can be told to be sound, so none is judged: see `has`.
      this.#overflow += 1;
      this.#freshOverflow += 1;
      return;
    }
    this.#set(key, { truth, reason, sinceUs });
    this.#fresh.push([key, truth, reason, sinceUs]);
  }

  /** Takes over what is known already elsewhere, without telling it again. */
  restore(keys: readonly TaintedKey[]): void {
    for (const [key, truth, reason, sinceUs = 0] of keys) {
      const known = this.#lasting.get(key);
      if (known === undefined) this.#set(key, { truth, reason, sinceUs });
      else known.sinceUs = Math.max(known.sinceUs, sinceUs);
    }
  }

  /**
   * A read of everything that belongs to these keys, begun at `beganUs`, was answered alike by
   * both sides: their taints of before are lifted, unless writes wait to be replayed.
   */
  verified(keys: readonly string[], beganUs: number): void {
    if (this.#lasting.size === 0) return;
    for (const key of keys) {
      if (!this.held.has(key) && this.#lift(key, beganUs)) this.#lifted.push([key, beganUs]);
    }
  }

  /** Another proxy has seen these keys agree. */
  lift(keys: readonly LiftedKey[]): void {
    for (const [key, beganUs] of keys) this.#lift(key, beganUs);
  }

  /** Every key with a lasting taint, for the next controller. */
  all(): readonly TaintedKey[] {
    return [...this.#lasting].map(([key, { truth, reason }]) => [key, truth, reason]);
  }

  /** Keys tainted since the last call. */
  takeFresh(): readonly TaintedKey[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  /** Keys tainted beyond the limit since the last call. */
  takeOverflow(): number {
    const overflow = this.#freshOverflow;
    this.#freshOverflow = 0;
    return overflow;
  }

  /** What is beyond the limit is known elsewhere, or does not count any more. */
  forgetOverflow(): void {
    this.#overflow = 0;
  }

  /** Keys seen to agree since the last call. */
  takeLifted(): readonly LiftedKey[] {
    const lifted = this.#lifted;
    this.#lifted = [];
    return lifted;
  }

  #isOvertaken(key: string): boolean {
    return this.#lasting.get(key)?.reason === 'overtaken' && !this.held.has(key);
  }

  #set(key: string, taint: Taint): void {
    this.#lasting.set(key, taint);
    this.#count(taint.reason, 1);
    if (this.held.has(key)) this.#heldAndLasting += 1;
  }

  #lift(key: string, beganUs: number): boolean {
    const taint = this.#lasting.get(key);
    if (taint === undefined || taint.sinceUs >= beganUs) return false;
    this.#lasting.delete(key);
    this.#count(taint.reason, -1);
    if (this.held.has(key)) this.#heldAndLasting -= 1;
    return true;
  }

  #count(reason: TaintReason, change: 1 | -1): void {
    const count = (this.#countBy.get(reason) ?? 0) + change;
    if (count === 0) this.#countBy.delete(reason);
    else this.#countBy.set(reason, count);
  }

  #heldChanged(key: string, isHeld: boolean): void {
    const taint = this.#lasting.get(key);
    if (taint === undefined) return;
    this.#heldAndLasting += isHeld ? 1 : -1;
    // A read begun while writes waited says nothing of how the sides stand without them.
    taint.sinceUs = Math.max(taint.sinceUs, this.#nowUs());
  }
}
