import type { Interval } from '../kit/e-process.ts';
import { LIMITS } from '../kit/limits.ts';
import { formatAbout } from '../kit/units.ts';
import type { GateOutcome, UnprovenRoute } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import type { Evidence, LatencyEvidence } from './evidence.ts';

/** What one gate is asked. */
export interface GateQuestion {
  readonly gate: GateSettings;
  readonly evidence: Evidence;
  /** Chance of a wrong failure that this gate may use: its share of alpha. */
  readonly harmAlpha: number;
  /** Of that, what counts of all steps of a climb together may use beside; 0: it has no others. */
  readonly climbAlpha: number;
  /** Routes that are not proved by themselves, where this gate is the one that asks. */
  readonly unproven: readonly UnprovenRoute[];
}

/**
 * Answers one gate: `pass` when it is proved that the limit holds, `fail` when it is proved
 * that it does not, else `inconclusive`. Pure.
 */
export type GateJudge = (question: GateQuestion) => GateAnswer;

export interface GateAnswer {
  readonly verdict: GateOutcome;
  /** Null where there is nothing to measure; may be made when it is read, as with `tell`. */
  readonly measured: number | null;
  readonly samples: number;
  /**
   * What there is to say, made when it is shown: gates are judged far more often. Of what the
   * evidence was when the gate was judged, whatever has come since.
   */
  readonly tell: () => GateWords;
}

/** One gate's answer in parts; `explain` makes the sentence of them. */
export interface GateWords {
  /** What is measured: `p99 ratio`. */
  readonly name: string;
  /** A measured value, or the limit, with its unit. */
  readonly format: (value: number) => string;
  /** How much was looked at, with what joins it: `: 3 of 1,000 pairs`, ` over 12 windows`. */
  readonly samples: string;
  /** Where the measured value lies, at the gate's alpha; null where nobody can say. */
  readonly interval: Interval | null;
  /** What a reader has to know beside, each with what joins it. */
  readonly notes: readonly string[];
  /** Null where nothing is. */
  readonly missing: Missing | null;
  /** In place of the gate's route: the one that decides. */
  readonly route?: string;
  /** What the whole sentence says beside, and the event log does not; absent: nothing. */
  readonly beside?: string;
}

/** What keeps a gate from passing. */
export interface Missing {
  /** `a pass takes 306,833 more pairs`. */
  readonly what: string;
  /** Until it is there, as things go; null: nobody can say. */
  readonly expectedMs: number | null;
}

/** How long `more` take, where `seen` came in the judged time of the step; null: nobody can say. */
export function expectedMs(more: number, seen: number, { elapsedMs }: Evidence): number | null {
  if (elapsedMs === undefined || elapsedMs <= 0 || seen <= 0) return null;
  return Math.ceil((more / seen) * elapsedMs);
}

/** What every gate says that stays above its limit without being proved to. */
export const ABOVE_LIMIT: Missing = {
  what: 'no pass while it is beyond the limit',
  expectedMs: null,
};

/** Fewer pairs than the gate asks for: how many more, and when; `atLeast`: others may be needed. */
export function missingPairs(
  { gate, evidence }: GateQuestion,
  pairs: number,
  atLeast: '' | 'at least ' = '',
): Missing {
  const more = gate.minPairs - pairs;
  return {
    what: `a pass takes ${atLeast}${counted(more, 'more pair')}`,
    expectedMs: expectedMs(more, pairs, evidence),
  };
}

/** The pairs that are still missing after so many more windows as those seen; null: none. */
function missingAfter(
  question: GateQuestion,
  { pairs, points, thinWindows }: LatencyEvidence,
  windows: number,
): Missing | null {
  const expected = pairs + (windows * pairs) / (points.length + thinWindows);
  return expected < question.gate.minPairs ? missingPairs(question, pairs) : null;
}

/** ` (2,400 of 10,000 pairs)`, said while there are fewer than the gate asks for. */
export function pairsText({ minPairs }: GateSettings, { pairs }: LatencyEvidence): string {
  return pairs < minPairs ? ` (${formatCount(pairs)} of ${counted(minPairs, 'pair')})` : '';
}

/** Said where no window could be measured. */
export function thinNote({ points, thinWindows }: LatencyEvidence): string {
  if (points.length > 0 || thinWindows === 0) return '';
  return (
    `, none of ${counted(thinWindows, 'window')} had ${LIMITS.windowPairsMin} pairs of ` +
    'one live side, so a longer window would help'
  );
}

/** What is missing where no window could be measured. */
export function missingMeasured(question: GateQuestion, { pairs }: LatencyEvidence): Missing {
  if (pairs < question.gate.minPairs) return missingPairs(question, pairs, 'at least ');
  return { what: 'a pass takes windows with more pairs', expectedMs: null };
}

/**
 * What is missing where a pass takes so many `more` windows that can be measured, which come as
 * often as so far: these windows, or the pairs where they bring too few.
 */
export function missingWindows(
  question: GateQuestion,
  seen: LatencyEvidence,
  more: number,
): Missing {
  const { gate, evidence } = question;
  const { points, thinWindows } = seen;
  const windows = points.length === 0 ? more : more * (1 + thinWindows / points.length);
  return (
    missingAfter(question, seen, windows) ?? {
      what: `a pass takes ${counted(more, 'more window')} of ${formatAbout(gate.windowMs)}`,
      expectedMs: evidence.elapsedMs === undefined ? null : windows * gate.windowMs,
    }
  );
}

/** `1,234,567`, the same on every machine. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 window`, `1,234 windows`. */
export function counted(count: number, unit: string): string {
  return `${formatCount(count)} ${unit}${count === 1 ? '' : 's'}`;
}

/** A ratio with three significant digits: `1.31`, `0.0421`, `14.2`, `211`. */
export function formatRatio(ratio: number): string {
  return ratio >= 100 ? ratio.toFixed(0) : String(Number(ratio.toPrecision(3)));
}

/** `p99.9` for 0.999. */
export function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toFixed(6))}`;
}
