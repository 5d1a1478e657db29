import { build, JsHistogram } from 'hdr-histogram-js';
import { assert } from '../kit/assert.ts';
import type { HistogramCounts } from '../model/window.ts';

/** Longest latency told apart, one hour; anything longer is recorded as this. */
export const LATENCY_MAX_US = 3_600_000_000;

/**
 * Latencies of one side in one role: exact counts in buckets at most 1 % wide (2 digits) or
 * 0.1 % (3 digits). The only place that knows the histogram library.
 */
export class LatencyHistogram {
  readonly #histogram: JsHistogram;

  /** digits 2: 11 KB, for a window; 3: 70 KB, for a total. */
  constructor(digits: 2 | 3 = 2) {
    const histogram = build({
      bitBucketSize: 32,
      autoResize: true,
      lowestDiscernibleValue: 1,
      highestTrackableValue: 2_000_000,
      numberOfSignificantValueDigits: digits,
    });
    assert(histogram instanceof JsHistogram, 'the histogram is not the plain one');
    this.#histogram = histogram;
  }

  static fromCounts(counts: HistogramCounts, digits: 2 | 3 = 2): LatencyHistogram {
    const histogram = new LatencyHistogram(digits);
    histogram.add(counts);
    return histogram;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** The largest latency, microseconds, to the bucket; 0 when empty. */
  get maxUs(): number {
    return this.count === 0 ? 0 : this.#histogram.maxValue;
  }

  get meanUs(): number {
    return this.count === 0 ? 0 : this.#histogram.mean;
  }

  /** Records one latency, an integer of microseconds; zero and below count as 1. */
  record(latencyUs: number, count = 1): void {
    assert(Number.isInteger(latencyUs), `latency must be whole microseconds, got ${latencyUs}`);
    const value = Math.min(Math.max(latencyUs, 1), LATENCY_MAX_US);
    this.#histogram.recordValueWithCount(value, count);
  }

  add(counts: HistogramCounts): void {
    for (let i = 0; i < counts.length; i += 2) this.record(counts[i]!, counts[i + 1]);
  }

  /** Latency at `quantile` (0 to 1), microseconds, never above the maximum; 0 when empty. */
  quantileUs(quantile: number): number {
    if (this.count === 0) return 0;
    // The library answers with the top of the bucket, which may lie above the largest value.
    return Math.min(this.#histogram.getValueAtPercentile(quantile * 100), this.maxUs);
  }

  /** How many latencies lie above the bucket that holds `thresholdUs`. */
  countAbove(thresholdUs: number): number {
    let above = 0;
    this.#each((value, count) => {
      if (value > thresholdUs) above += count;
    });
    return above;
  }

  /** Sparse counts, cheap to send and to add; see {@link LatencyHistogram.fromCounts}. */
  toCounts(): HistogramCounts {
    const counts: number[] = [];
    this.#each((value, count) => counts.push(value, count));
    return counts;
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Visits every bucket that holds something, lowest first, by its lowest value. */
  #each(visit: (valueUs: number, count: number) => void): void {
    if (this.count === 0) return;
    const histogram = this.#histogram;
    const last = histogram.countsArrayIndex(histogram.maxValue);
    for (let i = 0; i <= last; i += 1) {
      const count = histogram.getCountAtIndex(i);
      if (count > 0) visit(histogram.valueFromIndex(i), count);
    }
  }
}
