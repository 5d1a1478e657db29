/** All that one side of one trace shows. */
import { median } from '../kit/median.ts';
import type { Side } from '../model/exchange.ts';
import { dipOfLatencies } from './dip.ts';
import { type Attribution, attribute } from './attribution.ts';
import { findSpikes, type SpikeEvent, type Spikes } from './events.ts';
import { type FanOut, fanOut } from './fan-out.ts';
import { findSecondMode, type Mode } from './modes.ts';
import { type Origin, originOf } from './origin.ts';
import { findPeriod, type MethodFinding, type Period, type PeriodFinding } from './period.ts';
import { rowCount, type SideSeries, seriesOf, totalOf } from './series.ts';
import { findShoulder, type Shoulder } from './shoulder.ts';
import type { CollectionFeed, TraceSecond } from './trace.ts';

/**
 * Why a side is slow at times. none: it is not. collector: its own collections. runtime-timer: as
 * Go's timer would, unproven. clock: a job. shared: both sides at once. periodic, irregular: not
 * known.
 */
export type Cause =
  | 'none'
  | 'collector'
  | 'runtime-timer'
  | 'clock'
  | 'shared'
  | 'periodic'
  | 'irregular';

/** One side of one trace. Microseconds. */
export interface SideDiagnosis {
  readonly side: Side;
  readonly answers: number;
  /** Seconds with enough answers to be looked at. */
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly p9999Us: number;
  /** p99.9 of the seconds without a spike. */
  readonly calmP999Us: number;
  readonly events: readonly SpikeEvent[];
  /** Far smaller spikes between those. */
  readonly lesserEvents: number;
  /** Events that the other side has as well, and as large. */
  readonly sharedEvents: number;
  /** What requests waited for in all others, the lesser ones too, microseconds all together. */
  readonly ownExcessUs: number;
  /** How long requests waited at most, at the median event; null without one. */
  readonly pauseUs: number | null;
  readonly period: Period | null;
  /** What each method says of a period; none where there are too few spikes to ask. */
  readonly methods: readonly MethodFinding[];
  readonly origin: Origin | null;
  readonly hasFeed: boolean;
  readonly attribution: Attribution | null;
  readonly shoulder: Shoulder | null;
  readonly secondMode: Mode | null;
  /** Hartigan's dip of ln latency, 0 to 0.25. */
  readonly dip: number;
  readonly fanOut: FanOut;
  readonly cause: Cause;
}

/** Both events are one if they begin within this, and the smaller is no mere echo. */
const TOGETHER_MS = 2000;
const ECHO_RATIO = 0.2;
/** Share of the events that both sides have, from which on the cause is shared. */
const SHARED_MIN = 0.5;
/** Where Go's timer, of two minutes from the end of the last cycle, is found. */
const TWO_MINUTES_MS: readonly [number, number] = [120_000, 122_000];

const NO_PERIOD: PeriodFinding = { period: null, methods: [] };

/** What is needed of both sides before one of them is judged. */
export interface Sides {
  readonly seconds: readonly TraceSecond[];
  readonly series: Readonly<Record<Side, SideSeries>>;
  readonly spikes: Readonly<Record<Side, Spikes>>;
}

/** Series and spikes of both sides; `seconds` holds at least one. */
export function bothSides(seconds: readonly TraceSecond[]): Sides {
  const series = { legacy: seriesOf(seconds, 'legacy'), candidate: seriesOf(seconds, 'candidate') };
  const spikes = { legacy: findSpikes(series.legacy), candidate: findSpikes(series.candidate) };
  return { seconds, series, spikes };
}

/** How reads gather into screens: see {@link fanOut}. */
export interface FanOutOptions {
  readonly reads: number;
  readonly slowUs: number;
}

/** What this side shows; `feed` is what it told of its collections. */
export function diagnoseSide(
  { seconds, series, spikes }: Sides,
  side: Side,
  feed: CollectionFeed | null,
  screens: FanOutOptions,
): SideDiagnosis {
  const own = series[side];
  const otherSide = side === 'legacy' ? 'candidate' : 'legacy';
  const { events, resolutionMs } = spikes[side];
  const others = [...spikes[otherSide].events, ...spikes[otherSide].lesser];
  const isShared = (event: SpikeEvent): boolean => hasAsLarge(others, event);
  const shared = events.filter(isShared).length;
  const alone = [...events, ...spikes[side].lesser].filter((event) => !isShared(event));
  const { period, methods } = events.length < 3 ? NO_PERIOD : findPeriod(spikes[side]);
  const pauseUs = median(events.map(({ peakUs }) => Math.max(0, peakUs - own.p50Us)));
  const origin = period === null ? null : originOf(period, (pauseUs ?? 0) / 1000, resolutionMs);
  const input = { own, other: series[otherSide], spikes: spikes[side], seconds };
  const attribution =
    feed === null || events.length === 0
      ? null
      : attribute({ ...input, feed, periodMs: period?.periodMs ?? null });
  const counts = seconds.map((second) => second[side].counts);
  return {
    side,
    answers: own.total.count,
    seconds: rowCount(own),
    p50Us: own.p50Us,
    p99Us: own.total.quantileUs(0.99),
    p999Us: own.total.quantileUs(0.999),
    p9999Us: own.total.quantileUs(0.9999),
    calmP999Us: calmQuantile(seconds, side, events),
    events,
    lesserEvents: spikes[side].lesser.length,
    sharedEvents: shared,
    ownExcessUs: alone.reduce((sum, { excessUs }) => sum + excessUs, 0),
    pauseUs,
    period,
    methods,
    origin,
    hasFeed: feed !== null,
    attribution,
    shoulder: findShoulder(own.total),
    secondMode: findSecondMode(own.total.toCounts()),
    dip: dipOfLatencies(own.total.toCounts()),
    fanOut: fanOut(counts, screens.reads, screens.slowUs),
    cause: causeOf(events.length, shared, attribution, period, origin),
  };
}

function causeOf(
  events: number,
  shared: number,
  attribution: Attribution | null,
  period: Period | null,
  origin: Origin | null,
): Cause {
  if (events === 0) return 'none';
  if (shared >= SHARED_MIN * events) return 'shared';
  if (attribution?.isAttributed === true) return 'collector';
  if (period === null || !period.isProven) return 'irregular';
  if (origin?.kind === 'clock') return 'clock';
  const [from, to] = TWO_MINUTES_MS;
  const isTwoMinutes = period.periodMs >= from && period.periodMs <= to;
  return origin?.kind === 'timer' && isTwoMinutes ? 'runtime-timer' : 'periodic';
}

/** Whether one of the other side's events is at the same moment, and no mere echo of this one. */
function hasAsLarge(others: readonly SpikeEvent[], { atMs, endMs, excessUs }: SpikeEvent): boolean {
  return others.some(
    (other) =>
      other.atMs < endMs + TOGETHER_MS &&
      other.endMs > atMs - TOGETHER_MS &&
      other.excessUs >= ECHO_RATIO * excessUs,
  );
}

function calmQuantile(
  seconds: readonly TraceSecond[],
  side: Side,
  events: readonly SpikeEvent[],
): number {
  const calm = seconds.filter(
    ({ startMs }) => !events.some(({ atMs, endMs }) => startMs + 1000 > atMs && startMs < endMs),
  );
  return totalOf(calm.map((second) => second[side].counts)).quantileUs(0.999);
}
