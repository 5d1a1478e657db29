/** Seeded traces for the diagnosis: calm seconds, and what a test puts into them. */
import {
  NO_FEEDS,
  type SideSecond,
  type Trace,
  type TraceSecond,
} from '../../src/diagnose/trace.ts';
import { createRandom, logNormal, type Random } from '../../src/kit/random.ts';
import type { Side } from '../../src/model/exchange.ts';
import type { HistogramCounts } from '../../src/model/window.ts';

/** Noon of some day: a multiple of every period that a clock keeps. */
export const START_MS = 1_700_006_400_000;

/** All requests that come within it wait for its end. */
export interface Pause {
  readonly side: Side | 'both';
  readonly atMs: number;
  readonly lengthMs: number;
}

export interface TraceOptions {
  readonly seconds: number;
  readonly pauses?: readonly Pause[];
  readonly feeds?: Trace['feeds'];
  readonly instance?: string;
  readonly seed?: number;
  readonly ratePerSec?: number;
  /** Seconds in which the harness stalled, each with how long, microseconds. */
  readonly stalls?: ReadonlyMap<number, number>;
  /** Spread of the logarithm of latency. */
  readonly sigma?: number;
  /** True where the slowest request's arrival is known. */
  readonly isExact?: boolean;
  /** Seconds that are missing. */
  readonly gaps?: ReadonlySet<number>;
}

/** A trace of that many seconds from {@link START_MS}, median 1 ms. */
export function traceOf(options: TraceOptions): Trace {
  const { seconds, pauses = [], feeds = NO_FEEDS, instance = '', seed = 1 } = options;
  const { ratePerSec = 100, stalls, sigma = 0.5, isExact = false, gaps } = options;
  const random = createRandom(seed);
  const calm = Array.from({ length: 100 }, () => latencies(random, ratePerSec, sigma));
  const rows: TraceSecond[] = [];
  const draw = (): Calm => calm[random.int(0, calm.length - 1)]!;
  for (let i = 0; i < seconds; i += 1) {
    if (gaps?.has(i) === true) continue;
    const startMs = START_MS + 1000 * i;
    const side = (name: Side): SideSecond => {
      const own = pauses.filter((pause) => pause.side === name || pause.side === 'both');
      return secondOf(draw(), own, startMs, random, isExact);
    };
    const stallUs = stalls?.get(i) ?? 0;
    rows.push({ startMs, legacy: side('legacy'), candidate: side('candidate'), stallUs });
  }
  return { instance, seconds: rows, feeds };
}

/** A second without a pause: its latencies, and the same as counts. */
interface Calm {
  readonly values: readonly number[];
  readonly counts: HistogramCounts;
}

function latencies(random: Random, count: number, sigma: number): Calm {
  const draw = (): number => 10 * Math.ceil(logNormal(random, 100, sigma));
  const values = Array.from({ length: count }, draw);
  return { values, counts: countsOf(values) };
}

function secondOf(
  calm: Calm,
  pauses: readonly Pause[],
  startMs: number,
  random: Random,
  isExact: boolean,
): SideSecond {
  const here = pauses.filter(
    ({ atMs, lengthMs }) => atMs + lengthMs > startMs && atMs < startMs + 1000,
  );
  if (here.length === 0) return { counts: calm.counts, worstAtMs: isExact ? startMs : null };
  let worst = { us: 0, atMs: startMs };
  const slowed = calm.values.map((us) => {
    const atMs = startMs + 1000 * random.next();
    const wait = here.find((each) => atMs >= each.atMs && atMs < each.atMs + each.lengthMs);
    const waitMs = wait === undefined ? 0 : wait.atMs + wait.lengthMs - atMs;
    const allUs = Math.round(us + 1000 * waitMs);
    if (allUs > worst.us) worst = { us: allUs, atMs };
    return allUs;
  });
  return { counts: countsOf(slowed), worstAtMs: isExact ? worst.atMs : null };
}

function countsOf(values: readonly number[]): HistogramCounts {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => a[0] - b[0]).flat();
}

/** Pauses of a timer that starts anew after each cycle, until the end. */
export function timerPauses(
  side: Pause['side'],
  periodMs: number,
  lengthsMs: () => number,
  seconds: number,
  firstMs: number = periodMs,
): Pause[] {
  const pauses: Pause[] = [];
  let atMs = START_MS + firstMs;
  while (atMs < START_MS + 1000 * seconds) {
    const lengthMs = lengthsMs();
    pauses.push({ side, atMs, lengthMs });
    atMs += lengthMs + periodMs;
  }
  return pauses;
}

/** Pauses that a clock begins, `offsetMs` into each period. */
export function clockPauses(
  side: Pause['side'],
  periodMs: number,
  lengthMs: number,
  seconds: number,
  offsetMs = 3000,
): Pause[] {
  const count = Math.floor((1000 * seconds - offsetMs) / periodMs);
  return Array.from({ length: count }, (_, i) => ({
    side,
    atMs: START_MS + offsetMs + i * periodMs,
    lengthMs,
  }));
}
