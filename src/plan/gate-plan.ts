import { judge } from '../judge/verdict.ts';
import type { CarriedHarm, Evidence } from '../judge/evidence.ts';
import { NO_SPIKES } from '../judge/evidence.ts';
import type { GateOutcome } from '../model/rollout.ts';
import type { GateSettings, LadderStep } from '../model/settings.ts';
import { NO_COUNTS } from '../model/window.ts';
import type { PlanTraffic } from './traffic.ts';

/** What is counted until a gate is decided. */
export type SampleUnit = 'pairs' | 'errors' | 'windows' | 'seconds';

/** When a candidate that is wrong by so much is found. */
export interface Regression {
  /** A rate, a ratio, or microseconds, as the gate's limit is. */
  readonly size: number;
  /** Samples until the gate fails; null where the hold does not bring as many. */
  readonly samples: number | null;
  readonly unit: SampleUnit;
  /** Null where that is not within the hold, or nobody can say. */
  readonly afterMs: number | null;
  /** For latency, were every request slow for itself: pairs, or requests live on the candidate. */
  readonly independent: { readonly requests: number; readonly afterMs: number } | null;
}

/**
 * What becomes of a refused gate all the same. never: nothing passes it. late: what passes it comes
 * after the hold, and the step waits for it. thin: it may pass, on less than should be trusted.
 * unforeseen: nobody can say when.
 */
export type Outlook = 'never' | 'late' | 'thin' | 'unforeseen';

/** Why a gate is refused, and what to change. */
export interface Refusal {
  readonly outlook: Outlook;
  readonly why: string;
  readonly mend: string;
  /** A hold of the step, or a window of the gate, that would do; absent: none would. */
  readonly holdMs?: number;
  readonly windowMs?: number;
}

/** What one gate of one step needs, and what it finds. */
export interface GatePlan {
  readonly gate: string;
  readonly route: string | null;
  /** Null where a recording would have to tell: the traffic of its route, or its latencies. */
  readonly pairsPerSec: number | null;
  /** What passes it when the candidate is sound, at the earliest; null for never. */
  readonly needs: { readonly samples: number; readonly unit: SampleUnit } | null;
  readonly passesAfterMs: number | null;
  /** The smallest regression that fails it within the hold; null for none, or nobody can say. */
  readonly finds: number | null;
  readonly regressions: readonly Regression[];
  readonly refusal: Refusal | null;
}

/** What the planner of one metric is asked. */
export interface GateQuestion {
  readonly gate: GateSettings;
  readonly step: LadderStep;
  readonly pairsPerSec: number;
  /** Share of the seconds in which requests are copied, 0 to 1. */
  readonly copiedSeconds: number;
  /** Requests that the candidate answers live; as the step's percent says. */
  readonly livePerSec: number;
  readonly traffic: PlanTraffic;
  /** What the gate's own judge says of such evidence, among all gates of the configuration. */
  ask(evidence: Partial<Evidence>): GateOutcome;
}

export type GatePlanner = (question: GateQuestion) => Omit<GatePlan, 'gate' | 'route'>;

/** Of a gate of which only a recording could tell. */
export const UNKNOWN: Omit<GatePlan, 'gate' | 'route'> = {
  pairsPerSec: null,
  needs: null,
  passesAfterMs: null,
  finds: null,
  regressions: [],
  refusal: null,
};

const NOTHING: Evidence = {
  counts: new Map(),
  latency: new Map(),
  resources: new Map(),
  spikes: NO_SPIKES,
};

/**
 * Asks the real judge of each gate, with the error rate that it has as one of these gates in a
 * climb of `steps` steps; of a later step where the evidence says what was carried into it.
 */
export function judgesOf(
  gates: readonly GateSettings[],
  steps: number,
): readonly ((evidence: Partial<Evidence>) => GateOutcome)[] {
  return gates.map((_gate, i) => (evidence) => {
    return judge(gates, { ...NOTHING, ...evidence }, steps).gates[i]!.verdict;
  });
}

/** What a step goes on from after so many pairs of a sound candidate, all of them one route's. */
export function carriedAfter(pairs: number, route: string | null): CarriedHarm {
  const counts = { ...NO_COUNTS, pairs, eligible: pairs, compared: pairs };
  return { counts: new Map([[route ?? '', counts]]), lnHarm: new Map() };
}
