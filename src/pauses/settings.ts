/**
 * The pause model: what a runtime's collections do to requests that wait in one queue for one
 * server. In: settings and a seed. Out: percentiles. It reads no clock and no file; the same
 * seed gives the same figures on every machine.
 *
 *     arrivals ──► queue ──► server, whose time the collector takes ──► four clocks
 *     (Poisson)    (FIFO)    (beam, go, none)                           (simulate.ts)
 */
import type { HeapSettings } from './heaps.ts';

export const RUNTIMES = ['beam', 'go', 'none'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

/** What one run of the model is made of. */
export interface ModelSettings {
  readonly runtime: RuntimeName;
  readonly heaps: HeapSettings;
  /** What a megabyte (1,000,000 bytes) of heap costs a collection, milliseconds. */
  readonly costMsPerMb: number;
  /** From one collection to the next. */
  readonly periodMs: number;
  /** Arrivals a second, a Poisson process that waits for nobody. */
  readonly ratePerSec: number;
  /** Work of a request without any collection: a normal distribution, never below zero. */
  readonly serviceMs: number;
  readonly deviationMs: number;
  readonly requests: number;
  /** Connections of the closed loop that is shown beside it. */
  readonly clients: number;
  readonly windowMs: number;
}

/** Requests of the published program, and what else it sets. */
export const PUBLISHED = {
  requests: 200_000,
  ratePerSec: 500,
  heapBytes: 8_000_000,
  costMsPerMb: 12,
  periodMs: 120_000,
  beam: { serviceMs: 1.8, deviationMs: 0.3 },
  candidate: { serviceMs: 1.4, deviationMs: 0.25 },
} as const;

/** What a megabyte costs where nothing else is said. */
export const COST_MS_PER_MB: Readonly<Record<RuntimeName, number>> = {
  beam: PUBLISHED.costMsPerMb,
  // A quarter of the processor marks about one gigabyte a second.
  go: 1,
  none: 0,
};
