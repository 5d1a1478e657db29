/**
 * Which side answers a request, and whether the other one gets a copy or why not. Pure but for
 * what it is told of the key: its taint, its unfinished writes, those that wait to be replayed.
 */
import { BUCKETS, bucketOf } from '../kit/hash.ts';
import { headerValue, otherSide, type Side } from '../model/exchange.ts';
import type { Assignment } from '../model/assignment.ts';
import type { SkipReason } from '../model/pair.ts';
import type { RequestHead } from '../wire/message.ts';
import type { Identity } from './identify/identify.ts';
import type { KeyOrder } from './mirror/key-order.ts';
import type { MirrorBudget } from './mirror/mirror-budget.ts';
import { overrideOf } from './fields/override.ts';
import type { TaintedKeys } from './missed/taint.ts';

export interface Plan {
  readonly liveSide: Side;
  readonly shadowSide: Side;
  /** Null when the request is to be mirrored. */
  readonly skip: SkipReason | null;
  /** False where the pair may rightly differ: a key lacks a write, or moved with one under way. */
  readonly isJudged: boolean;
  /** A tainted key stays on the side that has every write of it, whatever its cohort. */
  readonly isPinned: boolean;
  /**
   * Keys with a shadow write under way to the very side that now answers them live: which comes
   * first there is open, so a live write may be ordered differently on the two sides.
   */
  readonly overtaken: readonly string[];
}

export interface AssignerParts {
  readonly assignment: () => Assignment;
  readonly order: KeyOrder;
  readonly tainted: TaintedKeys;
  readonly budget: MirrorBudget;
  /** Whether writes of any of the keys wait to be replayed. */
  readonly holdsWrites: (keys: readonly string[]) => boolean;
  readonly overrideSecret: string | null;
  /** Each side has a store of its own: a write that is not mirrored is in one of them alone. */
  readonly hasSeparateState: boolean;
  /** The proxy only serves: safe mode. */
  readonly isBypass: boolean;
}

/** Plans requests; see the head of this file. */
export class Assigner {
  readonly #parts: AssignerParts;

  constructor(parts: AssignerParts) {
    this.#parts = parts;
  }

  /** The plan of a request: who is live, whether it is mirrored, and if not, why not. */
  assign(identity: Identity, head: RequestHead): Plan {
    const { order, overrideSecret, tainted } = this.#parts;
    if (overrideSecret !== null) {
      const chosen = overrideOf(head.headers, overrideSecret, Date.now());
      if (chosen !== null) return overridden(chosen, pendingTo(identity, chosen, order));
    }
    const assignment = this.#parts.assignment();
    const planned = this.#plannedSide(identity, assignment);
    // Towards the candidate a key waits, live on legacy, until its shadow writes are done;
    // towards legacy it goes at once, for that is the way back.
    const isEarly = planned === 'candidate' && pendingTo(identity, 'candidate', order).length > 0;
    const liveSide = isEarly ? 'legacy' : planned;
    const overtaken = liveSide === 'legacy' ? pendingTo(identity, 'legacy', order) : NONE;
    return {
      liveSide,
      shadowSide: otherSide(liveSide),
      skip: this.#skipReason(identity, head, assignment),
      isJudged: overtaken.length === 0 && !tainted.excludesAny(identity.keys),
      isPinned: tainted.hasAny(identity.keys),
      overtaken,
    };
  }

  #plannedSide(identity: Identity, { canaryPercent, salt }: Assignment): Side {
    if (canaryPercent <= 0) return 'legacy';
    const key = identity.keys[0];
    const isOne = key !== undefined && !identity.hasManyKeys;
    const truth = isOne ? this.#parts.tainted.truthOf(key) : null;
    if (truth !== null) return truth;
    if (canaryPercent >= 100) return 'candidate';
    if (!isOne) return 'legacy';
    // A way back must lose nothing: what only one store would have stays with legacy.
    const isLost = this.#parts.hasSeparateState && !identity.isSafe && !identity.isMirroredWrite;
    return isLost ? 'legacy' : cohortSide(salt, key, canaryPercent);
  }

  #skipReason(identity: Identity, head: RequestHead, assignment: Assignment): SkipReason | null {
    if (this.#parts.isBypass) return 'bypass';
    if (head.isUpgrade) return 'upgrade';
    if (!identity.isSafe && !identity.isMirroredWrite) return 'write';
    if (identity.hasTooManyKeys) return 'too-large';
    if (identity.isSafe && asksForEvents(head)) return 'stream';
    if (!identity.isSafe && this.#parts.holdsWrites(identity.keys)) return 'journalled';
    return this.#parts.budget.skip(identity, assignment);
  }
}

/** A tester waits for nothing, so a write may overtake copies of its keys to either side. */
function overridden(liveSide: Side, overtaken: readonly string[]): Plan {
  const shadowSide = otherSide(liveSide);
  return { liveSide, shadowSide, skip: 'override', isJudged: false, isPinned: false, overtaken };
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

/** Event streams never end by themselves: a copy would only hold a connection. */
function asksForEvents(head: RequestHead): boolean {
  return headerValue(head.headers, 'accept')?.includes('text/event-stream') === true;
}
