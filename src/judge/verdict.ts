/**
 * Judges every gate of a step on the evidence gathered since the step began. In: gates and
 * evidence. Out: one result a gate and the outcome of them all. Never: time, I/O, memory.
 *
 * Passing needs every gate, so each may use its whole alpha; any gate may fail in any step, so
 * they share: the chance that a sound candidate fails is at most 1 %, all gates of a climb
 * together.
 */
import type { GateOutcome, Verdict } from '../model/rollout.ts';
import type { GateMetric, GateSettings } from '../model/settings.ts';
import { judgeCandidateSpikes } from './candidate-spikes.ts';
import { judgeCoverage } from './coverage.ts';
import { judgeErrorsExcess } from './errors-excess.ts';
import { judgeErrorsRatio } from './errors-ratio.ts';
import type { Evidence } from './evidence.ts';
import type { GateJudge } from './gate-judge.ts';
import { judgeLatency } from './latency.ts';
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

/**
 * The verdict on one of `steps` steps: fails with any gate, passes with all; no gates at all
 * pass.
 */
export function judge(gates: readonly GateSettings[], evidence: Evidence, steps = 1): Verdict {
  const sharing = gates.filter(({ metric }) => !GUARDS.has(metric)).length;
  const results = gates.map((gate) => {
    const harmAlpha = Math.min(CLIMB_HARM_ALPHA, gate.alpha) / (Math.max(1, sharing) * steps);
    const result = JUDGES[gate.metric]({ gate, evidence, harmAlpha });
    return GUARDS.has(gate.metric) ? result : { ...result, alpha: gate.alpha, harmAlpha };
  });
  const outcome = outcomeOf(results.map((result) => result.verdict));
  const asking = evidence.routes === undefined ? undefined : routeGate(gates);
  const unproven = asking === undefined ? [] : unprovenRoutes(asking, evidence);
  return { outcome, gates: results, ...(unproven.length > 0 && { unproven }) };
}

function outcomeOf(outcomes: readonly GateOutcome[]): GateOutcome {
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.includes('inconclusive') ? 'inconclusive' : 'pass';
}
