import { murmur3 } from '../kit/hash.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Side } from '../model/exchange.ts';
import type { PlacedKeys } from '../model/window.ts';

/** Apart from the hash that decides the cohort, so that the sample knows nothing of the side. */
const SEED = 0x5bd1e995;

/**
 * Which side answers a key, for a sample of keys that is drawn by a hash of their own: each key
 * is in it or not, however often it comes and whatever becomes of its requests. Bounded.
 */
export class KeySample {
  #ids = new Map<number, Side>();
  /** Keys with a larger id are not in the sample; falls where keys are many. */
  #largest = 2 ** 32;

  add(key: string, side: Side): void {
    const id = murmur3(key, SEED);
    if (id >= this.#largest || this.#ids.get(id) === 'candidate') return;
    this.#ids.set(id, side);
    if (this.#ids.size > 2 * LIMITS.sampledKeysPerSecond) this.#narrow();
  }

  /** Those since the last call; undefined for none. */
  take(): PlacedKeys | undefined {
    if (this.#ids.size === 0) return undefined;
    const placed: Record<Side, number[]> = { legacy: [], candidate: [] };
    for (const [id, side] of this.#ids) placed[side].push(id);
    this.#ids = new Map();
    return placed;
  }

  #narrow(): void {
    const ids = [...this.#ids.keys()].sort((a, b) => a - b);
    this.#largest = ids[LIMITS.sampledKeysPerSecond]!;
    for (const id of ids.slice(LIMITS.sampledKeysPerSecond)) this.#ids.delete(id);
  }
}
