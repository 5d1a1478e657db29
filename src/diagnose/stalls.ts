/**
 * Seconds in which the harness itself stalled: both sides are slow in them through no fault of
 * theirs. They are left out of both, whatever they show.
 */
import { LIMITS } from '../kit/limits.ts';
import { SIDES } from '../model/exchange.ts';
import { totalOf } from './series.ts';
import type { CollectionFeed, Cycle, Trace, TraceSecond } from './trace.ts';

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
/** What a long stall held up is done so long after its end, at the latest. */
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
  let behindMs = -Infinity;
  const explainedUs = explainedStalls(feeds, seconds.length);
  for (const second of seconds) {
    const isBehind = second.startMs <= behindMs;
    if (second.stallUs <= limitUs) {
      if (isBehind) behind += 1;
      else kept.push(second);
    } else if (second.stallUs <= (explainedUs.get(second.startMs) ?? 0)) {
      coinciding.push(second);
      kept.push(second);
    } else {
      stalled.push(second);
      if (second.stallUs <= LIMITS.proxyStallMaxUs) continue;
      behindMs = second.startMs + second.stallUs / 1000 + BEHIND_MS;
    }
  }
  return { seconds: kept, stalled, behind, coinciding, limitUs };
}

/** Longest cycle that is followed second by second. */
const CYCLE_MAX_MS = 60_000;
/** Of collections in more seconds than this, any stall would coincide with one. */
const COLLECTED_MAX_RATIO = 0.2;
/** A collection holds a neighbour up for as long as it lasts itself, and hardly longer. */
const EXPLAINS = 1.5;

/** The longest stall, microseconds, that a side's collection may account for, by second. */
function explainedStalls(feeds: Trace['feeds'], seconds: number): ReadonlyMap<number, number> {
  const all = new Map<number, number>();
  for (const side of SIDES) {
    const feed = feeds[side];
    const kinds = new Set(feed?.cycles.map(({ kind }) => kind));
    for (const kind of kinds) {
      const those = new Map<number, number>();
      for (const cycle of feed!.cycles) if (cycle.kind === kind) addCycle(those, cycle, feed!);
      if (those.size > COLLECTED_MAX_RATIO * seconds) continue;
      for (const [atMs, us] of those) all.set(atMs, Math.max(all.get(atMs) ?? 0, us));
    }
  }
  return all;
}

function addCycle(
  explainedUs: Map<number, number>,
  { startMs, endMs, pauseMs }: Cycle,
  { precisionMs }: CollectionFeed,
): void {
  // Of one that does not say for how long it stopped the world, only a short stall is believed.
  const us = pauseMs === null ? LIMITS.proxyStallMaxUs : EXPLAINS * 1000 * pauseMs;
  const last = Math.min(endMs, startMs + CYCLE_MAX_MS) + precisionMs;
  let atMs = Math.floor((startMs - precisionMs) / 1000) * 1000;
  for (; atMs <= last; atMs += 1000)
    explainedUs.set(atMs, Math.max(explainedUs.get(atMs) ?? 0, us));
}
