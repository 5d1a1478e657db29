/**
 * The table of the story: what each engine's latency, memory and CPU were, how many of its
 * seconds were spikes, and how many of those held a collection.
 */
import { median } from '../kit/median.ts';
import { formatBytes } from '../kit/units.ts';
import { LatencyHistogram } from '../measure/latency.ts';
import type { HistogramCounts } from '../model/window.ts';
import type { ReportTable, SecondRow } from './report.ts';
import { formatCount, latencyText, NOTHING, plural } from './wording.ts';

/** One engine under one load. Null where it was not measured. */
export interface EngineRun {
  /** `legacy`, `slab`, `slab, forced collections` … */
  readonly name: string;
  /** States the engine may hold. */
  readonly capacity: number;
  /** Latencies of the whole run. */
  readonly counts: HistogramCounts;
  readonly seconds: readonly SecondRow[];
  readonly bytesPerEntry: number | null;
  readonly rssBytes: number | null;
  /** CPU the engine's process used in the run, user and system. */
  readonly cpuSeconds: number | null;
  /** Requests it answered in that time. */
  readonly requests: number;
}

/** A second is a spike when its p99.9 is above this many times the run's median second … */
export const SPIKE_RATIO = 5;
/** … and above this, microseconds: what is faster is no stall that anybody waits for. */
export const SPIKE_FLOOR_US = 5000;

/** Seconds with fewer pairs than this say too little about their p99.9. */
export const CONTRAST_PAIRS_MIN = 300;

/**
 * The one-second windows whose p99.9 exceeds max(5 times the median p99.9 of the run's windows,
 * 5 ms). Seconds without a request have no p99.9: they are neither counted nor spikes.
 */
export function spikeSeconds(seconds: readonly SecondRow[]): SecondRow[] {
  const busy = seconds.filter((row) => row.count > 0);
  const typicalUs = median(busy.map((row) => row.p999Us));
  if (typicalUs === null) return [];
  const limitUs = Math.max(SPIKE_RATIO * typicalUs, SPIKE_FLOOR_US);
  return busy.filter((row) => row.p999Us > limitUs);
}

/** Both sides in the seconds in which legacy collected. */
export interface CollectionContrast {
  /** Windows compared. */
  readonly windows: number;
  /** Median of the windows' p99.9, microseconds. */
  readonly legacyP999Us: number;
  readonly candidateP999Us: number;
  /** Legacy's median by the candidate's. */
  readonly ratio: number;
}

/**
 * Compares both sides over the one-second windows in which legacy's own counters show a
 * collection and both sides have at least {@link CONTRAST_PAIRS_MIN} pairs; windows are matched
 * by their start. Null when there is no such window.
 */
export function contrastCollections(
  legacy: readonly SecondRow[],
  candidate: readonly SecondRow[],
): CollectionContrast | null {
  const others = new Map(candidate.map((row) => [row.startMs, row]));
  const legacyP999sUs: number[] = [];
  const candidateP999sUs: number[] = [];
  for (const row of legacy) {
    const other = others.get(row.startMs);
    if (!row.hasCollection || row.count < CONTRAST_PAIRS_MIN) continue;
    if (other === undefined || other.count < CONTRAST_PAIRS_MIN) continue;
    legacyP999sUs.push(row.p999Us);
    candidateP999sUs.push(other.p999Us);
  }
  const legacyP999Us = median(legacyP999sUs);
  const candidateP999Us = median(candidateP999sUs);
  if (legacyP999Us === null || candidateP999Us === null) return null;
  const ratio = legacyP999Us / Math.max(candidateP999Us, 1);
  return { windows: legacyP999sUs.length, legacyP999Us, candidateP999Us, ratio };
}

/**
 * The table of the story, a row a run in the order given; the contrast is a note under it, as
 * are the definition of a spike and the capacities. Seconds of a run without a request are not
 * in its count of seconds.
 */
export function storyTable(
  runs: readonly EngineRun[],
  contrast: CollectionContrast | null,
): ReportTable {
  return {
    title: 'The engines',
    columns: [
      'engine',
      'p50',
      'p99',
      'p99.9',
      'max',
      'spike seconds',
      'with a collection',
      'bytes per entry',
      'memory',
      'CPU per request',
    ],
    rows: runs.map(storyRow),
    notes: [
      ...(contrast === null ? [] : [contrastSentence(contrast)]),
      `A spike second is a one-second window whose p99.9 is above ${SPIKE_RATIO} times the ` +
        `median of the run's windows and above ${latencyText(SPIKE_FLOOR_US)}.`,
      ...capacityNote(runs),
    ],
  };
}

function storyRow(run: EngineRun): string[] {
  const histogram = LatencyHistogram.fromCounts(run.counts, 3);
  const latenciesUs = [0.5, 0.99, 0.999].map((quantile) => histogram.quantileUs(quantile));
  const busy = run.seconds.filter((row) => row.count > 0).length;
  const spikes = spikeSeconds(run.seconds);
  const withCollection = spikes.filter((row) => row.hasCollection).length;
  const cpuUs =
    run.cpuSeconds === null || run.requests <= 0 ? null : (run.cpuSeconds * 1e6) / run.requests;
  return [
    run.name,
    ...[...latenciesUs, histogram.maxUs].map((us) => orNothing(histogram.count, us)),
    busy === 0 ? NOTHING : ofText(spikes.length, busy),
    busy === 0 ? NOTHING : spikes.length === 0 ? '0' : ofText(withCollection, spikes.length),
    run.bytesPerEntry === null ? NOTHING : run.bytesPerEntry.toFixed(1),
    run.rssBytes === null ? NOTHING : formatBytes(run.rssBytes),
    cpuUs === null ? NOTHING : `${formatCount(cpuUs)} µs`,
  ];
}

function ofText(part: number, whole: number): string {
  return `${formatCount(part)} of ${formatCount(whole)}`;
}

function orNothing(count: number, us: number): string {
  return count === 0 ? NOTHING : latencyText(us);
}

/** The contrast as one sentence, with its number of windows. */
export function contrastSentence(contrast: CollectionContrast): string {
  const { windows, legacyP999Us, candidateP999Us, ratio } = contrast;
  return (
    `In the ${plural(windows, 'second')} in which legacy collected (both sides with at least ` +
    `${CONTRAST_PAIRS_MIN} pairs), the median p99.9 is ${latencyText(legacyP999Us)} on legacy ` +
    `and ${latencyText(candidateP999Us)} on the candidate: ${ratio.toFixed(1)} times.`
  );
}

function capacityNote(runs: readonly EngineRun[]): string[] {
  const capacities = new Set(runs.map((run) => run.capacity));
  if (capacities.size === 0) return [];
  if (capacities.size === 1) {
    return [`Every engine may hold ${plural(runs[0]!.capacity, 'state')}.`];
  }
  const each = runs.map((run) => `${run.name} ${formatCount(run.capacity)}`).join(', ');
  return [`States each may hold: ${each}.`];
}
