/**
 * The live leg: from the live side to the client, bytes unchanged. A safe request of a canary
 * key is *rescued*: until its answer has begun to reach the client, a failing candidate's place
 * is taken by legacy's answer, the one already under way as its shadow or one asked for now.
 */
import { Readable } from 'node:stream';
import { messageOf } from '../kit/errors.ts';
import type { Accumulator } from '../measure/accumulate.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Outcome } from '../model/exchange.ts';
import { endToEnd } from './headers.ts';
import type { Passage } from './passage.ts';
import type { Leg, LegListener, Upstream } from './upstream.ts';

export interface ForwardOptions {
  readonly liveTimeoutMs: number;
  readonly rescueAfterMs: number;
}

export interface Forwarder {
  /** Begins the live leg; `ended` is called once when that leg (not a rescue) has ended. */
  forward(passage: Passage, ended: (passage: Passage) => void): void;
}

interface ForwardParts {
  readonly sides: { readonly legacy: Upstream; readonly candidate: Upstream };
  readonly count: Accumulator;
  readonly options: ForwardOptions;
  readonly nowUs: () => number;
}

/** A forwarder over live upstreams that rescues safe requests of the canary. */
export function createForwarder(parts: ForwardParts): Forwarder {
  return {
    forward(passage, ended) {
      const delivery = new Delivery(passage, parts, ended);
      passage.response.on('close', () => {
        if (!passage.response.writableFinished) delivery.clientIsGone();
      });
      delivery.begin();
    },
  };
}

class Delivery implements LegListener {
  readonly #passage: Passage;
  readonly #parts: ForwardParts;
  readonly #ended: (passage: Passage) => void;
  readonly #canRescue: boolean;
  /** The answer's head has gone to the client: from here on it can only be finished or cut. */
  #hasBegun = false;
  #isRescuing = false;
  #isRetried = false;
  /** The client has an answer of ours in place of one that could not be passed on. */
  #isRefused = false;
  #direct: Leg | null = null;

  constructor(passage: Passage, parts: ForwardParts, ended: (passage: Passage) => void) {
    this.#passage = passage;
    this.#parts = parts;
    this.#ended = ended;
    const isWhole = !(passage.legRequest.body !== null && 'pipe' in passage.legRequest.body);
    this.#canRescue = passage.identity.isSafe && passage.plan.liveSide === 'candidate' && isWhole;
  }

  begin(): void {
    const { options, sides } = this.#parts;
    const timeoutMs = this.#canRescue
      ? Math.min(options.rescueAfterMs, options.liveTimeoutMs)
      : options.liveTimeoutMs;
    const upstream = sides[this.#passage.plan.liveSide];
    const legOptions = { timeoutMs, captureMaxBytes: LIMITS.captureMaxBytes };
    this.#passage.live = upstream.dispatch(this.#passage.legRequest, legOptions, this);
  }

  clientIsGone(): void {
    this.#passage.isClientGone = true;
    this.#direct?.fail('aborted', 'the client has gone');
    this.#passage.live?.fail('aborted', 'the client has gone');
  }

  head(leg: Leg): void {
    if (this.#isRescuing || this.#isRefused) return;
    if (!this.#canRescue) this.#sendHead(leg);
    else if (leg.status >= 500) this.#rescue();
  }

  data(leg: Leg, chunk: Buffer): void {
    if (this.#isRescuing || this.#isRefused) return;
    if (this.#hasBegun) this.#sendChunk(leg, chunk);
    else if (leg.bodyBytes > LIMITS.rescueHoldMaxBytes) {
      // It cannot be rescued any more: from here on only the live deadline holds.
      leg.extend(this.#parts.options.liveTimeoutMs);
      this.#sendHead(leg);
      this.#sendChunk(leg, leg.body());
    }
  }

  end(leg: Leg): void {
    if (this.#retry(leg)) return;
    const { body } = this.#passage.legRequest;
    if (body instanceof Readable) body.destroy();
    if (!this.#isRescuing) this.#finish(leg);
    this.#ended(this.#passage);
  }

  /** A kept connection that the side closed just then: a safe request is sent once more. */
  #retry(leg: Leg): boolean {
    const { legRequest, isClientGone } = this.#passage;
    if (leg.outcome !== 'reset' || leg.firstByteUs > 0 || isClientGone || this.#isRetried) {
      return false;
    }
    if (legRequest.method !== 'GET' && legRequest.method !== 'HEAD') return false;
    this.#isRetried = true;
    this.begin();
    return true;
  }

  #finish(leg: Leg): void {
    const { response, isClientGone } = this.#passage;
    if (isClientGone || this.#isRefused) return;
    if (leg.isAnswered) {
      if (this.#hasBegun) response.end();
      else this.#sendWhole(leg);
      this.#delivered(leg);
    } else if (this.#hasBegun) {
      this.#countFailure();
      response.destroy();
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
      this.#takeShadow(passage.shadow!);
    };
  }

  #takeShadow(shadow: Leg): void {
    if (this.#passage.isClientGone) return;
    if (shadow.isFailed || !shadow.isCaptureWhole) {
      this.#askLegacy();
      return;
    }
    this.#sendWhole(shadow);
    this.#parts.count.rescued();
    this.#delivered(shadow);
  }

  #askLegacy(): void {
    const legOptions = { timeoutMs: this.#parts.options.liveTimeoutMs, captureMaxBytes: 0 };
    this.#direct = this.#parts.sides.legacy.dispatch(this.#passage.legRequest, legOptions, {
      head: (leg) => this.#sendHead(leg),
      data: (leg, chunk) => this.#sendChunk(leg, chunk),
      end: (leg) => {
        if (this.#passage.isClientGone || this.#isRefused) return;
        if (leg.isAnswered) {
          this.#passage.response.end();
          if (leg.status < 500) this.#parts.count.rescued();
          this.#delivered(leg);
        } else if (this.#hasBegun) {
          this.#countFailure();
          this.#passage.response.destroy();
        } else this.#refuse(leg.outcome!, leg.failure);
      },
    });
  }

  #sendWhole(leg: Leg): void {
    this.#sendHead(leg);
    if (!this.#isRefused) this.#passage.response.end(leg.body());
  }

  #sendHead(leg: Leg): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { response } = this.#passage;
    const headers = endToEnd(leg.headers, false);
    response.sendDate = !headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'date');
    try {
      response.writeHead(leg.status, leg.statusMessage, headers as string[]);
    } catch (error) {
      // Legacy may say what no answer may hold; that is this request's failure, not the proxy's.
      this.#hasBegun = false;
      this.#isRefused = true;
      this.#refuse('reset', `an answer that cannot be passed on (${messageOf(error)})`);
    }
  }

  #sendChunk(leg: Leg, chunk: Buffer): void {
    if (this.#isRefused) return;
    const { response } = this.#passage;
    if (response.write(chunk)) return;
    leg.pause();
    response.once('drain', () => leg.resume());
  }

  /** A whole answer has gone to the client: what it waited is a live latency. */
  #delivered(leg: Leg): void {
    if (this.#isRefused) return;
    const { identity, plan, arrivedUs } = this.#passage;
    const latencyUs = this.#parts.nowUs() - arrivedUs;
    this.#parts.count.liveLatency(identity.route.name, plan.liveSide, latencyUs);
    if (leg.status >= 500) this.#countFailure();
  }

  #refuse(outcome: Outcome, failure: string): void {
    this.#countFailure();
    const side = this.#passage.plan.liveSide;
    refuse(this.#passage.response, outcome === 'timeout' ? 504 : 502, `${side}: ${failure}`);
  }

  #countFailure(): void {
    this.#parts.count.clientFailed(this.#passage.identity.isSafe);
  }
}

/** An answer of the proxy's own, marked as such. */
export function refuse(response: Passage['response'], status: number, reason: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = `crossfade: no answer from ${reason}\n`;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'crossfade-error': status === 504 ? 'timeout' : 'unreachable',
  });
  response.end(body);
}
