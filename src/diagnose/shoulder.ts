/** Shoulders: where the curve of percentiles climbs onto a plateau, as second modes make it. */
import { median } from '../kit/median.ts';
import type { LatencyHistogram } from '../measure/latency.ts';

/** A step in the curve of percentiles. */
export interface Shoulder {
  /** Share of the requests beyond the knee: those in the second mode. */
  readonly massRatio: number;
  /** Latency before the step and on the plateau. */
  readonly kneeUs: number;
  readonly plateauUs: number;
}

const STEP = 0.05;
/** Requests that must lie beyond a point of the curve. */
const BEYOND_MIN = 10;
/** Rise of the logarithm of latency that is a step, within so much of the curve. */
const RISE_MIN = Math.LN2;
const WIDTH_MAX = 0.5;
/** Slopes before and behind, as a share of the steepest. */
const FLAT_RATIO = 1 / 3;

/**
 * The largest shoulder; null for a curve without one, however heavy its tail. The curve is ln
 * latency over log10(1 / (1 − F)), in steps of 0.05.
 */
export function findShoulder(latencies: LatencyHistogram): Shoulder | null {
  const last = Math.floor(Math.log10(Math.max(latencies.count / BEYOND_MIN, 1)) / STEP);
  const curve = Array.from({ length: last + 1 }, (_, i) =>
    Math.log(Math.max(1, latencies.quantileUs(1 - 10 ** (-i * STEP)))),
  );
  const slopes = smoothed(curve.slice(1).map((each, i) => (each - curve[i]!) / STEP));
  let best: (Shoulder & { readonly rise: number }) | null = null;
  for (const peak of slopes.keys()) {
    const [left, right] = flanks(slopes, peak);
    if (left < 0 || right >= slopes.length) continue;
    // Slope i leads from point i to point i + 1; the flanks are flat themselves.
    const [from, to] = [left + 1, right];
    const rise = curve[to]! - curve[from]!;
    if ((to - from) * STEP > WIDTH_MAX + STEP / 2 || rise < RISE_MIN) continue;
    if (best !== null && rise <= best.rise) continue;
    const massRatio = 10 ** (-from * STEP);
    best = { massRatio, kneeUs: Math.exp(curve[from]!), plateauUs: Math.exp(curve[to]!), rise };
  }
  if (best === null) return null;
  const { massRatio, kneeUs, plateauUs } = best;
  return { massRatio, kneeUs, plateauUs };
}

/** The nearest flat slopes before and behind a peak; outside where there is none. */
function flanks(slopes: readonly number[], peak: number): readonly [number, number] {
  const flat = slopes[peak]! * FLAT_RATIO;
  let left = peak;
  while (left >= 0 && slopes[left]! > flat) left -= 1;
  let right = peak;
  while (right < slopes.length && slopes[right]! > flat) right += 1;
  return [left, right];
}

function smoothed(values: readonly number[]): number[] {
  return values.map((_, i) => median(values.slice(Math.max(0, i - 1), i + 2)) ?? 0);
}
