import { LIMITS } from '../../kit/limits.ts';

interface Turn<T> {
  /** Null once nothing waits for its turn any more. */
  write: T | null;
  readonly keys: readonly string[];
  /** Keys with earlier writes whose fate is still open. */
  missing: number;
  /** What it holds while it waits to be told of; -1 while its own fate is open. */
  bytes: number;
}

/**
 * Keeps what is told of missed writes in the order in which the writes arrived: one is told of
 * when the fate of all earlier ones of its keys is known, so that no later one can be replayed
 * before it. Bounded in writes and bytes that wait.
 */
export class WriteTurns<T> {
  /** Open writes of each key, the oldest first. */
  readonly #queues = new Map<string, Turn<T>[]>();
  readonly #turns = new Map<T, Turn<T>>();
  readonly #tell: (write: T) => void;
  #waiting = 0;
  #waitingBytes = 0;

  /** `tell` is called for each write that was missed, in its turn. */
  constructor(tell: (write: T) => void) {
    this.#tell = tell;
  }

  /** Keys with writes whose turn is not over. */
  get size(): number {
    return this.#queues.size;
  }

  /** Whether the fate of a write of the key is open, or is still to be told. */
  has(key: string): boolean {
    return this.#queues.has(key);
  }

  /** A write arrives, with each key once. */
  begins(write: T, keys: readonly string[]): void {
    const turn: Turn<T> = { write, keys, missing: 0, bytes: -1 };
    this.#turns.set(write, turn);
    for (const key of keys) {
      const queue = this.#queues.get(key);
      if (queue === undefined) this.#queues.set(key, [turn]);
      else {
        queue.push(turn);
        turn.missing += 1;
      }
    }
  }

  /**
   * It was missed, and is told of in its turn, now or later. False when too much waits already to
   * keep so many bytes till then: it is not told of.
   */
  missed(write: T, bytes: number): boolean {
    const turn = this.#turns.get(write);
    if (turn === undefined || turn.missing === 0) {
      this.#tell(write);
      if (turn !== undefined) this.#close(turn);
      return true;
    }
    const { shadowQueueMax, shadowBytesMax } = LIMITS;
    if (this.#waiting >= shadowQueueMax || this.#waitingBytes + bytes > shadowBytesMax) {
      this.done(write);
      return false;
    }
    this.#turns.delete(write);
    turn.bytes = bytes;
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    return true;
  }

  /** There is nothing to be told of it. */
  done(write: T): void {
    const turn = this.#turns.get(write);
    if (turn === undefined) return;
    turn.write = null;
    turn.bytes = 0;
    this.#turns.delete(write);
    if (turn.missing === 0) this.#close(turn);
  }

  /** One loop, so that no chain of those that waited grows the stack. */
  #close(first: Turn<T>): void {
    if (first.write !== null) this.#turns.delete(first.write);
    const due = [first];
    for (let turn = due.shift(); turn !== undefined; turn = due.shift()) {
      for (const key of turn.keys) {
        const next = this.#advance(key);
        if (next === null) continue;
        if (next.write !== null) {
          this.#waiting -= 1;
          this.#waitingBytes -= next.bytes;
          this.#tell(next.write);
        }
        due.push(next);
      }
    }
  }

  /** The oldest of the key goes; answers the next one when that waited for nothing else. */
  #advance(key: string): Turn<T> | null {
    const queue = this.#queues.get(key)!;
    queue.shift();
    const next = queue[0];
    if (next === undefined) {
      this.#queues.delete(key);
      return null;
    }
    next.missing -= 1;
    return next.missing === 0 && next.bytes >= 0 ? next : null;
  }
}
