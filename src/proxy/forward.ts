/**
 * The live leg: from the live side to the client, bytes unchanged. A safe request of a canary
 * key is *rescued*: until its answer has begun to reach the client, a failing candidate's place
 * is taken by legacy's answer, the one already under way as its shadow or one asked for now.
 */
import type { Duplex } from 'node:stream';
import type { Accumulator } from '../measure/accumulate.ts';
import { LIMITS } from '../kit/limits.ts';
import { headerValue, type Outcome, type RawHeaders, type Side } from '../model/exchange.ts';
import { BodyPipe } from '../wire/body-pipe.ts';
import type { Inbound } from '../wire/inbound.ts';
import type { Leg, LegListener, LegOptions, Upstream } from '../wire/leg.ts';
import type { Outbound } from './fields/outbound.ts';
import type { Passage } from './passage.ts';
import { joinTunnel } from './tunnel.ts';

export interface ForwardOptions {
  readonly liveTimeoutMs: number;
  readonly rescueAfterMs: number;
  readonly isRescueOn: boolean;
}

export interface Forwarder {
  /** Begins the live leg; `ended` is called once when that leg (not a rescue) has ended. */
  forward(passage: Passage, ended: (passage: Passage) => void): void;
  /** The body that streamed to the live side is whole: its time begins. */
  bodyEnded(passage: Passage): void;
}

interface ForwardParts {
  readonly sides: { readonly legacy: Upstream; readonly candidate: Upstream };
  readonly outbound: Outbound;
  readonly count: Accumulator;
  readonly options: ForwardOptions;
  readonly nowUs: () => number;
}

/** A forwarder over live upstreams that rescues safe requests of the canary. */
export function createForwarder(parts: ForwardParts): Forwarder {
  return {
    forward(passage, ended) {
      new Delivery(passage, parts, ended).begin();
    },
    bodyEnded({ live }) {
      if (live === null || live.firstByteUs > 0) return;
      const elapsedMs = (parts.nowUs() - live.startedUs) / 1000;
      live.extend(elapsedMs + parts.options.liveTimeoutMs);
    },
  };
}

class Delivery implements LegListener {
  readonly #passage: Passage;
  readonly #inbound: Inbound;
  readonly #parts: ForwardParts;
  readonly #ended: (passage: Passage) => void;
  readonly #canRescue: boolean;
  /** The head is held back until it is clear whether the whole answer comes with it. */
  #isHeadDue = false;
  #isRescuing = false;
  #isRetried = false;
  /** It answers with a stream of events. */
  #isEndless = false;
  #direct: Leg | null = null;

  constructor(passage: Passage, parts: ForwardParts, ended: (passage: Passage) => void) {
    this.#passage = passage;
    this.#inbound = passage.inbound;
    this.#parts = parts;
    this.#ended = ended;
    this.#canRescue =
      parts.options.isRescueOn &&
      passage.identity.isSafe &&
      passage.plan.liveSide === 'candidate' &&
      passage.plan.skip !== 'override' &&
      passage.plan.skip !== 'upgrade' &&
      !(passage.body instanceof BodyPipe);
    passage.inbound.onGone = () => this.#clientIsGone();
  }

  begin(): void {
    const { options, sides } = this.#parts;
    const { plan, body, isMirrored } = this.#passage;
    const timeoutMs = this.#canRescue
      ? Math.min(options.rescueAfterMs, options.liveTimeoutMs)
      : options.liveTimeoutMs;
    const request = this.#passage.requestFor(plan.liveSide, 'live');
    const legOptions: LegOptions = {
      timeoutMs,
      captureMaxBytes: plan.skip === null ? LIMITS.captureMaxBytes : LIMITS.rescueHoldMaxBytes,
      isCompared: isMirrored || (plan.skip === null && body instanceof BodyPipe),
    };
    const leg = sides[plan.liveSide].dispatch(request, legOptions, this);
    this.#passage.live = leg;
    // A client may take its time to send; the side's time counts from the body's end.
    if (body instanceof BodyPipe) leg.extend(Infinity);
  }

  informed(_leg: Leg, status: number, reason: string, headers: RawHeaders): void {
    if (this.#isRescuing || this.#inbound.hasBegun) return;
    this.#inbound.inform(status, reason, this.#toClient(this.#passage.plan.liveSide, headers));
  }

  head(leg: Leg): void {
    if (this.#isRescuing) return;
    if (this.#passage.isClientGone) leg.fail('aborted', 'the client has gone');
    else if (this.#canRescue && leg.status >= 500) this.#rescue();
    else if (!this.#canRescue || isEventStream(leg)) {
      this.#isEndless = isEventStream(leg);
      this.#keepUp(leg);
      this.#isHeadDue = true;
      queueMicrotask(() => this.#sendHead(leg));
    }
  }

  data(leg: Leg, chunk: Buffer): void {
    this.#passage.pacer?.liveMoved();
    if (this.#isRescuing) return;
    if (this.#inbound.hasBegun) this.#sendChunk(leg, chunk);
    else if (this.#isHeadDue) {
      // All of it is here: the end, which comes next, sends head and body in one write.
      if (leg.bodyBytes === leg.announcedBytes && leg.isCaptureWhole) return;
      const held = leg.isCaptureWhole ? leg.body() : chunk;
      this.#sendHead(leg);
      this.#sendChunk(leg, held);
    } else if (leg.bodyBytes > LIMITS.rescueHoldMaxBytes) {
      // It cannot be rescued any more.
      const held = leg.body();
      this.#isHeadDue = true;
      this.#sendHead(leg);
      this.#sendChunk(leg, held);
    }
  }

  switched(leg: Leg, socket: Duplex): void {
    if (this.#inbound.isOver) {
      socket.destroy();
      return;
    }
    const fields = this.#parts.outbound.switched(this.#passage.plan.liveSide, leg.headers);
    const client = this.#inbound.tunnel(leg.statusMessage, fields);
    joinTunnel(client, socket);
  }

  end(leg: Leg): void {
    if (this.#retry(leg)) return;
    const passage = this.#passage;
    if (passage.body instanceof BodyPipe) passage.body.discard();
    passage.hasLiveEnded = true;
    passage.pacer?.liveMoved();
    if (!this.#isRescuing) this.#finish(leg);
    this.#ended(passage);
  }

  #clientIsGone(): void {
    this.#passage.isClientGone = true;
    this.#direct?.fail('aborted', 'the client has gone');
    const { live } = this.#passage;
    if (live !== null && !this.#isOutcomeAwaited(live)) live.fail('aborted', 'the client has gone');
  }

  /** Whether a mirrored write was done has to be known: else its keys could not be judged. */
  #isOutcomeAwaited(leg: Leg): boolean {
    const { identity, body } = this.#passage;
    const isWhole = !(body instanceof BodyPipe) || body.isWhole;
    return identity.isMirroredWrite && isWhole && leg.isSent && leg.status === 0;
  }

  /** A kept connection that the side closed just then: a safe request is sent once more. */
  #retry(leg: Leg): boolean {
    const { body, identity, inbound, isClientGone } = this.#passage;
    if (leg.outcome !== 'reset' || leg.firstByteUs > 0 || isClientGone || this.#isRetried) {
      return false;
    }
    const isOnce = !identity.isSafe || !isRepeatable(inbound.head.method);
    if (!leg.isReused || body instanceof BodyPipe || isOnce) return false;
    this.#isRetried = true;
    this.begin();
    return true;
  }

  #finish(leg: Leg): void {
    const inbound = this.#inbound;
    if (inbound.isOver) return;
    if (leg.isAnswered) {
      if (inbound.hasBegun) inbound.end(leg.trailers);
      else this.#sendWhole(leg, this.#passage.plan.liveSide);
      this.#delivered(leg);
    } else if (inbound.hasBegun) {
      this.#countFailure();
      inbound.cut();
    } else if (this.#canRescue) this.#rescue();
    else this.#refuse(leg.outcome!, leg.failure);
  }

  #rescue(): void {
    this.#isRescuing = true;
    const passage = this.#passage;
    if (!passage.isMirrored) this.#askLegacy();
    else if (passage.shadow?.outcome != null) this.#takeShadow(passage.shadow);
    else this.#awaitShadow();
  }

  /** Waits for legacy's answer, behind what its key has there, no longer than a live leg may. */
  #awaitShadow(): void {
    const passage = this.#passage;
    const timer = setTimeout(() => {
      passage.onShadowEnd = null;
      this.#askLegacy();
    }, this.#parts.options.liveTimeoutMs);
    passage.onShadowEnd = () => {
      clearTimeout(timer);
      // What was never dispatched has no answer to take.
      if (passage.shadow === null) this.#askLegacy();
      else this.#takeShadow(passage.shadow);
    };
  }

  #takeShadow(shadow: Leg): void {
    if (this.#inbound.isOver) return;
    if (shadow.isFailed || !shadow.isCaptureWhole) {
      this.#askLegacy();
      return;
    }
    this.#sendWhole(shadow, 'legacy');
    this.#countRescue();
    this.#delivered(shadow);
  }

  #askLegacy(): void {
    if (this.#inbound.isOver) return;
    this.#parts.count.rescueAsked();
    const options: LegOptions = {
      timeoutMs: this.#parts.options.liveTimeoutMs,
      captureMaxBytes: LIMITS.rescueHoldMaxBytes,
      isCompared: false,
    };
    const request = this.#passage.requestFor('legacy', 'live');
    this.#direct = this.#parts.sides.legacy.dispatch(request, options, {
      head: (leg) => this.#keepUp(leg),
      data: (leg, chunk) => {
        if (this.#inbound.hasBegun) this.#sendChunk(leg, chunk);
        else if (!leg.isCaptureWhole || leg.bodyBytes !== leg.announcedBytes) {
          const held = leg.isCaptureWhole ? leg.body() : chunk;
          this.#begin(leg, 'legacy');
          this.#sendChunk(leg, held);
        }
      },
      end: (leg) => {
        const inbound = this.#inbound;
        if (inbound.isOver) return;
        if (leg.isAnswered) {
          if (inbound.hasBegun) inbound.end(leg.trailers);
          else this.#sendWhole(leg, 'legacy');
          if (leg.status < 500) this.#countRescue();
          this.#delivered(leg);
        } else if (inbound.hasBegun) {
          this.#countFailure();
          inbound.cut();
        } else this.#refuse(leg.outcome!, leg.failure);
      },
    });
  }

  #sendWhole(leg: Leg, side: Side): void {
    const { status, statusMessage, headers } = leg;
    if (leg.trailers.length > 0) {
      this.#begin(leg, side);
      this.#inbound.write(leg.body());
      this.#inbound.end(leg.trailers);
    } else {
      const fields = this.#toClient(side, headers);
      this.#inbound.answer(status, statusMessage, fields, leg.body());
    }
  }

  /** The head, unless the end of the answer has sent it already. */
  #sendHead(leg: Leg): void {
    if (!this.#isHeadDue) return;
    this.#isHeadDue = false;
    if (this.#inbound.isOver || this.#inbound.hasBegun || leg.outcome !== null) return;
    this.#begin(leg, this.#passage.plan.liveSide);
  }

  #begin(leg: Leg, side: Side): void {
    const { status, statusMessage, headers, announcedBytes } = leg;
    this.#inbound.begin(status, statusMessage, this.#toClient(side, headers), announcedBytes);
  }

  #toClient(side: Side, headers: RawHeaders): RawHeaders {
    return this.#parts.outbound.toClient(side, headers);
  }

  #sendChunk(leg: Leg, chunk: Buffer): void {
    if (this.#inbound.write(chunk) || this.#inbound.isOver) {
      this.#keepUp(leg);
      return;
    }
    // How long the rest takes is the client's pace now, and the data port sees to that.
    leg.pause();
    leg.extend(Infinity);
    this.#inbound.onDrain = () => {
      this.#keepUp(leg);
      leg.resume();
    };
  }

  /** A side that has begun to answer may be silent for so long; a stream of events for ever. */
  #keepUp(leg: Leg): void {
    const elapsedMs = (this.#parts.nowUs() - leg.startedUs) / 1000;
    leg.extend(this.#isEndless ? Infinity : elapsedMs + LIMITS.answerSilenceMs);
  }

  /** A whole answer has gone to the client: what it waited is a live latency, but a tester's. */
  #delivered(leg: Leg): void {
    const { identity, plan, arrivedUs } = this.#passage;
    if (plan.skip !== 'override') {
      const latencyUs = this.#parts.nowUs() - arrivedUs;
      this.#parts.count.liveLatency(identity.route.name, plan.liveSide, latencyUs);
    }
    if (leg.status >= 500) this.#countFailure();
  }

  #refuse(outcome: Outcome, failure: string): void {
    this.#countFailure();
    const side = this.#passage.plan.liveSide;
    refuse(this.#inbound, outcome === 'timeout' ? 504 : 502, `${side}: ${failure}`);
  }

  #countRescue(): void {
    this.#parts.count.rescued(this.#parts.nowUs() - this.#passage.arrivedUs);
  }

  #countFailure(): void {
    this.#parts.count.clientFailed(this.#passage.identity.isSafe);
  }
}

/** May be sent once more when nothing of an answer came. */
export function isRepeatable(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** Whose events must reach the client one by one: never held back. */
function isEventStream(leg: Leg): boolean {
  const type = headerValue(leg.headers, 'content-type') ?? '';
  return type.startsWith('text/event-stream');
}

/** An answer of the proxy's own, marked as such. */
export function refuse(inbound: Inbound, status: number, failure: string): void {
  if (inbound.hasBegun) {
    inbound.cut();
    return;
  }
  const body = Buffer.from(`crossfade: no answer from ${failure}\n`);
  const reason = status === 504 ? 'Gateway Timeout' : 'Bad Gateway';
  const fields = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    'crossfade-error',
    status === 504 ? 'timeout' : 'unreachable',
  ];
  inbound.answer(status, reason, fields, body);
}
