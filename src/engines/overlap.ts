/**
 * Two workers at once where writes are mirrored: each keeps the order of a key's writes, but not
 * the other's. So while one takes over from another nothing is compared, and a key that was
 * written through both at a time is not judged any more.
 */
import { systemClock } from '../kit/clock.ts';
import type { Assignment } from '../model/assignment.ts';
import type { TaintedKey } from '../model/window.ts';
import type { OpenWrite } from '../proxy/missed/write-log.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Knows when two workers overlap and what then holds; calls back when that begins and ends. */
export class Overlap {
  readonly #settleMs: () => number;
  readonly #changed: () => void;
  #isOn = false;
  /** Proxies of an earlier controller may still serve, with taints that nobody else knows. */
  #isHeld = false;
  #ending: NodeJS.Timeout | null = null;

  /** `settleMs`: how long a pair may be under way that began while it lasted. */
  constructor(settleMs: () => number, changed: () => void) {
    this.#settleMs = settleMs;
    this.#changed = changed;
  }

  /** The assignment as workers should have it now. */
  adapt(assignment: Assignment): Assignment {
    return this.#isOn ? { ...assignment, comparePercent: 0 } : assignment;
  }

  /** One worker counts as two for so long; `consider` is called when that is over. */
  hold(ms: number, consider: () => void): void {
    this.#isHeld = true;
    setTimeout(() => {
      this.#isHeld = false;
      consider();
    }, ms).unref();
  }

  /** Looks at the workers there are now. */
  consider(workers: readonly WorkerProcess[]): void {
    const areSeveral = workers.length > 1 || this.#isHeld;
    const isNow = areSeveral && workers.some((worker) => worker.mirrorsWrites);
    if (isNow) {
      this.close();
      if (this.#isOn) return;
      this.#isOn = true;
      this.#changed();
    } else if (this.#isOn && this.#ending === null) {
      this.#ending = setTimeout(() => this.#end(), this.#settleMs()).unref();
    }
  }

  /** Of a write's keys, those that one of the others has a write of under way. */
  overtaken(write: OpenWrite, others: readonly WorkerProcess[]): readonly TaintedKey[] {
    const open = others.flatMap((other) => [...other.openWrites.values()]);
    if (open.length === 0) return [];
    const keys = new Set(open.flatMap((other) => other.keys));
    return write.keys
      .filter((key) => keys.has(key))
      .map((key): TaintedKey => [key, write.truth, 'overtaken', systemClock.nowUs()]);
  }

  close(): void {
    if (this.#ending !== null) clearTimeout(this.#ending);
    this.#ending = null;
  }

  #end(): void {
    this.#ending = null;
    this.#isOn = false;
    this.#changed();
  }
}
