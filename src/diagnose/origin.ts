/**
 * Who keeps the period: a timer in the process, which starts anew after each cycle and therefore
 * drifts, or a clock, which does not.
 */
import type { Period } from './period.ts';

/** What the drift says. */
export interface Origin {
  readonly kind: 'timer' | 'clock' | 'undecided';
  /** The round period nearby, as people configure it; null where there is none. */
  readonly nominalMs: number | null;
  /** How much later than a clock each cycle begins; null without a nominal period. */
  readonly driftMs: number | null;
  /** All cycles' drift together, and what it would be at least if each cycle were waited for. */
  readonly driftedMs: number | null;
  readonly expectedMs: number;
  readonly cycles: number;
}

const NOMINALS_MS: readonly number[] = [
  10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 600, 900, 1200, 1800, 3600,
].map((seconds) => seconds * 1000);
/** A period this near to a round one is meant to be it. */
const NEAR_RATIO = 0.02;
/** A drift is one beyond so many times its own error, and what beginnings are known to. */
const ERRORS = 4;
const RESOLUTIONS = 1.5;
/** Expected to be so many times as large, a drift that is not seen is not there. */
const MARGIN = 2;

/** `pauseMs`: how long a cycle takes at least; a timer that waits for it drifts by as much. */
export function originOf(period: Period, pauseMs: number, resolutionMs: number): Origin {
  const { periodMs, errorMs, chain } = period;
  const cycles = chain.cycles.at(-1)!;
  const nearest = NOMINALS_MS.reduce((a, b) =>
    Math.abs(Math.log(b / periodMs)) < Math.abs(Math.log(a / periodMs)) ? b : a,
  );
  const expectedMs = pauseMs * cycles;
  if (Math.abs(periodMs - nearest) > NEAR_RATIO * nearest) {
    const none = { nominalMs: null, driftMs: null, driftedMs: null };
    return { kind: 'timer', ...none, expectedMs, cycles };
  }
  const driftMs = periodMs - nearest;
  const driftedMs = driftMs * cycles;
  const leastMs = Math.max(RESOLUTIONS * resolutionMs, ERRORS * errorMs * cycles);
  const isDrifting = Math.abs(driftedMs) > leastMs;
  const isLocked = !isDrifting && expectedMs > MARGIN * Math.max(leastMs, Math.abs(driftedMs));
  const kind = isDrifting ? 'timer' : isLocked ? 'clock' : 'undecided';
  return { kind, nominalMs: nearest, driftMs, driftedMs, expectedMs, cycles };
}
