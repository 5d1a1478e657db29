/**
 * Latencies of one side, drawn as counts: a window of fifty thousand answers is a few hundred
 * draws. Buckets are those of the product's own histograms, two significant digits.
 */
import { binomial, normal, type Random } from '../../kit/random.ts';
import type { HistogramCounts } from '../../model/window.ts';
import { normalQuantile, normalTail } from '../normal.ts';

/** How long the answers of one side take: log-normal, and slower from some value on. */
export interface ArmLatency {
  readonly medianUs: number;
  readonly sigma: number;
  /** Those above take so many times as long; null: none. */
  readonly slower: { readonly aboveUs: number; readonly times: number } | null;
}

/** The latency that a share of the answers exceeds, before any of them is made slower. */
export function exceededBy({ medianUs, sigma }: ArmLatency, share: number): number {
  return medianUs * Math.exp(sigma * normalQuantile(1 - share));
}

/** What the quantile of so many answers is never below; 0 where they are too few to say. */
export function beyondUs(latency: ArmLatency, answers: number, quantile: number): number {
  const beyond = answers * (1 - quantile);
  const share = (1.5 * beyond + 8 * Math.sqrt(beyond) + 10) / Math.max(1, answers);
  return share >= 0.7 ? 0 : exceededBy(latency, share);
}

/** Share of the answers that take at least so long. */
export function shareAbove({ medianUs, sigma, slower }: ArmLatency, us: number): number {
  const own = (at: number): number => normalTail(Math.log(at / medianUs) / sigma);
  if (us <= 0) return 1;
  if (slower === null || us <= slower.aboveUs) return own(us);
  return own(Math.max(slower.aboveUs, us / slower.times));
}

const EXACT_BELOW = 256;
const PER_DOUBLING = 128;
const BUCKETS = 26 * PER_DOUBLING;
/** Beyond this share nothing is ever drawn. */
const LEAST_SHARE = 1e-11;
/** So few answers are drawn one by one: there are more buckets that they could be in. */
const FEW = 64;

function bucketOf(us: number): number {
  const value = Math.max(1, Math.round(us));
  if (value < EXACT_BELOW) return value;
  const exponent = Math.floor(Math.log2(value)) - 7;
  return Math.min(BUCKETS - 1, PER_DOUBLING * exponent + Math.floor(value / 2 ** exponent));
}

function bottomOf(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket;
  const exponent = Math.floor(bucket / PER_DOUBLING) - 1;
  return (bucket - PER_DOUBLING * exponent) * 2 ** exponent;
}

const BOTTOMS = Float64Array.from({ length: BUCKETS }, (_, bucket) => bottomOf(bucket));

/** Draws the answers of one side; what is faster than `fromUs` is counted as one bucket. */
export class Arm {
  readonly #latency: ArmLatency;
  readonly #first: number;
  /** By bucket from the first on, the share of all answers that is in it or above it. */
  readonly #shares: Float64Array;
  readonly #counts = new Int32Array(BUCKETS);

  constructor(latency: ArmLatency, fromUs: number) {
    this.#latency = latency;
    this.#first = Math.max(1, bucketOf(fromUs));
    const shares: number[] = [];
    for (let bucket = this.#first; bucket < BUCKETS; bucket += 1) {
      // A latency is rounded to whole microseconds before it is counted.
      const share = shareAbove(latency, BOTTOMS[bucket]! - 0.5);
      if (share <= LEAST_SHARE) break;
      shares.push(share);
    }
    this.#shares = Float64Array.from(shares);
  }

  /** `answers` of them, and `paused` more that wait for the rest of a pause of `pauseUs` first. */
  draw(random: Random, answers: number, paused: number, pauseUs: number): HistogramCounts {
    const counts = this.#counts;
    const first = this.#first;
    const shares = this.#shares;
    let left = binomial(random, answers, shares[0]!);
    let fast = answers - left;
    let last = first;
    let i = 0;
    for (; left >= FEW && i + 1 < shares.length; i += 1) {
      const above = binomial(random, left, shares[i + 1]! / shares[i]!);
      counts[first + i] = left - above;
      left = above;
      last = first + i;
    }
    for (; left > 0; left -= 1) {
      const bucket = first + this.#above(i, random.next());
      counts[bucket] = counts[bucket]! + 1;
      last = Math.max(last, bucket);
    }
    for (let i = 0; i < paused; i += 1) {
      const bucket = bucketOf(this.#one(random) + random.next() * pauseUs);
      if (bucket < first) fast += 1;
      else {
        counts[bucket] = counts[bucket]! + 1;
        last = Math.max(last, bucket);
      }
    }
    return this.#take(fast, last);
  }

  /** One that is in a bucket or above it, by `chance`, 0 to 1: which. */
  #above(bucket: number, chance: number): number {
    const shares = this.#shares;
    const share = chance * shares[bucket]!;
    let low = bucket;
    let high = shares.length;
    while (high - low > 1) {
      const between = (low + high) >> 1;
      if (shares[between]! > share) low = between;
      else high = between;
    }
    return low;
  }

  #one(random: Random): number {
    const { medianUs, sigma, slower } = this.#latency;
    const us = medianUs * Math.exp(sigma * normal(random));
    return slower !== null && us >= slower.aboveUs ? us * slower.times : us;
  }

  #take(fast: number, last: number): HistogramCounts {
    const taken: number[] = [];
    if (fast > 0) taken.push(BOTTOMS[this.#first - 1]!, fast);
    for (let bucket = this.#first; bucket <= last; bucket += 1) {
      const count = this.#counts[bucket]!;
      if (count === 0) continue;
      taken.push(BOTTOMS[bucket]!, count);
      this.#counts[bucket] = 0;
    }
    return taken;
  }
}
