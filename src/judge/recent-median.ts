/** The median of the newest values, a few of them, kept in order. */
export class RecentMedian {
  readonly #most: number;
  /** By age: the oldest is at `#next` once there are as many as are kept. */
  readonly #values: Float64Array;
  readonly #sorted: Float64Array;
  #next = 0;
  #count = 0;

  constructor(most: number, from?: RecentMedian) {
    this.#most = most;
    this.#values = new Float64Array(most);
    this.#sorted = new Float64Array(most);
    if (from === undefined) return;
    this.#values.set(from.#values);
    this.#sorted.set(from.#sorted);
    this.#next = from.#next;
    this.#count = from.#count;
  }

  get count(): number {
    return this.#count;
  }

  /** The mean of the middle two of an even number; NaN for none. */
  get median(): number {
    const middle = this.#count >> 1;
    if (this.#count % 2 === 1) return this.#sorted[middle]!;
    return (this.#sorted[middle - 1]! + this.#sorted[middle]!) / 2;
  }

  add(value: number): void {
    const sorted = this.#sorted;
    let at = this.#count;
    if (at === this.#most) {
      const oldest = this.#values[this.#next]!;
      at = 0;
      while (sorted[at] !== oldest) at += 1;
      for (; at + 1 < this.#most; at += 1) sorted[at] = sorted[at + 1]!;
    } else this.#count += 1;
    for (; at > 0 && sorted[at - 1]! > value; at -= 1) sorted[at] = sorted[at - 1]!;
    sorted[at] = value;
    this.#values[this.#next] = value;
    this.#next = this.#next + 1 === this.#most ? 0 : this.#next + 1;
  }
}
