import { murmur3 } from './hash.ts';

const INDEX_BITS = 10;
const REGISTERS = 1 << INDEX_BITS;
const RANK_BITS = 32 - INDEX_BITS;
/** Apart from the hash that cuts cohorts: else a cohort's keys would fill few registers. */
const SEED = 0x64_69_73_74;

/** Standard error of {@link DistinctSketch.estimate}, as a share of it: 3.25 %. */
export const DISTINCT_ERROR: number = 1.04 / Math.sqrt(REGISTERS);

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CODES = Buffer.from(ALPHABET, 'latin1');
const VALUES = new Uint8Array(128);
CODES.forEach((code, value) => (VALUES[code] = value));
const written = Buffer.alloc(REGISTERS);

/**
 * How many distinct texts there were, in a kilobyte: the texts themselves are not kept, nor
 * anything that leads back to one. The sketch of two sets together is the union of their
 * sketches, whatever they share. Source: Flajolet and others 2007, HyperLogLog.
 */
export class DistinctSketch {
  readonly #registers = new Uint8Array(REGISTERS);
  #isEmpty = true;

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  add(text: string): void {
    const hash = murmur3(text, SEED);
    this.#raise(hash >>> RANK_BITS, Math.min(Math.clz32(hash << INDEX_BITS), RANK_BITS) + 1);
  }

  /** Takes in what {@link toText} wrote. Of a text that is none of ours nothing can be said. */
  addSketch(text: string): void {
    if (text.length === REGISTERS) {
      for (let i = 0; i < REGISTERS; i += 1) this.#raise(i, valueAt(text, i));
      return;
    }
    for (let i = 0; i + 2 < text.length; i += 3) {
      this.#raise(valueAt(text, i) * 64 + valueAt(text, i + 1), valueAt(text, i + 2));
    }
  }

  /**
   * About how many; {@link DISTINCT_ERROR} says how far off. 0 for none, and nearly exact for a
   * few; beyond 100 million the hash is too short for more. Source: Ertl 2017, algorithm 6.
   */
  estimate(): number {
    if (this.#isEmpty) return 0;
    const counts = Array.from({ length: RANK_BITS + 2 }, () => 0);
    for (const rank of this.#registers) counts[rank]! += 1;
    let z = REGISTERS * tau(1 - counts[RANK_BITS + 1]! / REGISTERS);
    for (let rank = RANK_BITS; rank >= 1; rank -= 1) z = (z + counts[rank]!) / 2;
    z += REGISTERS * sigma(counts[0]! / REGISTERS);
    return (REGISTERS * REGISTERS) / (2 * Math.LN2 * z);
  }

  /** Letters, digits, `-` and `_`: three for each register in use, one for each when most are. */
  toText(): string {
    if (this.#isEmpty) return '';
    let length = 0;
    for (let i = 0; i < REGISTERS; i += 1) {
      const rank = this.#registers[i]!;
      if (rank === 0) continue;
      if (length + 3 > REGISTERS) return this.#allToText();
      written[length] = CODES[i >>> 6]!;
      written[length + 1] = CODES[i & 63]!;
      written[length + 2] = CODES[rank]!;
      length += 3;
    }
    return written.toString('latin1', 0, length);
  }

  #allToText(): string {
    for (let i = 0; i < REGISTERS; i += 1) written[i] = CODES[this.#registers[i]!]!;
    return written.toString('latin1');
  }

  #raise(index: number, rank: number): void {
    const at = index & (REGISTERS - 1);
    if (rank <= this.#registers[at]!) return;
    this.#registers[at] = Math.min(rank, RANK_BITS + 1);
    this.#isEmpty = false;
  }
}

function valueAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? 0;
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let weight = 1;
  let sum = share;
  for (let before = -1; before !== sum; ) {
    before = sum;
    x *= x;
    sum += x * weight;
    weight *= 2;
  }
  return sum;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let weight = 1;
  let sum = 1 - share;
  for (let before = -1; before !== sum; ) {
    before = sum;
    x = Math.sqrt(x);
    weight /= 2;
    sum -= (1 - x) ** 2 * weight;
  }
  return sum / 3;
}
