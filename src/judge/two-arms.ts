/**
 * Whether the same quantile of two arms of different requests is the same but for a ratio: what
 * live answers of both sides can be held against each other by. From counts alone. Pure.
 */
import { lnBetaBinomial } from '../kit/e-process.ts';
import type { HistogramCounts } from '../model/window.ts';
import { bucketTop } from './buckets.ts';

/** Latencies of one arm, and the tuning for as many as it should be tightest at. */
export interface Arm {
  readonly counts: HistogramCounts;
  readonly c: number;
}

export interface TwoArms {
  /** ln E against "a's quantile is `ratio` times b's". */
  readonly lnE: number;
  /** a's quantile lies above (1) or below (-1) `ratio` times b's; 0: in the same bucket. */
  readonly side: 1 | 0 | -1;
}

/** One arm's buckets, scaled: bottoms, tops, and counts at and below each. */
interface Ladder {
  readonly n: number;
  readonly c: number;
  readonly bottoms: readonly number[];
  readonly tops: readonly number[];
  readonly upTo: readonly number[];
  /** Where the count that speaks least against the quantile is reached. */
  readonly usual: number;
  readonly place: number;
}

/**
 * ln E for the quantile `p`, 0 < p < 1. Each arm's own e-process is a valley over the values, so
 * the two together are least between the arms' quantiles; a bucket that straddles a scaled edge
 * counts for whichever side says less. Source: Howard and Ramdas 2022, two-sample quantiles.
 */
export function lnTwoArms(a: Arm, b: Arm, p: number, ratio: number): TwoArms {
  const one = ladderOf(a, p, 1);
  const other = ladderOf(b, p, ratio);
  if (one.n === 0 || other.n === 0) return { lnE: 0, side: 0 };
  const low = Math.min(one.bottoms[one.place]!, other.bottoms[other.place]!);
  const high = Math.max(one.tops[one.place]!, other.tops[other.place]!);
  let least = Infinity;
  for (const [of, to] of [
    [one, other],
    [other, one],
  ] as const) {
    for (let i = firstAtLeast(of.tops, low); i < of.tops.length; i += 1) {
      if (of.bottoms[i]! > high) break;
      const own = lnAt(of, p, of.upTo[i - 1] ?? 0, of.upTo[i]!);
      const [below, within] = between(to, of.bottoms[i]!, of.tops[i]!);
      least = Math.min(least, own + lnAt(to, p, below, within));
    }
  }
  return { lnE: least, side: sideOf(one, other) };
}

function sideOf(a: Ladder, b: Ladder): TwoArms['side'] {
  if (a.bottoms[a.place]! > b.tops[b.place]!) return 1;
  return a.tops[a.place]! < b.bottoms[b.place]! ? -1 : 0;
}

function ladderOf({ counts, c }: Arm, p: number, ratio: number): Ladder {
  const bottoms: number[] = [];
  const tops: number[] = [];
  const upTo: number[] = [];
  let n = 0;
  for (let i = 0; i < counts.length; i += 2) {
    n += counts[i + 1]!;
    bottoms.push(counts[i]! * ratio);
    tops.push(bucketTop(counts[i]!) * ratio);
    upTo.push(n);
  }
  // Where lnBetaBinomial is least: one more success is worth less than none from here on.
  const usual = Math.max(0, Math.ceil(p * (n - 1)));
  return { n, c, bottoms, tops, upTo, usual, place: firstAtLeast(upTo, Math.max(usual, 1)) };
}

/** ln E of an arm at a value that has so many below it, and so many up to it. */
function lnAt({ n, c, usual }: Ladder, p: number, below: number, upTo: number): number {
  return lnBetaBinomial(Math.min(Math.max(usual, below), upTo), n, p, c);
}

/** How many are surely below `bottom`, and how many may be up to `top`. */
function between({ bottoms, tops, upTo }: Ladder, bottom: number, top: number): [number, number] {
  const below = firstAtLeast(tops, bottom);
  let upMost = below;
  while (upMost < bottoms.length && bottoms[upMost]! <= top) upMost += 1;
  return [upTo[below - 1] ?? 0, upTo[upMost - 1] ?? 0];
}

/** Index of the first value that is at least this, values ascending; their number for none. */
function firstAtLeast(values: readonly number[], least: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
