/**
 * A request's whole way through the proxy, on one screen:
 *
 *   accept -> identify (route, keys, safe or write) -> assign (live side, mirrored or why not)
 *          -> forward (live; bytes unchanged) -> answer the client
 *          -> mirror (shadow; own pool, budget, deadline) -> pair -> compare -> accumulate
 *
 * In: requests of the data port. Out: answers, and counts in the accumulator. It never touches
 * the disk, waits for the shadow, or parses a body (but where a route's key is in it).
 */
import { LIMITS } from '../kit/limits.ts';
import type { Accumulator } from '../measure/accumulate.ts';
import type { RawHeaders } from '../model/exchange.ts';
import { BodyPipe } from '../wire/body-pipe.ts';
import type { Inbound } from '../wire/inbound.ts';
import type { Assigner } from './assign.ts';
import { BodyCollector, BodyTee, type Copied, takeWhole } from './body.ts';
import type { Forwarder } from './forward.ts';
import { endToEnd } from './headers.ts';
import type { Identifier } from './identify.ts';
import type { KeyOrder } from './key-order.ts';
import type { Mirror } from './mirror.ts';
import type { MissedWrites } from './missed-writes.ts';
import type { Outbound } from './outbound.ts';
import type { Pairing } from './pairing.ts';
import { Passage } from './passage.ts';
import { answerLocally } from './local-answers.ts';
import type { WriteLog } from './write-log.ts';

export interface PipelineParts {
  readonly identifier: Identifier;
  readonly assigner: Assigner;
  readonly outbound: Outbound;
  readonly forwarder: Forwarder;
  readonly mirror: Mirror;
  readonly pairing: Pairing;
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

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  accept(inbound: Inbound): void {
    const { head, body } = inbound;
    if (answerLocally(inbound, this.#parts)) return;
    if (body === null) this.#go(inbound, null);
    else if (body.isWhole) this.#go(inbound, takeWhole(body));
    else if (this.#parts.identifier.needsBody(head.method, head.target, head.headers)) {
      new BodyCollector(body, LIMITS.captureMaxBytes, (found) => this.#go(inbound, found)).start();
    } else this.#go(inbound, body);
  }

  #go(inbound: Inbound, body: Body): void {
    const { identifier, assigner, outbound } = this.#parts;
    const { head } = inbound;
    const client: RawHeaders = endToEnd(head.headers);
    const bytes = body instanceof Uint8Array ? body : null;
    const identity = identifier.identify(head.method, head.target, client, bytes);
    const plan = assigner.assign(identity, head);
    if (body instanceof BodyPipe) {
      const tee = new BodyTee(body, LIMITS.captureMaxBytes, (copied) => {
        this.#bodyEnded(passage, copied);
      });
      const start = { inbound, identity, plan, client, outbound, body: tee.onward };
      const passage = new Passage(start);
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
    const { order, forwarder } = this.#parts;
    const { identity, plan } = passage;
    if ((plan.skip === null || identity.isMirroredWrite) && !passage.isOrdered) {
      passage.isOrdered = true;
      passage.arrival = order.liveBegins(identity.keys, !identity.isSafe, plan.liveSide);
      passage.isRaced = passage.arrival.isRaced;
    }
    forwarder.forward(passage, (ended) => this.#liveEnded(ended));
  }

  /** A body that streamed to the live side is whole, too long for a copy, or was cut. */
  #bodyEnded(passage: Passage, copied: Copied): void {
    const { live } = passage;
    if (copied.kind === 'whole') {
      passage.copy = copied.bytes;
      this.#parts.forwarder.bodyEnded(passage);
    }
    const why = copied.kind === 'whole' ? null : copied.kind === 'cut' ? 'incomplete' : 'too-large';
    this.#admit(passage, why);
    if (passage.isMirrored) this.#mirror(passage);
    if (passage.hasLiveEnded && live !== null) this.#settle(passage);
  }

  /** Counts the request where it belongs and decides whether it is mirrored. */
  #admit(passage: Passage, unfit: 'incomplete' | 'too-large' | null): void {
    const { count, hasKey, mirror, missed, writes } = this.#parts;
    const { identity, plan } = passage;
    if (hasKey && identity.keys.length === 0) count.keyless();
    if (!identity.isSafe) missed.begins(passage);
    const skip = plan.skip ?? unfit;
    if (skip !== null) {
      count.skipped(skip);
      if (skip === 'override') count.overridden();
      missed.notMirrored(passage);
      return;
    }
    const refusal = mirror.refusal(plan.shadowSide, passage.copy?.length ?? 0, !identity.isSafe);
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
    this.#parts.mirror.send(passage, (ended) => this.#settle(ended));
  }

  #liveEnded(passage: Passage): void {
    const { order, missed } = this.#parts;
    const { keys, isSafe } = passage.identity;
    if (passage.isOrdered && order.liveEnds(keys, !isSafe, passage.arrival)) passage.isRaced = true;
    if (passage.isMirrored) this.#settle(passage);
    else missed.liveEnded(passage);
  }

  #settle(passage: Passage): void {
    if (!passage.isMirrored || !passage.isSettled || passage.isCounted) return;
    passage.isCounted = true;
    this.#parts.pairing.settle(passage);
    if (!passage.identity.isSafe) this.#parts.writes.ends(passage.writeId);
  }
}
