import type { GateMetric, GateSettings } from '../model/settings.ts';
import { formatLatency } from '../kit/units.ts';
import { latencyRatio, type LatencyShape, logNormalShape } from './latency-shape.ts';

/** A candidate that is looked for. */
export interface SlowCandidate {
  /** As the gate's limit is written: a ratio, or microseconds. */
  readonly size: number;
  /** Its quantile, in what the windows hold it against. */
  readonly ratio: number;
}

/** What a latency gate holds the candidate's quantile against, window by window. */
export interface HeldAgainst {
  /** What a window has there: legacy's quantile, or what stands for it. */
  readonly baseUs: number;
  /** Legacy's scatters from window to window, a limit of its own does not. */
  readonly isLegacy: boolean;
  /** How steep that is whose quantile is taken. */
  readonly slope: number;
  /** Quantile of a sound candidate, and of one just at the limit, in bases. */
  readonly sound: number;
  readonly limit: number;
  /** Latencies are counted as over the threshold from so many bases on. */
  readonly threshold: number;
  readonly slow: readonly SlowCandidate[];
  /** Size of a candidate of which only the ratio is known. */
  sizeOf(ratio: number): number;
  /** What the sound candidate is, where it cannot pass. */
  readonly unsound: string;
}

const RATIOS = [1.1, 1.25, 1.5, 2];
const BASE_US = 100_000;
/** Where nobody knows how fast the service is, a sound one takes so much of the limit. */
const OF_LIMIT = 0.8;

type Holder = (
  gate: GateSettings,
  shape: LatencyShape,
  ratios: LatencyShape | null,
) => HeldAgainst | null;

/** `latency.p99.ratio < 1.05` */
const byLegacy: Holder = ({ limit, quantile }, shape) => ({
  baseUs: BASE_US,
  isLegacy: true,
  slope: shape.slopeAt(quantile ?? 0.99),
  sound: 1,
  limit,
  threshold: limit,
  slow: RATIOS.filter((ratio) => ratio > limit).map((ratio) => ({ size: ratio, ratio })),
  sizeOf: (ratio) => ratio,
  unsound: 'a candidate as fast as legacy',
});

/** `latency.p99 < 50ms` */
const byTime: Holder = ({ limit, quantile }, shape) => {
  const knownUs = shape.valueUs(quantile ?? 0.99);
  return {
    baseUs: limit,
    isLegacy: false,
    slope: shape.slopeAt(quantile ?? 0.99),
    sound: knownUs === null ? OF_LIMIT : knownUs / limit,
    limit: 1,
    threshold: 1,
    slow: RATIOS.map((ratio) => ({ size: limit * ratio, ratio })),
    sizeOf: (ratio) => limit * ratio,
    unsound: `a candidate as fast as legacy, which takes ${formatLatency(knownUs ?? 0)} there,`,
  };
};

/**
 * `latency.paired.p50.ratio < 1.05`; pairs are held against 1, in thousandths. What the two answers
 * of a pair have in common only a recording of both tells; without it the median alone is known.
 */
const byPair: Holder = ({ limit, quantile }, shape, ratios) => {
  const p = quantile ?? 0.99;
  if (ratios === null && p !== 0.5) return null;
  const sound = (ratios?.valueUs(p) ?? 1000) / 1000;
  const assumed = logNormalShape(shape.sigma * Math.SQRT2, '');
  return {
    baseUs: 1000,
    isLegacy: false,
    slope: (ratios ?? assumed).slopeAt(p),
    sound,
    limit,
    threshold: limit,
    slow: RATIOS.map((times) => ({ size: sound * times, ratio: sound * times })).filter(
      ({ ratio }) => ratio > limit,
    ),
    sizeOf: (ratio) => ratio,
    unsound: `the recorded candidate, with a ratio of ${sound.toFixed(2)} there,`,
  };
};

/** `latency.p99.burn < 10`: how many times more answers are over legacy's quantile. */
const byBurn: Holder = ({ limit, quantile }, shape) => {
  const slope = shape.slopeAt(quantile ?? 0.99);
  const most = 0.5 / (1 - (quantile ?? 0.99));
  return {
    baseUs: BASE_US,
    isLegacy: true,
    slope,
    sound: 1,
    limit: latencyRatio(limit, slope),
    threshold: 1,
    slow: RATIOS.map((times) => limit * times)
      .filter((times) => times < most)
      .map((times) => ({ size: times, ratio: latencyRatio(times, slope) })),
    sizeOf: (ratio) => ratio ** (1 / slope),
    unsound: 'a candidate as fast as legacy',
  };
};

const HOLDERS: Readonly<Partial<Record<GateMetric, Holder>>> = {
  latency: byLegacy,
  'latency.limit': byTime,
  'latency.paired': byPair,
  'latency.burn': byBurn,
};

/**
 * What a gate of one of the latency metrics holds the candidate against; null where nobody knows
 * without a recording. `ratios`: of recorded pairs, in thousandths.
 */
export function heldAgainst(
  gate: GateSettings,
  shape: LatencyShape,
  ratios: LatencyShape | null,
): HeldAgainst | null {
  return (HOLDERS[gate.metric] ?? byLegacy)(gate, shape, ratios);
}
