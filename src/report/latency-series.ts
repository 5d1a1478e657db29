import { LatencyHistogram } from '../measure/latency.ts';
import type { HistogramCounts } from '../model/window.ts';
import type { LatencySeries, SecondRow } from './report.ts';

/** Gathers one side's latencies second by second; several proxies may add to one second. */
export interface LatencySeriesBuilder {
  /** Adds what one second saw. `startMs` is wall clock; the second that holds it is meant. */
  add(startMs: number, counts: HistogramCounts): void;
  /** Says that the side's own counters show a collection in the second that holds `startMs`. */
  markCollection(startMs: number): void;
  /**
   * The series so far, seconds in order of time. A second with a collection and no latency is
   * there with `count` 0 and latencies 0; one with neither is not there. May be called again.
   */
  finish(): LatencySeries;
}

const SECOND_MS = 1000;

/** An empty series of this name. */
export function createLatencySeries(name: string): LatencySeriesBuilder {
  const total = new LatencyHistogram(3);
  const seconds = new Map<number, HistogramCounts[]>();
  const collections = new Set<number>();

  return {
    add(startMs, counts) {
      if (counts.length === 0) return;
      const second = secondOf(startMs);
      const parts = seconds.get(second);
      if (parts === undefined) seconds.set(second, [counts]);
      else parts.push(counts);
      total.add(counts);
    },
    markCollection(startMs) {
      collections.add(secondOf(startMs));
    },
    finish() {
      const window = new LatencyHistogram(3);
      const starts = [...new Set([...seconds.keys(), ...collections])].sort((a, b) => a - b);
      const rows = starts.map((startMs) => {
        window.reset();
        for (const counts of seconds.get(startMs) ?? []) window.add(counts);
        return rowOf(startMs, window, collections.has(startMs));
      });
      return { name, counts: total.toCounts(), seconds: rows };
    },
  };
}

function secondOf(atMs: number): number {
  return Math.floor(atMs / SECOND_MS) * SECOND_MS;
}

function rowOf(startMs: number, window: LatencyHistogram, hasCollection: boolean): SecondRow {
  return {
    startMs,
    count: window.count,
    p50Us: window.quantileUs(0.5),
    p99Us: window.quantileUs(0.99),
    p999Us: window.quantileUs(0.999),
    maxUs: window.maxUs,
    hasCollection,
  };
}
