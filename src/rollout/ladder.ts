import type { RolloutState } from '../model/rollout.ts';
import type { LadderStep, Settings } from '../model/settings.ts';

const SHADOW: LadderStep = { percent: 0, holdMs: 0, peaks: 0, approve: false };

/** The steps as they are climbed: a ladder without a step at 0 % gets one that only judges. */
export function ladderOf(settings: Pick<Settings, 'ladder'>): readonly LadderStep[] {
  const { ladder } = settings;
  return ladder[0]?.percent === 0 ? ladder : [SHADOW, ...ladder];
}

/** The highest step at or below `percent`. */
export function stepAt(ladder: readonly LadderStep[], percent: number): number {
  return Math.max(
    0,
    ladder.findLastIndex((step) => step.percent <= percent),
  );
}

/**
 * A stored state on the ladder of today's configuration. Where the percent is no longer a step,
 * or there is no key any more, it is the next lower one: a restart never raises the share.
 */
export function reconcile(
  state: RolloutState,
  ladder: readonly LadderStep[],
  hasKey: boolean,
  nowMs: number,
): RolloutState {
  const allowed = hasKey ? state.percent : 0;
  const step = stepAt(ladder, allowed);
  const percent = state.phase === 'rolled-back' ? allowed : ladder[step]!.percent;
  if (step === state.step && percent === state.percent) return state;
  const isMoved = percent !== state.percent;
  return {
    ...state,
    step,
    percent,
    phase: state.phase === 'complete' && isMoved ? 'climbing' : state.phase,
    revision: state.revision + (isMoved ? 1 : 0),
    stepElapsedMs: isMoved ? 0 : state.stepElapsedMs,
    stepStartedAtMs: isMoved ? nowMs : state.stepStartedAtMs,
    isApproved: isMoved ? false : state.isApproved,
  };
}
