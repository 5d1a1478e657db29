/** What the gathered evidence is judged to be, and how that is written and taken up again. */
import { judge } from '../judge/verdict.ts';
import type { JudgedWindows, ResumedVerdict, RolloutState, Verdict } from '../model/rollout.ts';
import type { LadderStep, Settings } from '../model/settings.ts';
import type { StoredRollout } from '../store/rollout-store.ts';
import type { Gathering } from './gathering.ts';
import { routesToProve } from './routes-to-prove.ts';

/** What evidence is judged by. */
export interface Judged {
  readonly gathering: Gathering;
  readonly settings: Settings;
  readonly ladder: readonly LadderStep[];
  /** In which the evidence is gathered. */
  readonly state: RolloutState;
}

/** The verdict on the evidence as it is. */
export function verdictOf({ gathering, settings, ladder, state }: Judged): Verdict {
  // All the time in which pairs were counted: held time is no part of the hold, but of this.
  const { closedUntilMs } = gathering.evidence;
  const elapsedMs =
    closedUntilMs === null
      ? state.stepElapsedMs
      : Math.max(0, closedUntilMs - state.stepStartedAtMs);
  const evidence = gathering.evidence.view({
    routes: routesToProve(settings),
    elapsedMs,
    keys: gathering.keys(),
  });
  return judge(settings.gates, evidence, ladder.length);
}

/** What a restart in the state `next` begins with, and the verdict on exactly this evidence. */
export function progressOf(judged: Judged, next: RolloutState): string {
  const { gathering, state } = judged;
  return gathering.progress(state, next, written(judged));
}

/** Null where judging fails: all else is written nevertheless, and the tick says what failed. */
function written(judged: Judged): JudgedWindows | null {
  const untilMs = judged.gathering.evidence.closedUntilMs;
  try {
    return { untilMs, verdict: verdictOf(judged) };
  } catch {
    return null;
  }
}

/**
 * What was stored is taken back, and judged anew: the same to the byte as what was written with
 * it, unless the version, or settings that do not void evidence, are others now. Null where
 * nothing of the state's step was stored.
 */
export function resume(judged: Judged, stored: StoredRollout | null): ResumedVerdict | null {
  const before = judged.gathering.restore(stored, judged.state);
  if (before === null) return null;
  const verdict = verdictOf(judged);
  const isSame = JSON.stringify(before.verdict) === JSON.stringify(verdict);
  return { untilMs: before.untilMs, isSame, verdict };
}
