import { formatLatency } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import { gateKey, NO_LATENCY, type OverCounts } from './evidence.ts';
import {
  formatCount,
  formatRatio,
  type GateJudge,
  gateResult,
  quantileName,
} from './gate-judge.ts';
import { RECENT_WINDOWS } from './latency-windows.ts';

/**
 * `latency.p99.burn < 10`: a guard against rare disasters, which a majority of good windows would
 * hide. How many times more of the candidate's answers are over legacy's quantile, as it was when
 * the step began, than of legacy's own were then. Fails when both the newest window and the
 * newest twelve together burn faster than the limit and legacy's own do not; passes after twelve
 * that do not. No error rate is stated for it. Source: the multi-window alerts of Google's SRE
 * Workbook, chapter 5.
 */
export const judgeLatencyBurn: GateJudge = ({ gate, evidence }) => {
  const { tail, pairs } = evidence.latency.get(gateKey(gate)) ?? NO_LATENCY;
  const { recent, thresholdUs } = tail;
  const p = gate.quantile ?? 0.99;
  const name = `${quantileName(p)} burn`;
  const samples = recent.length;
  if (thresholdUs === null || samples === 0 || pairs < gate.minPairs) {
    const sentence = `${name}: ${samples} of ${RECENT_WINDOWS} windows`;
    return gateResult(gate, { verdict: 'inconclusive', measured: null, samples, sentence });
  }
  const burn = (windows: readonly (readonly OverCounts[])[], side: 'legacy' | 'candidate') =>
    shareOf(windows.flat(), side) / (1 - p);
  const measured = burn(recent, 'candidate');
  const newest = burn(recent.slice(-1), 'candidate');
  const isLegacyToo = burn(recent, 'legacy') > gate.limit;
  const isBurning = measured > gate.limit;
  const hasFailed = isBurning && newest > gate.limit && !isLegacyToo;
  const isQuiet = samples === RECENT_WINDOWS && !isBurning;
  const verdict: GateOutcome = hasFailed ? 'fail' : isQuiet ? 'pass' : 'inconclusive';
  const sign = isBurning ? '>' : '<';
  const both = isBurning && isLegacyToo ? ', legacy as well' : '';
  const sentence =
    `${name} ${formatRatio(measured)} ${sign} ${formatRatio(gate.limit)} in ` +
    `${formatCount(samples)} of ${RECENT_WINDOWS} windows, ${formatRatio(newest)} in the newest ` +
    `(over legacy's first ${formatLatency(thresholdUs)})${both}`;
  return gateResult(gate, { verdict, measured, samples, sentence });
};

function shareOf(counts: readonly OverCounts[], side: 'legacy' | 'candidate'): number {
  let over = 0;
  let pairs = 0;
  for (const each of counts) {
    over += each[side];
    pairs += each.pairs;
  }
  return over / pairs;
}
