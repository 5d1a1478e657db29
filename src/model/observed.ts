import type { CollectorReading } from './collector.ts';
import type { ProcessReading } from './process-reading.ts';
import type { HistogramCounts } from './window.ts';

/** One second of a run, all proxies together: latencies of the timed pairs, both sides. */
export interface ObservedSecond {
  /** Wall clock of the second's beginning: a multiple of 1,000. */
  readonly startMs: number;
  readonly pairs: number;
  readonly legacy: HistogramCounts;
  readonly candidate: HistogramCounts;
  /** The longest event-loop delay of any proxy in it, microseconds. */
  readonly loopDelayMaxUs: number;
  /** The longest collection of any proxy's own in it, microseconds; absent: not told. */
  readonly ownGcMaxUs?: number;
  /** What the sides told of their collections in it; null where they told nothing new. */
  readonly legacyCollector: CollectorReading | null;
  readonly candidateCollector: CollectorReading | null;
  /** And of their memory, CPU and caches; absent: nothing new. */
  readonly legacyProcess?: ProcessReading;
  readonly candidateProcess?: ProcessReading;
}
