/**
 * Which windows of memory and CPU count: those in which both caches are full, or have stopped to
 * grow. A cache that still fills needs less than it will, and one that reserves all it will ever
 * need at once would look the worse beside it. A side that does not tell is taken as it is.
 */
import { formatShare } from '../kit/units.ts';
import { type Side, SIDES } from '../model/exchange.ts';
import type { ResourcePoint } from './evidence.ts';
import type { Missing } from './gate-judge.ts';

/** From here on a cache is full: entries come and go. */
const FULL = 0.98;
/** One that holds hardly more than so long ago has what it needs, and will not fill. */
const STILL_MS = 30 * 60_000;
const STILL_RATIO = 1.01;

/** Points that count, and what is waited for; null: both caches are full, or still. */
export interface Filled {
  readonly points: readonly ResourcePoint[];
  readonly missing: Missing | null;
}

/** `points` are oldest first. */
export function filledOf(points: readonly ResourcePoint[]): Filled {
  const settled: ResourcePoint[] = [];
  let filling: Side | undefined;
  let before = -1;
  for (const point of points) {
    // The newest of those long enough ago: it looks at the past alone.
    while (points[before + 1]!.startMs <= point.startMs - STILL_MS) before += 1;
    filling = SIDES.find((side) => !isSettled(point, points[before], side));
    if (filling === undefined) settled.push(point);
  }
  return { points: settled, missing: filling === undefined ? null : forecast(points, filling) };
}

function isSettled(point: ResourcePoint, before: ResourcePoint | undefined, side: Side): boolean {
  const fill = fillOf(point, side);
  if (fill === undefined || fill >= FULL) return true;
  const then = before === undefined ? undefined : fillOf(before, side);
  return then !== undefined && fill <= STILL_RATIO * then;
}

function fillOf(point: ResourcePoint, side: Side): number | undefined {
  return side === 'legacy' ? point.legacyFill : point.candidateFill;
}

function forecast(points: readonly ResourcePoint[], side: Side): Missing {
  const newest = points.at(-1)!;
  const first = points.find(({ startMs }) => startMs >= newest.startMs - STILL_MS)!;
  const fill = fillOf(newest, side)!;
  const grown = fill - (fillOf(first, side) ?? fill);
  const spanMs = newest.startMs - first.startMs;
  const untilFullMs = grown > 0 ? ((1 - fill) / grown) * spanMs : Infinity;
  // Or it stops to grow, which takes half an hour to be seen.
  const untilStillMs = grown <= (STILL_RATIO - 1) * fill ? STILL_MS - spanMs : Infinity;
  const expectedMs = Math.max(0, Math.min(untilFullMs, untilStillMs));
  return {
    what: `${side}'s cache still fills: it is ${formatShare(fill)} full`,
    expectedMs: Number.isFinite(expectedMs) ? expectedMs : null,
  };
}
