/** One side of a trace as rows of a second each, on a grid without holes. */
import { median } from '../kit/median.ts';
import { LatencyHistogram } from '../measure/latency.ts';
import { SECOND_ANSWERS_MIN } from '../measure/spikes.ts';
import type { Side } from '../model/exchange.ts';
import type { HistogramCounts } from '../model/window.ts';
import type { TraceSecond } from './trace.ts';

/** One second of one side. Microseconds. */
export interface Row {
  readonly count: number;
  /** Answers above the threshold, and by how much, all together. */
  readonly over: number;
  readonly overUs: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly worstAtMs: number | null;
}

/** A side's rows: row i is the second that begins at startMs + 1000 i. */
export interface SideSeries {
  readonly side: Side;
  readonly startMs: number;
  /** Null where nothing is known of a second: left out, or hardly any answers. */
  readonly rows: readonly (Row | null)[];
  /** What counts as exceeding: the p99 of the typical second, whatever pauses make of the whole. */
  readonly thresholdUs: number;
  readonly p50Us: number;
  /** All latencies of the rows that are there. */
  readonly total: LatencyHistogram;
}

/** The side's series over `seconds`, which are in order; there is at least one. */
export function seriesOf(seconds: readonly TraceSecond[], side: Side): SideSeries {
  const startMs = seconds[0]!.startMs;
  const last = Math.round((seconds.at(-1)!.startMs - startMs) / 1000);
  const total = totalOf(seconds.map((second) => second[side].counts));
  const thresholdUs = typicalP99Us(seconds.map((second) => second[side].counts));
  const rows: (Row | null)[] = Array.from({ length: last + 1 }, () => null);
  for (const second of seconds) {
    const { counts, worstAtMs } = second[side];
    rows[Math.round((second.startMs - startMs) / 1000)] = rowOf(counts, thresholdUs, worstAtMs);
  }
  return { side, startMs, rows, thresholdUs, p50Us: total.quantileUs(0.5), total };
}

/** All of them together. */
export function totalOf(parts: readonly HistogramCounts[]): LatencyHistogram {
  // Summed by value first: the same few thousand buckets come again in every second.
  const sums = new Map<number, number>();
  for (const counts of parts) {
    for (let i = 0; i < counts.length; i += 2) {
      sums.set(counts[i]!, (sums.get(counts[i]!) ?? 0) + counts[i + 1]!);
    }
  }
  return LatencyHistogram.fromCounts([...sums].flat());
}

/** The median of the seconds' own p99, of those with enough answers to have one. */
function typicalP99Us(seconds: readonly HistogramCounts[]): number {
  const each = seconds.flatMap((counts) => {
    let count = 0;
    for (let i = 1; i < counts.length; i += 2) count += counts[i]!;
    return count < SECOND_ANSWERS_MIN ? [] : [quantileOf(counts, count, 0.99)];
  });
  return median(each) ?? 0;
}

function quantileOf(counts: HistogramCounts, count: number, quantile: number): number {
  const rank = Math.ceil(quantile * count - 1e-9);
  let seen = 0;
  for (let i = 0; i < counts.length; i += 2) {
    seen += counts[i + 1]!;
    if (seen >= rank) return counts[i]!;
  }
  return counts.at(-2)!;
}

/** Rows that are there. */
export function rowCount(series: SideSeries): number {
  return series.rows.reduce((sum, row) => sum + (row === null ? 0 : 1), 0);
}

function rowOf(counts: HistogramCounts, overUs: number, worstAtMs: number | null): Row | null {
  let count = 0;
  let over = 0;
  let beyondUs = 0;
  for (let i = 0; i < counts.length; i += 2) {
    const valueUs = counts[i]!;
    const here = counts[i + 1]!;
    count += here;
    if (valueUs <= overUs) continue;
    over += here;
    beyondUs += here * (valueUs - overUs);
  }
  if (count < SECOND_ANSWERS_MIN) return null;
  const p99Us = quantileOf(counts, count, 0.99);
  return { count, over, overUs: beyondUs, p99Us, maxUs: counts.at(-2)!, worstAtMs };
}
