import type { CollectorReading } from '../model/collector.ts';
import type { ObservedSecond } from '../model/observed.ts';
import { metricsFeed } from './metrics-feed.ts';
import type { Trace } from './trace.ts';

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
    feeds: {
      legacy: metricsFeed(readings((second) => second.legacyCollector)),
      candidate: metricsFeed(readings((second) => second.candidateCollector)),
    },
  };
}
