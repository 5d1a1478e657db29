/**
 * The shadow legs: own pools, own budget of requests and bytes, own deadline, in order per key.
 * Comes in: a passage that is to be mirrored. Goes out: its shadow leg, ended, if only as never
 * sent. Never delays a live leg, and lets everything go at once when mirroring is paused.
 */
import { BoundedQueue } from '../../kit/bounded-queue.ts';
import type { Clock } from '../../kit/clock.ts';
import { LIMITS } from '../../kit/limits.ts';
import { type Outcome, SIDES, type Side } from '../../model/exchange.ts';
import type { DropReason } from '../../model/pair.ts';
import type { MirrorState } from '../../model/window.ts';
import type { Leg, LegOptions, Upstream } from '../../wire/leg.ts';
import { Breaker } from './breaker.ts';
import type { KeyOrder } from './key-order.ts';
import { OVERLOAD, type OverloadLevel } from '../overload.ts';
import type { Passage } from '../passage.ts';
import { hasFailed, ShadowTask, type TaskRunner } from './shadow-task.ts';
import { UnsentLeg } from './unsent-leg.ts';

export interface Mirror {
  /** Why there is no room for one more copy with such a body; null when there is. */
  refusal(side: Side, bodyBytes: number, isWrite: boolean): DropReason | null;
  /** Mirrors the passage; `ended` is called once when its shadow leg has ended. */
  send(passage: Passage, ended: (passage: Passage) => void): void;
  /**
   * True: every copy that waits is given up, every one under way is aborted, and the shadow
   * connections are closed, now. False: copies may be sent again.
   */
  setPaused(isPaused: boolean): void;
  /** Bytes more, or fewer, that are kept for copies; false when there is no room for them. */
  hold(bytes: number): boolean;
  /** This side has failed again and again: nothing is sent to it now. */
  isLeftAlone(side: Side): boolean;
  /** Copies waiting or under way. */
  readonly outstanding: number;
  state(): MirrorState;
}

interface MirrorParts {
  /** Pools apart from the live ones, so that a hung shadow holds no live connection. */
  readonly sides: { readonly legacy: Upstream; readonly candidate: Upstream };
  readonly order: KeyOrder;
  readonly clock: Clock;
  /** What the proxy has given up for now. */
  readonly overload: () => OverloadLevel;
  readonly shadowTimeoutMs: number;
  /** Whether earlier writes of any of these keys have yet to reach the shadow. */
  readonly holdsWrites?: (keys: readonly string[]) => boolean;
  /** Uniform in [0, 1); the machine's unless given. */
  readonly random?: () => number;
}

/** A mirror that keeps to its limits; what does not fit is refused. */
export function createMirror(parts: MirrorParts): Mirror {
  return new BudgetedMirror(parts);
}

class BudgetedMirror implements Mirror, TaskRunner {
  readonly #parts: MirrorParts;
  readonly #options: LegOptions;
  readonly #random: () => number;
  readonly #breakers = { legacy: new Breaker(), candidate: new Breaker() };
  /** Tasks whose turn has come but for which there is no slot. */
  readonly #ready = new BoundedQueue<ShadowTask>(
    LIMITS.shadowQueueMax + LIMITS.shadowInFlightMax + 1,
  );
  #inFlight = 0;
  #heldBytes = 0;
  #isPaused = false;
  #isPumping = false;
  /** Copies that may still leave the queue in this turn of the event loop. */
  #mayLeave = LIMITS.shadowBurstMax;
  #isTurnCounted = false;
  outstanding = 0;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.#random = parts.random ?? Math.random;
    this.#options = {
      timeoutMs: parts.shadowTimeoutMs,
      captureMaxBytes: LIMITS.captureMaxBytes,
      isCompared: true,
    };
  }

  refusal(side: Side, bodyBytes: number, isWrite: boolean): DropReason | null {
    if (this.#parts.overload() >= OVERLOAD.mirror) return 'overload';
    if (this.isLeftAlone(side)) return 'breaker-open';
    const waiting = (this.outstanding - this.#inFlight) / LIMITS.shadowQueueMax;
    const held = (this.#heldBytes + bodyBytes) / LIMITS.shadowBytesMax;
    const fullness = Math.max(waiting, held);
    if (fullness < 0.5) return null;
    // Left out at random before it is full, or whoever comes just after a gap would be favoured.
    // A write is left out only when it must: its key would not be judged any more.
    const isFull = waiting >= 1 || held > 1;
    if (!isFull && (isWrite || this.#random() >= 2 * fullness - 1)) return null;
    return waiting >= held ? 'shadow-queue-full' : 'shadow-bytes-full';
  }

  send(passage: Passage, ended: (passage: Passage) => void): void {
    this.outstanding += 1;
    const task = new ShadowTask(passage, this, ended);
    if (task.keys.length === 0) task.run();
    else this.#parts.order.acquire(task);
    passage.hasWaited = passage.shadow === null;
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (!isPaused) return;
    this.#pump();
    for (const side of SIDES) this.#parts.sides[side].release(true);
  }

  state(): MirrorState {
    const openBreakers = SIDES.filter((side) => this.#breakers[side].state !== 'closed');
    const { outstanding } = this;
    return {
      overload: this.#parts.overload(),
      openBreakers,
      outstanding,
      heldBytes: this.#heldBytes,
    };
  }

  start(task: ShadowTask): void {
    const isFirst = !this.#isPumping && this.#ready.length === 0;
    if (isFirst && this.#hasSlot && this.#isSendable(task)) this.#dispatch(task);
    else {
      this.#ready.push(task);
      // So that the queue gets shorter however many come.
      this.#allow(1);
      this.#pump();
    }
  }

  hold(bytes: number): boolean {
    this.#heldBytes += bytes;
    return this.#heldBytes <= LIMITS.shadowBytesMax;
  }

  extend(leg: Leg): void {
    leg.extend((this.#parts.clock.nowUs() - leg.startedUs) / 1000 + this.#options.timeoutMs);
  }

  redispatch(task: ShadowTask): void {
    if (task.isProbe && !this.#isPaused) {
      this.#send(task);
      return;
    }
    // Many lose their connection at once, and each will want a new one.
    this.#inFlight -= 1;
    task.passage.shadow = null;
    this.#ready.push(task);
    this.#pump();
  }

  #send(task: ShadowTask): void {
    const { passage, target } = task;
    const request = passage.requestFor(target, 'shadow');
    passage.shadow = this.#parts.sides[target].dispatch(request, this.#options, task);
  }

  ended(task: ShadowTask): void {
    const { passage, target, keys } = task;
    const shadow = passage.shadow!;
    if (!(shadow instanceof UnsentLeg)) this.#inFlight -= 1;
    this.outstanding -= 1;
    this.#tellBreaker(task, shadow.outcome, shadow.finishedUs);
    const { order } = this.#parts;
    passage.overlap ??= order.overtakenBy(keys, target, passage.arrival);
  }

  release(task: ShadowTask): void {
    if (task.keys.length > 0) this.#parts.order.release(task);
    this.#pump();
  }

  get #hasSlot(): boolean {
    return this.#inFlight < LIMITS.shadowInFlightMax;
  }

  /** Sends what waits for a slot, oldest first, and gives up what may not be sent any more. */
  #pump(): void {
    if (this.#isPumping || this.#ready.length === 0) return;
    // What ends here lets others begin: one loop, so that no chain of them grows the stack.
    this.#isPumping = true;
    try {
      for (let next = this.#ready.peek(); next !== undefined; next = this.#ready.peek()) {
        const isSendable = this.#isSendable(next);
        if (isSendable && (!this.#hasSlot || this.#mayLeave <= 0)) return;
        this.#ready.shift();
        if (!isSendable) this.#giveUp(next);
        else {
          this.#allow(-1);
          this.#dispatch(next);
        }
      }
    } finally {
      this.#isPumping = false;
    }
  }

  /**
   * So many more may leave the queue in this turn of the event loop. A shadow that comes back is
   * not sent all at once what waited for it: live requests would wait behind that.
   */
  #allow(copies: number): void {
    this.#mayLeave += copies;
    if (this.#isTurnCounted) return;
    this.#isTurnCounted = true;
    setImmediate(this.#turnOver);
  }

  readonly #turnOver = (): void => {
    this.#isTurnCounted = false;
    this.#mayLeave = LIMITS.shadowBurstMax;
    this.#pump();
  };

  #isSendable(task: ShadowTask): boolean {
    if (this.#isPaused || task.isCut || this.isLeftAlone(task.target)) return false;
    // It would overtake what missed the shadow while it waited.
    if (task.isWrite && this.#parts.holdsWrites?.(task.keys) === true) return false;
    return this.#parts.overload() < OVERLOAD.mirror;
  }

  isLeftAlone(side: Side): boolean {
    const breaker = this.#breakers[side];
    return breaker.state !== 'closed' && breaker.isOpen(this.#parts.clock.nowUs());
  }

  #dispatch(task: ShadowTask): void {
    this.#inFlight += 1;
    const breaker = this.#breakers[task.target];
    if (breaker.state !== 'closed') task.isProbe = breaker.begins(this.#parts.clock.nowUs());
    this.#send(task);
  }

  #giveUp(task: ShadowTask): void {
    const why = this.#isPaused ? 'mirroring is paused' : 'the shadow is left alone';
    task.passage.shadow = new UnsentLeg(this.#parts.clock.nowUs(), why);
    task.over();
  }

  #tellBreaker(task: ShadowTask, outcome: Outcome | null, nowUs: number): void {
    const breaker = this.#breakers[task.target];
    const opened = breaker.openedCount;
    if (outcome !== 'aborted') breaker.ended(hasFailed(outcome), task.isProbe, nowUs);
    else if (task.isProbe) breaker.probeWasCut();
    // What it has open is of no more use, and may be what is wrong with it.
    if (breaker.openedCount !== opened) this.#parts.sides[task.target].release(false);
  }
}
