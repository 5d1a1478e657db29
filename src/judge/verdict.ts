/**
 * Judges every gate of a step on the evidence gathered since the step began. In: gates and
 * evidence. Out: one result a gate and the outcome of them all. Never: time, I/O, memory.
 *
 * Passing needs every gate, so each may use its whole alpha; any gate may fail in any step, so
 * they share: the chance that a sound candidate fails is at most 1 %, all gates of a climb
 * together.
 */
import type { GateOutcome, UnprovenRoute, Verdict } from '../model/rollout.ts';
import type { GateMetric, GateSettings } from '../model/settings.ts';
import { NO_COUNTS } from '../model/window.ts';
import { judgeCandidateSpikes } from './candidate-spikes.ts';
import { judgeCoverage } from './coverage.ts';
import { judgeErrorsExcess } from './errors-excess.ts';
import { judgeErrorsRatio } from './errors-ratio.ts';
import { type CarriedHarm, addCounts, type Evidence, gateKey } from './evidence.ts';
import { type ErrorRates, gateResult } from './explain.ts';
import type { GateJudge, GateQuestion } from './gate-judge.ts';
import { judgeLatency, lnHarmOf } from './latency.ts';
import { judgeLatencyBurn } from './latency-burn.ts';
import { judgeMismatchRate } from './mismatch-rate.ts';
import { routeGate, unprovenRoutes } from './route-proof.ts';
import { judgeCpuRatio, judgeMemoryRatio } from './resource-ratio.ts';

const JUDGES: Readonly<Record<GateMetric, GateJudge>> = {
  'mismatch.rate': judgeMismatchRate,
  'errors.excess': judgeErrorsExcess,
  'errors.ratio': judgeErrorsRatio,
  latency: judgeLatency,
  'latency.limit': judgeLatency,
  'latency.paired': judgeLatency,
  'latency.burn': judgeLatencyBurn,
  coverage: judgeCoverage,
  'memory.ratio': judgeMemoryRatio,
  'cpu.ratio': judgeCpuRatio,
  'candidate.spikes': judgeCandidateSpikes,
};

/** Gates that state no chance of error, and take no share of it. */
const GUARDS: ReadonlySet<GateMetric> = new Set(['candidate.spikes', 'latency.burn']);

/** Chance that a sound candidate fails anywhere in a climb. */
const CLIMB_HARM_ALPHA = 0.01;

/** Gates on quantiles, whose evidence of harm is a number that goes on from step to step. */
const QUANTILE_METRICS: ReadonlySet<GateMetric> = new Set([
  'latency',
  'latency.limit',
  'latency.paired',
]);

/**
 * The verdict on one of `steps` steps: fails with any gate, passes with all; no gates at all
 * pass. Its words are made when they are read.
 */
export function judge(gates: readonly GateSettings[], evidence: Evidence, steps = 1): Verdict {
  const { unproven, questionOf } = asked(gates, evidence, steps);
  const results = gates.map((gate) => {
    const question = questionOf(gate);
    const rates = ratesOf(gate, question.harmAlpha);
    return gateResult(gate, JUDGES[gate.metric](question), rates);
  });
  const outcome = outcomeOf(results.map((result) => result.verdict));
  return { outcome, gates: results, ...(unproven.length > 0 && { unproven }) };
}

/** Whether all gates of a kind pass in {@link judge}; the first that does not ends it. */
export function isPassed(
  gates: readonly GateSettings[],
  isOfKind: (gate: GateSettings) => boolean,
  evidence: Evidence,
  steps: number,
): boolean {
  const { questionOf } = asked(gates, evidence, steps);
  const isPass = (gate: GateSettings): boolean =>
    JUDGES[gate.metric](questionOf(gate)).verdict === 'pass';
  return gates.every((gate) => !isOfKind(gate) || isPass(gate));
}

interface Asked {
  readonly unproven: readonly UnprovenRoute[];
  readonly questionOf: (gate: GateSettings) => GateQuestion;
}

function asked(gates: readonly GateSettings[], evidence: Evidence, steps: number): Asked {
  const sharing = gates.filter(({ metric }) => !GUARDS.has(metric)).length;
  const asking = evidence.routes === undefined ? undefined : routeGate(gates);
  const unproven = asking === undefined ? [] : unprovenRoutes(asking, evidence);
  const questionOf = (gate: GateSettings): GateQuestion => {
    const harmAlpha = Math.min(CLIMB_HARM_ALPHA, gate.alpha) / (Math.max(1, sharing) * steps);
    // Steps but the first have half of their share each; all together have the other halves.
    const climbAlpha = evidence.carried === undefined ? 0 : (harmAlpha * (steps - 1)) / 2;
    const open = gate === asking ? unproven : [];
    return { gate, evidence, harmAlpha, climbAlpha, unproven: open };
  };
  return { unproven, questionOf };
}

function ratesOf({ metric, alpha }: GateSettings, harmAlpha: number): ErrorRates | null {
  if (GUARDS.has(metric)) return null;
  return { alpha: metric === 'errors.ratio' ? null : alpha, harmAlpha };
}

/** What the next step of the climb goes on from. */
export function carriedHarm(gates: readonly GateSettings[], evidence: Evidence): CarriedHarm {
  const counts = new Map(evidence.carried?.counts);
  for (const [route, each] of evidence.counts) {
    counts.set(route, addCounts(counts.get(route) ?? NO_COUNTS, each));
  }
  const latency = gates.filter(({ metric }) => QUANTILE_METRICS.has(metric));
  return {
    counts,
    lnHarm: new Map(latency.map((gate) => [gateKey(gate), lnHarmOf(gate, evidence)])),
  };
}

/** Of several gates together: fails with any, passes with all; none at all pass. */
export function outcomeOf(outcomes: readonly GateOutcome[]): GateOutcome {
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.includes('inconclusive') ? 'inconclusive' : 'pass';
}
