/**
 * The race referee. In: reads whose two answers differ. Out: a ruling on each, once. It asks both
 * sides again when no write of the read's keys is under way and none waits to reach the shadow:
 * what is gone then was a race, if a write overlapped with the pair, and what is still there is
 * real; unless two writes of the key were under way at once, for nobody knows in which order the
 * live side did them, and the key is tainted. Never asks a write again, goes over the shadow
 * pools alone, and stops at once when mirroring does.
 */
import { isByteEqual } from '../../compare/bytes.ts';
import type { Clock } from '../../kit/clock.ts';
import { LIMITS } from '../../kit/limits.ts';
import { SIDES, type Side } from '../../model/exchange.ts';
import type { Comparison } from '../../model/pair.ts';
import type { Race, RefereeCounts, UncheckedReason } from '../../model/race.ts';
import type { Upstream } from '../../wire/leg.ts';
import type { Analyst } from '../analyst/analyst.ts';
import { Breaker } from '../mirror/breaker.ts';
import type { KeyOrder } from '../mirror/key-order.ts';
import { hasFailed } from '../mirror/shadow-task.ts';
import type { MissedWrites } from '../missed/missed-writes.ts';
import type { TaintedKeys } from '../missed/taint.ts';
import { OVERLOAD, type OverloadLevel } from '../overload.ts';
import type { Passage } from '../passage.ts';
import { Admission } from './admission.ts';
import { type Dispute, type Ruling, toDispute } from './dispute.ts';
import { DoubleAsk } from './double-ask.ts';
import { type Finding, FoundRaces } from './found-races.ts';

export interface Referee {
  /** Rules on a pair whose answers differ; `ruled` is called once, in the call or later. */
  judge(passage: Passage, ruled: (ruling: Ruling) => void): void;
  /** Both sides have shown all that belongs to these keys, and it was the same. */
  agreed(keys: readonly string[]): void;
  /** True: what waits or is under way is given up, now, and nothing more is asked. */
  setPaused(isPaused: boolean): void;
  /** Pairs that are not ruled on yet. */
  readonly outstanding: number;
  counts(): RefereeCounts;
  /** The newest races since the last call. */
  takeRaces(): readonly Race[];
}

export interface RefereeParts {
  /** The shadow pools. */
  readonly sides: Readonly<Record<Side, Upstream>>;
  readonly order: KeyOrder;
  readonly missed: Pick<MissedWrites, 'hasOpen'>;
  readonly tainted: Pick<TaintedKeys, 'hasAny' | 'isOvertakenAny' | 'add'>;
  readonly analyst: Pick<Analyst, 'offer' | 'onVerdict'>;
  readonly clock: Clock;
  readonly overload: () => OverloadLevel;
  /** The mirror leaves this side alone. */
  readonly isLeftAlone: (side: Side) => boolean;
  readonly shadowTimeoutMs: number;
  /** What is shown of a key. */
  readonly digest: (key: string) => string;
  /** Uniform in [0, 1); the machine's unless given. */
  readonly random?: () => number;
}

/** A referee that keeps to its limits; what does not fit is ruled on unasked. */
export function createReferee(parts: RefereeParts): Referee {
  return new BoundedReferee(parts);
}

function isRefusal(status: number): boolean {
  return status >= 500 || status === 429;
}

class BoundedReferee implements Referee {
  readonly #parts: RefereeParts;
  readonly #admission: Admission;
  readonly #races: FoundRaces;
  readonly #breakers = { legacy: new Breaker(), candidate: new Breaker() };
  /** In the order in which they came. */
  readonly #waiting = new Set<Dispute>();
  readonly #asks = new Set<DoubleAsk>();
  /** Asked again, and the answers differ byte by byte: the analyst has them. */
  readonly #comparing = new Map<number, Dispute>();
  /** Below those of first comparisons, which begin at 0. */
  #nextId = -1;
  #isPaused = false;
  #cancelLook: (() => void) | null = null;

  constructor(parts: RefereeParts) {
    this.#parts = parts;
    this.#admission = new Admission(parts.random ?? Math.random);
    this.#races = new FoundRaces(parts.digest);
    parts.analyst.onVerdict((id, comparison) => this.#compared(id, comparison));
  }

  get outstanding(): number {
    return this.#admission.count;
  }

  counts(): RefereeCounts {
    return this.#races.counts();
  }

  takeRaces(): readonly Race[] {
    return this.#races.take();
  }

  judge(passage: Passage, ruled: (ruling: Ruling) => void): void {
    const { identity, overlap } = passage;
    const doubtful = this.#parts.order.doubtful(identity.keys);
    if (this.#parts.tainted.isOvertakenAny(identity.keys)) {
      ruled('tainted');
      return;
    }
    if (!identity.isSafe) {
      // The first of two at once differs rightly, and what follows shows what became of them.
      if (overlap !== null) ruled('race-unchecked');
      else ruled(this.#disordered(doubtful, passage.plan.liveSide) ? 'write-order' : 'mismatched');
      return;
    }
    // Where it is off, a pair that a write overlapped is not compared at all; and no race makes a
    // side fail, or refuse for being asked too often.
    const { live, shadow } = passage;
    const isOff = identity.route.settings?.isRefereed === false;
    if (isOff || isRefusal(live!.status) || isRefusal(shadow!.status)) {
      ruled('mismatched');
      return;
    }
    const nowUs = this.#parts.clock.nowUs();
    const why = this.#whyStop() ?? this.#whyRefuse(passage, nowUs);
    if (why !== null) {
      ruled(this.#races.unchecked(overlap, why, doubtful.length > 0));
      return;
    }
    this.#waiting.add(toDispute(passage, nowUs + LIMITS.refereeWaitMaxMs * 1000, ruled));
    this.#look();
  }

  agreed(keys: readonly string[]): void {
    this.#parts.order.agreed(keys);
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (!isPaused) return;
    this.#stop('paused');
    for (const [id, dispute] of this.#comparing) {
      this.#comparing.delete(id);
      this.#over(dispute, { unchecked: 'paused' });
    }
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  /** Why nothing at all may be asked now. */
  #whyStop(): UncheckedReason | null {
    const { overload, isLeftAlone } = this.#parts;
    if (this.#isPaused) return 'paused';
    if (overload() >= OVERLOAD.compare) return 'overload';
    // What is under way by our own breaker's leave shows whether it closes.
    const isOurs = this.#isBreakerOpen && this.#asks.size === 0;
    return isOurs || SIDES.some(isLeftAlone) ? 'breaker-open' : null;
  }

  get #isBreakerOpen(): boolean {
    const nowUs = this.#parts.clock.nowUs();
    return SIDES.some((side) => this.#breakers[side].isOpen(nowUs));
  }

  #whyRefuse({ live, shadow, copy, overlap }: Passage, nowUs: number): UncheckedReason | null {
    if (live?.isCaptureWhole !== true || shadow?.isCaptureWhole !== true) return 'too-large';
    return this.#admission.take(copy?.length ?? 0, overlap !== null, nowUs) ? null : 'busy';
  }

  /** Asks what may be asked now, gives up what is too late; looks again while any is left. */
  #look(): void {
    const why = this.#whyStop();
    if (why !== null) this.#stop(why);
    const nowUs = this.#parts.clock.nowUs();
    for (const dispute of this.#waiting) {
      const isQuiet = this.#isQuiet(dispute);
      const whyNot = this.#whyGiveUp(dispute, isQuiet, nowUs);
      if (whyNot !== null) {
        this.#waiting.delete(dispute);
        this.#over(dispute, { unchecked: whyNot });
      } else if (isQuiet && this.#hasSlot) {
        this.#waiting.delete(dispute);
        this.#ask(dispute);
      }
    }
    this.#lookAgain();
  }

  get #hasSlot(): boolean {
    return this.#asks.size < LIMITS.refereeInFlightMax && !this.#isBreakerOpen;
  }

  #isQuiet({ keys }: Dispute): boolean {
    return this.#parts.order.isQuiet(keys) && !this.#parts.missed.hasOpen(keys);
  }

  #whyGiveUp(dispute: Dispute, isQuiet: boolean, nowUs: number): UncheckedReason | null {
    // With nothing under way, a key that is still tainted stays so until it is verified.
    if (isQuiet && this.#parts.tainted.hasAny(dispute.keys)) return 'tainted';
    if (nowUs < dispute.deadlineUs) return null;
    return isQuiet ? 'busy' : 'never-quiet';
  }

  #lookAgain(): void {
    if (this.#cancelLook !== null || this.#waiting.size + this.#asks.size === 0) return;
    this.#cancelLook = this.#parts.clock.after(LIMITS.refereeLookMs, () => {
      this.#cancelLook = null;
      this.#look();
    });
  }

  #ask(dispute: Dispute): void {
    const { sides, order, clock, shadowTimeoutMs } = this.#parts;
    const nowUs = clock.nowUs();
    dispute.tries += 1;
    if (dispute.tries === 1) this.#races.asked();
    const probes = SIDES.filter((side) => this.#breakers[side].begins(nowUs));
    const ask = new DoubleAsk(dispute, {
      sides,
      timeoutMs: Math.min(shadowTimeoutMs, LIMITS.refereeWaitMaxMs),
      // A read among the others of its keys: so a write that comes meanwhile is seen.
      arrival: order.liveBegins(dispute.keys, dispute.pair.liveSide),
      ended: () => this.#ended(ask, probes),
    });
    this.#asks.add(ask);
  }

  #ended(ask: DoubleAsk, probes: readonly Side[]): void {
    this.#asks.delete(ask);
    const { dispute } = ask;
    const { order } = this.#parts;
    const overlap = order.liveEnds(dispute.keys, ask.arrival);
    for (const side of SIDES) this.#tellBreaker(side, ask, probes.includes(side));
    if (ask.isCut) return;
    const isToBeAsked = ask.isStaleConnection || (ask.isAnswered && overlap !== null);
    if (isToBeAsked && dispute.tries < LIMITS.refereeTriesMax) this.#waiting.add(dispute);
    else if (ask.isTooLarge) this.#over(dispute, { unchecked: 'too-large' });
    else if (!ask.isAnswered) this.#over(dispute, { unchecked: 'failed' });
    else if (overlap !== null) this.#over(dispute, { unchecked: 'never-quiet' });
    else this.#compare(ask);
    this.#lookAgain();
  }

  #tellBreaker(side: Side, { legs }: DoubleAsk, isProbe: boolean): void {
    const breaker = this.#breakers[side];
    const { outcome, finishedUs } = legs[side];
    if (outcome !== 'aborted') breaker.ended(hasFailed(outcome), isProbe, finishedUs);
    else if (isProbe) breaker.probeWasCut();
  }

  #compare(ask: DoubleAsk): void {
    const { dispute, legs } = ask;
    const legacy = ask.exchangeOf('legacy');
    const candidate = ask.exchangeOf('candidate');
    if (legs.legacy.status === 503 || legs.candidate.status === 503) {
      this.#over(dispute, { unchecked: 'failed' });
      return;
    }
    if (isByteEqual(legacy.answer!, candidate.answer!)) {
      this.#over(dispute, 'gone');
      return;
    }
    if (this.#parts.overload() >= OVERLOAD.compare) {
      this.#over(dispute, { unchecked: 'overload' });
      return;
    }
    const id = this.#nextId;
    this.#nextId -= 1;
    const pair = { ...dispute.pair, legacy, candidate };
    const item = {
      id,
      pair,
      compare: true,
      record: false,
      isTainted: true,
      noise: 'again',
    } as const;
    this.#comparing.set(id, dispute);
    if (this.#parts.analyst.offer(item)) return;
    this.#comparing.delete(id);
    this.#over(dispute, { unchecked: 'busy' });
  }

  #compared(id: number, comparison: Comparison): void {
    const dispute = this.#comparing.get(id);
    if (dispute === undefined) return;
    this.#comparing.delete(id);
    if (comparison.kind === 'mismatched') this.#over(dispute, 'still-there');
    else if (comparison.kind !== 'not-comparable') this.#over(dispute, 'gone');
    else this.#over(dispute, { unchecked: 'failed' });
  }

  /** What waits or is under way is ruled on as it stands. */
  #stop(why: UncheckedReason): void {
    for (const dispute of this.#waiting) {
      this.#waiting.delete(dispute);
      this.#over(dispute, { unchecked: why });
    }
    for (const ask of this.#asks) {
      ask.cut('nothing is asked again now');
      this.#over(ask.dispute, { unchecked: why });
    }
  }

  #over(dispute: Dispute, finding: Finding): void {
    this.#admission.release(dispute.heldBytes);
    const { liveSide } = dispute.pair;
    const doubtful = this.#parts.order.doubtful(dispute.keys);
    const ruling = this.#races.found(dispute, finding, doubtful.length > 0);
    if (finding === 'still-there') this.#disordered(doubtful, liveSide);
    dispute.ruled(ruling);
  }

  /** The sides differ for good in what the order of these keys' writes may explain. */
  #disordered(doubtful: readonly string[], liveSide: Side): boolean {
    for (const key of doubtful) this.#parts.tainted.add(key, liveSide, 'overtaken');
    return doubtful.length > 0;
  }
}
