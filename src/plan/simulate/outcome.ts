/** Many climbs of one kind of candidate, counted. */
import { nthSmallest } from '../../kit/nth-smallest.ts';
import type { Climbed } from './climb.ts';
import { type Injection, isWrongAt } from './injection.ts';
import type { World } from './world.ts';

/** The middle one of some numbers, and the one that 5 % are beyond. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
}

/** What became of the climbs at one step. */
export interface StepOutcome {
  readonly percent: number;
  readonly entered: number;
  /** First failures of a gate. */
  readonly caught: number;
  readonly rolledBack: number;
  /** Climbs that stood there a hold after that was over. */
  readonly waiting: number;
  /** Climbs that went on from here. */
  readonly promoted: number;
}

export interface Outcome {
  readonly candidate: string;
  readonly runs: number;
  /** Where it is wrong for the first time; null for a sound one. */
  readonly wrongFrom: number | null;
  readonly caught: number;
  readonly rolledBack: number;
  readonly waiting: number;
  readonly complete: number;
  /** Climbs that went on from the step in which the candidate was wrong for the first time. */
  readonly promotedPast: number;
  readonly steps: readonly StepOutcome[];
  /** By the gate that failed first, the most often first. */
  readonly gates: readonly (readonly [gate: string, climbs: number])[];
  /** From when it is wrong to the failure, milliseconds; null where none was caught. */
  readonly caughtAfterMs: Spread | null;
  /** Users with an answer of the wrong kind, until it was caught or the climb ended. */
  readonly usersMet: Spread;
  readonly answersMet: Spread;
  /** From 0 % to the end of the last step; null where no climb came so far. */
  readonly completeAfterMs: Spread | null;
  /** Longer than holds and peaks ask for, climbs together that were completed. */
  readonly waitedMs: Spread | null;
}

/** Counts the climbs of one kind of candidate. */
export function outcomeOf(world: World, injection: Injection, climbs: readonly Climbed[]): Outcome {
  const first = firstWrong(world, injection);
  const caught = climbs.filter((climb) => climb.caught !== null);
  const complete = climbs.filter(({ end }) => end === 'complete');
  const met = climbs.map((climb) => metBy(world, injection, climb));
  return {
    candidate: injection.name,
    runs: climbs.length,
    wrongFrom: first === null ? null : world.ladder[first]!.percent,
    caught: caught.length,
    rolledBack: climbs.filter(({ end }) => end === 'rolled-back').length,
    waiting: climbs.filter(({ end }) => end === 'waiting').length,
    complete: complete.length,
    promotedPast: first === null ? 0 : climbs.filter((climb) => isPast(climb, first)).length,
    steps: world.ladder.map(({ percent }, index) => stepOutcome(climbs, index, percent)),
    gates: gatesOf(caught),
    caughtAfterMs: spreadOf(caught.map((climb) => afterMs(climb, first ?? 0))),
    usersMet: spreadOf(met.map(({ users }) => users)) ?? NONE,
    answersMet: spreadOf(met.map(({ answers }) => answers)) ?? NONE,
    completeAfterMs: spreadOf(complete.map(({ stepMs }) => sumOf(stepMs))),
    waitedMs: spreadOf(complete.map(({ waitedMs }) => sumOf(waitedMs))),
  };
}

const NONE: Spread = { median: 0, p95: 0 };

function firstWrong({ ladder }: World, injection: Injection): number | null {
  const first = ladder.findIndex(
    ({ percent }) =>
      (percent > 0 && isWrongAt(injection, percent, true)) ||
      (percent < 100 && isWrongAt(injection, percent, false)),
  );
  return first < 0 ? null : first;
}

function isPast({ stepMs, end }: Climbed, step: number): boolean {
  return stepMs.length > step + 1 || (end === 'complete' && stepMs.length === step + 1);
}

function stepOutcome(climbs: readonly Climbed[], index: number, percent: number): StepOutcome {
  const last = climbs.filter(({ stepMs }) => stepMs.length === index + 1);
  return {
    percent,
    entered: climbs.filter(({ stepMs }) => stepMs.length > index).length,
    caught: climbs.filter(({ caught }) => caught?.step === index).length,
    rolledBack: last.filter(({ end }) => end === 'rolled-back').length,
    waiting: last.filter(({ end }) => end === 'waiting').length,
    promoted: climbs.filter((climb) => isPast(climb, index)).length,
  };
}

function gatesOf(caught: readonly Climbed[]): Outcome['gates'] {
  const gates = new Map<string, number>();
  for (const climb of caught) {
    const gate = climb.caught?.gate ?? '';
    gates.set(gate, (gates.get(gate) ?? 0) + 1);
  }
  return [...gates].sort(([, a], [, b]) => b - a);
}

function afterMs({ caught, stepMs }: Climbed, first: number): number {
  if (caught === null) return 0;
  return sumOf(stepMs.slice(first, caught.step)) + caught.afterMs;
}

/** Share of a candidate's live answers that are of the wrong kind. */
function wrongShare({ wrong }: Injection, { pauses, ratePerSec }: World): number {
  switch (wrong.kind) {
    case 'nothing':
      return 0;
    case 'slower':
      return Math.min(1, 2 * (1 - wrong.quantile));
    case 'pauses': {
      if (pauses === null) return 0;
      return Math.min(1, (pauses.requests * wrong.times * 1000) / (ratePerSec * pauses.everyMs));
    }
    case 'mismatches':
    case 'errors':
      return wrong.rate;
  }
}

/** Every user of a step's cohort asks alike often; those of a lower step are in it too. */
function metBy(
  world: World,
  injection: Injection,
  { stepMs }: Climbed,
): { readonly users: number; readonly answers: number } {
  const share = wrongShare(injection, world);
  const answers = stepMs.map((ms, step) => {
    const { percent } = world.ladder[step]!;
    if (percent === 0 || !isWrongAt(injection, percent, true)) return 0;
    return (world.ratePerSec * percent * ms * share) / 100_000;
  });
  let users = 0;
  let each = 0;
  for (let step = stepMs.length - 1; step >= 0; step -= 1) {
    const cohort = world.cohorts[step]!;
    if (cohort === 0) break;
    each += answers[step]! / cohort;
    const joined = cohort - (world.cohorts[step - 1] ?? 0);
    users += joined * -Math.expm1(-each);
  }
  return { users: Math.round(users), answers: Math.round(sumOf(answers)) };
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const own = new Float64Array(values);
  const at = (share: number): number => nthSmallest(own, Math.ceil(share * own.length));
  return { median: at(0.5), p95: at(0.95) };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
