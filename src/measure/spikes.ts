/**
 * Finds seconds in which a side's p99 leaps out of what is usual for it. A leap that both sides
 * make in the same or the next second has a cause they share (the store, the network, the
 * machine, the harness) and is charged to neither. Pure.
 */

/** One second of both sides' latencies, as far as they are evidence. Microseconds. */
export interface SpikeSecond {
  readonly legacyCount: number;
  readonly legacyP99Us: number;
  readonly candidateCount: number;
  readonly candidateP99Us: number;
}

export interface SpikeState {
  /** p99 of the newest seconds of each side, oldest first: what is usual. */
  readonly legacyUsual: readonly number[];
  readonly candidateUsual: readonly number[];
  readonly hasLegacyJustSpiked: boolean;
  readonly seconds: number;
  readonly spikes: number;
  /** Seconds in which only legacy spiked. */
  readonly legacySpikes: number;
  readonly shared: number;
  readonly quietSeconds: number;
  readonly worst: { readonly p99Us: number; readonly usualUs: number } | null;
}

export const NO_SPIKE_STATE: SpikeState = {
  legacyUsual: [],
  candidateUsual: [],
  hasLegacyJustSpiked: false,
  seconds: 0,
  spikes: 0,
  legacySpikes: 0,
  shared: 0,
  quietSeconds: 0,
  worst: null,
};

/** A spike is this many times the usual p99 … */
const SPIKE_FACTOR = 5;
/** … and this much above it: five times nothing is still nothing. */
const SPIKE_MIN_US = 10_000;
/** Seconds that say what is usual, and how many there must be. */
export const USUAL_SECONDS = 60;
const USUAL_MIN_SECONDS = 5;
/** Answers a second must have for its p99 to mean anything. */
export const SECOND_ANSWERS_MIN = 50;

/** The state with one more second in it; seconds with too few answers change nothing. */
export function observeSecond(state: SpikeState, second: SpikeSecond): SpikeState {
  if (second.candidateCount < SECOND_ANSWERS_MIN || second.legacyCount < SECOND_ANSWERS_MIN)
    return state;
  const usualUs = usualOf(state.candidateUsual);
  const hasLegacySpiked = isSpike(second.legacyP99Us, usualOf(state.legacyUsual));
  const whose = whoseSpike({
    legacy: hasLegacySpiked,
    candidate: isSpike(second.candidateP99Us, usualUs),
    hasLegacyJustSpiked: state.hasLegacyJustSpiked,
  });
  const isOwn = whose === 'candidate';
  const isWorst = isOwn && second.candidateP99Us > (state.worst?.p99Us ?? 0);
  return {
    legacyUsual: [...state.legacyUsual, second.legacyP99Us].slice(-USUAL_SECONDS),
    candidateUsual: [...state.candidateUsual, second.candidateP99Us].slice(-USUAL_SECONDS),
    hasLegacyJustSpiked: hasLegacySpiked,
    seconds: state.seconds + (usualUs === null ? 0 : 1),
    spikes: state.spikes + (isOwn ? 1 : 0),
    legacySpikes: state.legacySpikes + (whose === 'legacy' ? 1 : 0),
    shared: state.shared + (whose === 'both' ? 1 : 0),
    quietSeconds: isOwn || usualUs === null ? 0 : state.quietSeconds + 1,
    worst: isWorst ? { p99Us: second.candidateP99Us, usualUs: usualUs ?? 0 } : state.worst,
  };
}

/** In which sides' second p99 leapt, and whether legacy's did in the second before. */
export interface Leaps {
  readonly legacy: boolean;
  readonly candidate: boolean;
  readonly hasLegacyJustSpiked: boolean;
}

/** Whose a spike is: `both` where they have a cause that they share; null for none. */
export function whoseSpike(leaps: Leaps): 'legacy' | 'candidate' | 'both' | null {
  if (!leaps.candidate) return leaps.legacy ? 'legacy' : null;
  return leaps.legacy || leaps.hasLegacyJustSpiked ? 'both' : 'candidate';
}

/** Begins to count anew; what is usual stays known. */
export function resetSpikes(state: SpikeState): SpikeState {
  const { legacyUsual, candidateUsual } = state;
  return { ...NO_SPIKE_STATE, legacyUsual, candidateUsual };
}

/** Whether a p99 is far above what is usual, by factor and by time. Microseconds. */
export function leaps(p99Us: number, usualUs: number): boolean {
  return p99Us > Math.max(SPIKE_FACTOR * usualUs, usualUs + SPIKE_MIN_US);
}

function isSpike(p99Us: number, usualUs: number | null): boolean {
  return usualUs !== null && leaps(p99Us, usualUs);
}

/** What is usual, by the p99 of the newest seconds; null while there are too few. */
export function usualOf(values: readonly number[]): number | null {
  if (values.length < USUAL_MIN_SECONDS) return null;
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
