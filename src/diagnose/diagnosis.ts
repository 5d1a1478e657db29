/**
 * Why the tail is what it is. In: traces, one an instance. Out: what each side shows, what follows
 * from it for a rewrite, and the sentences that say so. It reads nothing and knows no clock.
 */
import { CrossfadeError, EXIT } from '../kit/errors.ts';
import { SECOND_ANSWERS_MIN } from '../measure/spikes.ts';
import { type Decision, decide, decideInSpite } from './decision.ts';
import { slowByDefault } from './fan-out.ts';
import { type Phases, phasesOf } from './instances.ts';
import { type Resources, resourcesOf } from './resources.ts';
import { bothSides, diagnoseSide, type SideDiagnosis } from './side.ts';
import { STALLED_MAX_RATIO, withoutStalls } from './stalls.ts';
import type { Trace } from './trace.ts';

/** Seconds of the harness's own stalls. */
export interface StallCount {
  /** Left out of both sides. */
  readonly stalled: number;
  /** Of those, with a collection of the harness's own that took so long. */
  readonly byOwnGc: number;
  /** Left out as well, for each follows a long one. */
  readonly behind: number;
  readonly of: number;
  /** Kept, for a side collected at the same time on what may be one machine. */
  readonly coinciding: number;
  /** Spikes of legacy that are there without those seconds as well. */
  readonly eventsWithout: number;
  readonly limitUs: number;
  /** More than 1 % of the time: what is concluded must hold with those seconds as well. */
  readonly isTooMuch: boolean;
}

/** One trace. */
export interface InstanceDiagnosis {
  readonly instance: string;
  /** First and last second, wall clock, half-open. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly legacy: SideDiagnosis;
  readonly candidate: SideDiagnosis;
  readonly stalls: StallCount;
  /** Null where no process has told anything. */
  readonly resources: Resources | null;
}

/** The whole. */
export interface Diagnosis {
  readonly sentence: string;
  readonly decision: Decision;
  readonly phases: Phases;
  /** That with the worst spikes first. */
  readonly instances: readonly InstanceDiagnosis[];
}

/** What a person may set. */
export interface DiagnosisOptions {
  /** Reads that a screen waits for. */
  readonly reads: number;
  /** From when on a read is slow; null: far above legacy's median. */
  readonly slowUs: number | null;
}

/** Seconds without which nothing can be told. */
const SECONDS_MIN = 60;

/**
 * Diagnoses all traces together. Throws `trace-empty`, `trace-too-short` and `trace-too-thin`
 * (exit 4) where there is nothing to go by.
 */
export function diagnose(traces: readonly Trace[], options: DiagnosisOptions): Diagnosis {
  const found = diagnoseAll(traces, options, false);
  if (!found.instances.some(({ stalls }) => stalls.isTooMuch)) return found;
  const { decision } = diagnoseAll(traces, options, true);
  return { ...found, ...decideInSpite(found, decision, found.instances) };
}

function diagnoseAll(
  traces: readonly Trace[],
  options: DiagnosisOptions,
  areStallsKept: boolean,
): Diagnosis {
  const instances = traces.map((trace) => diagnoseTrace(trace, options, areStallsKept));
  instances.sort((a, b) => harm(b) - harm(a));
  const phases = phasesOf(instances.map(({ legacy }) => legacy));
  const { sentence, decision } = decide(instances, phases);
  return { sentence, decision, phases, instances };
}

function harm({ legacy }: InstanceDiagnosis): number {
  return legacy.events.reduce((sum, { excessUs }) => sum + excessUs, 0);
}

function diagnoseTrace(
  trace: Trace,
  options: DiagnosisOptions,
  areStallsKept: boolean,
): InstanceDiagnosis {
  const { instance, seconds: all, feeds } = trace;
  requireSeconds(trace);
  const { seconds: rest, stalled, behind, coinciding, limitUs } = withoutStalls(trace);
  const seconds = areStallsKept ? all : rest;
  if (seconds.length < SECONDS_MIN) throw tooShort(trace, seconds.length);
  const sides = bothSides(seconds);
  if (sides.series.legacy.rows.filter((row) => row !== null).length < SECONDS_MIN) {
    throw new CrossfadeError(
      'trace-too-thin',
      `${named(trace)} has too few answers a second to see a spike in.`,
      {
        hint: `${SECOND_ANSWERS_MIN} pairs a second are needed, in ${SECONDS_MIN} seconds at least`,
        exitCode: EXIT.inconclusive,
      },
    );
  }
  const slowUs = options.slowUs ?? slowByDefault(sides.series.legacy);
  const screens = { reads: options.reads, slowUs };
  const apart = new Set(coinciding);
  const events = sides.spikes.legacy.events;
  const eventsWithout = events.filter(
    ({ atMs, endMs }) =>
      ![...apart].some(({ startMs }) => startMs + 1000 > atMs && startMs < endMs),
  ).length;
  return {
    instance,
    fromMs: all[0]!.startMs,
    toMs: all.at(-1)!.startMs + 1000,
    resources: resourcesOf(trace),
    legacy: diagnoseSide(sides, 'legacy', feeds.legacy, screens),
    candidate: diagnoseSide(sides, 'candidate', feeds.candidate, screens),
    stalls: {
      stalled: stalled.length,
      byOwnGc: stalled.filter(({ ownGcUs = 0 }) => ownGcUs > limitUs).length,
      behind,
      of: all.length,
      coinciding: coinciding.length,
      eventsWithout,
      limitUs,
      isTooMuch: stalled.length > STALLED_MAX_RATIO * all.length,
    },
  };
}

function requireSeconds(trace: Trace): void {
  const { seconds } = trace;
  if (seconds.length === 0) {
    throw new CrossfadeError('trace-empty', `${named(trace)} holds no latencies of both sides.`, {
      hint: 'only pairs whose two answers were timed count: run or record with the mirror on',
      exitCode: EXIT.inconclusive,
    });
  }
  if (seconds.length < SECONDS_MIN) throw tooShort(trace, seconds.length);
}

function tooShort(trace: Trace, seconds: number): CrossfadeError {
  return new CrossfadeError(
    'trace-too-short',
    `${named(trace)} holds ${seconds} seconds that say something; ${SECONDS_MIN} are the least.`,
    {
      hint: 'a period takes 8 of its spikes: 16 minutes for a timer of two minutes',
      exitCode: EXIT.inconclusive,
    },
  );
}

function named({ instance }: Trace): string {
  return instance === '' ? 'The trace' : `The trace of ${instance}`;
}
