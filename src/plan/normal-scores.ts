import { normalQuantile } from './normal.ts';

/**
 * `count` values of a standard normal as they are expected, one of each share of it, in an order in
 * which every stretch has small and large ones. Orders of bases without a common divisor are as
 * good as independent. Source: van der Corput 1935; Halton 1960 for several bases.
 */
export function normalScores(count: number, base: number): Float64Array {
  const key = `${base} ${count}`;
  const known = SCORES.get(key);
  if (known !== undefined) return known;
  const places = Array.from({ length: count }, (_, i) => [placeOf(i + 1, base), i] as const);
  const scores = new Float64Array(count);
  for (const [rank, [, i]] of places.toSorted(([a], [b]) => a - b).entries()) {
    scores[i] = normalQuantile((rank + 0.5) / count);
  }
  if (SCORES.size < SCORES_MAX) SCORES.set(key, scores);
  return scores;
}

/** The same few counts are asked for again and again. */
const SCORES = new Map<string, Float64Array>();
const SCORES_MAX = 1000;

/** The digits of `n` mirrored at the point: 0.11 for 6 in base 2, which is 110. */
function placeOf(n: number, base: number): number {
  let place = 0;
  let weight = 1 / base;
  for (let rest = n; rest > 0; rest = Math.floor(rest / base)) {
    place += (rest % base) * weight;
    weight /= base;
  }
  return place;
}
