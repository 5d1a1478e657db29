/** Periods of a series with holes in it: the Lomb-Scargle periodogram. */

/** The frequency with the most power, as a period. */
export interface SpectralPeriod {
  /** Of the strongest harmonic: a train of short pulses may have it at a part of its period. */
  readonly periodMs: number;
  readonly power: number;
  /** Chance of so much at any of the frequencies looked at, if the series were noise. */
  readonly p: number;
}

const PERIOD_MIN_S = 10;
const PERIOD_MAX_S = 900;
const OVERSAMPLING = 3;
const SECONDS_MAX = 8192;

/**
 * The strongest period from 10 s to 15 min of the newest values, NaN where there is none; null
 * where the series is flat or too short. Source: Lomb 1976, Scargle 1982.
 */
export function spectralPeriod(values: Float64Array): SpectralPeriod | null {
  const recent = values.slice(-SECONDS_MAX);
  const atS: number[] = [];
  const heights: number[] = [];
  for (const [i, value] of recent.entries()) {
    if (Number.isNaN(value)) continue;
    atS.push(i);
    heights.push(value);
  }
  const mean = heights.reduce((sum, each) => sum + each, 0) / heights.length;
  const centred = heights.map((each) => each - mean);
  const variance = centred.reduce((sum, each) => sum + each * each, 0) / (heights.length - 1);
  const longest = Math.min(PERIOD_MAX_S, recent.length / 2);
  if (!(variance > 0) || longest <= PERIOD_MIN_S) return null;
  const span = recent.length;
  const independent = Math.ceil(span * (1 / PERIOD_MIN_S - 1 / longest));
  let best = { frequency: 0, power: 0 };
  for (let i = 0; i <= independent * OVERSAMPLING; i += 1) {
    const frequency = 1 / longest + i / (OVERSAMPLING * span);
    const power = powerAt(atS, centred, frequency) / (2 * variance);
    if (power > best.power) best = { frequency, power };
  }
  const p = -Math.expm1(independent * Math.log1p(-Math.exp(-best.power)));
  return { periodMs: 1000 / best.frequency, power: best.power, p };
}

function powerAt(atS: readonly number[], centred: readonly number[], frequency: number): number {
  const w = 2 * Math.PI * frequency;
  let sin2 = 0;
  let cos2 = 0;
  let byCos = 0;
  let bySin = 0;
  for (const [i, at] of atS.entries()) {
    const cos = Math.cos(w * at);
    const sin = Math.sin(w * at);
    sin2 += 2 * sin * cos;
    cos2 += cos * cos - sin * sin;
    byCos += centred[i]! * cos;
    bySin += centred[i]! * sin;
  }
  // Both sums are taken at the offset T by turning them, so that each second is read once.
  const turn = 0.5 * Math.atan2(sin2, cos2);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const squares = 0.5 * (cos2 * Math.cos(2 * turn) + sin2 * Math.sin(2 * turn));
  const half = atS.length / 2;
  const alongCos = (byCos * cos + bySin * sin) ** 2 / (half + squares);
  const alongSin = (bySin * cos - byCos * sin) ** 2 / Math.max(half - squares, 1e-9);
  return alongCos + alongSin;
}
