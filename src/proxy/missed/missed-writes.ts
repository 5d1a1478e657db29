/**
 * What becomes of the writes that one side missed. In: how each declared write ended on both
 * sides. Out: writes for the journal, where it is certain that the shadow has to get them, and
 * taints that only a read can lift, where it is not. From the moment a write is known to have no
 * shadow, later writes of its keys go behind it.
 *
 * | the live side | the shadow  | what becomes of it                                           |
 * | ------------- | ----------- | ------------------------------------------------------------ |
 * | never got it  | never got it | nothing: neither has it                                     |
 * | has it        | never got it | journalled                                                  |
 * | has it        | is unknown  | journalled where it is idempotent, else `shadow-unknown`     |
 * | is unknown    | never got it | journalled, for the shadow gets what live gets; and tainted |
 * | is unknown    | was sent it | `live-unknown`                                               |
 */
import type { MissedWrite } from '../../model/missed-write.ts';
import type { TaintReason } from '../../model/window.ts';
import { BodyPipe } from '../../wire/body-pipe.ts';
import type { Leg } from '../../wire/leg.ts';
import type { Identity } from '../identify/identify.ts';
import type { JournalPort } from './journal-port.ts';
import type { Passage } from '../passage.ts';
import { hasTakenEffect } from './replayer.ts';
import type { TaintedKeys } from './taint.ts';
import type { WriteLog } from './write-log.ts';
import { WriteTurns } from './write-turns.ts';

export interface MissedWritesParts {
  readonly tainted: TaintedKeys;
  readonly journal: JournalPort;
  readonly writes: WriteLog;
  /** Told of each write that one side alone has or may have, and that has no key to be tainted. */
  readonly unplaced: (route: string) => void;
}

/** Knows for each declared write what its shadow missed; see the head of this file. */
export class MissedWrites {
  readonly #parts: MissedWritesParts;
  /** Writes for whose sake their keys are held. */
  readonly #holding = new Set<Passage>();
  readonly #turns = new WriteTurns<Passage>((passage) =>
    this.#over(passage, this.#journal(passage)),
  );

  constructor(parts: MissedWritesParts) {
    this.#parts = parts;
  }

  /**
   * Whether earlier writes of any of these keys have yet to reach the shadow: a write must not
   * be mirrored then. Ask when it is planned, and again just before its shadow leg is sent.
   */
  holds(keys: readonly string[]): boolean {
    return this.#parts.tainted.held.hasAny(keys);
  }

  /** Whether a write of any of these keys is not on both sides yet, for all that is known. */
  hasOpen(keys: readonly string[]): boolean {
    return this.holds(keys) || keys.some((key) => this.#turns.has(key));
  }

  /** The live leg of a write is about to begin: that is its place among the writes of its keys. */
  liveBegins(passage: Passage): void {
    const { identity, plan } = passage;
    if (!identity.isMirroredWrite || plan.skip === 'bypass' || !isPlaced(identity)) return;
    this.#turns.begins(passage, identity.keys);
  }

  /** A write is on its way, mirrored or not. */
  begins({ plan }: Passage): void {
    for (const key of plan.overtaken) this.#parts.tainted.add(key, plan.liveSide, 'overtaken');
  }

  /** The request will have no shadow; call it once, before or after its live leg has ended. */
  notMirrored(passage: Passage): void {
    const { identity, plan } = passage;
    if (!identity.isMirroredWrite) return;
    if (!isPlaced(identity)) {
      this.#parts.unplaced(identity.route.name);
      return;
    }
    if (plan.skip === 'bypass') {
      this.#taint(passage, 'not-mirrored');
      return;
    }
    passage.writeId = this.#parts.writes.begins(identity.keys, plan.liveSide);
    this.#hold(passage);
    if (passage.hasLiveEnded) this.liveEnded(passage);
  }

  /** The live leg of a request without a shadow has ended. */
  liveEnded(passage: Passage): void {
    if (passage.isMirrored || !this.#holding.has(passage)) return;
    const { live } = passage;
    const isMissed = live?.isSent === true;
    if (isMissed && !hasTakenEffect(live)) this.#taint(passage, 'live-unknown');
    this.#decided(passage, isMissed);
  }

  /** The shadow leg of a mirrored write has ended; call it before its keys' lanes are released. */
  shadowEnded(passage: Passage): void {
    const { identity, shadow } = passage;
    if (identity.isSafe || identity.keys.length === 0) return;
    passage.wasTainted = this.#parts.tainted.excludesAny(identity.keys);
    if (shadow === null || !hasTakenEffect(shadow)) this.#hold(passage);
  }

  /** Both legs of a mirrored write have ended. */
  settled(passage: Passage): void {
    const { identity, live, shadow } = passage;
    const fate = fateOf(live!, shadow, identity.route.settings?.isIdempotent === true);
    if (identity.keys.length === 0) {
      if (fate.isJournalled || fate.taint !== null) this.#parts.unplaced(identity.route.name);
      this.#parts.writes.ends(passage.writeId);
      return;
    }
    if (fate.taint !== null) this.#taint(passage, fate.taint);
    this.#decided(passage, fate.isJournalled);
  }

  /** A read that shows all that belongs to its keys, with no write of them under way meanwhile. */
  wouldVerify({ identity, isRaced, live, plan, shadow }: Passage): boolean {
    if (plan.overtaken.length > 0) return false;
    if (identity.route.settings?.isVerifying !== true || !identity.isSafe || isRaced) return false;
    return showsState(live!.status) && showsState(shadow!.status);
  }

  /**
   * Both sides answered a read alike: where that shows its keys whole, their taints are lifted.
   * True where it does.
   */
  agreed(passage: Passage): boolean {
    if (!this.wouldVerify(passage)) return false;
    this.#parts.tainted.verified(passage.identity.keys, passage.arrivedUs);
    return true;
  }

  /** One that was missed is told of behind earlier ones of its keys, which are held until then. */
  #decided(passage: Passage, isMissed: boolean): void {
    if (!isMissed) this.#turns.done(passage);
    else if (this.#turns.missed(passage, passage.copy?.length ?? 0)) return;
    else this.#taint(passage, 'not-mirrored');
    this.#over(passage, 0);
  }

  #over(passage: Passage, toldSeq: number): void {
    if (this.#holding.has(passage)) this.#letGo(passage, toldSeq);
    this.#parts.writes.ends(passage.writeId);
  }

  #hold(passage: Passage): void {
    if (this.#holding.has(passage)) return;
    this.#holding.add(passage);
    this.#parts.tainted.held.begins(passage.identity.keys, passage.plan.liveSide);
  }

  #letGo(passage: Passage, toldSeq: number): void {
    this.#holding.delete(passage);
    this.#parts.tainted.held.ends(passage.identity.keys, toldSeq);
  }

  #taint({ identity, plan }: Passage, reason: TaintReason): void {
    for (const key of identity.keys) this.#parts.tainted.add(key, plan.liveSide, reason);
  }

  /** Answers what {@link JournalPort.missed} did, or 0 where the write cannot be kept. */
  #journal(passage: Passage): number {
    // A body that was not kept whole cannot be replayed.
    const hasBody = passage.copy !== null || !(passage.body instanceof BodyPipe);
    const toldSeq = hasBody ? this.#parts.journal.missed(toMissedWrite(passage)) : -1;
    if (toldSeq < 0) this.#taint(passage, 'not-mirrored');
    return Math.max(0, toldSeq);
  }
}

/** Its keys are known, all of them: of more than the limit only some are. */
function isPlaced({ keys, hasTooManyKeys }: Identity): boolean {
  return keys.length > 0 && !hasTooManyKeys;
}

/** An answer with the state, or that there is none; not a refusal, and not a part of it. */
function showsState(status: number): boolean {
  return (status >= 200 && status < 206) || status === 404 || status === 410;
}

interface Fate {
  readonly taint: TaintReason | null;
  readonly isJournalled: boolean;
}

function fateOf(live: Leg, shadow: Leg | null, isIdempotent: boolean): Fate {
  const isShadowSent = shadow?.isSent === true;
  if (!live.isSent && !isShadowSent) return { taint: null, isJournalled: false };
  if (!hasTakenEffect(live)) {
    return { taint: 'live-unknown', isJournalled: live.isSent && !isShadowSent };
  }
  if (shadow !== null && hasTakenEffect(shadow)) return { taint: null, isJournalled: false };
  if (!isShadowSent || isIdempotent) return { taint: null, isJournalled: true };
  return { taint: 'shadow-unknown', isJournalled: false };
}

function toMissedWrite(passage: Passage): MissedWrite {
  const { identity, plan, live, arrivedUs, copy } = passage;
  const request = passage.requestFor(plan.shadowSide, 'shadow');
  return {
    keys: identity.keys,
    truth: plan.liveSide,
    isIdempotent: identity.route.settings?.isIdempotent === true,
    isRaced: passage.isRaced,
    arrivedUs,
    endedUs: live?.finishedUs ?? arrivedUs,
    method: request.method,
    target: request.target,
    headers: request.headers,
    body: copy === null ? null : Buffer.from(copy).toString('base64'),
  };
}
