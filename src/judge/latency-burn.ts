import { formatLatency } from '../kit/units.ts';
import type { GateOutcome } from '../model/rollout.ts';
import { gateKey, type LatencyEvidence, NO_LATENCY, type OverCounts } from './evidence.ts';
import {
  formatCount,
  formatRatio,
  type GateAnswer,
  type GateJudge,
  type GateQuestion,
  type GateWords,
  missingMeasured,
  missingWindows,
  pairsText,
  quantileName,
  thinNote,
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
  if (thresholdUs === null || samples === 0) return tooLittle(question, seen);
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
      ...wordsOf(question, seen),
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
            : missingWindows(question, seen, RECENT_WINDOWS - samples),
    }),
  };
};

function tooLittle(question: GateQuestion, seen: LatencyEvidence): GateAnswer {
  const { points } = seen;
  const { recent, thresholdUs } = seen.tail;
  const samples = recent.length;
  const first = thresholdUs === null ? Math.max(0, THRESHOLD_WINDOWS - points.length) : 0;
  const more = first + RECENT_WINDOWS - samples;
  const isThin = points.length === 0 && seen.thinWindows > 0;
  return {
    verdict: 'inconclusive',
    measured: null,
    samples,
    tell: () => {
      const { notes, ...words } = wordsOf(question, seen);
      return {
        ...words,
        samples: `: ${samples} of ${RECENT_WINDOWS} windows${pairsText(question.gate, seen)}`,
        notes: [...notes, thinNote(seen)],
        missing: isThin ? missingMeasured(question, seen) : missingWindows(question, seen, more),
      };
    },
  };
}

function wordsOf({ gate }: GateQuestion, seen: LatencyEvidence): GateWords {
  const { recent, thresholdUs } = seen.tail;
  return {
    name: `${quantileName(gate.quantile ?? 0.99)} burn`,
    format: formatRatio,
    samples:
      ` in ${formatCount(recent.length)} of ${RECENT_WINDOWS} windows` + pairsText(gate, seen),
    interval: null,
    notes: thresholdUs === null ? [`, the first ${THRESHOLD_WINDOWS} windows set the bar`] : [],
    missing: null,
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
