import { formatAbout, formatLatency } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import { gateKey, NO_LATENCY, type OverCounts } from './evidence.ts';
import {
  counted,
  formatCount,
  formatRatio,
  type GateAnswer,
  type GateJudge,
  type GateQuestion,
  type GateWords,
  missingAfter,
  quantileName,
} from './gate-judge.ts';
import { RECENT_WINDOWS, THRESHOLD_WINDOWS } from './latency-windows.ts';

/**
 * `latency.p99.burn < 10`: a guard against rare disasters, which a majority of good windows would
 * hide. How many times more of the candidate's answers are over legacy's quantile, as it was when
 * the step began, than of legacy's own were then. Fails when both the newest window and the
 * newest twelve together burn faster than the limit and legacy's own do not; passes after twelve
 * that do not. No error rate is stated for it. Source: the multi-window alerts of Google's SRE
 * Workbook, chapter 5.
 */
export const judgeLatencyBurn: GateJudge = (question) => {
  const { gate, evidence } = question;
  const seen = evidence.latency.get(gateKey(gate)) ?? NO_LATENCY;
  const { recent, thresholdUs } = seen.tail;
  const samples = recent.length;
  if (thresholdUs === null || samples === 0) return tooLittle(question, samples, thresholdUs);
  const burn = (windows: readonly (readonly OverCounts[])[], side: 'legacy' | 'candidate') =>
    shareOf(windows.flat(), side) / (1 - (gate.quantile ?? 0.99));
  const measured = burn(recent, 'candidate');
  const newest = burn(recent.slice(-1), 'candidate');
  const isLegacyToo = burn(recent, 'legacy') > gate.limit;
  const isBurning = measured > gate.limit;
  const hasFailed = isBurning && newest > gate.limit && !isLegacyToo;
  const isQuiet = samples === RECENT_WINDOWS && !isBurning;
  const isShort = seen.pairs < gate.minPairs;
  const decided: GateOutcome = hasFailed ? 'fail' : isQuiet ? 'pass' : 'inconclusive';
  const verdict = isShort ? 'inconclusive' : decided;
  return {
    verdict,
    measured,
    samples,
    tell: () => ({
      ...wordsOf(question, samples, thresholdUs),
      notes: [
        `, ${formatRatio(newest)} in the newest`,
        ` (over legacy's first ${formatLatency(thresholdUs)})`,
        ...(isBurning && isLegacyToo ? [', legacy as well'] : []),
      ],
      missing:
        verdict !== 'inconclusive'
          ? null
          : isBurning
            ? { what: `no pass before ${RECENT_WINDOWS} windows burn less`, expectedMs: null }
            : (missingAfter(question, seen, RECENT_WINDOWS - samples) ??
              missingWindows(question, RECENT_WINDOWS - samples)),
    }),
  };
};

function tooLittle(
  question: GateQuestion,
  samples: number,
  thresholdUs: number | null,
): GateAnswer {
  const { gate, evidence } = question;
  const { points } = evidence.latency.get(gateKey(gate)) ?? NO_LATENCY;
  const first = thresholdUs === null ? Math.max(0, THRESHOLD_WINDOWS - points.length) : 0;
  const more = first + RECENT_WINDOWS - samples;
  return {
    verdict: 'inconclusive',
    measured: null,
    samples,
    tell: () => ({
      ...wordsOf(question, samples, thresholdUs),
      samples: `: ${samples} of ${RECENT_WINDOWS} windows`,
      missing: missingWindows(question, more),
    }),
  };
}

function wordsOf({ gate }: GateQuestion, samples: number, thresholdUs: number | null): GateWords {
  return {
    name: `${quantileName(gate.quantile ?? 0.99)} burn`,
    format: formatRatio,
    samples: ` in ${formatCount(samples)} of ${RECENT_WINDOWS} windows`,
    interval: null,
    notes: thresholdUs === null ? [`, the first ${THRESHOLD_WINDOWS} windows set the bar`] : [],
    missing: null,
  };
}

function missingWindows({ gate, evidence }: GateQuestion, more: number): GateWords['missing'] {
  return {
    what: `a pass takes ${counted(more, 'more window')} of ${formatAbout(gate.windowMs)}`,
    expectedMs: evidence.elapsedMs === undefined ? null : more * gate.windowMs,
  };
}

function shareOf(counts: readonly OverCounts[], side: 'legacy' | 'candidate'): number {
  let over = 0;
  let pairs = 0;
  for (const each of counts) {
    over += each[side];
    pairs += each.pairs;
  }
  return over / pairs;
}
