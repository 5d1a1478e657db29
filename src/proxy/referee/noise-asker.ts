/**
 * Legacy against itself. In: mirrored reads. Out: for a share of them legacy's answer and a
 * second one to the same request, of the twin or of legacy itself, for the analyst to learn what
 * differs anyway. In no count of pairs; its own pool or legacy's shadow pool, its own breaker and
 * limits. Asks nothing while a write of the read's keys is under way, and drops what one came
 * between.
 */
import type { Clock } from '../../kit/clock.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { NoiseCounts, UnusedReason } from '../../model/race.ts';
import type { Leg, LegListener, Upstream } from '../../wire/leg.ts';
import type { Analyst } from '../analyst/analyst.ts';
import type { Outbound } from '../fields/outbound.ts';
import { Breaker } from '../mirror/breaker.ts';
import type { Arrival, KeyOrder } from '../mirror/key-order.ts';
import { hasFailed } from '../mirror/shadow-task.ts';
import type { MissedWrites } from '../missed/missed-writes.ts';
import { OVERLOAD, type OverloadLevel } from '../overload.ts';
import type { Passage } from '../passage.ts';

export interface NoiseAsker {
  /** Whether a read is to be asked once more, and when: before its copy is sent, or after. */
  draw(passage: Passage): 'before' | 'after' | null;
  /** Asks one that was drawn. */
  ask(passage: Passage): void;
  /** Both legs of its pair have ended. */
  settled(passage: Passage): void;
  /** True: what is under way is given up, now, and nothing more is asked. */
  setPaused(isPaused: boolean): void;
  /** Asks whose answers are not all there. */
  readonly outstanding: number;
  counts(): NoiseCounts;
}

/** Whom the second answer is asked of. */
export interface SecondSource {
  /** The twin's own pool, or legacy's shadow pool. */
  readonly upstream: Upstream;
  /** Writes the request's fields; the passage's own unless given. */
  readonly outbound?: Outbound;
}

export interface NoiseAskerParts {
  readonly source: SecondSource;
  /** 0 to 1: share of the mirrored reads. */
  readonly ratio: number;
  readonly order: KeyOrder;
  readonly missed: Pick<MissedWrites, 'hasOpen'>;
  readonly analyst: Pick<Analyst, 'offer'>;
  readonly clock: Clock;
  readonly overload: () => OverloadLevel;
  readonly shadowTimeoutMs: number;
  /** Uniform in [0, 1); the machine's unless given. */
  readonly random?: () => number;
}

/** Asks for second answers within its limits; what does not fit is not asked. */
export function createNoiseAsker(parts: NoiseAskerParts): NoiseAsker {
  return new BoundedNoiseAsker(parts);
}

/** One read asked once more. */
interface SecondAsk {
  readonly passage: Passage;
  readonly arrival: Arrival;
  readonly isProbe: boolean;
  leg: Leg | null;
  hasEnded: boolean;
  isPairSettled: boolean;
}

class BoundedNoiseAsker implements NoiseAsker {
  readonly #parts: NoiseAskerParts;
  readonly #random: () => number;
  readonly #breaker = new Breaker();
  readonly #asks = new Map<Passage, SecondAsk>();
  readonly #unused: Partial<Record<UnusedReason, number>> = {};
  #asked = 0;
  #learned = 0;
  #isPaused = false;

  constructor(parts: NoiseAskerParts) {
    this.#parts = parts;
    this.#random = parts.random ?? Math.random;
  }

  get outstanding(): number {
    return this.#asks.size;
  }

  counts(): NoiseCounts {
    return { asked: this.#asked, learned: this.#learned, unused: { ...this.#unused } };
  }

  draw(passage: Passage): 'before' | 'after' | null {
    if (!this.#isDrawn(passage)) return null;
    // The live leg goes first whatever is drawn; where legacy is the shadow, chance decides, or
    // whoever is asked first would always find colder caches.
    return passage.plan.shadowSide === 'legacy' && this.#random() < 0.5 ? 'before' : 'after';
  }

  ask(passage: Passage): void {
    const { source, order, clock, shadowTimeoutMs } = this.#parts;
    const { identity } = passage;
    const ask: SecondAsk = {
      passage,
      arrival: order.liveBegins(identity.keys, 'legacy'),
      isProbe: this.#breaker.begins(clock.nowUs()),
      leg: null,
      hasEnded: false,
      // Where its copy was given up at once, the pair is over already.
      isPairSettled: passage.isCounted,
    };
    this.#asks.set(passage, ask);
    this.#asked += 1;
    const request = passage.requestFor('legacy', 'shadow', source.outbound);
    ask.leg = source.upstream.dispatch(
      request,
      { timeoutMs: shadowTimeoutMs, captureMaxBytes: LIMITS.captureMaxBytes, isCompared: true },
      this.#listenerOf(ask),
    );
  }

  settled(passage: Passage): void {
    if (this.#asks.size === 0) return;
    const ask = this.#asks.get(passage);
    if (ask === undefined) return;
    ask.isPairSettled = true;
    if (ask.hasEnded) this.#finish(ask);
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (!isPaused) return;
    for (const { leg } of this.#asks.values()) leg?.fail('aborted', 'mirroring is paused');
    this.#parts.source.upstream.release(true);
  }

  #isDrawn({ identity, overlap }: Passage): boolean {
    const { ratio, order, missed, overload, clock } = this.#parts;
    if (ratio === 0 || !identity.isSafe || this.#random() >= ratio) return false;
    if (this.#isPaused || overlap !== null || overload() >= OVERLOAD.compare) return false;
    if (this.#asks.size >= LIMITS.noiseInFlightMax) return false;
    if (this.#breaker.isOpen(clock.nowUs())) return false;
    return order.isQuiet(identity.keys) && !missed.hasOpen(identity.keys);
  }

  #listenerOf(ask: SecondAsk): LegListener {
    const keepShort = (leg: Leg, bytes: number): void => {
      if (bytes > LIMITS.captureMaxBytes) leg.fail('too-large', 'longer than what is compared');
    };
    return {
      head: (leg) => keepShort(leg, leg.announcedBytes ?? 0),
      data: (leg) => keepShort(leg, leg.bodyBytes),
      end: (leg) => {
        const { outcome, finishedUs } = leg;
        if (outcome !== 'aborted') {
          this.#breaker.ended(hasFailed(outcome), ask.isProbe, finishedUs);
        } else if (ask.isProbe) this.#breaker.probeWasCut();
        ask.hasEnded = true;
        if (ask.isPairSettled) this.#finish(ask);
      },
    };
  }

  #finish(ask: SecondAsk): void {
    const { passage, arrival } = ask;
    this.#asks.delete(passage);
    const { order, analyst } = this.#parts;
    const between = order.liveEnds(passage.identity.keys, arrival);
    if (between !== null || passage.isRaced) {
      this.#drop('overlapped');
      return;
    }
    const leg = ask.leg!;
    if (!isWhole(leg) || !isWhole(passage.legOf('legacy'))) {
      this.#drop('failed');
      return;
    }
    const { identity, plan, arrivedAtMs } = passage;
    const { method, target } = passage.inbound.head;
    const pair = {
      route: identity.route.name,
      key: identity.keys[0] ?? null,
      liveSide: plan.liveSide,
      arrivedAtMs,
      request: { method, target, headers: [], body: null },
      legacy: passage.exchangeOf('legacy'),
      // In the candidate's place stands legacy once more.
      candidate: exchangeOf(leg),
    };
    const item = { id: NO_ID, pair, compare: false, record: false, isNoise: true };
    if (analyst.offer(item)) this.#learned += 1;
    else this.#drop('no-room');
  }

  #drop(reason: UnusedReason): void {
    this.#unused[reason] = (this.#unused[reason] ?? 0) + 1;
  }
}

/** No verdict comes back. */
const NO_ID = Number.MIN_SAFE_INTEGER;

function isWhole({ isAnswered, isCaptureWhole, status }: Leg): boolean {
  return isAnswered && isCaptureWhole && status !== 503;
}

function exchangeOf(leg: Leg): Exchange {
  const latencyUs = leg.finishedUs - leg.startedUs;
  return {
    side: 'legacy',
    role: 'shadow',
    outcome: leg.outcome!,
    answer: leg.answer(),
    latencyUs,
    serviceUs: latencyUs,
  };
}
