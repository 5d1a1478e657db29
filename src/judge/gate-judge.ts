import type { Interval } from '../kit/e-process.ts';
import type { GateOutcome, GateResult } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import type { Evidence } from './evidence.ts';

/** What one gate is asked. */
export interface GateQuestion {
  readonly gate: GateSettings;
  readonly evidence: Evidence;
  /** Chance of a wrong failure that this gate may use: its share of alpha. */
  readonly harmAlpha: number;
}

/**
 * Answers one gate: `pass` when it is proved that the limit holds, `fail` when it is proved
 * that it does not, else `inconclusive`. Pure.
 */
export type GateJudge = (question: GateQuestion) => GateResult;

export interface GateAnswer {
  readonly verdict: GateOutcome;
  readonly measured: number | null;
  /** Of what is measured, at the gate's alpha; absent where there is none. */
  readonly interval?: Interval;
  readonly samples: number;
  readonly sentence: string;
}

/** An answer as status shows it: with the gate as written, its limit and its route. */
export function gateResult(gate: GateSettings, answer: GateAnswer): GateResult {
  const where = gate.route === null ? '' : ` on ${gate.route}`;
  return {
    gate: gate.gate,
    verdict: answer.verdict,
    measured: answer.measured,
    ...(answer.interval && { interval: boundsOf(answer.interval) }),
    limit: gate.limit,
    samples: answer.samples,
    sentence: `${answer.sentence}${where}`,
    onFail: gate.onFail,
  };
}

/** Null stands for no bound: JSON has no Infinity. */
function boundsOf({ lower, upper }: Interval): readonly [number, number | null] {
  return [lower, Number.isFinite(upper) ? upper : null];
}

/** `1,234,567`, the same on every machine. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** A ratio with three significant digits: `1.31`, `0.0421`, `14.2`, `211`. */
export function formatRatio(ratio: number): string {
  return ratio >= 100 ? ratio.toFixed(0) : String(Number(ratio.toPrecision(3)));
}

/** `p99.9` for 0.999. */
export function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toFixed(6))}`;
}
