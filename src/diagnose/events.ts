/**
 * Spike events: runs of seconds in which a side exceeds its own threshold far more often than
 * usual, or its p99 leaps. Source: statistics of exceedances by median and MAD, 15 minutes wide.
 */
import { median, spreadAround } from '../kit/median.ts';
import { leaps } from '../measure/spikes.ts';
import type { Row, SideSeries } from './series.ts';

/** One spike of one side. */
export interface SpikeEvent {
  /** Its beginning: when its slowest request came, or its first second. */
  readonly atMs: number;
  /** When its slowest request came, or the second it came in: what else was slow moves it not. */
  readonly worstAtMs: number;
  /** Half-open end of its last second. */
  readonly endMs: number;
  /** Answers above the threshold, less what is usual in as many seconds. */
  readonly excess: number;
  /** By how much they were above it, all together, microseconds. */
  readonly excessUs: number;
  readonly peakUs: number;
}

/** The events, and the score they were found by: a figure a second, NaN where there is none. */
export interface Spikes {
  /** Those that make the tail: what follows is asked of them. */
  readonly events: readonly SpikeEvent[];
  /** Far smaller ones between them, as a machine makes that is shared. */
  readonly lesser: readonly SpikeEvent[];
  readonly scores: Float64Array;
  /** How exactly the beginnings are known. */
  readonly resolutionMs: number;
}

const START_SCORE = 6;
const CALM_SCORE = 3;
/** Calm seconds that end an event. */
const CALM_SECONDS = 3;
/** What is usual is told from so many seconds around, anew for each block of seconds. */
const AROUND_SECONDS = 900;
const BLOCK_SECONDS = 60;
/** A slowest request comes somewhere near the beginning of a pause. */
const EXACT_MS = 20;
/** An event below this share of the size of a typical one is a lesser one. */
const MAIN_RATIO = 0.1;
const GIANTS_MAX = 2;
/** A second counts no more than this in the score: one giant is no more than one spike. */
const SCORE_MAX = 30;

interface Usual {
  readonly level: number;
  readonly sigma: number;
  readonly p99Us: number;
  readonly over: number;
}

/** An event that goes on: its first and last second, and how many calm ones have followed. */
interface Open {
  readonly from: number;
  readonly to: number;
  readonly calm: number;
}

/** All events of the series, oldest first. */
export function findSpikes(series: SideSeries): Spikes {
  const { rows } = series;
  const scores = new Float64Array(rows.length).fill(Number.NaN);
  const events: SpikeEvent[] = [];
  let open = null as Open | null;
  let usual = usualAround(rows, 0);
  for (const [i, row] of rows.entries()) {
    if (i % BLOCK_SECONDS === 0) usual = usualAround(rows, i);
    if (row === null || usual === null) continue;
    const raw = (Math.log1p(row.over) - usual.level) / usual.sigma;
    const hasLeapt = leaps(row.p99Us, usual.p99Us);
    const score = hasLeapt ? Math.max(raw, START_SCORE + 1) : raw;
    scores[i] = Math.min(Math.max(score, 0), SCORE_MAX);
    if (score > START_SCORE) open = { from: open?.from ?? i, to: i, calm: 0 };
    else if (open !== null && score < CALM_SCORE) open = { ...open, calm: open.calm + 1 };
    if (open === null || open.calm < CALM_SECONDS) continue;
    events.push(eventOf(series, open, usual));
    open = null;
  }
  if (open !== null) events.push(eventOf(series, open, usual));
  const isExact = rows.some((row) => row !== null && row.worstAtMs !== null);
  const isMain = mainOf(events);
  return {
    events: events.filter(isMain),
    lesser: events.filter((event) => !isMain(event)),
    scores,
    resolutionMs: isExact ? EXACT_MS : 1000,
  };
}

/** Half of all that requests waited for, they waited for in events of the typical size or more. */
function mainOf(events: readonly SpikeEvent[]): (event: SpikeEvent) => boolean {
  const all = events.map(({ excessUs }) => excessUs).sort((a, b) => b - a);
  // One giant, or two, are no measure of the others.
  const largest = all[GIANTS_MAX] ?? Infinity;
  const sizes = all.map((each) => Math.min(each, largest));
  let left = sizes.reduce((sum, each) => sum + each, 0) / 2;
  const typicalUs = sizes.find((each) => (left -= each) <= 0) ?? 0;
  return ({ excessUs }) => excessUs >= MAIN_RATIO * typicalUs;
}

function usualAround(rows: readonly (Row | null)[], block: number): Usual | null {
  const middle = block + BLOCK_SECONDS / 2;
  const around = rows
    .slice(Math.max(0, middle - AROUND_SECONDS / 2), middle + AROUND_SECONDS / 2)
    .filter((row) => row !== null);
  if (around.length === 0) return null;
  const levels = around.map((row) => Math.log1p(row.over));
  const level = median(levels) ?? 0;
  const over = median(around.map((row) => row.over)) ?? 0;
  // Counts scatter by chance alone: a calm series must not make every one of them a spike.
  const expected = Math.max(over, 0.5);
  const chance = Math.sqrt(expected) / (1 + expected);
  const sigma = Math.max(spreadAround(levels, level), chance);
  return { level, sigma, over, p99Us: median(around.map((row) => row.p99Us)) ?? 0 };
}

function eventOf(series: SideSeries, { from, to }: Open, usual: Usual | null): SpikeEvent {
  let worst = series.rows[from]!;
  let worstSecondMs = series.startMs + 1000 * from;
  let excess = 0;
  let excessUs = 0;
  for (let i = from; i <= to; i += 1) {
    const row = series.rows[i];
    if (row === null || row === undefined) continue;
    excess += row.over - (usual?.over ?? 0);
    excessUs += row.overUs;
    if (row.maxUs <= worst.maxUs) continue;
    worst = row;
    worstSecondMs = series.startMs + 1000 * i;
  }
  return {
    atMs: worst.worstAtMs ?? series.startMs + 1000 * from,
    worstAtMs: worst.worstAtMs ?? worstSecondMs,
    endMs: series.startMs + 1000 * (to + 1),
    excess: Math.max(0, excess),
    excessUs,
    peakUs: worst.maxUs,
  };
}
