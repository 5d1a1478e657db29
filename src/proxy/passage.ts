import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, RequestMessage, Role, Side } from '../model/exchange.ts';
import type { Plan } from './assign.ts';
import type { Identity } from './identify.ts';
import type { Arrival } from './key-order.ts';
import type { Leg, LegRequest } from './upstream.ts';

/** One request on its way through the proxy: what is known of it, and its two legs. */
export class Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly arrivedUs: number;
  readonly arrivedAtMs: number;
  readonly identity: Identity;
  readonly plan: Plan;
  readonly legRequest: LegRequest;
  live: Leg | null = null;
  /** The mirrored leg; null until it is dispatched, and for ever where there is none. */
  shadow: Leg | null = null;
  isMirrored = false;
  /** The mirrored leg waited for its key's turn, so its latency says nothing of its side. */
  hasWaited = false;
  isClientGone = false;
  /** Both legs have ended and the pair has been counted: once, though both may end at once. */
  isCounted = false;
  /** From {@link KeyOrder.liveBegins}. */
  arrival: Arrival = { sequence: 0, isRaced: false };
  /** A write of one of its keys overlapped with it: its two answers may rightly differ. */
  isRaced = false;
  /** From {@link WriteLog.begins}; -1 for a read. */
  writeId = -1;
  /** Calls whoever waits for the shadow's answer to rescue the client. */
  onShadowEnd: (() => void) | null = null;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    arrivedUs: number,
    identity: Identity,
    plan: Plan,
    legRequest: LegRequest,
  ) {
    this.request = request;
    this.response = response;
    this.arrivedUs = arrivedUs;
    this.arrivedAtMs = Date.now();
    this.identity = identity;
    this.plan = plan;
    this.legRequest = legRequest;
  }

  get isSettled(): boolean {
    return this.live?.outcome != null && this.shadow?.outcome != null;
  }

  legOf(side: Side): Leg {
    return (side === this.plan.liveSide ? this.live : this.shadow)!;
  }

  /** A leg's exchange once it has ended; latency counts from the request's arrival. */
  exchangeOf(side: Side): Exchange {
    const leg = this.legOf(side);
    const role: Role = side === this.plan.liveSide ? 'live' : 'shadow';
    return {
      side,
      role,
      outcome: leg.outcome!,
      answer: leg.answer(),
      latencyUs: leg.finishedUs - this.arrivedUs,
      serviceUs: leg.finishedUs - leg.startedUs,
    };
  }

  message(): RequestMessage {
    const { method, target, headers, body } = this.legRequest;
    return { method, target, headers, body: body instanceof Uint8Array ? body : null };
  }
}
