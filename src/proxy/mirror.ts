/**
 * The shadow leg: own pool, own budget, own deadline, in order per key. Comes in: a passage
 * that is to be mirrored. Goes out: its shadow leg, ended. Never delays a live leg.
 */
import { BoundedQueue } from '../kit/bounded-queue.ts';
import { LIMITS } from '../kit/limits.ts';
import type { DropReason } from '../model/pair.ts';
import type { Side } from '../model/exchange.ts';
import type { KeyOrder, OrderedTask } from './key-order.ts';
import type { Passage } from './passage.ts';
import type { Leg, LegListener, Upstream } from './upstream.ts';

export interface Mirror {
  /** Why there is no room for one more shadow request of this size; null when there is. */
  refusal(bodyBytes: number): DropReason | null;
  /** Mirrors the passage; `ended` is called once when its shadow leg has ended. */
  send(passage: Passage, ended: (passage: Passage) => void): void;
  /** Shadow requests waiting or under way. */
  readonly outstanding: number;
}

interface MirrorParts {
  /** Pools apart from the live ones, so that a hung shadow holds no live connection. */
  readonly sides: { readonly legacy: Upstream; readonly candidate: Upstream };
  readonly order: KeyOrder;
  readonly nowUs: () => number;
  readonly shadowTimeoutMs: number;
}

/** A mirror that keeps to its limits of requests and bytes; what does not fit is dropped. */
export function createMirror(parts: MirrorParts): Mirror {
  return new BudgetedMirror(parts);
}

class BudgetedMirror implements Mirror {
  readonly #parts: MirrorParts;
  /** Tasks whose turn has come but for which there is no slot. */
  readonly #ready = new BoundedQueue<ShadowTask>(LIMITS.shadowQueueMax + 1);
  #inFlight = 0;
  #heldBytes = 0;
  outstanding = 0;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
  }

  refusal(bodyBytes: number): DropReason | null {
    if (this.outstanding - this.#inFlight >= LIMITS.shadowQueueMax) return 'shadow-queue-full';
    if (this.#heldBytes + bodyBytes > LIMITS.shadowBytesMax) return 'shadow-bytes-full';
    return null;
  }

  send(passage: Passage, ended: (passage: Passage) => void): void {
    this.outstanding += 1;
    const task = new ShadowTask(passage, this, ended);
    this.#heldBytes += task.bodyBytes;
    if (task.keys.length === 0) task.run();
    else this.#parts.order.acquire(task);
    passage.hasWaited = passage.shadow === null;
  }

  /** A task's turn has come. */
  start(task: ShadowTask): void {
    if (this.#inFlight >= LIMITS.shadowInFlightMax) this.#ready.push(task);
    else this.#dispatch(task);
  }

  finished(task: ShadowTask): void {
    const { passage, target } = task;
    if (this.#parts.order.wasOvertaken(task.keys, target, passage.arrival)) passage.isRaced = true;
    this.outstanding -= 1;
    this.#inFlight -= 1;
    this.#heldBytes -= task.bodyBytes;
    if (task.keys.length > 0) this.#parts.order.release(task);
    const next = this.#inFlight < LIMITS.shadowInFlightMax ? this.#ready.shift() : undefined;
    if (next !== undefined) this.#dispatch(next);
  }

  #dispatch(task: ShadowTask): void {
    this.#inFlight += 1;
    this.redispatch(task);
  }

  redispatch(task: ShadowTask): void {
    const { passage } = task;
    const options = {
      timeoutMs: this.#parts.shadowTimeoutMs,
      captureMaxBytes: LIMITS.captureMaxBytes,
    };
    passage.shadow = this.#parts.sides[task.target].dispatch(passage.legRequest, options, task);
  }
}

class ShadowTask implements OrderedTask, LegListener {
  readonly passage: Passage;
  readonly keys: readonly string[];
  readonly isWrite: boolean;
  readonly target: Side;
  readonly bodyBytes: number;
  missing = 0;
  #isRetried = false;
  readonly #mirror: BudgetedMirror;
  readonly #ended: (passage: Passage) => void;

  constructor(passage: Passage, mirror: BudgetedMirror, ended: (passage: Passage) => void) {
    this.passage = passage;
    this.keys = passage.identity.keys;
    this.isWrite = !passage.identity.isSafe;
    this.target = passage.plan.shadowSide;
    const { body } = passage.legRequest;
    this.bodyBytes = body instanceof Uint8Array ? body.length : 0;
    this.#mirror = mirror;
    this.#ended = ended;
  }

  run(): void {
    this.#mirror.start(this);
  }

  head(): void {}

  /** A shadow may not keep us reading past what its pair could be compared with. */
  data(leg: Leg): void {
    const limit = Math.max(LIMITS.captureMaxBytes, this.passage.live?.bodyBytes ?? 0);
    if (leg.bodyBytes > limit) leg.fail('too-large', 'longer than the live answer');
  }

  end(leg: Leg): void {
    if (this.#isToBeRetried(leg)) {
      this.#isRetried = true;
      this.#mirror.redispatch(this);
      return;
    }
    this.passage.onShadowEnd?.();
    this.#mirror.finished(this);
    this.#ended(this.passage);
  }

  /** As the live leg is: a kept connection that the side closed just then says nothing of it. */
  #isToBeRetried(leg: Leg): boolean {
    const { method } = this.passage.legRequest;
    if (this.#isRetried || leg.outcome !== 'reset' || leg.firstByteUs > 0) return false;
    return method === 'GET' || method === 'HEAD';
  }
}
