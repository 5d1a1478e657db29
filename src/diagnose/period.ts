/** The period of spikes: four methods, of which two have to agree. */
import { type Chain, intervalPeriod, longestChain } from './intervals.ts';
import { lagPeriod } from './autocorrelation.ts';
import type { Spikes } from './events.ts';
import { phasePeriod } from './event-phases.ts';
import { spectralPeriod } from './lomb-scargle.ts';

/** What one method found. */
export interface MethodFinding {
  readonly method: 'intervals' | 'autocorrelation' | 'phases' | 'spectrum';
  /** Null where it found none. */
  readonly periodMs: number | null;
  readonly isAgreeing: boolean;
  /** Its own figures, in words. */
  readonly evidence: string;
}

/** A period, and the events that keep it. */
export interface Period {
  readonly periodMs: number;
  readonly errorMs: number;
  readonly chain: Chain;
  /** Enough events keep it; else it is only suspected. */
  readonly isProven: boolean;
}

/** Events without which no period is proven. */
export const PERIOD_EVENTS_MIN = 8;
const METHODS_MIN = 2;
const VARIATION_MAX = 0.1;
const P_MAX = 0.001;
/** Two periods are the same within this share, and within a second. */
const SAME_RATIO = 0.02;
const SAME_MS = 1000;
/** Share of a chain's periods that hold one of its events, and of all events that are in it. */
const FILLED_MIN = 0.7;
const CHAINED_MIN = 0.5;
/** The spectrum's peak may be at such a part of the period. */
const PART_MAX = 10;
const PART_OFF = 0.05;

type Found = Omit<MethodFinding, 'isAgreeing'>;

/** A period, null where no two methods agree, and what each method says. */
export interface PeriodFinding {
  readonly period: Period | null;
  readonly methods: readonly MethodFinding[];
}

/** The period of the spikes, and what each method says of it. */
export function findPeriod(spikes: Spikes): PeriodFinding {
  const atMs = spikes.events.map((event) => event.worstAtMs);
  const found = methodsOn(spikes, atMs);
  const candidates = found.flatMap(({ method, periodMs }) =>
    periodMs === null || method === 'spectrum' ? [] : [periodMs],
  );
  let best: { periodMs: number; agreeing: number } | null = null;
  for (const periodMs of candidates) {
    const agreeing = found.filter((each) => agrees(each, periodMs)).length;
    if (agreeing > (best?.agreeing ?? METHODS_MIN - 1)) best = { periodMs, agreeing };
  }
  const chain = best === null ? null : longestChain(atMs, best.periodMs);
  if (chain === null || !holds(chain, atMs.length)) {
    return { period: null, methods: found.map((each) => ({ ...each, isAgreeing: false })) };
  }
  const { periodMs, errorMs } = chain;
  const isProven = chain.atMs.length >= PERIOD_EVENTS_MIN;
  return {
    period: { periodMs, errorMs, chain, isProven },
    methods: found.map((each) => ({ ...each, isAgreeing: agrees(each, periodMs) })),
  };
}

function holds({ atMs, cycles }: Chain, events: number): boolean {
  const filled = atMs.length / (cycles.at(-1)! + 1);
  return filled >= FILLED_MIN && atMs.length >= CHAINED_MIN * events;
}

function methodsOn({ scores, resolutionMs }: Spikes, atMs: readonly number[]): readonly Found[] {
  const intervals = intervalPeriod(atMs);
  const isKept = intervals !== null && intervals.variation < VARIATION_MAX;
  const lag = lagPeriod(scores);
  const phases = phasePeriod(atMs, resolutionMs);
  const isPhased = phases !== null && phases.p < P_MAX;
  const found: Found[] = [
    {
      method: 'intervals',
      periodMs: isKept ? intervals.periodMs : null,
      evidence:
        intervals === null ? 'no whole multiples' : `spread ${percent(intervals.variation)}`,
    },
    {
      method: 'autocorrelation',
      periodMs: lag?.periodMs ?? null,
      evidence:
        lag === null
          ? 'no lag better than by chance'
          : `${lag.correlation.toFixed(2)}, by chance up to ${lag.byChance.toFixed(2)}`,
    },
    {
      method: 'phases',
      periodMs: isPhased ? phases.periodMs : null,
      evidence:
        phases === null ? 'too few events' : `H ${phases.h.toFixed(0)}, p ${chance(phases.p)}`,
    },
  ];
  if (!scores.some((score) => Number.isNaN(score))) return found;
  const spectrum = spectralPeriod(scores);
  return [
    ...found,
    {
      method: 'spectrum',
      periodMs: spectrum !== null && spectrum.p < P_MAX ? spectrum.periodMs : null,
      evidence:
        spectrum === null
          ? 'flat'
          : `power ${spectrum.power.toFixed(1)}, p ${chance(spectrum.p)}, rows with gaps`,
    },
  ];
}

function agrees({ method, periodMs }: Found, with_: number): boolean {
  if (periodMs === null) return false;
  if (method !== 'spectrum') return isSamePeriod(periodMs, with_);
  const parts = with_ / periodMs;
  const whole = Math.round(parts);
  return whole >= 1 && whole <= PART_MAX && Math.abs(parts - whole) <= PART_OFF * whole;
}

/** Whether two periods are the same as far as such methods can tell. */
export function isSamePeriod(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(SAME_MS, SAME_RATIO * Math.max(a, b));
}

/** A chance as people read it: `0.03`, `2e-9`. */
export function chance(p: number): string {
  return p === 0 ? 'below 1e-300' : p < 0.001 ? p.toExponential(0) : p.toPrecision(2);
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}
