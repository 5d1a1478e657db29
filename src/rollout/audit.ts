/** The event log's sentences: always what happened, from where to where, and why. */
import { formatDuration } from '../kit/units.ts';
import type { RolloutState } from '../model/rollout.ts';

export function startSentence(state: RolloutState, isNew: boolean): string {
  return isNew
    ? `Rollout ${state.id} of ${state.label} starts at ${state.percent} %`
    : `Controller restarted: rollout ${state.id} of ${state.label} is ${state.phase} at ` +
        `${state.percent} %, ${formatDuration(wholeSeconds(state.stepElapsedMs))} into the step`;
}

export function lowerAtStartSentence(from: number, to: number): string {
  return `Lowered from ${from} % to ${to} %: the configuration has no such step, or no key, any more`;
}

export function advanceSentence(from: RolloutState, percent: number, reason: string): string {
  const afterS = formatDuration(wholeSeconds(from.stepElapsedMs));
  return `Advance ${from.percent} % to ${percent} % after ${afterS}: ${reason}`;
}

export function promoteSentence(from: number, to: number, reason: string, open: string): string {
  return `Promoted by a person ${from} % to ${to} %: ${reason}${open === '' ? '' : ` (${open})`}`;
}

export function completeSentence(state: RolloutState, reason: string): string {
  return `Complete: ${state.label} at ${state.percent} %: ${reason}`;
}

export function rollbackSentence(from: number, to: number, reason: string): string {
  return `Rolled back from ${from} % to ${to} %: ${reason}`;
}

export function holdSentence(percent: number, reason: string): string {
  return `Hold at ${percent} %: ${reason}`;
}

export function resumeSentence(percent: number, reason: string): string {
  return `Climb on from ${percent} %: ${reason}`;
}

export function approveSentence(percent: number, reason: string): string {
  return `Approved to leave ${percent} %: ${reason}`;
}

export function beginSentence(state: RolloutState, from: number, reason: string): string {
  const fall = from === 0 ? '' : `, down from ${from} %`;
  return `Rollout ${state.id} of ${state.label} begins at ${state.percent} %${fall}: ${reason}`;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
