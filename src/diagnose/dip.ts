/**
 * Hartigan's dip: how far a distribution is at least from any with a single mode, as a distance
 * between distribution functions, 0 to 0.25. A second opinion beside peaks of a histogram.
 * Source: Hartigan and Hartigan 1985; Hartigan 1985, algorithm AS 217.
 */
import type { HistogramCounts } from '../model/window.ts';

/** From here on more than one mode is worth a word; with millions anything is significant. */
export const DIP_MIN = 0.01;
const POINTS_MAX = 10_000;
/** Buckets are so wide at least, as a share of their value: within one, values spread evenly. */
const BUCKET_RATIO = 0.001;

/** The dip of ln latency; 0 for fewer than four values. */
export function dipOfLatencies(counts: HistogramCounts): number {
  let total = 0;
  for (let i = 1; i < counts.length; i += 2) total += counts[i]!;
  const points = Math.min(POINTS_MAX, total);
  const values: number[] = [];
  let seen = 0;
  for (let i = 0; i < counts.length; i += 2) {
    const [value, count] = [counts[i]!, counts[i + 1]!];
    for (;;) {
      const rank = ((values.length + 0.5) * total) / points;
      if (values.length === points || rank >= seen + count) break;
      const above = (rank - seen) / count;
      values.push(Math.log(Math.max(1, value)) - BUCKET_RATIO * (1 - above));
    }
    seen += count;
  }
  return dipOf(values);
}

/** The dip of values in order, none of them twice; 0 for fewer than four. */
export function dipOf(values: readonly number[]): number {
  const n = values.length;
  if (n < 4) return 0;
  const below = hull(values, 1);
  const above = hull(values, -1);
  let [low, high] = [0, n - 1];
  let dip = 1;
  for (;;) {
    const minorant = path(below, high, low);
    const majorant = path(above, low, high);
    const widest = widestGap(values, minorant, majorant);
    if (widest.gap < dip) break;
    const left = minorant.slice(widest.inMinorant).reverse();
    const right = majorant.slice(widest.inMajorant);
    dip = Math.max(dip, farthest(values, left, 1), farthest(values, right, -1));
    const [nextLow, nextHigh] = [left.at(-1)!, right[0]!];
    if (low === nextLow && high === nextHigh) break;
    [low, high] = [nextLow, nextHigh];
  }
  return dip / (2 * n);
}

/**
 * The vertex before each on the greatest convex minorant (`step` 1), or behind each on the least
 * concave majorant (−1), of the empirical distribution function.
 */
function hull(values: readonly number[], step: 1 | -1): Int32Array {
  const n = values.length;
  const end = step === 1 ? 0 : n - 1;
  const next = new Int32Array(n);
  next[end] = end;
  for (let at = end + step; at >= 0 && at < n; at += step) {
    let from = at - step;
    for (;;) {
      const before = next[from]!;
      const isConvex =
        (values[at]! - values[from]!) * (from - before) <
        (values[from]! - values[before]!) * (at - from);
      if (from === end || isConvex) break;
      from = before;
    }
    next[at] = from;
  }
  return next;
}

function path(next: Int32Array, from: number, to: number): number[] {
  const all = [from];
  while (all.at(-1) !== to) all.push(next[all.at(-1)!]!);
  return all;
}

interface Gap {
  readonly gap: number;
  /** Where it is: indices into both paths. */
  readonly inMinorant: number;
  readonly inMajorant: number;
}

/** The widest gap between minorant (from the right) and majorant (from the left). */
function widestGap(
  values: readonly number[],
  minorant: readonly number[],
  majorant: readonly number[],
): Gap {
  let widest: Gap = { gap: 0, inMinorant: minorant.length - 1, inMajorant: majorant.length - 1 };
  if (minorant.length === 2 && majorant.length === 2) return { ...widest, gap: 1 };
  let ix = minorant.length - 2;
  let iv = 1;
  do {
    const lower = minorant[ix]!;
    const upper = majorant[iv]!;
    if (lower > upper) {
      const before = minorant[ix + 1]!;
      const slope = (lower - before) / (values[lower]! - values[before]!);
      const gap = upper - before + 1 - (values[upper]! - values[before]!) * slope;
      iv += 1;
      if (gap >= widest.gap) widest = { gap, inMinorant: ix + 1, inMajorant: iv - 1 };
    } else {
      const before = majorant[iv - 1]!;
      const slope = (upper - before) / (values[upper]! - values[before]!);
      const gap = (values[lower]! - values[before]!) * slope - (lower - before - 1);
      ix -= 1;
      if (gap >= widest.gap) widest = { gap, inMinorant: ix + 1, inMajorant: iv };
    }
    ix = Math.max(0, ix);
    iv = Math.min(majorant.length - 1, iv);
  } while (minorant[ix] !== majorant[iv]);
  return widest;
}

/** How far the distribution function is at most from the straight pieces of a path. */
function farthest(values: readonly number[], vertices: readonly number[], sign: 1 | -1): number {
  let most = 0;
  for (let i = 0; i + 1 < vertices.length; i += 1) {
    const [from, to] = [vertices[i]!, vertices[i + 1]!];
    const slope = (to - from) / (values[to]! - values[from]!);
    let here = 1;
    for (let j = from; to - from > 1 && j <= to; j += 1) {
      const line = (values[j]! - values[from]!) * slope;
      here = Math.max(here, 1 + sign * (j - from - line));
    }
    most = Math.max(most, here);
  }
  return most;
}
