/** What a verb or a decision makes of the state, and when a verb cannot be followed. Pure. */
import { CrossfadeError, EXIT } from '../kit/errors.ts';
import type { RolloutState, Verdict } from '../model/rollout.ts';
import type { LadderStep } from '../model/settings.ts';
import { NO_KEY, sentencesOf } from './decide.ts';
import { stepAt } from './ladder.ts';

/** The first rollout of a new store: only judging, at 0 %. */
export function first(
  { label, salt, proof }: Pick<RolloutState, 'label' | 'salt' | 'proof'>,
  nowMs: number,
): RolloutState {
  return {
    id: 1,
    label,
    proof,
    phase: 'climbing',
    step: 0,
    percent: 0,
    safeTarget: 0,
    revision: 1,
    salt,
    startedAtMs: nowMs,
    stepElapsedMs: 0,
    stepStartedAtMs: nowMs,
    isApproved: false,
    heldBy: null,
    reason: 'the rollout has begun',
  };
}

/** The beginning of a step: another revision, no time yet, no approval yet. */
export function entered(
  state: RolloutState,
  step: number,
  percent: number,
  nowMs: number,
): RolloutState {
  return {
    ...state,
    phase: 'climbing',
    heldBy: null,
    step,
    percent,
    revision: state.revision + 1,
    stepElapsedMs: 0,
    stepStartedAtMs: nowMs,
    isApproved: false,
  };
}

/** The same step and phase, from its beginning where the settings prove something else now. */
export function provedBy(state: RolloutState, proof: string, nowMs: number): RolloutState {
  if (state.proof === proof) return state;
  const { phase, heldBy } = state;
  return { ...entered(state, state.step, state.percent, nowMs), phase, heldBy, proof };
}

/** At the safe target, to stay; the same again when it is there already. */
export function rolledBack(
  state: RolloutState,
  ladder: readonly LadderStep[],
  reason: string,
  nowMs: number,
): RolloutState {
  const percent = Math.min(state.percent, state.safeTarget);
  const step = stepAt(ladder, percent);
  return { ...entered(state, step, percent, nowMs), phase: 'rolled-back', reason };
}

/** Let go by a person, or by the gate that held it. */
export function climbing(state: RolloutState, reason: string): RolloutState {
  return { ...state, phase: 'climbing', heldBy: null, reason };
}

/**
 * Held by a gate that fails, or let go by one that fails no more; null where nothing changes.
 */
export function followed(state: RolloutState, { gates }: Verdict): RolloutState | null {
  const failing = gates.filter((gate) => gate.verdict === 'fail');
  if (failing.length > 0 && state.phase === 'climbing') {
    return { ...state, phase: 'held', heldBy: 'gate', reason: sentencesOf(failing) };
  }
  const isLetGo = failing.length === 0 && state.heldBy === 'gate';
  return isLetGo ? climbing(state, 'no gate fails any more') : null;
}

/** At the last step, which has passed. */
export function completed(state: RolloutState): RolloutState {
  return { ...state, phase: 'complete', heldBy: null };
}

/** Throws `refused` where there is nothing to hold. */
export function held(state: RolloutState, reason: string): RolloutState {
  if (state.phase === 'rolled-back') {
    throw refused(`The rollout has been rolled back and stays at ${state.percent} % anyway.`);
  }
  if (state.phase === 'complete') throw refused('The rollout is complete: it climbs no more.');
  return { ...state, phase: 'held', heldBy: 'person', reason };
}

/** Throws `refused` unless a person may let it climb. */
export function requireResumable(state: RolloutState): void {
  if (state.phase === 'rolled-back' || state.heldBy === 'person') return;
  if (state.heldBy === 'gate') {
    throw refused(
      `A gate holds it: ${state.reason}.`,
      'It climbs on by itself when the gate fails no more; after a fix: crossfade begin.',
      EXIT.gateFailed,
    );
  }
  throw refused(`Nothing to resume: the rollout is ${state.phase} at ${state.percent} %.`);
}

/** Throws `gate-failed` or `refused` unless the next step may be taken without proof. */
export function requirePromotable(
  state: RolloutState,
  ladder: readonly LadderStep[],
  verdict: Verdict,
  hasKey: boolean,
): void {
  const failing = verdict.gates.filter((gate) => gate.verdict === 'fail');
  if (failing.length > 0) {
    throw new CrossfadeError('gate-failed', `Not promoted: ${sentencesOf(failing)}.`, {
      hint: 'A failing gate is never passed over; fix the candidate and begin a new build.',
      exitCode: EXIT.gateFailed,
    });
  }
  if (state.phase === 'rolled-back') {
    throw refused('Not promoted: the rollout has been rolled back.', 'Resume it first, from 0 %.');
  }
  if (state.phase === 'complete') throw refused('Not promoted: the rollout is complete.');
  const next = ladder[state.step + 1];
  if (next !== undefined && next.percent > 0 && !hasKey) throw refused(`Not promoted: ${NO_KEY}.`);
}

/** Throws `refused` where no approval is waited for. */
export function requireApprovable(state: RolloutState, ladder: readonly LadderStep[]): void {
  const isAsked = ladder[state.step]?.approve === true;
  if (state.phase === 'rolled-back' || state.phase === 'complete' || !isAsked) {
    throw refused(`Nothing to approve: the rollout is ${state.phase} at ${state.percent} %.`);
  }
  if (state.isApproved) throw refused(`${state.percent} % has been approved already.`);
}

function refused(
  message: string,
  hint = 'See what it waits for: crossfade status.',
  exitCode: number = EXIT.usage,
): CrossfadeError {
  return new CrossfadeError('refused', message, { hint, exitCode });
}
