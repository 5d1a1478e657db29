/**
 * Counts distinct traffic peaks: a step that asks for three has seen three busy times. A peak is
 * a stretch in which the rate of the last half hour is at least 0.8 of the highest of the last
 * seven days (of those seen, until there are seven); it counts once it is over, if most of it
 * counts for the step's hold, and if the last one is four hours past. Traffic that stays level
 * counts as one peak a day. Pure.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const RATE_MINUTES = 30;
const PEAK_SHARE = 0.8;
const APART_MS = 4 * HOUR_MS;
const LEVEL_MS = DAY_MS;
const MEMORY_MS = 7 * DAY_MS;
/** The highest half hour is kept for each stretch of so long. */
const SLOT_MS = 4 * HOUR_MS;
/** Share of a peak that must count for the hold. */
const COUNTED_SHARE = 0.8;

export interface PeakState {
  /** Peaks since the step began. */
  readonly seen: number;
  /** Requests of the newest whole minutes, oldest first, at most thirty. */
  readonly minutes: readonly number[];
  readonly minuteStartMs: number;
  readonly inMinute: number;
  /** The highest half hour of each slot of the last seven days, the oldest slot first. */
  readonly highs: readonly (readonly [slot: number, requests: number])[];
  /** When traffic was first seen; null before. */
  readonly sinceMs: number | null;
  /** When the stretch above 0.8 of the highest began; null below. */
  readonly highSinceMs: number | null;
  /** What counted for the step's hold when that stretch, or the step, began. */
  readonly countedBeforeMs: number;
  readonly lastPeakMs: number | null;
}

export const NO_PEAKS: PeakState = {
  seen: 0,
  minutes: [],
  minuteStartMs: 0,
  inMinute: 0,
  highs: [],
  sinceMs: null,
  highSinceMs: null,
  countedBeforeMs: 0,
  lastPeakMs: null,
};

/** The state after `requests` more by `nowMs`; so much of the step counts for its hold by then. */
export function observeTraffic(
  state: PeakState,
  nowMs: number,
  requests: number,
  countedMs: number,
): PeakState {
  const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const inMinute = state.inMinute + requests;
  if (startMs === state.minuteStartMs) return { ...state, inMinute };
  const sinceMs = state.sinceMs ?? startMs;
  const next = { ...state, sinceMs, minuteStartMs: startMs, inMinute: requests };
  // Minutes of which nothing is known: half an hour has to be known anew.
  if (startMs - state.minuteStartMs > MINUTE_MS) return { ...next, minutes: [] };
  const minutes = [...state.minutes, state.inMinute].slice(-RATE_MINUTES);
  if (minutes.length < RATE_MINUTES) return { ...next, minutes };
  return observeHalfHour({ ...next, minutes }, nowMs, countedMs);
}

/** Begins to count anew for another step; how busy it can get stays known. */
export function resetPeaks(state: PeakState): PeakState {
  return { ...state, seen: 0, countedBeforeMs: 0 };
}

/** Days of traffic that the highest half hour is taken from, at most seven. */
export function daysSeen({ sinceMs, minuteStartMs }: PeakState): number {
  return sinceMs === null ? 0 : Math.min(7, (minuteStartMs - sinceMs) / DAY_MS);
}

function observeHalfHour(state: PeakState, nowMs: number, countedMs: number): PeakState {
  const sum = state.minutes.reduce((total, requests) => total + requests, 0);
  const highs = withHigh(state.highs, nowMs, sum);
  const most = highs.reduce((highest, [, requests]) => Math.max(highest, requests), 0);
  const isHigh = sum > 0 && sum >= PEAK_SHARE * most;
  const { highSinceMs, lastPeakMs } = state;
  if (highSinceMs === null) {
    if (!isHigh) return { ...state, highs };
    return { ...state, highs, highSinceMs: nowMs, countedBeforeMs: countedMs };
  }
  const isApart = lastPeakMs === null || nowMs - lastPeakMs >= APART_MS;
  const isLevel = nowMs - Math.max(highSinceMs, lastPeakMs ?? 0) >= LEVEL_MS;
  const sinceMs = Math.max(highSinceMs, isHigh ? (lastPeakMs ?? 0) : 0);
  const counted = countedMs - state.countedBeforeMs;
  const hasCounted = counted >= COUNTED_SHARE * (nowMs - sinceMs);
  const isPeak = hasCounted && (isHigh ? isLevel : isApart);
  if (isHigh && !isLevel) return { ...state, highs };
  return {
    ...state,
    highs,
    highSinceMs: isHigh ? nowMs : null,
    countedBeforeMs: countedMs,
    seen: state.seen + (isPeak ? 1 : 0),
    lastPeakMs: isPeak ? nowMs : lastPeakMs,
  };
}

function withHigh(highs: PeakState['highs'], nowMs: number, requests: number): PeakState['highs'] {
  const slot = Math.floor(nowMs / SLOT_MS);
  const oldest = slot - MEMORY_MS / SLOT_MS;
  const newest = highs.at(-1);
  if (newest?.[0] === slot) {
    return newest[1] >= requests ? highs : [...highs.slice(0, -1), [slot, requests]];
  }
  return [...highs.filter(([each]) => each >= oldest), [slot, requests]];
}
