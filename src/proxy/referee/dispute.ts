import type { Side } from '../../model/exchange.ts';
import type { Pair } from '../../model/pair.ts';
import type { LiveWrite } from '../../model/race.ts';
import type { LegRequest } from '../../wire/leg.ts';
import type { Passage } from '../passage.ts';

/**
 * What a pair with different answers counts as. mismatched: they differ, for all that is known.
 * gone: a mismatch too, though it was gone when asked again, for no write explains it. raced: it
 * was gone, and a write overlapped with it. race-unchecked: one did, and nobody could ask again.
 * write-order: the sides may have done two writes of its key in another order. tainted: that was
 * known of its key before.
 */
export type Ruling = 'mismatched' | 'gone' | 'raced' | 'race-unchecked' | 'write-order' | 'tainted';

/** A read whose two answers differ, as it waits to be asked again: without those answers. */
export interface Dispute {
  readonly keys: readonly string[];
  /** All of the pair but its answers. */
  readonly pair: Omit<Pair, 'legacy' | 'candidate'>;
  /** What each side is sent: as a shadow gets it, the live side too. */
  readonly requests: Readonly<Record<Side, LegRequest>>;
  readonly overlap: LiveWrite | null;
  /** Bytes of the request's body. */
  readonly heldBytes: number;
  readonly deadlineUs: number;
  readonly ruled: (ruling: Ruling) => void;
  /** Times it has been asked. */
  tries: number;
}

/** The dispute over a passage's answers, which it does not keep. */
export function toDispute(
  passage: Passage,
  deadlineUs: number,
  ruled: (ruling: Ruling) => void,
): Dispute {
  const { identity, plan, overlap, copy, arrivedAtMs } = passage;
  const { method, target } = passage.inbound.head;
  return {
    keys: identity.keys,
    pair: {
      route: identity.route.name,
      key: identity.keys[0] ?? null,
      liveSide: plan.liveSide,
      arrivedAtMs,
      request: { method, target, headers: [], body: null },
    },
    requests: {
      legacy: passage.requestFor('legacy', 'shadow'),
      candidate: passage.requestFor('candidate', 'shadow'),
    },
    overlap,
    heldBytes: copy?.length ?? 0,
    deadlineUs,
    ruled,
    tries: 0,
  };
}
