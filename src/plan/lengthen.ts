/** A ladder whose holds and windows are as long as its gates need. */
import { formatDuration as duration } from '../kit/units.ts';
import type { GateSettings, LadderStep, Settings } from '../model/settings.ts';
import { ladderOf } from '../rollout/ladder.ts';
import { planLadder, type PlanProblem, problemsOf, subjectOf } from './plan.ts';
import type { PlanTraffic } from './traffic.ts';

export interface Lengthened<S> {
  readonly settings: S;
  /** What was made longer, a sentence each. */
  readonly changes: readonly string[];
}

/** A longer window brings other needs, and a longer hold none. */
const ROUNDS = 8;

/**
 * The settings with every hold and every window lengthened that a problem of the plan asks for;
 * what no length would mend is left as it is.
 */
export function lengthen<S extends Parameters<typeof planLadder>[0]>(
  settings: S,
  ratePerSec: number,
  traffic: PlanTraffic,
): Lengthened<S> {
  let now: S = settings;
  const changes: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const problems = problemsOf(planLadder(now, ratePerSec, traffic));
    // Windows first: what a hold must be depends on them.
    const windows = problems.filter(({ windowMs }) => windowMs !== undefined);
    const holds = problems.filter(({ holdMs }) => holdMs !== undefined);
    const these = windows.length > 0 ? windows : holds;
    if (these.length === 0) break;
    changes.push(...these.map((problem) => changeOf(problem, now)));
    now = { ...now, ladder: withHolds(now, these), gates: withWindows(now.gates, these) };
  }
  return { settings: now, changes };
}

function changeOf(problem: PlanProblem, settings: Pick<Settings, 'ladder' | 'gates'>): string {
  const { step, why, holdMs, windowMs } = problem;
  const subject = `at ${step} %, ${subjectOf(problem)}: ${why}`;
  if (windowMs !== undefined) {
    const was = settings.gates.find((gate) => isOf(gate, problem))?.windowMs ?? 0;
    return `${subject}. Lengthened: window: ${duration(windowMs)}, not ${duration(was)}`;
  }
  const was = ladderOf(settings).find(({ percent }) => percent === step)?.holdMs ?? 0;
  return `${subject}. Lengthened: hold: ${duration(holdMs ?? 0)}, not ${duration(was)}`;
}

function isOf(gate: GateSettings, problem: PlanProblem): boolean {
  return gate.gate === problem.gate && gate.route === problem.route;
}

function withHolds(
  settings: Pick<Settings, 'ladder'>,
  problems: readonly PlanProblem[],
): readonly LadderStep[] {
  return ladderOf(settings).map((step) => {
    const asked = problems.filter((problem) => problem.step === step.percent);
    const holdMs = Math.max(step.holdMs, ...asked.map((problem) => problem.holdMs ?? 0));
    return { ...step, holdMs };
  });
}

function withWindows(
  gates: readonly GateSettings[],
  problems: readonly PlanProblem[],
): readonly GateSettings[] {
  return gates.map((gate) => {
    const asked = problems.filter((problem) => isOf(gate, problem));
    const windowMs = Math.max(gate.windowMs, ...asked.map((problem) => problem.windowMs ?? 0));
    return { ...gate, windowMs };
  });
}
