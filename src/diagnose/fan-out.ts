/** How often a screen that needs many reads waits for a slow one. */
import type { SideSeries } from './series.ts';
import type { HistogramCounts } from '../model/window.ts';

/** The share of screens with at least one slow read, of one side. */
export interface FanOut {
  readonly reads: number;
  readonly slowUs: number;
  /** Share of single reads that are slow. */
  readonly slowRatio: number;
  /** Of screens, each made in one of the seconds that really happened. */
  readonly screenRatio: number;
  /** What that share of reads would make if it were the same in every second. */
  readonly evenRatio: number;
  /** And in the worst second. */
  readonly worstRatio: number;
}

/**
 * Screens are made at the rate of reads, all reads of one within a second. Pauses come together,
 * and so the share is smaller than an even share of slow reads would make it.
 */
export function fanOut(seconds: readonly HistogramCounts[], reads: number, slowUs: number): FanOut {
  let all = 0;
  let slow = 0;
  let screens = 0;
  let worstRatio = 0;
  for (const counts of seconds) {
    let here = 0;
    let slowHere = 0;
    for (let i = 0; i < counts.length; i += 2) {
      here += counts[i + 1]!;
      if (counts[i]! > slowUs) slowHere += counts[i + 1]!;
    }
    if (here === 0) continue;
    const ratio = atLeastOne(slowHere / here, reads);
    all += here;
    slow += slowHere;
    screens += here * ratio;
    worstRatio = Math.max(worstRatio, ratio);
  }
  const slowRatio = all === 0 ? 0 : slow / all;
  const screenRatio = all === 0 ? 0 : screens / all;
  return {
    reads,
    slowUs,
    slowRatio,
    screenRatio,
    evenRatio: atLeastOne(slowRatio, reads),
    worstRatio,
  };
}

/** What counts as slow where nobody says: far above legacy's median. */
export function slowByDefault(legacy: SideSeries): number {
  return Math.max(5 * legacy.p50Us, legacy.p50Us + 10_000);
}

function atLeastOne(ratio: number, of: number): number {
  return -Math.expm1(of * Math.log1p(-Math.min(ratio, 1 - 1e-15)));
}
