import type { Exchange, RequestMessage, Side } from './exchange.ts';

/**
 * What kind of difference a divergence is: one closed list, inferred from the values. The same
 * kind whichever side is which, but for `missing` and `added`, each the other's mirror image.
 * Each has its page in docs/kinds.
 */
export const DIVERGENCE_KINDS = [
  'status',
  'header',
  'header-order',
  'header-format',
  'cookie',
  'length',
  'missing',
  'added',
  'null-or-missing',
  'default-or-missing',
  'type',
  'value',
  'generated',
  'id-precision',
  'id-order',
  'overflow',
  'number-format',
  'number-precision',
  'negative-zero',
  'timestamp-precision',
  'timestamp-format',
  'clock-edge',
  'fields-swapped',
  'array-order',
  'key-order',
  'duplicate-key',
  'encoding',
  'normal-form',
  'letter-case',
  'white-space',
  'stale',
  'truncated',
  'too-different',
] as const;
export type DivergenceKind = (typeof DIVERGENCE_KINDS)[number];

/** Why a pair could not be compared. */
export const NOT_COMPARABLE_REASONS = [
  'live-failed',
  'shadow-failed',
  'unavailable',
  'too-large',
  /** Deeper, of more values or packed more often than is looked into, on both sides. */
  'too-complex',
  'tainted',
  'raced',
  /** It differs where it is not yet known whether legacy differs from itself. */
  'learning',
  /** A write overlapped with it, the answers differ, and it could not be asked again. */
  'race-unchecked',
  /** Two writes of its key were under way at once: each side may have its own order of them. */
  'write-order',
  'not-sampled',
  'client-aborted',
  'compare-dropped',
  /** A `map` of the user's own threw, took too long or gave nothing that can be compared. */
  'map-failed',
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

/** A rule that hid something of one pair. */
export interface RuleHit {
  /** Its name: route, form, kinds and path. */
  readonly rule: string;
  /** Divergences that are not shown for it; a whole subtree left out counts once. */
  readonly divergences: number;
}

/** What one rule has hidden of many pairs. */
export interface RuleCount {
  readonly rule: string;
  /** Pairs of which it hid something, mismatched all the same or not. */
  readonly pairs: number;
  readonly divergences: number;
  /** Arrival of the first and the last of those pairs, wall clock; 0 where there is none. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of a `map`: pairs on which it failed, and why of late; absent: none. */
  readonly failures?: number;
  readonly problem?: string;
  /** It has failed too often: nothing is asked of it any more. */
  readonly isOff?: boolean;
}

export type Comparison =
  | {
      readonly kind: 'matched';
      /** What differs without meaning anything else, as the order of members; absent: nothing. */
      readonly noted?: readonly Divergence[];
    }
  | {
      readonly kind: 'mismatched';
      readonly divergences: readonly Divergence[];
      /** Absent where no rule hid anything. */
      readonly hidden?: readonly RuleHit[];
    }
  | {
      readonly kind: 'ignored';
      readonly rules: readonly string[];
      readonly hidden?: readonly RuleHit[];
    }
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
