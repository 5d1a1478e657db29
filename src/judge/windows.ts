/**
 * Merges the summaries of one gate window, and reads a window's quantiles out of it. Pairs are
 * compared within one live side, as being live and being shadow are not quite the same work.
 * Seconds in which the proxy itself stalled are left out of the latencies of both sides.
 */
import { LIMITS } from '../kit/limits.ts';
import { type Side, SIDES } from '../model/exchange.ts';
import type { HistogramCounts, PartedCounts, Summary } from '../model/window.ts';
import type { EvidenceWindow, WindowCell } from './evidence.ts';

/** True when the proxy itself stalled in this second: its latencies say nothing of the sides. */
export function isStalled(summary: Summary): boolean {
  return summary.loopDelayMaxUs > LIMITS.proxyStallMaxUs;
}

/** One window out of the summaries that began in [startMs, endMs). */
export function mergeSummaries(
  summaries: readonly Summary[],
  startMs: number,
  endMs: number,
): EvidenceWindow {
  const cells = new Map<string, WindowCell>();
  let stalledSeconds = 0;
  for (const summary of summaries) {
    if (isStalled(summary)) {
      stalledSeconds += 1;
      continue;
    }
    for (const cell of summary.cells) {
      if (cell.legacy.length === 0 && cell.candidate.length === 0) continue;
      const name = `${cell.liveSide} ${cell.route}`;
      const sum = cells.get(name);
      cells.set(name, {
        route: cell.route,
        liveSide: cell.liveSide,
        legacy: addHistograms(sum?.legacy ?? [], cell.legacy),
        candidate: addHistograms(sum?.candidate ?? [], cell.candidate),
        ratios: addHistograms(sum?.ratios ?? [], cell.ratios ?? []),
        parted: addParted(sum?.parted ?? [], cell.parted ?? []),
      });
    }
  }
  return { startMs, endMs, seconds: summaries.length, stalledSeconds, cells: [...cells.values()] };
}

/** The sums of what both have, margin by margin. */
function addParted(
  a: readonly PartedCounts[],
  b: readonly PartedCounts[],
): readonly PartedCounts[] {
  if (a.length === 0) return b;
  return a.map((one) => {
    const other = b.find(({ margin }) => margin === one.margin);
    if (other === undefined) return one;
    const more = addHistograms(one.more, other.more);
    return { margin: one.margin, more, less: addHistograms(one.less, other.less) };
  });
}

/** The sum of two histograms: value, count, value, count … with values ascending. */
export function addHistograms(a: HistogramCounts, b: HistogramCounts): HistogramCounts {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const sum: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i] ?? Infinity;
    const y = b[j] ?? Infinity;
    sum.push(Math.min(x, y), (x <= y ? a[i + 1]! : 0) + (y <= x ? b[j + 1]! : 0));
    if (x <= y) i += 2;
    if (y <= x) j += 2;
  }
  return sum;
}

/** How many latencies a histogram holds. */
export function countOf(counts: HistogramCounts): number {
  let count = 0;
  for (let i = 1; i < counts.length; i += 2) count += counts[i]!;
  return count;
}

/** Latency at `quantile`, by nearest rank, to the bucket; 0 when there is none. Microseconds. */
export function quantileOf(counts: HistogramCounts, quantile: number): number {
  // A hair less, so that 0.999 of 1000 is rank 999 in spite of rounding.
  const rank = Math.max(1, Math.ceil(quantile * countOf(counts) - 1e-9));
  let seen = 0;
  for (let i = 0; i < counts.length; i += 2) {
    seen += counts[i + 1]!;
    if (seen >= rank) return counts[i]!;
  }
  return 0;
}

/** One live side of a window, the routes asked for merged. */
export interface Stratum {
  readonly liveSide: Side;
  /** Of which there are latencies. */
  readonly pairs: number;
  readonly legacy: HistogramCounts;
  readonly candidate: HistogramCounts;
  readonly ratios: HistogramCounts;
  readonly parted: readonly PartedCounts[];
}

/** Both live sides of a window, of one route or of all. */
export function strataOf(window: EvidenceWindow, route: string | null): readonly Stratum[] {
  return SIDES.map((liveSide) => {
    let sum: Latencies = { legacy: [], candidate: [], ratios: [], parted: [] };
    for (const cell of window.cells) {
      if (cell.liveSide !== liveSide || (route !== null && cell.route !== route)) continue;
      sum = {
        legacy: addHistograms(sum.legacy, cell.legacy),
        candidate: addHistograms(sum.candidate, cell.candidate),
        ratios: addHistograms(sum.ratios, cell.ratios ?? []),
        parted: addParted(sum.parted, cell.parted ?? []),
      };
    }
    return { liveSide, pairs: countOf(sum.legacy), ...sum };
  });
}

type Latencies = Omit<Stratum, 'liveSide' | 'pairs'>;

/** All of one window's latencies of a side, whoever was live. */
export function sideOf(window: EvidenceWindow, side: Side): HistogramCounts {
  return window.cells.reduce<HistogramCounts>((sum, cell) => addHistograms(sum, cell[side]), []);
}

/**
 * A window's quantile on one side: the geometric mean of both orders where both have enough pairs,
 * else that of the one that has; null where neither has.
 */
export function meanQuantile(
  strata: readonly Stratum[],
  of: 'legacy' | 'candidate' | 'ratios',
  quantile: number,
): number | null {
  const enough = strata.filter((stratum) => countOf(stratum[of]) >= LIMITS.windowPairsMin);
  const [one, other] = enough.map((stratum) => quantileOf(stratum[of], quantile));
  if (one === undefined) return null;
  return other === undefined ? one : Math.sqrt(one * other);
}
