import type { Exchange, RequestMessage, Side } from './exchange.ts';

/** What kind of difference a divergence is: one closed list, inferred from the values. */
export const DIVERGENCE_KINDS = [
  'status',
  'header',
  'length',
  'missing',
  'added',
  'type',
  'value',
  'id-precision',
  'timestamp-precision',
  'timestamp-format',
  'fields-swapped',
  'array-order',
  'duplicate-key',
  'number-format',
  'null-or-missing',
  'encoding',
  'stale',
  'truncated',
] as const;
export type DivergenceKind = (typeof DIVERGENCE_KINDS)[number];

/** Why a pair could not be compared. */
export const NOT_COMPARABLE_REASONS = [
  'live-failed',
  'shadow-failed',
  'unavailable',
  'too-large',
  'tainted',
  'raced',
  'not-sampled',
  'client-aborted',
  'compare-dropped',
  'overload',
  'worker-lost',
] as const;
export type NotComparableReason = (typeof NOT_COMPARABLE_REASONS)[number];

/** Why a request was not mirrored although there was room for it. */
export const SKIP_REASONS = [
  'write',
  'too-large',
  'sampled',
  /** Its route is not among those mirrored. */
  'route',
  /** Beyond the configured rate. */
  'rate',
  /** Mirroring is paused, by a person or because legacy suffers. */
  'paused',
  /** A second left alone on purpose, to measure legacy without mirroring. */
  'baseline',
  /** A tester chose the side. */
  'override',
  /** A switch of protocols: it goes to the live side alone. */
  'upgrade',
  /** An event stream. */
  'stream',
  /** The client left, or broke its body off, before the request was whole. */
  'incomplete',
  /** A write behind others of its key that wait to be replayed. */
  'journalled',
  /** The proxy serves only: it is in safe mode. */
  'bypass',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Why a request that should have been mirrored was not: a limit of ours. */
export const DROP_REASONS = [
  'shadow-queue-full',
  'shadow-bytes-full',
  /** The shadow has failed again and again: it is left alone for a while. */
  'breaker-open',
  /** The proxy itself is short of memory or time: live traffic comes first. */
  'overload',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** One located difference. Values are JSON text (or raw text), cut at a limit. */
export interface Divergence {
  /** JSON Pointer into the body, or `status`, `header:NAME`, `trailer:NAME`, `body`. */
  readonly path: string;
  readonly kind: DivergenceKind;
  /** Undefined where that side has nothing at the path. */
  readonly legacy: string | undefined;
  readonly candidate: string | undefined;
}

export type Comparison =
  | { readonly kind: 'matched' }
  | { readonly kind: 'mismatched'; readonly divergences: readonly Divergence[] }
  | { readonly kind: 'ignored'; readonly rules: readonly string[] }
  | { readonly kind: 'not-comparable'; readonly reason: NotComparableReason };

/** One request with both sides' exchanges. */
export interface Pair {
  readonly route: string;
  /** First key of the request, null when it has none. */
  readonly key: string | null;
  readonly liveSide: Side;
  /** Wall clock of the arrival. */
  readonly arrivedAtMs: number;
  readonly request: RequestMessage;
  readonly legacy: Exchange;
  readonly candidate: Exchange;
}

/** Divergences with one cause: same route, same path template, same kind. */
export interface Cluster {
  readonly route: string;
  /** JSON Pointer with `*` for every array index. */
  readonly path: string;
  readonly kind: DivergenceKind;
  /** Pairs that show it, each once. */
  readonly count: number;
  /** The first few, credentials already replaced. */
  readonly examples: readonly ClusterExample[];
}

export interface ClusterExample {
  /** Method and target of the request. */
  readonly request: string;
  readonly path: string;
  readonly legacy: string | null;
  readonly candidate: string | null;
  readonly atMs: number;
}
