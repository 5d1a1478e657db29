/** The configuration as the product uses it: parsed, checked, frozen. Written by config/load. */

export interface UpstreamSettings {
  /** Origin and optional path prefix, as a URL text without a trailing slash. */
  readonly url: string;
  /** Prometheus text to read memory, CPU and collections from; null when not given. */
  readonly metricsUrl: string | null;
}

/** Where the key of a request is. `many`: every match is a key (a list in a body). */
export type KeySource =
  | { readonly from: 'path'; readonly pattern: string; readonly name: string }
  | { readonly from: 'header'; readonly name: string }
  | { readonly from: 'query'; readonly name: string }
  | { readonly from: 'cookie'; readonly name: string }
  /** JSON Pointer; a segment `*` stands for every element of an array. */
  | { readonly from: 'body'; readonly path: string };

/** How a difference at a JSON path is looked at. `path` is a JSON Pointer, `*` any one segment. */
export interface CompareRule {
  readonly path: string;
  /**
   * ignore: not compared. set: an array compared without order, elements found by the fields
   * in `by` (or by value). tolerance: numbers may differ by `tolerance` (absolute).
   * instant: timestamps are equal when they name the same moment.
   */
  readonly as: 'ignore' | 'set' | 'tolerance' | 'instant';
  readonly by: readonly string[];
  readonly tolerance: number;
  readonly reason: string;
  readonly owner: string;
  /** ISO date after which the rule no longer holds; '' for ever. */
  readonly until: string;
}

export interface RouteSettings {
  /** `METHOD /path/:name/*`; also the route's name in every report. */
  readonly match: string;
  readonly method: string;
  readonly pattern: string;
  /** Declared a read in spite of its method. */
  readonly safe: boolean;
  readonly writes: 'never' | 'mirror';
  /** Keys of this route where they are not the general key's. */
  readonly keys: KeySource | null;
  readonly compare: readonly CompareRule[];
}

export interface LadderStep {
  readonly percent: number;
  readonly holdMs: number;
  /** Distinct traffic peaks that must have passed. */
  readonly peaks: number;
  /** A person must approve before the step is left. */
  readonly approve: boolean;
}

export type GateMetric =
  | 'mismatch.rate'
  | 'errors.excess'
  | 'errors.ratio'
  | 'latency'
  | 'coverage'
  | 'memory.ratio'
  | 'cpu.ratio'
  | 'candidate.spikes';

export interface GateSettings {
  /** The gate as written, its name everywhere: `latency.p99.ratio < 1.05`. */
  readonly gate: string;
  readonly metric: GateMetric;
  /** 0.99 for p99; null where the metric has no quantile. */
  readonly quantile: number | null;
  readonly comparator: '<' | '>' | '=';
  /** A ratio (0.001 for 0.1 %); 0 for `candidate.spikes = none`. */
  readonly limit: number;
  /** Only this route (a route's `match`); null for all of them together. */
  readonly route: string | null;
  readonly windowMs: number;
  readonly minPairs: number;
  /** Chance of a wrong pass; a wrong failure has the same bound. */
  readonly alpha: number;
  /** What a failure does above 0 %; at 0 % every failure holds. */
  readonly onFail: 'rollback' | 'hold';
}

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
}

export interface RecordSettings {
  readonly path: string;
  readonly maxBytes: number;
}

export interface Settings {
  readonly listen: ListenSettings;
  readonly workers: number;
  readonly legacy: UpstreamSettings;
  readonly candidate: UpstreamSettings;
  readonly key: KeySource | null;
  readonly routes: readonly RouteSettings[];
  readonly ladder: readonly LadderStep[];
  readonly gates: readonly GateSettings[];
  readonly mirrorPercent: number;
  /** Longest a live leg may take before the client gets 504. */
  readonly liveTimeoutMs: number;
  /** How long a canary's safe request waits for the candidate before legacy's answer is taken. */
  readonly rescueAfterMs: number;
  readonly shadowTimeoutMs: number;
  readonly record: RecordSettings | null;
  /** Path of the SQLite file; control.json and recordings stand beside it. */
  readonly storePath: string;
  readonly control: ListenSettings;
}
