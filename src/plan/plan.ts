/**
 * What each gate of each step can find, and how long that takes, before anything runs. In:
 * settings, a rate, what is known of the traffic. Out: numbers and refusals. The judge's own tests
 * are asked about evidence as it is expected: no clock, no chance, no file.
 */
import type { GateMetric, GateSettings, LadderStep, Settings } from '../model/settings.ts';
import { ladderOf } from '../rollout/ladder.ts';
import {
  carriedAfter,
  type GatePlan,
  type GatePlanner,
  type GateQuestion,
  judgesOf,
  type Outlook,
  type Refusal,
  UNKNOWN,
} from './gate-plan.ts';
import { planLatency } from './latency-plan.ts';
import { planCoverage, planErrorsExcess, planErrorsRatio, planMismatchRate } from './rate-plan.ts';
import { copiedSecondsOf, pairsPerSecOf } from './pairs.ts';
import type { PlanTraffic } from './traffic.ts';
import { planRoutes, type UnprovenPlan } from './routes-plan.ts';
import { planResource, planSpikes } from './window-plan.ts';

const PLANNERS: Readonly<Record<GateMetric, GatePlanner>> = {
  'mismatch.rate': planMismatchRate,
  'errors.excess': planErrorsExcess,
  'errors.ratio': planErrorsRatio,
  latency: planLatency,
  'latency.limit': planLatency,
  'latency.paired': planLatency,
  'latency.burn': planLatency,
  coverage: planCoverage,
  'memory.ratio': planResource,
  'cpu.ratio': planResource,
  'candidate.spikes': planSpikes,
};

/** One step of the ladder, gate by gate. */
export interface StepPlan {
  readonly percent: number;
  readonly holdMs: number;
  readonly pairsPerSec: number;
  readonly livePerSec: number;
  readonly gates: readonly GatePlan[];
  /** Routes that keep 100 % back, where it is the next step and a recording tells their shares. */
  readonly unproven: readonly UnprovenPlan[];
}

/** The whole ladder. */
export interface Plan {
  readonly ratePerSec: number;
  /** What the latencies are taken to be. */
  readonly latencies: string;
  /** Without a key no step above 0 % is ever reached, and none is planned. */
  readonly hasKey: boolean;
  readonly steps: readonly StepPlan[];
}

/** The plan of a configuration at `ratePerSec` requests a second, above zero. */
export function planLadder(
  settings: Pick<Settings, 'ladder' | 'gates' | 'mirror' | 'key' | 'routes' | 'unproven'>,
  ratePerSec: number,
  traffic: PlanTraffic,
): Plan {
  const { gates, key } = settings;
  const pairsPerSec = pairsPerSecOf(settings, ratePerSec, traffic);
  const ladder = ladderOf(settings);
  const asks = judgesOf(gates, ladder.length);
  const steps = ladder.filter(({ percent }) => percent === 0 || key !== null);
  return {
    ratePerSec,
    latencies: traffic.shape.source,
    hasKey: key !== null,
    steps: steps.map((step, index) => ({
      percent: step.percent,
      holdMs: step.holdMs,
      pairsPerSec,
      livePerSec: (pairsPerSec * step.percent) / 100,
      gates: gates.map((gate, i) =>
        planGate({
          gate,
          ask: asks[i]!,
          step,
          beforeMs: index === 0 ? null : holdOf(steps.slice(0, index)),
          pairsPerSec,
          copiedSeconds: copiedSecondsOf(settings),
          traffic,
        }),
      ),
      unproven:
        steps[index + 1]?.percent === 100 && step.holdMs > 0 && traffic.routeRatios !== null
          ? planRoutes(settings, step, pairsPerSec, traffic.routeRatios)
          : [],
    })),
  };
}

function holdOf(steps: readonly LadderStep[]): number {
  return steps.reduce((sum, { holdMs }) => sum + holdMs, 0);
}

function planGate(of: {
  readonly gate: GateSettings;
  readonly ask: GateQuestion['ask'];
  readonly step: LadderStep;
  /** Holds of the steps before; null for the first one, which has its chance of a failure alone. */
  readonly beforeMs: number | null;
  readonly pairsPerSec: number;
  readonly copiedSeconds: number;
  readonly traffic: PlanTraffic;
}): GatePlan {
  const { gate, step, traffic } = of;
  const name = { gate: gate.gate, route: gate.route };
  const share = gate.route === null ? 1 : (traffic.routeRatios?.get(gate.route) ?? null);
  if (share === null && traffic.routeRatios === null) return { ...name, ...UNKNOWN };
  const pairsPerSec = of.pairsPerSec * (share ?? 0);
  if (pairsPerSec === 0) return { ...name, ...UNKNOWN, pairsPerSec, refusal: NO_PAIRS };
  const { beforeMs } = of;
  const before = beforeMs === null ? null : Math.floor((pairsPerSec * beforeMs) / 1000);
  const carried = before === null ? {} : { carried: carriedAfter(before, gate.route) };
  const planned = PLANNERS[gate.metric]({
    gate,
    step,
    pairsPerSec,
    copiedSeconds: of.copiedSeconds,
    livePerSec: (pairsPerSec * step.percent) / 100,
    traffic,
    ask: (evidence) => of.ask({ ...evidence, ...carried }),
  });
  return { ...name, ...planned };
}

const NO_PAIRS: Refusal = {
  outlook: 'never',
  why: 'no request of it would be compared',
  mend: 'mirror some (`mirror`, `safe: true`, `writes: mirror`), or leave the gate out',
};

/** A gate that its step's hold does not surely bring to a pass, or a route it does not prove. */
export interface PlanProblem {
  readonly step: number;
  readonly gate: string | null;
  readonly route: string | null;
  readonly outlook: Outlook;
  readonly why: string;
  readonly mend: string;
  readonly holdMs?: number;
  readonly windowMs?: number;
}

/** Everything that is refused, in the order of the ladder. */
export function problemsOf(plan: Plan): readonly PlanProblem[] {
  return plan.steps.flatMap(({ percent, gates, unproven }) => [
    ...gates.flatMap(({ gate, route, refusal }) =>
      refusal === null ? [] : [{ step: percent, gate, route, ...refusal }],
    ),
    ...unproven.map(({ route, refusal }) => ({ step: percent, gate: null, route, ...refusal })),
  ]);
}

/** What a problem is of, in words: `mismatch.rate < 0.1% on GET /a`. */
export function subjectOf({ gate, route }: PlanProblem): string {
  if (gate === null || route === null) return gate ?? route ?? '';
  return `${gate} on ${route}`;
}
