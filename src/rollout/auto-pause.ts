/**
 * Whether mirroring harms legacy, and what to do about it. In: seconds of live answers, with and
 * without mirroring. Out: how many seconds to leave alone, and pauses. Pure.
 *
 * A mirrored read loads what both sides share, so it harms every client alike: comparing keys
 * that are mirrored with those that are not, at one time, would show nothing. What is compared
 * is seconds: one of twenty, drawn at random, is left without mirroring (a baseline second).
 * Latency drifts for many reasons, so a window that looks worse than the baseline seconds of
 * some time only raises suspicion: then every second second becomes a baseline second, and each
 * window is judged by its own. Three in a row beyond a limit pause mirroring for a minute,
 * twice as long each time up to half an hour, after which it is tried again. What a copy still
 * does in the baseline second after it was sent makes the harm look smaller, never larger.
 */
import { addHistograms, countOf, quantileOf } from '../judge/windows.ts';
import { formatDuration, formatLatency, formatShare } from '../kit/units.ts';
import type { MirrorHarm } from '../model/rollout.ts';
import type { AutoPauseSettings } from '../model/settings.ts';
import type { HistogramCounts } from '../model/window.ts';

/** Live answers of some seconds, all proxies and routes together. */
export interface LiveLoad {
  readonly latencies: HistogramCounts;
  readonly requests: number;
  /** Of them those that clients saw fail. */
  readonly failed: number;
}

export interface AutoPauseState {
  readonly kind: 'watching' | 'suspecting' | 'paused';
  readonly withMirror: LiveLoad;
  readonly without: LiveLoad;
  /** Baseline seconds of earlier windows, newest last; what a window is first compared with. */
  readonly baseline: readonly LiveLoad[];
  readonly windowStartUs: number;
  /** Windows in a row beyond a limit, each by its own baseline seconds. */
  readonly streak: number;
  /** Length of the newest pause; 0 before the first. */
  readonly pauseMs: number;
  /** When the newest pause ends, or ended. */
  readonly resumesAtUs: number;
  readonly harm: MirrorHarm | null;
}

/**
 * Changed since the last look: what is assigned, and what the event log says of it, if anything.
 */
export interface AutoPauseStep {
  readonly state: AutoPauseState;
  readonly sentence: string | null;
}

export const NO_LOAD: LiveLoad = { latencies: [], requests: 0, failed: 0 };

const WINDOW_US = 10_000_000;
/** A window without enough answers by then begins anew. */
const WINDOW_MAX_US = 300_000_000;
/** Answers that a p99 takes on either side. */
const ANSWERS_MIN = 500;
/** Failures with mirroring below which their share says nothing. */
const FAILED_MIN = 5;
/** Windows whose baseline seconds are kept, and as many as a first comparison takes at least. */
const BASELINE_MAX = 90;
const BASELINE_MIN = 12;
const BASELINE_ANSWERS = 2000;
const STREAK_TO_PAUSE = 3;
const PAUSE_MIN_MS = 60_000;
const PAUSE_MAX_MS = 1_800_000;
const CONTROL_PERCENT = { watching: 5, suspecting: 50, paused: 0 } as const;

/** Nothing measured yet, nothing suspected. */
export function watching(nowUs: number): AutoPauseState {
  return {
    kind: 'watching',
    withMirror: NO_LOAD,
    without: NO_LOAD,
    baseline: [],
    windowStartUs: nowUs,
    streak: 0,
    pauseMs: 0,
    resumesAtUs: 0,
    harm: null,
  };
}

/** Share of the seconds that are to be baseline seconds. */
export function baselinePercentOf({ kind }: AutoPauseState): number {
  return CONTROL_PERCENT[kind];
}

/** Why nothing is mirrored; '' while it is. */
export function pauseOf({ kind, harm }: AutoPauseState): string {
  return kind === 'paused' && harm !== null ? harm.sentence : '';
}

/** With one more second of one proxy, which mirrored or did not. */
export function withLoad(
  state: AutoPauseState,
  isBaseline: boolean,
  load: LiveLoad,
): AutoPauseState {
  if (state.kind === 'paused') return state;
  if (isBaseline) return { ...state, without: addLoads(state.without, load) };
  return { ...state, withMirror: addLoads(state.withMirror, load) };
}

/** What follows at this moment; null when nothing changes. */
export function step(
  state: AutoPauseState,
  limits: AutoPauseSettings,
  nowUs: number,
): AutoPauseStep | null {
  if (state.kind === 'paused') {
    if (nowUs < state.resumesAtUs) return null;
    const sentence = `Mirroring is tried again after ${formatDuration(state.pauseMs)}`;
    return { state: fresh(state, 'watching', 0, nowUs), sentence };
  }
  if (nowUs - state.windowStartUs < WINDOW_US) return null;
  return state.kind === 'watching' ? watched(state, limits, nowUs) : judged(state, limits, nowUs);
}

/** A window while nothing is wrong: compared with the baseline seconds of some time. */
function watched(
  state: AutoPauseState,
  limits: AutoPauseSettings,
  nowUs: number,
): AutoPauseStep | null {
  const isThin = countOf(state.withMirror.latencies) < ANSWERS_MIN;
  if (isThin && nowUs - state.windowStartUs < WINDOW_MAX_US) return null;
  const baseline = [...state.baseline, state.without].slice(-BASELINE_MAX);
  const harm = harmOf(state.withMirror, newestOf(baseline), limits);
  const kind = harm?.isBeyond === true ? 'suspecting' : 'watching';
  const isLongAgo = nowUs - state.resumesAtUs >= PAUSE_MAX_MS * 1000;
  const next = { ...fresh(state, kind, 0, nowUs), baseline, harm: harm ?? state.harm };
  return { state: isLongAgo ? { ...next, pauseMs: 0 } : next, sentence: null };
}

/** A window under suspicion: compared with its own baseline seconds. */
function judged(
  state: AutoPauseState,
  limits: AutoPauseSettings,
  nowUs: number,
): AutoPauseStep | null {
  const harm = harmOf(state.withMirror, state.without, limits);
  if (harm === null) {
    if (nowUs - state.windowStartUs < WINDOW_MAX_US) return null;
    return { state: fresh(state, 'watching', 0, nowUs), sentence: null };
  }
  if (!harm.isBeyond) {
    // Legacy has changed by itself: what it was without mirroring before is out of date.
    const baseline = [state.without];
    return { state: { ...fresh(state, 'watching', 0, nowUs), baseline, harm }, sentence: null };
  }
  const streak = state.streak + 1;
  if (streak < STREAK_TO_PAUSE) {
    return { state: { ...fresh(state, 'suspecting', streak, nowUs), harm }, sentence: null };
  }
  const pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, state.pauseMs * 2));
  const sentence = `${harm.sentence}, ${STREAK_TO_PAUSE} windows in a row`;
  const paused: AutoPauseState = {
    ...fresh(state, 'paused', 0, nowUs),
    harm: { ...harm, sentence },
    pauseMs,
    resumesAtUs: nowUs + pauseMs * 1000,
  };
  const event = `Mirroring paused for ${formatDuration(pauseMs)}: ${sentence}`;
  return { state: paused, sentence: event };
}

/** The newest baseline seconds, as many as a comparison takes. */
function newestOf(baseline: readonly LiveLoad[]): LiveLoad {
  let sum = NO_LOAD;
  for (let i = baseline.length - 1; i >= 0; i -= 1) {
    const isEnough = countOf(sum.latencies) >= BASELINE_ANSWERS;
    if (isEnough && baseline.length - i > BASELINE_MIN) break;
    sum = addLoads(sum, baseline[i]!);
  }
  return sum;
}

/** The next window, as `kind`. */
function fresh(
  state: AutoPauseState,
  kind: AutoPauseState['kind'],
  streak: number,
  nowUs: number,
): AutoPauseState {
  return { ...state, kind, streak, windowStartUs: nowUs, withMirror: NO_LOAD, without: NO_LOAD };
}

/** Legacy's own figures with mirroring beside those without; null without enough answers. */
function harmOf(on: LiveLoad, off: LiveLoad, limits: AutoPauseSettings): MirrorHarm | null {
  const answersWith = countOf(on.latencies);
  const answersWithout = countOf(off.latencies);
  if (Math.min(answersWith, answersWithout) < ANSWERS_MIN) return null;
  const p99WithUs = quantileOf(on.latencies, 0.99);
  const p99WithoutUs = quantileOf(off.latencies, 0.99);
  const p99Ratio = p99WithUs / p99WithoutUs;
  const failedWith = shareOf(on);
  const failedWithout = shareOf(off);
  const errorsExcessRatio = failedWith - failedWithout;
  const isSlower = p99Ratio > limits.p99Ratio;
  const isFailing = on.failed >= FAILED_MIN && errorsExcessRatio > limits.errorsExcessRatio;
  const sign = (isBeyond: boolean): string => (isBeyond ? '>' : '<=');
  const samples = `over ${answersWith} answers with and ${answersWithout} without`;
  const slower =
    `legacy's own p99 is ${formatLatency(p99WithUs)} with mirroring, ` +
    `${formatLatency(p99WithoutUs)} without: ` +
    `ratio ${p99Ratio.toFixed(2)} ${sign(isSlower)} ${limits.p99Ratio} ${samples}`;
  const failing =
    `${formatShare(failedWith)} of the live answers fail with mirroring, ` +
    `${formatShare(failedWithout)} without: ${formatShare(Math.abs(errorsExcessRatio))} more ` +
    `${sign(isFailing)} ${formatShare(limits.errorsExcessRatio)} ${samples}`;
  return {
    p99WithUs,
    p99WithoutUs,
    p99Ratio,
    errorsExcessRatio,
    answersWith,
    answersWithout,
    isBeyond: isSlower || isFailing,
    sentence: isFailing && !isSlower ? failing : slower,
  };
}

function shareOf({ failed, requests }: LiveLoad): number {
  return requests === 0 ? 0 : failed / requests;
}

function addLoads(a: LiveLoad, b: LiveLoad): LiveLoad {
  return {
    latencies: addHistograms(a.latencies, b.latencies),
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
  };
}
