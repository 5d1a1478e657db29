import { assert } from '../kit/assert.ts';
import { BoundedQueue } from '../kit/bounded-queue.ts';
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { MutableState } from './engine.ts';
import { DELETED, DIRTY, type EntryCache, IN_FLIGHT, TICK_MODULUS } from './entry-cache.ts';
import type { HeldState, HeldStates } from './held-states.ts';
import { createState } from './rules.ts';
import { Stalls } from './stalls.ts';
import type { ReadStateStore, StateRow, StateWrite, StoreUnavailable } from './store.ts';
import { toStoreUnavailable } from './user-loads.ts';

const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 5000;
/** The longest commit delay counted in ticks of a millisecond; longer ones in longer ticks. */
const DELAY_TICKS_MAX = TICK_MODULUS / 4;

type MutableWrite = MutableState & { isDeleted: boolean };

export interface WriteBehindOptions {
  readonly store: ReadStateStore;
  readonly clock: Clock;
  readonly commitDelayMs: number;
  /** States dirty or in flight at most; beyond it updates are refused. */
  readonly dirtyMax: number;
  /** Told of each state that leaves the held ones or, removed for good, the cache. */
  readonly onGone: (state: StateRow, isDeleted: boolean) => void;
}

/**
 * Brings changed states to the store: a constant delay after their first change, so that the
 * queue of dirty entries is in order of time and one timer serves all; at once when they are
 * evicted. A state is in flight once at most; changed meanwhile, it is queued again when the
 * store has answered. What a write failed for stays dirty and is tried again with growing
 * pauses. Nothing dirty is ever dropped.
 */
export class WriteBehind<E> {
  readonly flushStalls: Stalls = new Stalls();
  writes = 0;
  writeFailures = 0;
  readonly #cache: EntryCache<E>;
  readonly #held: HeldStates;
  readonly #options: WriteBehindOptions;
  readonly #tickUs: number;
  readonly #delayTicks: number;
  readonly #heldQueue: BoundedQueue<HeldState>;
  readonly #flights = new Set<Promise<StoreUnavailable | null>>();
  readonly #gone: MutableState = createState();
  /** Entries in the cache's dirty queue. */
  #queued = 0;
  /** States handed to the store. */
  #inFlight = 0;
  /** So many at the head of the queue are to go whatever their age: a write of them failed. */
  #overdue = 0;
  #backOffMs = 0;
  #retryAtUs = 0;
  #cancelTimer: (() => void) | null = null;
  #isPumpPending = false;
  #flushing = 0;
  #lastFlush: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(cache: EntryCache<E>, held: HeldStates, options: WriteBehindOptions) {
    this.#cache = cache;
    this.#held = held;
    this.#options = options;
    this.#heldQueue = new BoundedQueue(held.limit);
    const tickMs = Math.max(1, Math.ceil(options.commitDelayMs / DELAY_TICKS_MAX));
    this.#tickUs = tickMs * 1000;
    this.#delayTicks = Math.ceil(options.commitDelayMs / tickMs);
  }

  /** States changed and not yet written, in flight ones included. */
  get dirty(): number {
    return this.#queued + this.#inFlight + this.#heldQueue.length;
  }

  /** Whether `count` more states may become dirty. */
  hasRoomFor(count: number): boolean {
    return !this.#isClosed && this.dirty + count <= this.#options.dirtyMax;
  }

  /** Notes that an entry was changed. */
  markDirty(entry: E): void {
    const bits = this.#cache.bits(entry);
    if ((bits & DIRTY) !== 0) return;
    this.#cache.setBits(entry, bits | DIRTY);
    if ((bits & IN_FLIGHT) !== 0) return;
    this.#queue(entry, false);
    if (this.#isUnderPressure()) this.#pumpSoon();
    else this.#arm();
  }

  /** Notes that a held state was changed. */
  markHeldDirty(held: HeldState): void {
    if ((held.bits & DIRTY) !== 0) return;
    held.bits |= DIRTY;
    if ((held.bits & IN_FLIGHT) === 0) this.#queueHeld(held);
  }

  /** Holds a state that is dirty or in flight while its entry is evicted. */
  hold(entry: E, state: StateRow): void {
    const bits = this.#cache.bits(entry);
    if ((bits & IN_FLIGHT) === 0) {
      this.#cache.unqueueDirty(entry);
      this.#queued -= 1;
    }
    const held = this.#held.add(state, bits);
    if ((bits & IN_FLIGHT) === 0) this.#queueHeld(held);
  }

  /** Holds a changed state that there is no room for in the cache. */
  holdNew(state: StateRow, isDeleted: boolean): void {
    this.#queueHeld(this.#held.add(state, isDeleted ? DIRTY | DELETED : DIRTY));
  }

  /** Resolves when everything changed before the call is durable; rejects if it cannot be. */
  flush(): Promise<void> {
    const flushed = this.#lastFlush.then(() => this.#flushAll());
    this.#lastFlush = flushed.catch(() => undefined);
    return flushed;
  }

  /** No timers from now on, and no changes. */
  close(): void {
    this.#isClosed = true;
    this.#disarm();
  }

  async #flushAll(): Promise<void> {
    this.#flushing += 1;
    this.#disarm();
    try {
      // What is in flight now may be changed again or fail, so that it needs a second round.
      const before = [...this.#flights];
      await this.#flushRound();
      await Promise.all(before);
      await this.#flushRound();
    } finally {
      this.#flushing -= 1;
      this.#pumpSoon();
    }
  }

  /** Sends all that is queued now. While a flush lasts, nobody else sends. */
  async #flushRound(): Promise<void> {
    let leftHeld = this.#heldQueue.length;
    let leftQueued = this.#queued;
    const sent: Promise<StoreUnavailable | null>[] = [];
    let failure: StoreUnavailable | null = null;
    while ((leftHeld > 0 || leftQueued > 0) && failure === null) {
      if (this.#flights.size >= LIMITS.writesInFlightMax) {
        failure = await Promise.race(this.#flights);
        continue;
      }
      const queuedBefore = this.#queued;
      const writes = this.#collectTimed(true);
      if (writes.length === 0) break;
      leftQueued -= queuedBefore - this.#queued;
      leftHeld -= writes.length - (queuedBefore - this.#queued);
      sent.push(this.#send(writes));
    }
    for (const outcome of await Promise.all(sent)) failure ??= outcome;
    if (failure !== null) throw failure;
  }

  #pumpSoon(): void {
    if (this.#isPumpPending) return;
    this.#isPumpPending = true;
    queueMicrotask(() => {
      this.#isPumpPending = false;
      this.#pump();
    });
  }

  /** Sends what is due, as far as the store may be asked now. */
  #pump(): void {
    if (this.#flushing > 0 || this.#isClosed) return;
    const isFailing = this.#backOffMs > 0;
    if (!isFailing || this.#options.clock.nowUs() >= this.#retryAtUs) {
      // A store that failed is asked for one write before it is asked for many.
      const limit = isFailing ? 1 : LIMITS.writesInFlightMax;
      while (this.#flights.size < limit) {
        const writes = this.#collectTimed(false);
        if (writes.length === 0) break;
        void this.#send(writes);
      }
    }
    this.#arm();
  }

  /** Sets the one timer, unless it runs already or an answer of the store comes first. */
  #arm(): void {
    if (this.#cancelTimer !== null || this.#flushing > 0 || this.#isClosed) return;
    if (this.#queued + this.#heldQueue.length === 0) return;
    const nowUs = this.#options.clock.nowUs();
    let delayMs: number;
    if (this.#backOffMs > 0) {
      if (this.#flights.size > 0) return;
      delayMs = Math.max(1, Math.ceil((this.#retryAtUs - nowUs) / 1000));
    } else {
      const head = this.#cache.firstDirty();
      if (head === this.#cache.none) return;
      if (this.#isDue(head, nowUs)) {
        if (this.#flights.size < LIMITS.writesInFlightMax) this.#pumpSoon();
        return;
      }
      delayMs = ((this.#delayTicks - this.#ageTicks(head, nowUs)) * this.#tickUs) / 1000;
    }
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#cancelTimer = null;
      this.#pump();
    });
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #queue(entry: E, isInFront: boolean): void {
    const tick = this.#tickAt(this.#options.clock.nowUs());
    this.#cache.queueDirty(entry, tick, isInFront);
    this.#queued += 1;
  }

  #queueHeld(held: HeldState): void {
    assert(this.#heldQueue.push(held), 'more states are held than the limit');
    this.#pumpSoon();
  }

  #tickAt(nowUs: number): number {
    return Math.floor(nowUs / this.#tickUs) & (TICK_MODULUS - 1);
  }

  #ageTicks(entry: E, nowUs: number): number {
    return (this.#tickAt(nowUs) - this.#cache.dirtyTick(entry)) & (TICK_MODULUS - 1);
  }

  #isUnderPressure(): boolean {
    return this.dirty * 4 >= this.#options.dirtyMax * 3;
  }

  #isDue(entry: E, nowUs: number): boolean {
    if (this.#overdue > 0 || this.#isUnderPressure()) return true;
    return this.#ageTicks(entry, nowUs) >= this.#delayTicks;
  }

  #collectTimed(isForced: boolean): StateWrite[] {
    const startUs = this.#options.clock.nowUs();
    const writes = this.#collect(LIMITS.writeRowsMax, isForced, startUs);
    if (writes.length > 0) this.flushStalls.add(this.#options.clock.nowUs() - startUs);
    return writes;
  }

  /** Takes states off the queues for one write: evicted ones first, then those due, or any. */
  #collect(rowsMax: number, isForced: boolean, nowUs: number): StateWrite[] {
    const cache = this.#cache;
    const writes: StateWrite[] = [];
    while (writes.length < rowsMax) {
      const held = this.#heldQueue.shift();
      if (held === undefined) break;
      held.bits = (held.bits & ~DIRTY) | IN_FLIGHT;
      writes.push({ ...held.state, isDeleted: (held.bits & DELETED) !== 0 });
    }
    while (writes.length < rowsMax) {
      const entry = cache.firstDirty();
      if (entry === cache.none) break;
      if (!isForced && !this.#isDue(entry, nowUs)) break;
      cache.unqueueDirty(entry);
      this.#queued -= 1;
      if (this.#overdue > 0) this.#overdue -= 1;
      const bits = cache.bits(entry);
      cache.setBits(entry, (bits & ~DIRTY) | IN_FLIGHT);
      const write: MutableWrite = { ...createState(), isDeleted: (bits & DELETED) !== 0 };
      cache.read(entry, write);
      writes.push(write);
    }
    if (this.#queued === 0) this.#overdue = 0;
    this.#inFlight += writes.length;
    return writes;
  }

  /** Hands `writes` to the store; answers with its failure, or null. Never rejects. */
  #send(writes: readonly StateWrite[]): Promise<StoreUnavailable | null> {
    const flight = this.#write(writes).then((failure) => {
      this.#flights.delete(flight);
      this.#note(failure, writes.length);
      for (const write of writes) this.#settle(write, failure === null);
      this.#pump();
      return failure;
    });
    this.#flights.add(flight);
    return flight;
  }

  async #write(writes: readonly StateWrite[]): Promise<StoreUnavailable | null> {
    try {
      await this.#options.store.writeMany(writes);
      return null;
    } catch (error) {
      return toStoreUnavailable(error);
    }
  }

  #note(failure: StoreUnavailable | null, rows: number): void {
    this.#inFlight -= rows;
    if (failure === null) {
      this.writes += rows;
      if (this.#backOffMs > 0) this.#overdue = this.#queued;
      this.#backOffMs = 0;
      return;
    }
    this.writeFailures += rows;
    this.#backOffMs = Math.min(BACK_OFF_MAX_MS, Math.max(BACK_OFF_MIN_MS, this.#backOffMs * 2));
    this.#retryAtUs = this.#options.clock.nowUs() + this.#backOffMs * 1000;
    // The timer that runs may be for the far end of a commit delay.
    this.#disarm();
  }

  #settle(write: StateWrite, isDurable: boolean): void {
    const { userHi, userLo, type, channelHi, channelLo } = write;
    const entry = this.#cache.find(userHi, userLo, type, channelHi, channelLo);
    if (entry !== this.#cache.none) {
      this.#settleEntry(entry, isDurable);
      return;
    }
    const held = this.#held.find(userHi, userLo, type, channelHi, channelLo);
    assert(held !== null, 'a state in flight is neither cached nor held');
    held.bits = (held.bits & ~IN_FLIGHT) | (isDurable ? 0 : DIRTY);
    if ((held.bits & DIRTY) !== 0) {
      this.#queueHeld(held);
      return;
    }
    this.#held.delete(held);
    this.#options.onGone(held.state, (held.bits & DELETED) !== 0);
  }

  #settleEntry(entry: E, isDurable: boolean): void {
    const cache = this.#cache;
    const bits = cache.bits(entry) & ~IN_FLIGHT;
    if (!isDurable) {
      cache.setBits(entry, bits | DIRTY);
      this.#queue(entry, true);
      this.#overdue += 1;
      return;
    }
    cache.setBits(entry, bits);
    if ((bits & DIRTY) !== 0) {
      this.#queue(entry, false);
    } else if ((bits & DELETED) !== 0) {
      cache.read(entry, this.#gone);
      cache.remove(entry);
      this.#options.onGone(this.#gone, true);
    }
  }
}
