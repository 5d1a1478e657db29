import { LatencyHistogram } from '../measure/latency.ts';

export const PERCENTILE_NAMES = ['p50', 'p99', 'p99.9', 'p99.99', 'max'] as const;
export type PercentileName = (typeof PERCENTILE_NAMES)[number];

/** Latencies of a run or a window, milliseconds, to 0.1 %. */
export type Percentiles = Readonly<Record<PercentileName, number>>;

/** The middle of some figures and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Each percentile over several runs. */
export type PercentileSpread = Readonly<Record<PercentileName, Spread>>;

/** Percentiles of what a histogram holds. */
export function percentilesOf(histogram: LatencyHistogram): Percentiles {
  const at = (quantile: number): number => histogram.quantileUs(quantile) / 1000;
  return {
    p50: at(0.5),
    p99: at(0.99),
    'p99.9': at(0.999),
    'p99.99': at(0.9999),
    max: histogram.maxUs / 1000,
  };
}

/** Latencies of so many microseconds and more are seldom: they go to the histogram one by one. */
const COUNTED_US = 131_072;

/** Latencies of a whole run, in the histogram that the harness keeps those of the sides in. */
export class RunLatencies {
  readonly #histogram = new LatencyHistogram(3);
  /** By the microsecond: to add one here is many times as fast. */
  readonly #counts = new Uint32Array(COUNTED_US);

  recordMs(latencyMs: number): void {
    const latencyUs = Math.round(latencyMs * 1000);
    if (latencyUs < COUNTED_US) this.#counts[latencyUs]! += 1;
    else this.#histogram.record(latencyUs);
  }

  percentiles(): Percentiles {
    const counts = this.#counts;
    for (let latencyUs = 0; latencyUs < COUNTED_US; latencyUs += 1) {
      const count = counts[latencyUs]!;
      if (count > 0) this.#histogram.record(latencyUs, count);
    }
    counts.fill(0);
    return percentilesOf(this.#histogram);
  }
}

/** Median and range of at least one figure; of an even number, the mean of the middle two. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const below = sorted[Math.ceil(half) - 1]!;
  const above = sorted[Math.floor(half)]!;
  return { median: (below + above) / 2, lowest: sorted[0]!, highest: sorted.at(-1)! };
}

/** The same of each percentile of at least one run. */
export function percentileSpread(runs: readonly Percentiles[]): PercentileSpread {
  const of = (name: PercentileName): Spread => spreadOf(runs.map((run) => run[name]));
  return {
    p50: of('p50'),
    p99: of('p99'),
    'p99.9': of('p99.9'),
    'p99.99': of('p99.99'),
    max: of('max'),
  };
}
