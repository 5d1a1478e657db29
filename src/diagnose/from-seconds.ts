import type { CollectorReading } from '../model/collector.ts';
import type { ObservedSecond } from '../model/observed.ts';
import { metricsFeed } from './metrics-feed.ts';
import type { ProcessReading } from '../model/process-reading.ts';
import type { ProcessPoint, Trace } from './trace.ts';

/** The trace of a run's stored seconds; empty ones say nothing of either side. */
export function traceOfSeconds(seconds: readonly ObservedSecond[], instance = ''): Trace {
  const readings = (
    pick: (second: ObservedSecond) => CollectorReading | null,
  ): CollectorReading[] => seconds.flatMap((second) => pick(second) ?? []);
  return {
    instance,
    seconds: seconds
      .filter(({ pairs }) => pairs > 0)
      .map(({ startMs, legacy, candidate, loopDelayMaxUs, ownGcMaxUs = 0 }) => ({
        startMs,
        legacy: { counts: legacy, worstAtMs: null },
        candidate: { counts: candidate, worstAtMs: null },
        stallUs: Math.max(loopDelayMaxUs, ownGcMaxUs),
        ownGcUs: ownGcMaxUs,
      })),
    processes: {
      legacy: seconds.flatMap((each) => pointOf(each.legacyProcess, each.legacyCollector)),
      candidate: seconds.flatMap((each) => pointOf(each.candidateProcess, each.candidateCollector)),
    },
    feeds: {
      legacy: metricsFeed(readings((second) => second.legacyCollector)),
      candidate: metricsFeed(readings((second) => second.candidateCollector)),
    },
  };
}

function pointOf(
  told: ProcessReading | undefined,
  collector: CollectorReading | null,
): ProcessPoint[] {
  if (told === undefined) return [];
  const kinds = Object.values(collector?.kinds ?? {});
  const collections = {
    count: kinds.reduce((sum, { count }) => sum + count, 0),
    pausedMs: kinds.some(({ pausedMs }) => pausedMs === null)
      ? null
      : kinds.reduce((sum, { pausedMs }) => sum + (pausedMs ?? 0), 0),
  };
  return [{ ...told, collections: collector === null ? null : collections }];
}
