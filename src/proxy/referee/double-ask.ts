import { LIMITS } from '../../kit/limits.ts';
import { type Exchange, SIDES, type Side } from '../../model/exchange.ts';
import type { Leg, LegListener, LegOptions, Upstream } from '../../wire/leg.ts';
import type { Arrival } from '../mirror/key-order.ts';
import type { Dispute } from './dispute.ts';

export interface AskOptions {
  readonly sides: Readonly<Record<Side, Upstream>>;
  readonly timeoutMs: number;
  /** Its place among the requests of its keys. */
  readonly arrival: Arrival;
  /** Called once, when both legs have ended. */
  readonly ended: (ask: DoubleAsk) => void;
}

/** One read asked of both sides at once. Where one fails, the other is of no use: it is cut. */
export class DoubleAsk implements LegListener {
  readonly dispute: Dispute;
  readonly arrival: Arrival;
  readonly legs: Readonly<Record<Side, Leg>>;
  /** Given up: whatever comes back, it has been ruled on. */
  isCut = false;
  readonly #ended: (ask: DoubleAsk) => void;
  #left = SIDES.length;

  constructor(dispute: Dispute, { sides, timeoutMs, arrival, ended }: AskOptions) {
    this.dispute = dispute;
    this.arrival = arrival;
    this.#ended = ended;
    const options: LegOptions = {
      timeoutMs,
      captureMaxBytes: LIMITS.captureMaxBytes,
      isCompared: true,
    };
    const { requests } = dispute;
    this.legs = {
      legacy: sides.legacy.dispatch(requests.legacy, options, this),
      candidate: sides.candidate.dispatch(requests.candidate, options, this),
    };
  }

  /** Neither leg has failed, and both are kept whole. */
  get isAnswered(): boolean {
    return SIDES.every((side) => this.legs[side].isAnswered && this.legs[side].isCaptureWhole);
  }

  get isTooLarge(): boolean {
    return SIDES.some((side) => this.legs[side].outcome === 'too-large');
  }

  /** A kept connection that a side closed just then: says nothing of it. */
  get isStaleConnection(): boolean {
    return SIDES.some((side) => {
      const { outcome, isReused, firstByteUs } = this.legs[side];
      return outcome === 'reset' && isReused && firstByteUs === 0;
    });
  }

  exchangeOf(side: Side): Exchange {
    const { outcome, startedUs, finishedUs } = this.legs[side];
    const latencyUs = finishedUs - startedUs;
    const answer = this.legs[side].answer();
    return { side, role: 'shadow', outcome: outcome!, answer, latencyUs, serviceUs: latencyUs };
  }

  /** Ends both legs now. */
  cut(why: string): void {
    this.isCut = true;
    for (const side of SIDES) this.legs[side].fail('aborted', why);
  }

  head(leg: Leg): void {
    if (leg.announcedBytes !== null) this.#keepShort(leg, leg.announcedBytes);
  }

  data(leg: Leg): void {
    this.#keepShort(leg, leg.bodyBytes);
  }

  end(leg: Leg): void {
    this.#left -= 1;
    if (this.#left === 0) this.#ended(this);
    else if (!leg.isAnswered) {
      for (const side of SIDES) this.legs[side].fail('aborted', 'the other side has failed');
    }
  }

  #keepShort(leg: Leg, bytes: number): void {
    if (bytes > LIMITS.captureMaxBytes) leg.fail('too-large', 'longer than what is compared');
  }
}
