import type {
  Decision,
  MirrorStatus,
  RolloutEvent,
  RolloutState,
  Status,
  Verdict,
} from '../model/rollout.ts';
import type { LadderStep } from '../model/settings.ts';
import { OVERLOAD_NAMES } from '../proxy/overload.ts';
import type { TrafficEngine } from './engine.ts';
import type { Gathering } from './gathering.ts';

export interface StatusFacts {
  readonly state: RolloutState;
  readonly ladder: readonly LadderStep[];
  readonly verdict: Verdict;
  /** What would be decided now: when it holds, what it waits for. */
  readonly decision: Decision;
  readonly gathering: Gathering;
  readonly mirror: MirrorStatus;
  readonly engine: TrafficEngine;
  readonly events: readonly RolloutEvent[];
  /** Null where there is nothing to warn of. */
  readonly warnings: readonly (string | null)[];
}

/** Where the rollout stands, why, and what it waits for, at this moment. */
export function statusOf(facts: StatusFacts): Status {
  const { state, ladder, verdict, decision, gathering, mirror, engine, events } = facts;
  const { id, label, phase, percent, step, revision, reason } = state;
  const steps = ladder.map((rung) => rung.percent);
  const warnings = [...facts.warnings, ...mirrorWarnings(mirror)].filter(
    (warning) => warning !== null,
  );
  // A decision that only has to be carried out waits for what hinders it, if anything does.
  const waitingFor = decision.kind === 'hold' ? decision.waitingFor : warnings;
  return {
    rollout: { id, label, phase, percent, step, steps, revision, reason, waitingFor },
    traffic: gathering.traffic(),
    mirror,
    gates: verdict.gates,
    clusters: gathering.clusters(),
    events,
    workers: engine.workers?.() ?? gathering.workers,
    legacyReachable: engine.isLegacyReachable?.() ?? true,
    warnings,
  };
}

function mirrorWarnings({ openBreakers, overload }: MirrorStatus): readonly (string | null)[] {
  return [
    overload === 0
      ? null
      : `a proxy is short of memory or time: it has stopped ${OVERLOAD_NAMES[overload]}`,
    ...openBreakers.map(
      (side) => `${side} fails again and again as shadow: it is left alone for a while`,
    ),
  ];
}
