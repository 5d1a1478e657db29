/**
 * The median of the newest nine values, window by window. Which of two is larger is chance, and a
 * processor that has guessed wrong loses more time than all else takes: so nothing here branches
 * on it. Values are kept in single precision, whose bits are integers of the same order.
 */
import { median } from './sign-test.ts';

const MOST = 9;

/** Of numbers of 0 or more, the last nine: their median. */
export class MedianOfNine {
  /** By age: the oldest is at `#next` once there are nine. */
  readonly #values: Float32Array;
  readonly #bits: Int32Array;
  /** The same, each three in a row in order. */
  readonly #threes: Int32Array;
  #next = 0;
  #count = 0;

  constructor(from?: MedianOfNine) {
    this.#values = new Float32Array(MOST);
    this.#bits = new Int32Array(this.#values.buffer);
    this.#threes = new Int32Array(MOST);
    if (from === undefined) return;
    this.#values.set(from.#values);
    this.#threes.set(from.#threes);
    this.#next = from.#next;
    this.#count = from.#count;
  }

  /** How many values there are, nine at most. */
  get count(): number {
    return this.#count;
  }

  /** The mean of the middle two of an even number; NaN for none. */
  get median(): number {
    return this.#count === MOST ? this.#ofNine() : median(this.#values.subarray(0, this.#count));
  }

  add(value: number): void {
    const at = this.#next;
    // The bits of -0 are not those of 0.
    this.#values[at] = value + 0;
    this.#next = at + 1 === MOST ? 0 : at + 1;
    if (this.#count < MOST) this.#count += 1;
    this.#order(at - (at % 3));
  }

  #order(first: number): void {
    const bits = this.#bits;
    const a = bits[first]!;
    const b = bits[first + 1]!;
    const c = bits[first + 2]!;
    const less = lesser(a, b);
    const more = greater(a, b);
    this.#threes[first] = lesser(less, c);
    this.#threes[first + 1] = greater(less, lesser(more, c));
    this.#threes[first + 2] = greater(more, c);
  }

  /** Of three threes in order: the largest first, the middle second and the smallest third. */
  #ofNine(): number {
    const of = this.#threes;
    const low = greater(greater(of[0]!, of[3]!), of[6]!);
    const high = lesser(lesser(of[2]!, of[5]!), of[8]!);
    shared.bits[0] = middle(low, middle(of[1]!, of[4]!, of[7]!), high);
    return shared.value[0]!;
  }
}

const value = new Float32Array(1);
/** One value, and its bits. */
const shared = { value, bits: new Int32Array(value.buffer) };

function lesser(a: number, b: number): number {
  const difference = (a - b) | 0;
  return (b + (difference & (difference >> 31))) | 0;
}

function greater(a: number, b: number): number {
  const difference = (a - b) | 0;
  return (a - (difference & (difference >> 31))) | 0;
}

function middle(a: number, b: number, c: number): number {
  return greater(lesser(a, b), lesser(greater(a, b), c));
}
