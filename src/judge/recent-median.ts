/** The median of the newest values, a few of them, kept in order. */
export class RecentMedian {
  readonly #most: number;
  /** Oldest first. */
  readonly #values: number[];
  readonly #sorted: number[];

  constructor(most: number, from?: RecentMedian) {
    this.#most = most;
    this.#values = from === undefined ? [] : [...from.#values];
    this.#sorted = from === undefined ? [] : [...from.#sorted];
  }

  get count(): number {
    return this.#values.length;
  }

  /** The mean of the middle two of an even number; NaN for none. */
  get median(): number {
    const middle = this.#sorted.length >> 1;
    if (this.#sorted.length % 2 === 1) return this.#sorted[middle]!;
    return (this.#sorted[middle - 1]! + this.#sorted[middle]!) / 2;
  }

  add(value: number): void {
    const sorted = this.#sorted;
    const values = this.#values;
    if (values.length === this.#most) {
      sorted.splice(sorted.indexOf(values.shift()!), 1);
    }
    values.push(value);
    let at = sorted.push(value) - 1;
    for (; at > 0 && sorted[at - 1]! > value; at -= 1) sorted[at] = sorted[at - 1]!;
    sorted[at] = value;
  }
}
