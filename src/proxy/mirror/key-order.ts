import { LIMITS } from '../../kit/limits.ts';
import { SIDES, type Side } from '../../model/exchange.ts';
import type { LiveWrite } from '../../model/race.ts';

/** A shadow request and what it waits for. Reads of a key run together, writes alone. */
export interface OrderedTask {
  readonly keys: readonly string[];
  readonly isWrite: boolean;
  /** The side the task goes to. */
  readonly target: Side;
  /** Keys whose turn has not come; kept by {@link KeyOrder}. */
  missing: number;
  /** Called once, when every key's turn has come. */
  run(): void;
}

/** A request's place among all those of this proxy whose keys are watched. */
export interface Arrival {
  readonly sequence: number;
  /** What it is, where it is a write; null for a read. */
  readonly write: LiveWrite | null;
  /** A write of which the other side gets no copy: it matters to reads alone. */
  readonly isLone: boolean;
  /** A live write of one of its keys that was under way as it arrived; null for none. */
  readonly overlap: LiveWrite | null;
}

interface Lane {
  activeReads: number;
  isWriting: boolean;
  /** Shadow writes waiting or running, by the side they go to. */
  readonly pendingWrites: Record<Side, number>;
  waiting: OrderedTask[];
  /** Live writes under way, in the order in which they arrived. */
  readonly liveWrites: Arrival[];
  liveReads: number;
  /** The newest live write with a copy, by the side that it went to; null for none. */
  readonly newestLiveWrite: Record<Side, Arrival | null>;
  newestLoneWrite: Arrival | null;
}

/**
 * Keeps a key's shadow requests in the order in which they arrived, and knows which live
 * requests of a key overlapped with a write, so that their answers may rightly differ.
 */
export class KeyOrder {
  readonly #lanes = new Map<string, Lane>();
  /** Keys with a write that came while another was under way, the longest without one first. */
  readonly #doubts = new Set<string>();
  #sequence = 0;

  /** Keys with something under way. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Runs the task now, or when the last task before it on any of its keys is released. */
  acquire(task: OrderedTask): void {
    task.missing = 0;
    for (const key of task.keys) {
      const lane = this.#lane(key);
      if (task.isWrite) {
        lane.pendingWrites[task.target] += 1;
      }
      if (lane.waiting.length === 0 && isFree(lane, task.isWrite)) grant(lane, task.isWrite);
      else {
        lane.waiting.push(task);
        task.missing += 1;
      }
    }
    if (task.missing === 0) task.run();
  }

  /** Gives the task's turns to those behind it. Call exactly once after it has run. */
  release(task: OrderedTask): void {
    const ready: OrderedTask[] = [];
    for (const key of task.keys) {
      const lane = this.#lane(key);
      if (task.isWrite) {
        lane.isWriting = false;
        lane.pendingWrites[task.target] -= 1;
      } else lane.activeReads -= 1;
      while (lane.waiting.length > 0 && isFree(lane, lane.waiting[0]!.isWrite)) {
        const next = lane.waiting.shift()!;
        grant(lane, next.isWrite);
        next.missing -= 1;
        if (next.missing === 0) ready.push(next);
      }
      this.#forgetIdle(key, lane);
    }
    for (const next of ready) next.run();
  }

  /** Whether shadow writes of the key to this side are not finished. */
  hasPendingWrites(key: string, side: Side): boolean {
    const lane = this.#lanes.get(key);
    return lane !== undefined && lane.pendingWrites[side] > 0;
  }

  /** No write of these keys is under way, on the live side or towards a shadow. */
  isQuiet(keys: readonly string[]): boolean {
    for (const key of keys) {
      const lane = this.#lanes.get(key);
      if (lane === undefined) continue;
      const { liveWrites, pendingWrites } = lane;
      if (liveWrites.length + pendingWrites.legacy + pendingWrites.candidate > 0) return false;
    }
    return true;
  }

  /**
   * A request arrives, its live leg about to begin on `side`. `write`: what it is, where it is a
   * write; `isLone`: one that the other side gets no copy of. Answers its place in the order.
   */
  liveBegins(
    keys: readonly string[],
    side: Side,
    write: LiveWrite | null = null,
    isLone = false,
  ): Arrival {
    this.#sequence += 1;
    let overlap: LiveWrite | null = null;
    for (const key of keys) overlap ??= underWay(this.#lanes.get(key), write === null);
    const arrival: Arrival = { sequence: this.#sequence, write, isLone, overlap };
    for (const key of keys) {
      const lane = this.#lane(key);
      if (write !== null && !isLone && underWay(lane, false) !== null) this.#doubt(key);
      if (write === null) lane.liveReads += 1;
      else lane.liveWrites.push(arrival);
      if (write !== null && isLone) lane.newestLoneWrite = arrival;
      else if (write !== null) lane.newestLiveWrite[side] = arrival;
    }
    return arrival;
  }

  /**
   * The keys, of these, with two writes that were under way on the live side at once: which came
   * first there is open, and the shadow may have got them in another order. However long ago: what
   * they left behind stays until it is read.
   */
  doubtful(keys: readonly string[]): readonly string[] {
    if (this.#doubts.size === 0) return [];
    return keys.filter((key) => this.#doubts.has(key));
  }

  /** Both sides have shown all that belongs to these keys, and it was the same. */
  agreed(keys: readonly string[]): void {
    for (const key of keys) this.#doubts.delete(key);
  }

  /** Its live leg has ended; a later live write of one of its keys that overlapped with it. */
  liveEnds(keys: readonly string[], arrival: Arrival): LiveWrite | null {
    let overlap: LiveWrite | null = null;
    for (const key of keys) {
      const lane = this.#lane(key);
      if (arrival.write === null) lane.liveReads -= 1;
      else lane.liveWrites.splice(lane.liveWrites.indexOf(arrival), 1);
      for (const side of SIDES) overlap ??= laterWrite(lane, side, arrival);
      this.#forgetIdle(key, lane);
    }
    return overlap;
  }

  /**
   * A later live write of one of the keys that went straight to `side`, where this request's
   * shadow leg was still waiting or under way; null for none. Ask before the task is released.
   */
  overtakenBy(keys: readonly string[], side: Side, arrival: Arrival): LiveWrite | null {
    for (const key of keys) {
      const lane = this.#lanes.get(key);
      const write = lane === undefined ? null : laterWrite(lane, side, arrival);
      if (write !== null) return write;
    }
    return null;
  }

  #doubt(key: string): void {
    this.#doubts.delete(key);
    this.#doubts.add(key);
    if (this.#doubts.size <= LIMITS.writeOrderDoubtsMax) return;
    this.#doubts.delete(this.#doubts.values().next().value!);
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        activeReads: 0,
        isWriting: false,
        pendingWrites: { legacy: 0, candidate: 0 },
        waiting: [],
        liveWrites: [],
        liveReads: 0,
        newestLiveWrite: { legacy: null, candidate: null },
        newestLoneWrite: null,
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #forgetIdle(key: string, lane: Lane): void {
    if (lane.activeReads > 0 || lane.isWriting || lane.waiting.length > 0) return;
    if (lane.liveReads > 0 || lane.liveWrites.length > 0) return;
    this.#lanes.delete(key);
  }
}

/** A live write under way; `withLone`: or one without a copy. */
function underWay(lane: Lane | undefined, withLone: boolean): LiveWrite | null {
  const found = lane?.liveWrites.findLast(({ isLone }) => withLone || !isLone);
  return found?.write ?? null;
}

function laterWrite(lane: Lane, side: Side, arrival: Arrival): LiveWrite | null {
  const newest = lane.newestLiveWrite[side];
  if (newest !== null && newest.sequence > arrival.sequence) return newest.write;
  // Where both sides stand on one store, it is there for both of them.
  const lone = arrival.write === null ? lane.newestLoneWrite : null;
  return lone !== null && lone.sequence > arrival.sequence ? lone.write : null;
}

function isFree(lane: Lane, isWrite: boolean): boolean {
  return isWrite ? lane.activeReads === 0 && !lane.isWriting : !lane.isWriting;
}

function grant(lane: Lane, isWrite: boolean): void {
  if (isWrite) lane.isWriting = true;
  else lane.activeReads += 1;
}
