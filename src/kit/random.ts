import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

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
