import { normalDensity, normalQuantile } from './normal.ts';

/**
 * How steep the latencies are: near a quantile, the share of requests above a latency falls with
 * the power 1/slope of that latency. It translates between a ratio of latencies, which a gate is
 * written in, and a ratio of exceedances, which tests count.
 */
export interface LatencyShape {
  /** 0 < quantile < 1; always above zero. */
  slopeAt(quantile: number): number;
  /** Legacy's latency at a quantile, microseconds; null where nobody has measured it. */
  valueUs(quantile: number): number | null;
  /** Deviation of the latencies' logarithm. */
  readonly sigma: number;
  /** Where it is from, as a part of a sentence. */
  readonly source: string;
}

/** Latencies whose logarithm is normal with deviation `sigma`. */
export function logNormalShape(sigma: number, source: string): LatencyShape {
  return {
    sigma,
    source,
    slopeAt: (quantile) => (sigma * (1 - quantile)) / normalDensity(normalQuantile(quantile)),
    valueUs: () => null,
  };
}

/** Answers that must be slower than a quantile for its slope to be read from a recording. */
const SLOWER_MIN = 50;
/** The slope is that between so many times the share above, and that part of it. */
const SPAN = 3;

/** Latencies as `valueAt` a quantile says, `count` of them; log-normal beyond what they show. */
export function recordedShape(count: number, valueAt: (quantile: number) => number): LatencyShape {
  const spread = Math.log(Math.max(1.01, valueAt(0.99) / valueAt(0.5)));
  const sigma = spread / normalQuantile(0.99);
  const source = `latencies of ${count.toLocaleString('en-US')} recorded answers`;
  const assumed = logNormalShape(sigma, source);
  return {
    sigma,
    source,
    valueUs: valueAt,
    slopeAt(quantile) {
      const above = 1 - quantile;
      const fewest = (above / SPAN) * count;
      if (fewest < SLOWER_MIN || above * SPAN >= 1) return assumed.slopeAt(quantile);
      const inner = valueAt(1 - above * SPAN);
      const outer = valueAt(1 - above / SPAN);
      const slope = Math.log(outer / inner) / Math.log(SPAN * SPAN);
      return slope > 0 ? slope : assumed.slopeAt(quantile);
    },
  };
}

/** By how many times more requests are over a threshold when they take `ratio` times as long. */
export function exceedanceRatio(ratio: number, slope: number): number {
  return ratio ** (1 / slope);
}

/** The other way about: how many times as long they take when so many times more are over it. */
export function latencyRatio(times: number, slope: number): number {
  return times ** slope;
}
