/** Readings of counters, one after the other, as cycles: what was counted since the last one. */
import type { CollectorReading } from '../model/collector.ts';
import type { CollectionFeed, Cycle } from './trace.ts';

/** Readings come once a second; one that is older than this says nothing of when. */
const APART_MAX_MS = 10_000;
/** How long a cycle has gone on at least before the end that was told: till the reading before. */
const BEFORE_END_MS = 1000;
/** A concurrent cycle takes seconds where the program leaves it little time. */
const LEADS_MS = [0, 1000, 3000, 7000];

/**
 * The feed of a side's readings, oldest first; null where there are none. A cycle lies between
 * the two readings that differ, or shortly before the end that the process told.
 */
export function metricsFeed(readings: readonly CollectorReading[]): CollectionFeed | null {
  if (readings.length === 0) return null;
  const cycles: Cycle[] = [];
  for (const [i, reading] of readings.entries()) {
    const before = readings[i - 1];
    if (before === undefined || reading.atMs - before.atMs > APART_MAX_MS) continue;
    for (const [kind, { count, pausedMs }] of Object.entries(reading.kinds)) {
      const earlier = before.kinds[kind];
      const fresh = count - (earlier?.count ?? 0);
      // Fewer than before: the process has begun anew.
      if (fresh <= 0) continue;
      const was = earlier?.pausedMs ?? 0;
      const pauseMs = pausedMs === null ? null : Math.max(0, pausedMs - was);
      cycles.push({ ...between(before, reading, fresh), pauseMs, kind });
    }
  }
  const isEndTold = readings.some(({ lastEndMs }) => lastEndMs !== null);
  return {
    source: 'Prometheus metrics',
    precisionMs: 50,
    isBracketed: true,
    ...(isEndTold && { leadsMs: LEADS_MS }),
    cycles,
  };
}

function between(
  before: CollectorReading,
  { atMs, lastEndMs }: CollectorReading,
  fresh: number,
): Pick<Cycle, 'startMs' | 'endMs'> {
  const isTold = fresh === 1 && lastEndMs !== null && lastEndMs > before.atMs && lastEndMs <= atMs;
  if (!isTold) return { startMs: before.atMs, endMs: atMs };
  return { startMs: Math.max(before.atMs, lastEndMs - BEFORE_END_MS), endMs: lastEndMs };
}
