/**
 * Periods told from the phases of events: de Jager's H-test, which sums harmonics, as a train of
 * pulses has its power there. In: beginnings in order, milliseconds.
 */

/** The period at which phases agree best. */
export interface PhasePeriod {
  readonly periodMs: number;
  readonly h: number;
  /** Chance of so much in any of the periods tried, if events came at random. */
  readonly p: number;
}

const HARMONICS = 20;
/** Harmonics while the best period is being looked for. */
const SEARCH_HARMONICS = 10;
const PERIOD_MIN_MS = 10_000;
const PERIOD_MAX_MS = 10_800_000;
/** Newest events that are looked at. */
const EVENTS_MAX = 256;
const TRIALS_MAX = 60_000;
/** A longer period as good as this is the period, and the best one a part of it. */
const NEARLY = 0.9;

/**
 * H of the events at one period: max over m of Z²(m) − 4m + 4. Harmonics finer than
 * `resolutionMs` say nothing and are left out. Source: de Jager, Raubenheimer and Swanepoel 1989.
 */
export function phaseTest(
  atMs: readonly number[],
  periodMs: number,
  resolutionMs: number,
  harmonics: number = HARMONICS,
): number {
  const most = Math.max(1, Math.min(harmonics, Math.floor(periodMs / (4 * resolutionMs))));
  const cosines = new Float64Array(most);
  const sines = new Float64Array(most);
  for (const each of atMs) {
    const angle = (2 * Math.PI * ((each - atMs[0]!) % periodMs)) / periodMs;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    let turnedCos = 1;
    let turnedSin = 0;
    for (let j = 0; j < most; j += 1) {
      [turnedCos, turnedSin] = [
        turnedCos * cos - turnedSin * sin,
        turnedSin * cos + turnedCos * sin,
      ];
      cosines[j] = cosines[j]! + turnedCos;
      sines[j] = sines[j]! + turnedSin;
    }
  }
  let power = 0;
  let best = -Infinity;
  for (let j = 0; j < most; j += 1) {
    power += (2 / atMs.length) * (cosines[j]! ** 2 + sines[j]! ** 2);
    best = Math.max(best, power - 4 * (j + 1) + 4);
  }
  return best;
}

/** The best period of the H-test from 10 s to 3 h, or to half of the span; null for none. */
export function phasePeriod(allMs: readonly number[], resolutionMs: number): PhasePeriod | null {
  const atMs = allMs.slice(-EVENTS_MAX);
  if (atMs.length < 4) return null;
  const spanMs = atMs.at(-1)! - atMs[0]!;
  const longestMs = Math.min(PERIOD_MAX_MS, spanMs / 2);
  if (longestMs <= PERIOD_MIN_MS) return null;
  const [low, high] = [1 / longestMs, 1 / PERIOD_MIN_MS];
  const trials = Math.min(TRIALS_MAX, Math.ceil((high - low) * spanMs * 2 * SEARCH_HARMONICS));
  const tried: { periodMs: number; h: number }[] = [];
  for (let i = 0; i <= trials; i += 1) {
    const periodMs = 1 / (low + ((high - low) * i) / trials);
    tried.push({ periodMs, h: phaseTest(atMs, periodMs, resolutionMs, SEARCH_HARMONICS) });
  }
  const top = Math.max(...tried.map(({ h }) => h));
  // From the longest: a train of pulses fits every whole part of its period as well.
  const near = tried.findIndex(({ h }) => h >= NEARLY * top);
  const at = climb(tried, near);
  const found = refine(atMs, tried[at]!.periodMs, (high - low) / trials, resolutionMs);
  return { ...found, p: Math.min(1, trials * Math.exp(-0.4 * found.h)) };
}

function climb(tried: readonly { readonly h: number }[], from: number): number {
  let at = from;
  while (at + 1 < tried.length && tried[at + 1]!.h > tried[at]!.h) at += 1;
  return at;
}

/** The best of a fine grid around, all harmonics counted. */
function refine(
  atMs: readonly number[],
  near: number,
  step: number,
  resolutionMs: number,
): { readonly periodMs: number; readonly h: number } {
  let best = { periodMs: near, h: phaseTest(atMs, near, resolutionMs) };
  for (let i = -20; i <= 20; i += 1) {
    const periodMs = 1 / (1 / near + (step * i) / 10);
    const h = phaseTest(atMs, periodMs, resolutionMs);
    if (h > best.h) best = { periodMs, h };
  }
  return best;
}
