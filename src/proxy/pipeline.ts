/**
 * A request's whole way through the proxy:
 *
 *   accept -> identify (route, keys, safe or write) -> assign (live side, mirrored or why not)
 *          -> forward (live; bytes unchanged) -> answer the client
 *          -> mirror (shadow; own pool, budget, deadline) -> pair -> compare
 *          -> where they differ, ask again (referee) -> accumulate
 *
 * In: requests of the data port. Out: answers, and counts in the accumulator. It never touches
 * the disk, waits for the shadow, or parses a body (but where a route's key is in it).
 */
import { LIMITS } from '../kit/limits.ts';
import type { Accumulator } from '../measure/accumulate.ts';
import type { RawHeaders } from '../model/exchange.ts';
import type { SkipReason } from '../model/pair.ts';
import { BodyPipe } from '../wire/body-pipe.ts';
import type { Inbound } from '../wire/inbound.ts';
import type { Assigner } from './assign.ts';
import { BodyCollector, BodyTee, type Copied, takeWhole } from './body.ts';
import type { Forwarder } from './forward.ts';
import { endToEnd } from './fields/headers.ts';
import type { Identifier } from './identify/identify.ts';
import type { KeyOrder } from './mirror/key-order.ts';
import type { Mirror } from './mirror/mirror.ts';
import type { MissedWrites } from './missed/missed-writes.ts';
import type { Outbound } from './fields/outbound.ts';
import type { Pairing } from './pairing.ts';
import type { NoiseAsker } from './referee/noise-asker.ts';
import { Passage } from './passage.ts';
import { answerLocally } from './local-answers.ts';
import type { WriteLog } from './missed/write-log.ts';

export interface PipelineParts {
  readonly identifier: Identifier;
  readonly assigner: Assigner;
  readonly outbound: Outbound;
  readonly forwarder: Forwarder;
  readonly mirror: Mirror;
  readonly pairing: Pairing;
  readonly noise: NoiseAsker;
  readonly order: KeyOrder;
  readonly missed: MissedWrites;
  readonly writes: WriteLog;
  readonly count: Accumulator;
  readonly hasKey: boolean;
  readonly pseudonym: string;
  readonly nowUs: () => number;
}

/** What a request goes on with: nothing, its bytes, or a body still on its way. */
type Body = Uint8Array | BodyPipe | null;

/** The way of one request, from its arrival to the end of its pair. */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #onLiveEnd = (passage: Passage): void => this.#liveEnded(passage);
  readonly #onShadowEnd = (passage: Passage): void => this.#settle(passage);

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  accept(inbound: Inbound): void {
    const { body } = inbound;
    if (answerLocally(inbound, this.#parts)) return;
    if (body === null) this.#go(inbound, null);
    else if (body.isWhole) this.#go(inbound, takeWhole(body));
    else {
      const maxBytes = this.#collectMaxBytes(inbound, body);
      if (maxBytes === 0) this.#go(inbound, body);
      else new BodyCollector(body, maxBytes, (found) => this.#go(inbound, found)).start();
    }
  }

  /** A key may be in it; and a slow client's short body must not hold a live connection. */
  #collectMaxBytes({ head }: Inbound, { length }: BodyPipe): number {
    const { identifier } = this.#parts;
    if (identifier.needsBody(head.method, head.target, head.headers)) return LIMITS.captureMaxBytes;
    const isShort = length !== null && length <= LIMITS.collectedBodyMaxBytes;
    return isShort && !head.expectsContinue ? LIMITS.collectedBodyMaxBytes : 0;
  }

  #go(inbound: Inbound, body: Body): void {
    const { identifier, assigner, outbound } = this.#parts;
    const { head } = inbound;
    const client: RawHeaders = endToEnd(head.headers);
    const bytes = body instanceof Uint8Array ? body : null;
    const identity = identifier.identify(head.method, head.target, client, bytes);
    const plan = assigner.assign(identity, head);
    if (body instanceof BodyPipe) {
      // Only what may be mirrored, now or later, is worth a copy.
      const isWanted = plan.skip === null || identity.isMirroredWrite;
      const tee: BodyTee = new BodyTee(body, isWanted ? LIMITS.captureMaxBytes : 0, {
        hold: (bytes) => this.#parts.mirror.hold(bytes),
        copied: (copied) => this.#copied(passage, copied),
        ended: () => this.#parts.forwarder.bodyEnded(passage),
      });
      const passage = new Passage({ inbound, identity, plan, client, outbound, body: tee.onward });
      this.#forward(passage);
      tee.start();
    } else {
      const passage = new Passage({ inbound, identity, plan, client, outbound, body });
      this.#admit(passage, null);
      this.#forward(passage);
      if (passage.isMirrored) this.#mirror(passage);
    }
  }

  #forward(passage: Passage): void {
    const { order, forwarder, missed } = this.#parts;
    const { identity, plan } = passage;
    if ((plan.skip === null || !identity.isSafe) && !passage.isOrdered) {
      passage.isOrdered = true;
      const { keys, isMirroredWrite } = identity;
      passage.arrival = order.liveBegins(keys, plan.liveSide, passage.write, !isMirroredWrite);
      passage.overlap = passage.arrival.overlap;
      missed.liveBegins(passage);
    }
    forwarder.forward(passage, this.#onLiveEnd);
  }

  /** Of a body that streams to the live side there is a copy now, or there will be none. */
  #copied(passage: Passage, copied: Copied): void {
    if (copied.kind === 'whole') passage.copy = copied.bytes;
    this.#admit(passage, copied);
    if (passage.isMirrored) this.#mirror(passage);
    if (passage.hasLiveEnded && passage.live !== null) this.#settle(passage);
  }

  /** Counts the request where it belongs and decides whether it is mirrored. */
  #admit(passage: Passage, copied: Copied | null): void {
    const { count, hasKey, mirror, missed, writes } = this.#parts;
    const { identity, plan } = passage;
    if (hasKey && identity.keys.length === 0) count.keyless();
    if (isOfCohort(passage)) count.placed(identity.keys[0]!, plan.liveSide);
    if (!identity.isSafe) missed.begins(passage);
    const skip = plan.skip ?? skipOf(copied);
    if (skip !== null) {
      count.skipped(skip);
      if (skip === 'override') count.overridden();
      missed.notMirrored(passage);
      return;
    }
    const refusal =
      copied?.kind === 'no-room'
        ? 'shadow-bytes-full'
        : mirror.refusal(plan.shadowSide, passage.copy?.length ?? 0, !identity.isSafe);
    if (refusal !== null) {
      count.dropped(refusal, identity.route.name, plan.liveSide);
      missed.notMirrored(passage);
      return;
    }
    count.mirrored();
    passage.isMirrored = true;
    if (identity.isSafe) return;
    passage.writeId = writes.begins(identity.keys, plan.liveSide);
    passage.onShadowEnd = () => missed.shadowEnded(passage);
  }

  #mirror(passage: Passage): void {
    const { mirror, noise } = this.#parts;
    const turn = noise.draw(passage);
    if (turn === 'before') noise.ask(passage);
    mirror.send(passage, this.#onShadowEnd);
    if (turn === 'after') noise.ask(passage);
  }

  #liveEnded(passage: Passage): void {
    const { order, missed } = this.#parts;
    const { keys } = passage.identity;
    const later = passage.isOrdered ? order.liveEnds(keys, passage.arrival) : null;
    passage.overlap ??= later;
    if (passage.isMirrored) this.#settle(passage);
    else missed.liveEnded(passage);
  }

  #settle(passage: Passage): void {
    if (!passage.isMirrored || !passage.isSettled || passage.isCounted) return;
    passage.isCounted = true;
    this.#parts.pairing.settle(passage);
    this.#parts.noise.settled(passage);
  }
}

/** A read of one key, answered by the side that the key's cohort says. */
function isOfCohort({ identity, plan }: Passage): boolean {
  const { isSafe, keys, hasManyKeys } = identity;
  if (!isSafe || keys.length !== 1 || hasManyKeys || plan.isPinned) return false;
  return plan.isJudged && plan.skip !== 'override';
}

/** Why a body that streamed has no copy, where that is no limit of ours. */
function skipOf(copied: Copied | null): SkipReason | null {
  if (copied?.kind === 'cut') return 'incomplete';
  return copied?.kind === 'too-large' ? 'too-large' : null;
}
