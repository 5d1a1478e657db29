/** Where a quantile of one arm lies, from counts alone; may be looked at any time. Pure. */
import { type Interval, lnBetaBinomial, tuning } from '../kit/e-process.ts';
import { nthSmallest } from '../kit/nth-smallest.ts';
import type { HistogramCounts } from '../model/window.ts';

/** Counts `below` and `above` are the nearest that are too few and too many; null for none. */
export interface QuantileRanks {
  readonly below: number | null;
  readonly above: number | null;
}

/**
 * What counts of `n` observations at or below the quantile `p`, 0 < p < 1, are ruled out at
 * `alpha`: the quantile is not below the observation of rank `below` + 1, nor above that of rank
 * `above`. Holds for atoms and ties. `c` by tuning. Source: Howard and Ramdas 2022.
 */
export function quantileRanks(n: number, p: number, alpha: number, c: number): QuantileRanks {
  const needed = -Math.log(alpha);
  const isOut = (k: number): boolean => lnBetaBinomial(k, n, p, c) >= needed;
  return {
    below: n === 0 || !isOut(0) ? null : lastOut(0, Math.ceil(p * n), isOut),
    above: n === 0 || !isOut(n) ? null : lastOut(n, Math.floor(p * n), isOut),
  };
}

/** The last integer on the way from `outside`, which is out, to `inside`, that is out too. */
function lastOut(outside: number, inside: number, isOut: (k: number) => boolean): number {
  let beyond = outside;
  let within = inside;
  while (Math.abs(beyond - within) > 1) {
    const middle = (beyond + within) >> 1;
    if (isOut(middle)) beyond = middle;
    else within = middle;
  }
  return beyond;
}

/**
 * The interval of the quantile `p` of what `counts` holds: 0 and Infinity where there are too few
 * to bound that side; `topOf` a value is the largest that is counted under it.
 */
export function quantileInterval(
  counts: HistogramCounts,
  { p, alpha, c }: { readonly p: number; readonly alpha: number; readonly c: number },
  topOf: (value: number) => number,
): Interval {
  let n = 0;
  for (let i = 1; i < counts.length; i += 2) n += counts[i]!;
  const { below, above } = quantileRanks(n, p, alpha, c);
  return {
    lower: below === null ? 0 : valueAt(counts, below + 1),
    upper: above === null ? Infinity : topOf(valueAt(counts, above)),
  };
}

/** Windows at which the interval of their median is tightest. */
const MEDIAN_WINDOWS = 100;

/** Where the median of what windows show lies, at `alpha`. */
export function medianInterval(values: ArrayLike<number>, alpha: number): Interval {
  const own = new Float64Array(values);
  const { below, above } = quantileRanks(own.length, 0.5, alpha, tuning(MEDIAN_WINDOWS, alpha));
  return {
    lower: below === null ? 0 : nthSmallest(own, below + 1),
    upper: above === null ? Infinity : nthSmallest(own, above),
  };
}

function valueAt(counts: HistogramCounts, rank: number): number {
  let seen = 0;
  for (let i = 0; i < counts.length; i += 2) {
    seen += counts[i + 1]!;
    if (seen >= rank) return counts[i]!;
  }
  return Infinity;
}
