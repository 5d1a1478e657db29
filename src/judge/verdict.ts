/**
 * Judges every gate of a step on the evidence gathered since the step began. In: gates and
 * evidence. Out: one result a gate and the outcome of them all. Never: time, I/O, memory.
 *
 * Passing needs every gate, so each may use its whole alpha; any gate may fail, so they share:
 * the chance that a sound candidate fails in a step is at most alpha, all gates together.
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
import { judgeMismatchRate } from './mismatch-rate.ts';
import { judgeCpuRatio, judgeMemoryRatio } from './resource-ratio.ts';

const JUDGES: Readonly<Record<GateMetric, GateJudge>> = {
  'mismatch.rate': judgeMismatchRate,
  'errors.excess': judgeErrorsExcess,
  'errors.ratio': judgeErrorsRatio,
  latency: judgeLatency,
  coverage: judgeCoverage,
  'memory.ratio': judgeMemoryRatio,
  'cpu.ratio': judgeCpuRatio,
  'candidate.spikes': judgeCandidateSpikes,
};

/** The verdict on a step: fails with any gate, passes with all; no gates at all pass. */
export function judge(gates: readonly GateSettings[], evidence: Evidence): Verdict {
  const results = gates.map((gate) =>
    JUDGES[gate.metric]({ gate, evidence, harmAlpha: gate.alpha / gates.length }),
  );
  return { outcome: outcomeOf(results.map((result) => result.verdict)), gates: results };
}

function outcomeOf(outcomes: readonly GateOutcome[]): GateOutcome {
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.includes('inconclusive') ? 'inconclusive' : 'pass';
}
