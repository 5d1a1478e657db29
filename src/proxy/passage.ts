import type { Exchange, RawHeaders, RequestMessage, Role, Side } from '../model/exchange.ts';
import type { LiveWrite } from '../model/race.ts';
import type { BodyPipe } from '../wire/body-pipe.ts';
import type { Inbound } from '../wire/inbound.ts';
import type { Leg, LegRequest } from '../wire/leg.ts';
import type { Plan } from './assign.ts';
import type { Identity } from './identify/identify.ts';
import type { Arrival } from './mirror/key-order.ts';
import type { Outbound } from './fields/outbound.ts';

/** What a passage begins with. */
export interface PassageStart {
  readonly inbound: Inbound;
  readonly identity: Identity;
  readonly plan: Plan;
  /** The client's end-to-end fields. */
  readonly client: RawHeaders;
  /** Whole, on its way, or none. */
  readonly body: Uint8Array | BodyPipe | null;
  readonly outbound: Outbound;
}

/** Hears how the live answer goes on. */
export interface Pacer {
  /** The live answer has grown, or ended. */
  liveMoved(): void;
}

const NOT_ARRIVED: Arrival = { sequence: 0, write: null, isLone: false, overlap: null };

/** One request on its way through the proxy: what is known of it, and its two legs. */
export class Passage {
  readonly inbound: Inbound;
  readonly identity: Identity;
  readonly plan: Plan;
  readonly arrivedUs: number;
  readonly arrivedAtMs: number;
  /** The body as the live side gets it. */
  readonly body: Uint8Array | BodyPipe | null;
  /** The whole body, once it is known and short enough to keep; null for none. */
  copy: Uint8Array | null;
  live: Leg | null = null;
  /** The mirrored leg; null until it is dispatched, and for ever where there is none. */
  shadow: Leg | null = null;
  isMirrored = false;
  /** Its keys know that it is under way: from {@link KeyOrder.liveBegins}. */
  isOrdered = false;
  /** The live leg has ended; the shadow's, if there is one, may still be to come. */
  hasLiveEnded = false;
  /** The mirrored leg waited for its key's turn, so its latency says nothing of its side. */
  hasWaited = false;
  isClientGone = false;
  /** Both legs have ended and the pair has been counted: once, though both may end at once. */
  isCounted = false;
  arrival: Arrival = NOT_ARRIVED;
  /** A write of one of its keys that overlapped with it; null for none. */
  overlap: LiveWrite | null = null;
  /** A write whose keys it may taint itself: whether they were tainted before; null else. */
  wasTainted: boolean | null = null;
  /** From {@link WriteLog.begins}; -1 for a read. */
  writeId = -1;
  /** Calls whoever waits for the shadow's answer to rescue the client. */
  onShadowEnd: (() => void) | null = null;
  /** Who keeps its copy within reach of the live answer; null where nobody does. */
  pacer: Pacer | null = null;
  readonly #client: RawHeaders;
  readonly #outbound: Outbound;
  #common: RawHeaders | null = null;

  constructor(start: PassageStart) {
    this.inbound = start.inbound;
    this.identity = start.identity;
    this.plan = start.plan;
    this.arrivedUs = start.inbound.arrivedUs;
    this.arrivedAtMs = Date.now();
    this.body = start.body;
    this.copy = start.body instanceof Uint8Array ? start.body : null;
    this.#client = start.client;
    this.#outbound = start.outbound;
  }

  /** What others are told of it, where it is a write; null for a read. */
  get write(): LiveWrite | null {
    if (this.identity.isSafe) return null;
    const { method } = this.inbound.head;
    return { route: this.identity.route.name, method, atMs: this.arrivedAtMs };
  }

  /** A write of one of its keys overlapped with it: its two answers may rightly differ. */
  get isRaced(): boolean {
    return this.overlap !== null;
  }

  /** Both legs of the pair have ended. */
  get isSettled(): boolean {
    return this.live?.outcome != null && this.shadow?.outcome != null;
  }

  /** The request as this side gets it in this role; `outbound`: by other rules than usual. */
  requestFor(side: Side, role: Role, outbound: Outbound = this.#outbound): LegRequest {
    const { head } = this.inbound;
    this.#common ??= this.#outbound.common(this.inbound, this.#client);
    return {
      method: head.method,
      target: outbound.targetOf(head.target, side, role),
      headers: outbound.ofLeg(this.#common, side, role),
      body: role === 'live' ? this.body : this.copy,
      upgrade: head.isUpgrade && role === 'live' ? upgradeOf(head.headers) : null,
      takesTrailers: head.takesTrailers,
    };
  }

  legOf(side: Side): Leg {
    return (side === this.plan.liveSide ? this.live : this.shadow)!;
  }

  /**
   * A leg's exchange once it has ended; latency counts from the request's arrival. That live goes
   * first is no slowness of the shadow's side: what writing the live request took is left out.
   */
  exchangeOf(side: Side): Exchange {
    const leg = this.legOf(side);
    const role: Role = side === this.plan.liveSide ? 'live' : 'shadow';
    const lateUs = role === 'shadow' ? this.#shadowLateUs() : 0;
    return {
      side,
      role,
      outcome: leg.outcome!,
      answer: leg.answer(),
      latencyUs: leg.finishedUs - this.arrivedUs - lateUs,
      serviceUs: leg.finishedUs - leg.startedUs,
    };
  }

  /** How much later the copy was written than the request, where both went out together. */
  #shadowLateUs(): number {
    const live = this.live!;
    const shadow = this.shadow!;
    return live.burst >= 0 && live.burst === shadow.burst ? shadow.sentUs - live.sentUs : 0;
  }

  /** The request as the client sent it, to be recorded and shown. */
  message(): RequestMessage {
    const { method, target } = this.inbound.head;
    return { method, target, headers: this.#client, body: this.copy };
  }
}

function upgradeOf(headers: RawHeaders): string | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === 'upgrade') return headers[i + 1]!;
  }
  return null;
}
