import { LIMITS } from '../kit/limits.ts';
import { LatencyHistogram } from '../measure/latency.ts';
import type { HistogramCounts, Summary } from '../model/window.ts';

/** One second of all proxies together: the latencies of the timed pairs, both sides. */
export interface PairedSecond {
  /** Wall clock of the second's beginning: a multiple of 1,000. */
  readonly startMs: number;
  readonly pairs: number;
  readonly legacy: HistogramCounts;
  readonly candidate: HistogramCounts;
}

interface OpenSecond {
  readonly legacy: LatencyHistogram;
  readonly candidate: LatencyHistogram;
}

/** The newest seconds, for plots of latency over time. Bounded: the oldest go first. */
export class RecentSeconds {
  readonly #seconds = new Map<number, OpenSecond>();

  accept(summary: Summary): void {
    const startMs = Math.floor(summary.startMs / 1000) * 1000;
    let second = this.#seconds.get(startMs);
    if (second === undefined) {
      second = { legacy: new LatencyHistogram(), candidate: new LatencyHistogram() };
      this.#seconds.set(startMs, second);
      const oldest = this.#seconds.keys().next().value;
      if (this.#seconds.size > LIMITS.recentSecondsMax && oldest !== undefined) {
        this.#seconds.delete(oldest);
      }
    }
    for (const cell of summary.cells) {
      second.legacy.add(cell.legacy);
      second.candidate.add(cell.candidate);
    }
  }

  /** Seconds that began at or after `sinceMs`, oldest first. */
  since(sinceMs: number): readonly PairedSecond[] {
    const seconds: PairedSecond[] = [];
    for (const [startMs, { legacy, candidate }] of this.#seconds) {
      if (startMs < sinceMs) continue;
      seconds.push({
        startMs,
        pairs: legacy.count,
        legacy: legacy.toCounts(),
        candidate: candidate.toCounts(),
      });
    }
    return seconds.sort((a, b) => a.startMs - b.startMs);
  }
}
