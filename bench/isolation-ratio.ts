export interface PairedRatio {
  /** Of the pairs' ratios, the one in their middle (Hodges and Lehmann). */
  readonly ratio: number;
  /** Bounds of the ratio, each at 95 %; 0 and Infinity where there are too few pairs for any. */
  readonly lower: number;
  readonly upper: number;
  readonly pairs: number;
}

const Z_95 = 1.645;

/**
 * The ratio of what each pair of neighbouring blocks measured, `[healthy, other]`, by the ranks of
 * the pairs' means two by two: a block that met a mood of the machine counts as one of many, by
 * however much it is off.
 * Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd ed., 3.2 and 3.3
 * (large samples).
 */
export function pairedRatio(pairs: readonly (readonly [number, number])[]): PairedRatio {
  const logs = pairs.map(([healthy, other]) => Math.log(other / healthy));
  const n = logs.length;
  const means = logs.flatMap((a, i) => logs.slice(i).map((b) => (a + b) / 2)).sort((a, b) => a - b);
  const spread = Z_95 * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
  const at = Math.floor((n * (n + 1)) / 4 - spread);
  const middle =
    (means[Math.floor((means.length - 1) / 2)]! + means[Math.floor(means.length / 2)]!) / 2;
  return {
    ratio: Math.exp(middle),
    lower: at < 1 ? 0 : Math.exp(means[at - 1]!),
    upper: at < 1 ? Infinity : Math.exp(means[means.length - at]!),
    pairs: n,
  };
}
