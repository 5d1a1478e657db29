import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { lnGamma } from './e-process.ts';

/** A source of randomness that a seed repeats exactly. The only place that knows the library. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [min, max], both included. */
  int(min: number, max: number): number;
}

/** The same sequence for the same seed (any 32-bit integer), on every machine. */
export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  return {
    next: () => uniformFloat64(generator),
    int: (min, max) => uniformInt(generator, min, max),
  };
}

/** A normal deviate, mean 0 and deviation 1. Source: Box and Muller, 1958. */
export function normal(random: Random): number {
  const u = 1 - random.next();
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random.next());
}

/** A log-normal deviate whose median is `median` and whose log has deviation `sigma`. */
export function logNormal(random: Random, median: number, sigma: number): number {
  return median * Math.exp(sigma * normal(random));
}

/** Time to the next event of a Poisson process of `ratePerSec`, microseconds. */
export function exponentialUs(random: Random, ratePerSec: number): number {
  return (-Math.log(1 - random.next()) / ratePerSec) * 1e6;
}

/** Draws ranks 0 to n-1 with weight 1/(rank+1)^exponent, by inverting the summed weights. */
export function createZipf(random: Random, n: number, exponent: number): () => number {
  const sums = new Float64Array(n);
  let total = 0;
  for (let rank = 0; rank < n; rank += 1) {
    total += 1 / (rank + 1) ** exponent;
    sums[rank] = total;
  }
  return () => {
    const target = random.next() * total;
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! <= target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/**
 * How many of `n` trials succeed, each with `chance`, 0 to 1. Exact: by inversion where few do,
 * by transformed rejection where many do. Source: Hoermann 1993, algorithm BTRS.
 */
export function binomial(random: Random, n: number, chance: number): number {
  if (chance > 0.5) return n - binomial(random, n, 1 - chance);
  return n * chance < 10 ? fewOf(random, n, chance) : manyOf(random, n, chance);
}

function fewOf(random: Random, n: number, chance: number): number {
  if (chance <= 0) return 0;
  const odds = chance / (1 - chance);
  let mass = Math.exp(n * Math.log1p(-chance));
  let left = random.next();
  let count = 0;
  while (left > mass && count < n) {
    left -= mass;
    count += 1;
    mass *= ((n + 1 - count) / count) * odds;
  }
  return count;
}

function manyOf(random: Random, n: number, chance: number): number {
  const spread = Math.sqrt(n * chance * (1 - chance));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * chance;
  const scale = (2.83 + 5.1 / b) * spread;
  const mode = Math.floor((n + 1) * chance);
  const lnOdds = Math.log(chance / (1 - chance));
  const lnAtMode = lnGamma(mode + 1) + lnGamma(n - mode + 1);
  for (;;) {
    const u = random.next() - 0.5;
    const v = random.next();
    const edge = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / edge + b) * u + n * chance + 0.5);
    if (edge >= 0.07 && v <= 0.92 - 4.2 / b) return k;
    if (k < 0 || k > n) continue;
    const lnMass = lnAtMode - lnGamma(k + 1) - lnGamma(n - k + 1) + (k - mode) * lnOdds;
    if (Math.log((v * scale) / (a / (edge * edge) + b)) <= lnMass) return k;
  }
}
