import type { Assignment } from '../model/assignment.ts';
import type { RolloutState } from '../model/rollout.ts';
import type { MirrorControl } from './mirror-control.ts';

/** What every proxy should do in that state; where it `isBlind`, nothing is compared. */
export function assignmentOf(
  epoch: number,
  { id, revision, percent, salt, safeTarget }: RolloutState,
  mirror: MirrorControl,
  isBlind: boolean,
): Assignment {
  return {
    epoch,
    rollout: id,
    revision,
    canaryPercent: percent,
    salt,
    ...mirror.assignment(),
    comparePercent: isBlind ? 0 : 100,
    safeTarget,
  };
}
