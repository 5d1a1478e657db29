/**
 * Periods told from the distances between events alone. In: beginnings in order, milliseconds.
 * Missed events are allowed for (a distance may be a few periods), extra ones only in chains.
 */
import { median, spreadAround } from '../kit/median.ts';

/** A period and how well the events keep it. */
export interface IntervalPeriod {
  readonly periodMs: number;
  /** Spread of the distances by the period: 0 is a clock. */
  readonly variation: number;
}

/** Distances within this share of a whole number of periods keep the period. */
const NEAR_RATIO = 0.1;
/** Share of the distances that must keep it, and how many periods they may be on average. */
const KEEPING_MIN = 0.75;
const MULTIPLE_MEAN_MAX = 2;

/** The period that most distances are whole multiples of; null where they are not. */
export function intervalPeriod(atMs: readonly number[]): IntervalPeriod | null {
  const apart = distances(atMs).filter((each) => each > 0);
  let best: { periodMs: number; cost: number } | null = null;
  for (const periodMs of apart.flatMap((each) => [each, each / 2, each / 3])) {
    const cost = costOf(apart, periodMs);
    if (cost === null) continue;
    const isBetter = best === null || cost < best.cost * 0.999;
    const isLonger = best !== null && cost <= best.cost * 1.001 && periodMs > best.periodMs;
    if (isBetter || isLonger) best = { periodMs, cost };
  }
  if (best === null) return null;
  const { periodMs: first } = best;
  const singles = apart.map((each) => each / Math.max(1, Math.round(each / first)));
  const periodMs = median(singles) ?? first;
  return { periodMs, variation: spreadAround(singles, periodMs) / periodMs };
}

/** Median distance from a whole number of periods, in periods; null where too few keep them. */
function costOf(apart: readonly number[], periodMs: number): number | null {
  const cycles = apart.map((each) => Math.max(1, Math.round(each / periodMs)));
  const off = apart.map((each, i) => Math.abs(each / periodMs - cycles[i]!));
  const keeping = off.filter((each) => each <= NEAR_RATIO).length;
  const mean = cycles.reduce((sum, each) => sum + each, 0) / cycles.length;
  if (keeping < KEEPING_MIN * apart.length || mean > MULTIPLE_MEAN_MAX) return null;
  return median(off);
}

/** Events that follow each other by whole periods, with a straight line through them. */
export interface Chain {
  readonly atMs: readonly number[];
  /** Number of each event's period, the first being 0. */
  readonly cycles: readonly number[];
  /** Slope of the line: the period. */
  readonly periodMs: number;
  /** Standard error of it, if each beginning is off by itself. */
  readonly errorMs: number;
}

/** Periods that may be skipped between two events of a chain. */
const SKIPPED_MAX = 3;
/** Newest events that are chained: the search is quadratic. */
const CHAINED_MAX = 1000;

/** The longest chain near `periodMs`, other events left aside; null below three events. */
export function longestChain(allMs: readonly number[], periodMs: number): Chain | null {
  const atMs = allMs.slice(-CHAINED_MAX);
  const lengths = atMs.map(() => 1);
  const from = atMs.map(() => -1);
  for (let i = 1; i < atMs.length; i += 1) {
    for (let j = i - 1; j >= 0; j -= 1) {
      const periods = (atMs[i]! - atMs[j]!) / periodMs;
      if (periods > SKIPPED_MAX + 0.5) break;
      const whole = Math.round(periods);
      if (whole < 1 || Math.abs(periods - whole) > NEAR_RATIO) continue;
      if (lengths[j]! + 1 <= lengths[i]!) continue;
      lengths[i] = lengths[j]! + 1;
      from[i] = j;
    }
  }
  const chosen: number[] = [];
  let at = lengths.indexOf(Math.max(...lengths));
  for (; at >= 0; at = from[at]!) chosen.unshift(atMs[at]!);
  return chosen.length < 3 ? null : lineThrough(chosen, periodMs);
}

function lineThrough(atMs: readonly number[], near: number): Chain {
  const steps = distances(atMs).map((each) => Math.round(each / near));
  const cycles = [0];
  for (const each of steps) cycles.push(cycles.at(-1)! + each);
  const n = atMs.length;
  const meanCycle = cycles.reduce((sum, each) => sum + each, 0) / n;
  const meanMs = atMs.reduce((sum, each) => sum + (each - atMs[0]!), 0) / n;
  let across = 0;
  let along = 0;
  for (const [i, cycle] of cycles.entries()) {
    across += (cycle - meanCycle) ** 2;
    along += (cycle - meanCycle) * (atMs[i]! - atMs[0]! - meanMs);
  }
  const periodMs = along / across;
  let off = 0;
  for (const [i, cycle] of cycles.entries()) {
    off += (atMs[i]! - atMs[0]! - meanMs - periodMs * (cycle - meanCycle)) ** 2;
  }
  const errorMs = Math.sqrt(off / Math.max(1, n - 2) / across);
  return { atMs, cycles, periodMs, errorMs };
}

/** From each to the next. */
export function distances(atMs: readonly number[]): number[] {
  return atMs.slice(1).map((each, i) => each - atMs[i]!);
}
