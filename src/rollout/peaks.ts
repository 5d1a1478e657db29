/**
 * Counts distinct traffic peaks: a step that asks for three has seen three busy times. A peak is
 * a stretch in which the rate of the last half hour is at least 0.8 of the highest seen; it
 * counts once it is over and if the last one is four hours past. Traffic that stays level
 * counts as one peak a day. Pure.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RATE_MINUTES = 30;
const PEAK_SHARE = 0.8;
const APART_MS = 4 * HOUR_MS;
const LEVEL_MS = 24 * HOUR_MS;

export interface PeakState {
  /** Peaks since the step began. */
  readonly seen: number;
  /** Requests of the newest whole minutes, oldest first, at most thirty. */
  readonly minutes: readonly number[];
  readonly minuteStartMs: number;
  readonly inMinute: number;
  /** The highest half hour so far. */
  readonly most: number;
  /** When the stretch above 0.8 of it began; null below. */
  readonly highSinceMs: number | null;
  readonly lastPeakMs: number | null;
}

export const NO_PEAKS: PeakState = {
  seen: 0,
  minutes: [],
  minuteStartMs: 0,
  inMinute: 0,
  most: 0,
  highSinceMs: null,
  lastPeakMs: null,
};

/** The state after `requests` more by `nowMs`. */
export function observeTraffic(state: PeakState, nowMs: number, requests: number): PeakState {
  const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  if (startMs === state.minuteStartMs) return { ...state, inMinute: state.inMinute + requests };
  const minutes = [...state.minutes, state.inMinute].slice(-RATE_MINUTES);
  const next = { ...state, minutes, minuteStartMs: startMs, inMinute: requests };
  return minutes.length < RATE_MINUTES ? next : observeHalfHour(next, nowMs);
}

/** Begins to count anew for another step; how busy it can get stays known. */
export function resetPeaks(state: PeakState): PeakState {
  return { ...state, seen: 0 };
}

function observeHalfHour(state: PeakState, nowMs: number): PeakState {
  const sum = state.minutes.reduce((total, requests) => total + requests, 0);
  const most = Math.max(state.most, sum);
  const isHigh = sum > 0 && sum >= PEAK_SHARE * most;
  const highSinceMs = isHigh ? (state.highSinceMs ?? nowMs) : null;
  const isOver = !isHigh && state.highSinceMs !== null;
  const isApart = state.lastPeakMs === null || nowMs - state.lastPeakMs >= APART_MS;
  const levelSinceMs = Math.max(highSinceMs ?? nowMs, state.lastPeakMs ?? 0);
  const isLevel = isHigh && nowMs - levelSinceMs >= LEVEL_MS;
  if (!(isOver && isApart) && !isLevel) return { ...state, most, highSinceMs };
  return { ...state, most, highSinceMs, seen: state.seen + 1, lastPeakMs: nowMs };
}
