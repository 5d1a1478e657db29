import type { DivergenceKind } from './pair.ts';

/**
 * What happened between the two values of a divergence, legacy's named first. Of two classes:
 * `number -> string`, `string -> absent`, `0 -> null`; of two status codes: `200 -> 500`; within
 * one class one word, as seen from legacy. `various`: of clusters that are counted together.
 */
export type ValueChange =
  | 'larger'
  | 'smaller'
  | 'later'
  | 'earlier'
  | 'longer'
  | 'shorter'
  | 'changed'
  /** The kind says all there is to say. */
  | 'rewritten'
  | 'various'
  | `${string} -> ${string}`;

/** What a value is, told from its text alone. */
export type ValueClass =
  | 'absent'
  | 'null'
  | 'true'
  | 'false'
  | '0'
  | 'number'
  | '""'
  | 'string'
  | '[]'
  | 'list'
  | '{}'
  | 'object'
  /** No JSON: a field, a part of a body. */
  | 'text';

export interface ClusterExample {
  /** Method and target of the request. */
  readonly request: string;
  readonly path: string;
  readonly legacy: string | null;
  readonly candidate: string | null;
  readonly atMs: number;
  /** Asked again the sides agreed, though no write explains it; absent: not known to. */
  readonly wasGone?: true;
}

/** An example that may give way to others: those with the smallest tags stay, and the oldest. */
export interface SampledExample extends ClusterExample {
  /** Drawn uniformly in [0, 1). */
  readonly tag: number;
}

/** One value of one side; null where it has none. Long ones are cut and end in their digest. */
export interface SeenValue {
  readonly text: string | null;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The values of one side, the earliest first; null when there were more than are kept. */
export type SeenValues = readonly SeenValue[] | null;

/**
 * Divergences with one cause: same route, same path template, same kind, same change. Adds up:
 * clusters of two proxies, or of two seconds, make one without loss.
 */
export interface Cluster {
  /** The route; of requests that match none, method and template of their path. */
  readonly route: string;
  /** The route under which its pairs are counted. */
  readonly countedAs: string;
  /**
   * JSON Pointer with `*` for every array index, every id and every one of many; of the last, as
   * in `route`, by a mark that is not shown.
   */
  readonly path: string;
  readonly kind: DivergenceKind;
  readonly change: ValueChange;
  /** Pairs that show it, each once. */
  readonly count: number;
  /** Arrival of the first and of the last of them. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** A sketch of their keys: see DistinctSketch. */
  readonly keys: string;
  readonly legacy: SeenValues;
  readonly candidate: SeenValues;
  /** The oldest and a sample, oldest first; credentials already replaced. */
  readonly examples: readonly SampledExample[];
}

/** What part of a route's compared pairs shows a cluster. */
export interface ClusterRate {
  /** Compared pairs of the route. */
  readonly compared: number;
  /** 0 to 1. */
  readonly ratio: number;
  /** An interval that holds the true share at 95 %, however often one looks. */
  readonly lower: number;
  readonly upper: number;
}

/** How many of a route's keys a cluster touches: estimates, a few in a hundred off. */
export interface ClusterKeys {
  readonly touched: number;
  /** Of the route's compared pairs. */
  readonly seen: number;
  /** 0 to 1. */
  readonly ratio: number;
}

/** A cluster as people and machines see it, held against all that its route was compared. */
export interface ClusterRow {
  readonly route: string;
  readonly countedAs: string;
  readonly path: string;
  readonly kind: DivergenceKind;
  readonly change: ValueChange;
  readonly count: number;
  /** Null where nobody has counted the route's pairs. */
  readonly rate: ClusterRate | null;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Null where its requests have no key. */
  readonly keys: ClusterKeys | null;
  /** Which side changed, and when, as far as the values tell. */
  readonly sides: string;
  readonly examples: readonly ClusterExample[];
}
