/** The event log's sentences: always what happened, from where to where, and why. */
import { formatDuration } from '../kit/units.ts';
import type { RolloutState } from '../model/rollout.ts';

/** A controller has started: with a new rollout, or with the one in the store. */
export function startSentence(state: RolloutState, isNew: boolean): string {
  return isNew
    ? `Rollout ${state.id} of ${state.label} starts at ${state.percent} %`
    : `Controller restarted: rollout ${state.id} of ${state.label} is ${state.phase} at ` +
        `${state.percent} %, ${formatDuration(wholeSeconds(state.stepElapsedMs))} into the step`;
}

/** The stored percent is no step of the configuration any more. */
export function lowerAtStartSentence(from: number, to: number): string {
  const why = 'the configuration has no such step, or no key, any more';
  return `Lowered from ${from} % to ${to} %: ${why}`;
}

/** The store's evidence was gathered under other sides, routes, gates, keys or time limits. */
export function proofLostSentence(percent: number): string {
  const what = 'sides, routes, gates, key or timeouts are not what they were';
  return `The evidence at ${percent} % begins anew: ${what}`;
}

/** The stored evidence is not judged as it was before the restart. */
export const OTHER_VERDICT: string =
  'The gates do not say what they said before the restart: the version, or a setting that leaves ' +
  'the evidence valid, is another';

/** The next step, as all gates passed: their sentences are the reason. */
export function advanceSentence(from: RolloutState, percent: number, reason: string): string {
  const afterS = formatDuration(wholeSeconds(from.stepElapsedMs));
  return `Advance ${from.percent} % to ${percent} % after ${afterS}: ${reason}`;
}

/** The next step, as a person wanted; `open` names what was not proved. */
export function promoteSentence(from: number, to: number, reason: string, open: string): string {
  return `Promoted by a person ${from} % to ${to} %: ${reason}${open === '' ? '' : ` (${open})`}`;
}

/** The last step has passed. */
export function completeSentence(state: RolloutState, reason: string): string {
  return `Complete: ${state.label} at ${state.percent} %: ${reason}`;
}

/** Back to the safe target, by a failing gate or a person; or there already, and to stay. */
export function rollbackSentence(from: number, to: number, reason: string): string {
  if (from === to) return `Rolled back, at ${to} % already, to stay there: ${reason}`;
  return `Rolled back from ${from} % to ${to} %: ${reason}`;
}

/** Stays at its percent, by a failing gate or a person. */
export function holdSentence(percent: number, reason: string): string {
  return `Hold at ${percent} %: ${reason}`;
}

/** Climbs again. */
export function resumeSentence(percent: number, reason: string): string {
  return `Climb on from ${percent} %: ${reason}`;
}

/** The approval that a step waited for. */
export function approveSentence(percent: number, reason: string): string {
  return `Approved to leave ${percent} %: ${reason}`;
}

/** A new candidate build, from 0 %. */
export function beginSentence(state: RolloutState, from: number, reason: string): string {
  const fall = from === 0 ? '' : `, down from ${from} %`;
  return `Rollout ${state.id} of ${state.label} begins at ${state.percent} %${fall}: ${reason}`;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
