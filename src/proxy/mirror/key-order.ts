import type { Side } from '../../model/exchange.ts';

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

/** A request's place among all mirrored ones of this proxy. */
export interface Arrival {
  readonly sequence: number;
  /** A live write of one of its keys was under way as it arrived. */
  readonly isRaced: boolean;
}

interface Lane {
  activeReads: number;
  isWriting: boolean;
  /** Shadow writes waiting or running, by the side they go to. */
  readonly pendingWrites: Record<Side, number>;
  waiting: OrderedTask[];
  liveWrites: number;
  liveReads: number;
  /** Sequence number of the newest live write, by the side it went to; 0 for none. */
  readonly newestLiveWrite: Record<Side, number>;
}

/**
 * Keeps a key's shadow requests in the order in which they arrived, and knows which live
 * requests of a key overlapped with a write, so that their answers may rightly differ.
 */
export class KeyOrder {
  readonly #lanes = new Map<string, Lane>();
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

  /** A mirrored request arrives, its live leg about to begin. Answers its place in the order. */
  liveBegins(keys: readonly string[], isWrite: boolean, side: Side): Arrival {
    this.#sequence += 1;
    let isRaced = false;
    for (const key of keys) {
      const lane = this.#lane(key);
      if (lane.liveWrites > 0) isRaced = true;
      if (isWrite) {
        lane.liveWrites += 1;
        lane.newestLiveWrite[side] = this.#sequence;
      } else lane.liveReads += 1;
    }
    return { sequence: this.#sequence, isRaced };
  }

  /** Its live leg has ended; true when a later live write of one of its keys overlapped with it. */
  liveEnds(keys: readonly string[], isWrite: boolean, arrival: Arrival): boolean {
    let isRaced = false;
    for (const key of keys) {
      const lane = this.#lane(key);
      if (isWrite) lane.liveWrites -= 1;
      else lane.liveReads -= 1;
      const { legacy, candidate } = lane.newestLiveWrite;
      if (Math.max(legacy, candidate) > arrival.sequence) isRaced = true;
      this.#forgetIdle(key, lane);
    }
    return isRaced;
  }

  /**
   * Whether a later live write of one of the keys went straight to `side`, where this request's
   * shadow leg was still waiting or under way. Ask before the task is released.
   */
  wasOvertaken(keys: readonly string[], side: Side, arrival: Arrival): boolean {
    return keys.some((key) => {
      const lane = this.#lanes.get(key);
      return lane !== undefined && lane.newestLiveWrite[side] > arrival.sequence;
    });
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        activeReads: 0,
        isWriting: false,
        pendingWrites: { legacy: 0, candidate: 0 },
        waiting: [],
        liveWrites: 0,
        liveReads: 0,
        newestLiveWrite: { legacy: 0, candidate: 0 },
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #forgetIdle(key: string, lane: Lane): void {
    if (lane.activeReads > 0 || lane.isWriting || lane.waiting.length > 0) return;
    if (lane.liveReads > 0 || lane.liveWrites > 0) return;
    this.#lanes.delete(key);
  }
}

function isFree(lane: Lane, isWrite: boolean): boolean {
  return isWrite ? lane.activeReads === 0 && !lane.isWriting : !lane.isWriting;
}

function grant(lane: Lane, isWrite: boolean): void {
  if (isWrite) lane.isWriting = true;
  else lane.activeReads += 1;
}
