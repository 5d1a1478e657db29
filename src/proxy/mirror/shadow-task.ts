import { LIMITS } from '../../kit/limits.ts';
import type { Outcome, Side } from '../../model/exchange.ts';
import type { Leg, LegListener } from '../../wire/leg.ts';
import type { OrderedTask } from './key-order.ts';
import type { Pacer, Passage } from '../passage.ts';

/** What a task tells whoever runs it. */
export interface TaskRunner {
  /** The task's turn has come. */
  start(task: ShadowTask): void;
  /** Sends it once more. */
  redispatch(task: ShadowTask): void;
  /** Gives its leg the whole time-out again, from now. */
  extend(leg: Leg): void;
  /** Bytes more, or fewer, that are held for the task; false when there is no room for them. */
  hold(bytes: number): boolean;
  /** Its leg has ended: what that says of it is to be known when this returns. */
  ended(task: ShadowTask): void;
  /** What becomes of it is settled: those behind it may go. */
  release(task: ShadowTask): void;
}

/**
 * One copy on its way to a shadow. Its answer may be little longer than the live one, to see by
 * how much they differ; one that is ahead of a live answer of unknown length waits for it.
 */
export class ShadowTask implements OrderedTask, LegListener, Pacer {
  readonly passage: Passage;
  readonly keys: readonly string[];
  readonly isWrite: boolean;
  readonly target: Side;
  missing = 0;
  /** Its leg decides whether the side is left alone any longer. */
  isProbe = false;
  /** Given up before it was sent: there is no room for its answer. */
  isCut = false;
  readonly #runner: TaskRunner;
  readonly #settle: (passage: Passage) => void;
  /** Bytes of requests and answers held for it. */
  #heldBytes = 0;
  #isRetried = false;
  #isPaused = false;
  #isLiveCounted = false;

  /** `settle` is called once, when its leg has ended. */
  constructor(passage: Passage, runner: TaskRunner, settle: (passage: Passage) => void) {
    this.passage = passage;
    this.keys = passage.identity.keys;
    this.isWrite = !passage.identity.isSafe;
    this.target = passage.plan.shadowSide;
    this.#runner = runner;
    this.#settle = settle;
    this.#hold(passage.copy?.length ?? 0);
    passage.pacer = this;
    if (passage.hasLiveEnded) this.liveMoved();
  }

  run(): void {
    this.#runner.start(this);
  }

  /** What says that it will be far too long is not read at all. */
  head(leg: Leg): void {
    if (leg.announcedBytes !== null) this.#keepPace(leg, leg.announcedBytes);
  }

  data(leg: Leg, chunk: Buffer): void {
    const before = leg.bodyBytes - chunk.length;
    const kept = Math.min(leg.bodyBytes, LIMITS.captureMaxBytes) - before;
    if (kept > 0 && !this.#hold(kept)) leg.fail('aborted', 'no room is left for its answer');
    else if (leg.bodyBytes > LIMITS.shadowAheadMaxBytes) this.#keepPace(leg, leg.bodyBytes);
  }

  end(leg: Leg): void {
    if (this.#isToBeRetried(leg)) {
      this.#isRetried = true;
      this.#runner.redispatch(this);
      return;
    }
    this.over();
  }

  /** Its leg has ended, or never will be sent. */
  over(): void {
    const { passage } = this;
    passage.onShadowEnd?.();
    this.#runner.ended(this);
    // Before its lane is released: a write behind it that is given up is missed after it.
    this.#settle(passage);
    this.#runner.release(this);
    if (passage.hasLiveEnded) this.#release();
  }

  liveMoved(): void {
    const { live, shadow, hasLiveEnded } = this.passage;
    const isOver = shadow !== null && shadow.outcome !== null;
    if (isOver) {
      if (hasLiveEnded) this.#release();
      return;
    }
    if (hasLiveEnded) this.#holdLive(live);
    if (shadow === null || shadow.outcome !== null) return;
    const bytes = Math.max(shadow.bodyBytes, shadow.announcedBytes ?? 0);
    if (bytes > LIMITS.shadowAheadMaxBytes) this.#keepPace(shadow, bytes);
  }

  /** What the live side answered is kept until the shadow's answer is there. */
  #holdLive(live: Leg | null): void {
    if (this.#isLiveCounted) return;
    this.#isLiveCounted = true;
    if (this.#hold(Math.min(live?.bodyBytes ?? 0, LIMITS.captureMaxBytes))) return;
    this.isCut = true;
    this.passage.shadow?.fail('aborted', 'no room is left for its answer');
  }

  /** Cuts, stops or lets go on an answer of so many bytes, by how far the live one is. */
  #keepPace(leg: Leg, bytes: number): void {
    const { live, hasLiveEnded } = this.passage;
    const isLengthKnown = hasLiveEnded || live?.announcedBytes != null;
    const liveBytes = (hasLiveEnded ? null : live?.announcedBytes) ?? live?.bodyBytes ?? 0;
    if (isLengthKnown && bytes > liveBytes + LIMITS.shadowAheadMaxBytes) {
      leg.fail('too-large', 'longer than the live answer');
      return;
    }
    const isAhead = !isLengthKnown && leg.bodyBytes > liveBytes + LIMITS.shadowAheadMaxBytes;
    // As long as the live side takes, its shadow may take; what waits for it is not late.
    if (isAhead) leg.extend(Infinity);
    else if (this.#isPaused || (!hasLiveEnded && leg.bodyBytes > LIMITS.shadowAheadMaxBytes)) {
      this.#runner.extend(leg);
    }
    if (isAhead === this.#isPaused) return;
    this.#isPaused = isAhead;
    if (isAhead) leg.pause();
    else leg.resume();
  }

  #hold(bytes: number): boolean {
    this.#heldBytes += bytes;
    return this.#runner.hold(bytes);
  }

  #release(): void {
    this.#runner.hold(-this.#heldBytes);
    this.#heldBytes = 0;
    this.passage.pacer = null;
  }

  /** As the live leg is: a kept connection that the side closed just then says nothing of it. */
  #isToBeRetried(leg: Leg): boolean {
    if (this.#isRetried || this.isWrite || leg.outcome !== 'reset') return false;
    return leg.isReused && leg.firstByteUs === 0;
  }
}

/** Whether a leg's end cost us its connection; an answer does not, and our own cut says nothing. */
export function hasFailed(outcome: Outcome | null): boolean {
  return outcome !== 'answered' && outcome !== 'aborted';
}
