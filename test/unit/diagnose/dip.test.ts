import { describe, expect, it } from 'vitest';
import { DIP_MIN, dipOf, dipOfLatencies } from '../../../src/diagnose/dip.ts';
import { createRandom, logNormal } from '../../../src/kit/random.ts';
import type { HistogramCounts } from '../../../src/model/window.ts';

function countsOf(values: readonly number[]): HistogramCounts {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => a[0] - b[0]).flat();
}

/** The distance to the nearest distribution with one mode, by trying every mode: slow and plain. */
function dipByTrying(values: readonly number[]): number {
  const n = values.length;
  const bound = (mode: number): number => {
    let least = 1 / (2 * n);
    // A line under or over a stretch of the function must be within the dip of all its points.
    for (const [from, to, sign] of [
      [0, mode, 1],
      [mode, n - 1, -1],
    ] as const) {
      for (let a = from; a < to; a += 1) {
        for (let b = a + 1; b <= to; b += 1) {
          for (let j = a; j <= b; j += 1) {
            const share = (values[j]! - values[a]!) / (values[b]! - values[a]!);
            const line = a + share * (b - a);
            least = Math.max(least, (sign * (j - line) + 1) / (2 * n));
          }
        }
      }
    }
    return least;
  };
  return Math.min(...values.map((_, mode) => bound(mode)));
}

describe('the dip', () => {
  it('is the least there is for points spread evenly, and a quarter for two far apart', () => {
    const even = Array.from({ length: 100 }, (_, i) => i);
    expect(dipOf(even)).toBeCloseTo(1 / 200, 12);
    const two = even.map((i) => (i < 50 ? i * 1e-6 : 1 + i * 1e-6));
    expect(dipOf(two)).toBeGreaterThan(0.24);
    expect(dipOf(two)).toBeLessThanOrEqual(0.25);
    expect(dipOf([1, 2, 3])).toBe(0);
  });

  it.each([1, 2, 3, 4, 5])('is what trying every mode finds, seed %i', (seed) => {
    const random = createRandom(seed);
    const centers = [0, 2, 5].slice(0, 1 + (seed % 3));
    const values = Array.from({ length: 40 }, () => {
      return centers[random.int(0, centers.length - 1)]! + random.next();
    }).sort((a, b) => a - b);
    expect(dipOf(values)).toBeCloseTo(dipByTrying(values), 9);
  });

  it('tells a second mode of latencies from a heavy tail', () => {
    const random = createRandom(7);
    const one = Array.from({ length: 50_000 }, () => Math.ceil(logNormal(random, 1000, 1)));
    expect(dipOfLatencies(countsOf(one))).toBeLessThan(DIP_MIN);
    const two = one.map((us, i) => (i % 10 === 0 ? us + 300_000 : us));
    expect(dipOfLatencies(countsOf(two))).toBeGreaterThan(DIP_MIN);
    expect(dipOfLatencies([])).toBe(0);
  });
});
