/** Second modes: peaks of the histogram with a valley between them. */
import type { HistogramCounts } from '../model/window.ts';

/** A peak beside the main one. */
export interface Mode {
  readonly atUs: number;
  /** Share of the requests on its side of the valley. */
  readonly massRatio: number;
  /** 1 − valley by the lower peak. */
  readonly depth: number;
}

const BINS_PER_DECADE = 40;
const DECADES = 10;
/** Deviation of the smoothing, in bins. */
const SMOOTHING = 1.5;
const REACH = 6;
const DEPTH_MIN = 0.2;
const MASS_MIN = 30;
const MASS_RATIO_MIN = 1e-4;
/** Deviations by which the peak must stand above the valley. */
const ABOVE_MIN = 4;

/** The heaviest mode above the main one; null where there is none worth the name. */
export function findSecondMode(counts: HistogramCounts): Mode | null {
  const raw = new Float64Array(BINS_PER_DECADE * DECADES);
  let total = 0;
  for (let i = 0; i < counts.length; i += 2) {
    const bin = Math.floor(BINS_PER_DECADE * Math.log10(Math.max(1, counts[i]!)));
    raw[Math.min(bin, raw.length - 1)]! += counts[i + 1]!;
    total += counts[i + 1]!;
  }
  const smooth = smoothed(raw);
  const main = smooth.indexOf(Math.max(...smooth));
  let best: Mode | null = null;
  for (let peak = main + 2; peak < smooth.length - 1; peak += 1) {
    if (smooth[peak]! <= smooth[peak - 1]! || smooth[peak]! < smooth[peak + 1]!) continue;
    const valley = lowest(smooth, main, peak);
    const depth = 1 - smooth[valley]! / smooth[peak]!;
    const mass = raw.slice(valley).reduce((sum, each) => sum + each, 0);
    const height = smooth[peak]! + smooth[valley]!;
    const above = height === 0 ? 0 : (smooth[peak]! - smooth[valley]!) / Math.sqrt(height);
    if (depth < DEPTH_MIN || mass < Math.max(MASS_MIN, MASS_RATIO_MIN * total)) continue;
    if (above < ABOVE_MIN || mass / total <= (best?.massRatio ?? 0)) continue;
    best = { atUs: 10 ** ((peak + 0.5) / BINS_PER_DECADE), massRatio: mass / total, depth };
  }
  return best;
}

function lowest(values: Float64Array, from: number, to: number): number {
  let at = from;
  for (let i = from; i <= to; i += 1) if (values[i]! < values[at]!) at = i;
  return at;
}

function smoothed(raw: Float64Array): Float64Array {
  const weights = Array.from({ length: 2 * REACH + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - REACH) / SMOOTHING) ** 2),
  );
  const all = weights.reduce((sum, each) => sum + each, 0);
  return raw.map((_, i) =>
    weights.reduce((sum, weight, k) => sum + (weight / all) * (raw[i + k - REACH] ?? 0), 0),
  );
}
