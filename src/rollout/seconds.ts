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
  /** The longest event-loop delay of any proxy in it, microseconds. */
  readonly loopDelayMaxUs: number;
  /** The longest collection of any proxy's own, microseconds. */
  readonly ownGcMaxUs: number;
}

interface OpenSecond {
  readonly legacy: LatencyHistogram;
  readonly candidate: LatencyHistogram;
  loopDelayMaxUs: number;
  ownGcMaxUs: number;
}

/** Proxies tell on the second; a timer may fire a little before the one it was set for. */
const EARLY_MS = 10;

/** The newest seconds, for plots of latency over time. Bounded: the oldest go first. */
export class RecentSeconds {
  readonly #seconds = new Map<number, OpenSecond>();

  accept(summary: Summary): void {
    const startMs = Math.floor((summary.startMs + EARLY_MS) / 1000) * 1000;
    let second = this.#seconds.get(startMs);
    if (second === undefined) {
      const [legacy, candidate] = [new LatencyHistogram(), new LatencyHistogram()];
      second = { legacy, candidate, loopDelayMaxUs: 0, ownGcMaxUs: 0 };
      this.#seconds.set(startMs, second);
      const oldest = this.#seconds.keys().next().value;
      if (this.#seconds.size > LIMITS.recentSecondsMax && oldest !== undefined) {
        this.#seconds.delete(oldest);
      }
    }
    second.loopDelayMaxUs = Math.max(second.loopDelayMaxUs, summary.loopDelayMaxUs);
    second.ownGcMaxUs = Math.max(second.ownGcMaxUs, summary.ownGcMaxUs ?? 0);
    for (const cell of summary.cells) {
      second.legacy.add(cell.legacy);
      second.candidate.add(cell.candidate);
    }
  }

  /** Seconds that began at or after `sinceMs`, oldest first. */
  since(sinceMs: number): readonly PairedSecond[] {
    return this.#within(sinceMs, Infinity);
  }

  /** Seconds that began before `beforeMs`, oldest first; they are forgotten here. */
  take(beforeMs: number): readonly PairedSecond[] {
    const taken = this.#within(0, beforeMs);
    for (const { startMs } of taken) this.#seconds.delete(startMs);
    return taken;
  }

  #within(sinceMs: number, beforeMs: number): PairedSecond[] {
    const seconds: PairedSecond[] = [];
    for (const [startMs, { legacy, candidate, ...stalls }] of this.#seconds) {
      if (startMs < sinceMs || startMs >= beforeMs) continue;
      seconds.push({
        startMs,
        pairs: legacy.count,
        legacy: legacy.toCounts(),
        candidate: candidate.toCounts(),
        ...stalls,
      });
    }
    return seconds.sort((a, b) => a.startMs - b.startMs);
  }
}
