/**
 * Which side answers a request, and whether the other one gets a copy or why not. Pure but for
 * what it is told of the key: its taint and its unfinished writes.
 */
import { BUCKETS, bucketOf } from '../kit/hash.ts';
import { otherSide, type Side } from '../model/exchange.ts';
import type { Assignment } from '../model/assignment.ts';
import type { SkipReason } from '../model/pair.ts';
import type { Identity } from './identify.ts';
import type { KeyOrder } from './key-order.ts';
import type { TaintedKeys } from './taint.ts';

export interface Plan {
  readonly liveSide: Side;
  readonly shadowSide: Side;
  /** Null when the request is to be mirrored. */
  readonly skip: SkipReason | null;
  /** The pair may rightly differ: a key was tainted, or moved with a write under way. */
  readonly isJudged: boolean;
  /**
   * Keys with a shadow write under way to the very side that now answers them live: which comes
   * first there is open, so a live write may be ordered differently on the two sides.
   */
  readonly overtaken: readonly string[];
}

/** The plan of a request: who is live, whether it is mirrored, and if not, why not. */
export function assign(
  identity: Identity,
  assignment: Assignment,
  hasWholeBody: boolean,
  order: KeyOrder,
  tainted: TaintedKeys,
): Plan {
  const planned = plannedSide(identity, assignment, tainted);
  // Towards the candidate a key waits, live on legacy, until its shadow writes are done;
  // towards legacy it goes at once, for that is the way back.
  const isEarly = planned === 'candidate' && pendingTo(identity, 'candidate', order).length > 0;
  const liveSide = isEarly ? 'legacy' : planned;
  const overtaken = liveSide === 'legacy' ? pendingTo(identity, 'legacy', order) : NONE;
  return {
    liveSide,
    shadowSide: otherSide(liveSide),
    skip: skipReason(identity, assignment, hasWholeBody),
    isJudged: overtaken.length === 0 && !identity.keys.some((key) => tainted.has(key)),
    overtaken,
  };
}

function plannedSide(identity: Identity, assignment: Assignment, tainted: TaintedKeys): Side {
  const percent = assignment.canaryPercent;
  if (percent <= 0) return 'legacy';
  if (percent >= 100) return 'candidate';
  const key = identity.keys[0];
  if (key === undefined || identity.hasManyKeys) return 'legacy';
  return tainted.truthOf(key) ?? cohortSide(assignment.salt, key, percent);
}

/** Monotone in `percent`: raising it only adds keys to the candidate's cohort. */
export function cohortSide(salt: string, key: string, percent: number): Side {
  return bucketOf(salt, key) < (percent * BUCKETS) / 100 ? 'candidate' : 'legacy';
}

const NONE: readonly string[] = [];

/** Keys of the request with unfinished shadow writes to this side. */
function pendingTo(identity: Identity, side: Side, order: KeyOrder): readonly string[] {
  let keys: string[] | null = null;
  for (const key of identity.keys) {
    if (!order.hasPendingWrites(key, side)) continue;
    keys ??= [];
    keys.push(key);
  }
  return keys ?? NONE;
}

function skipReason(
  identity: Identity,
  assignment: Assignment,
  hasWholeBody: boolean,
): SkipReason | null {
  if (!identity.isSafe && !identity.isMirroredWrite) return 'write';
  if (!hasWholeBody || identity.hasTooManyKeys) return 'too-large';
  if (identity.isMirroredWrite || assignment.mirrorPercent >= 100) return null;
  const unit = identity.keys[0] ?? identity.route.name;
  const isSampled = bucketOf(`${assignment.salt}/mirror`, unit) < assignment.mirrorPercent * 10_000;
  return isSampled ? null : 'sampled';
}
