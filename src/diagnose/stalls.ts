/**
 * Seconds in which the harness itself stalled: both sides are slow in them through no fault of
 * theirs. They are left out of both, whatever they show.
 */
import { LIMITS } from '../kit/limits.ts';
import { SIDES } from '../model/exchange.ts';
import { totalOf } from './series.ts';
import type { Trace, TraceSecond } from './trace.ts';

/** A trace without its stalled seconds, and what was left out. */
export interface Unstalled {
  readonly seconds: readonly TraceSecond[];
  readonly stalled: readonly TraceSecond[];
  /** How many seconds behind a long stall were left out as well: what it held up ends in them. */
  readonly behind: number;
  /** Stalled in a second in which a side collected, on one machine with it: not left out. */
  readonly coinciding: readonly TraceSecond[];
  /** A stall longer than this taints its second, microseconds. */
  readonly limitUs: number;
}

const LIMIT_MIN_US = 5000;
const LIMIT_MAX_US = 10_000;
/** Behind a long stall, the next second. */
const BEHIND_MS = 1000;
/** Share of stalled seconds beyond which nothing is concluded. */
export const STALLED_MAX_RATIO = 0.01;

/** The limit is legacy's p99, from 5 to 10 ms. */
export function withoutStalls({ seconds, feeds }: Trace): Unstalled {
  const p99Us = totalOf(seconds.map(({ legacy }) => legacy.counts)).quantileUs(0.99);
  const limitUs = Math.max(LIMIT_MIN_US, Math.min(LIMIT_MAX_US, p99Us));
  const stalled: TraceSecond[] = [];
  const coinciding: TraceSecond[] = [];
  const kept: TraceSecond[] = [];
  let behind = 0;
  let longMs = -Infinity;
  const collected = collectedSeconds(feeds, seconds.length);
  for (const second of seconds) {
    const isBehind = second.startMs - longMs <= BEHIND_MS;
    if (second.stallUs <= limitUs) {
      if (isBehind) behind += 1;
      else kept.push(second);
    } else if (collected.has(second.startMs)) {
      coinciding.push(second);
      kept.push(second);
    } else {
      stalled.push(second);
      if (second.stallUs > LIMITS.proxyStallMaxUs) longMs = second.startMs;
    }
  }
  return { seconds: kept, stalled, behind, coinciding, limitUs };
}

/** Longest cycle that is followed second by second. */
const CYCLE_MAX_MS = 60_000;
/** Of collections in more seconds than this, any stall would coincide with one. */
const COLLECTED_MAX_RATIO = 0.2;

function collectedSeconds(feeds: Trace['feeds'], seconds: number): ReadonlySet<number> {
  const collected = new Map<string, Set<number>>();
  for (const side of SIDES) {
    const feed = feeds[side];
    for (const { startMs, endMs, kind } of feed?.cycles ?? []) {
      const name = `${side} ${kind}`;
      const those = collected.get(name) ?? new Set<number>();
      collected.set(name, those);
      const last = Math.min(endMs, startMs + CYCLE_MAX_MS) + feed!.precisionMs;
      let atMs = Math.floor((startMs - feed!.precisionMs) / 1000) * 1000;
      for (; atMs <= last; atMs += 1000) those.add(atMs);
    }
  }
  const rare = [...collected.values()].filter(({ size }) => size <= COLLECTED_MAX_RATIO * seconds);
  return new Set(rare.flatMap((each) => [...each]));
}
