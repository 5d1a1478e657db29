import type { ClusterRow } from '../model/cluster.ts';
import type { GateOutcome, GateResult, RolloutEvent } from '../model/rollout.ts';
import type { HistogramCounts, TrafficCounts } from '../model/window.ts';

/** One line of a latency plot: a side, or a side under some condition. */
export interface LatencySeries {
  /** `legacy`, `slab`, `slab, forced collections` … */
  readonly name: string;
  readonly counts: HistogramCounts;
  readonly seconds: readonly SecondRow[];
}

/** One second of a series. Latencies in microseconds. */
export interface SecondRow {
  readonly startMs: number;
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** The side's own counters show a collection in this second. */
  readonly hasCollection: boolean;
}

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader must know to read the figures. */
  readonly notes: readonly string[];
}

/** Everything a report shows; the four renderers print the same facts. */
export interface Report {
  readonly title: string;
  /** The outcome in a sentence of its own; absent: it is told from the gates. */
  readonly headline?: string;
  /** Sentences that say what was run: command, machine, versions, seeds. */
  readonly context: readonly string[];
  readonly outcome: GateOutcome;
  readonly traffic: TrafficCounts | null;
  readonly gates: readonly GateResult[];
  readonly clusters: readonly ClusterRow[];
  readonly events: readonly RolloutEvent[];
  readonly tables: readonly ReportTable[];
  readonly latency: readonly LatencySeries[];
  readonly warnings: readonly string[];
  /** What tables say, for machines: in JSON alone. */
  readonly facts?: Readonly<Record<string, unknown>>;
}
