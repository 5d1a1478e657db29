import type { Side } from '../model/exchange.ts';

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

interface Lane {
  activeReads: number;
  isWriting: boolean;
  /** Shadow writes waiting or running. */
  pendingWrites: number;
  pendingTarget: Side;
  waiting: OrderedTask[];
  liveWrites: number;
  liveReads: number;
  /** Grows with each live write: tells a read whether one began meanwhile. */
  writeSerial: number;
}

/**
 * Keeps a key's shadow requests in the order in which they arrived, and knows which live
 * requests of a key overlapped with a write, so that their answers may rightly differ.
 */
export class KeyOrder {
  readonly #lanes = new Map<string, Lane>();

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
        lane.pendingWrites += 1;
        lane.pendingTarget = task.target;
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
        lane.pendingWrites -= 1;
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

  /** The side that a key's unfinished shadow writes go to; null when there are none. */
  pendingWriteTarget(key: string): Side | null {
    const lane = this.#lanes.get(key);
    return lane === undefined || lane.pendingWrites === 0 ? null : lane.pendingTarget;
  }

  /** A live request of the key begins; answers a mark for {@link KeyOrder.liveEnds}. */
  liveBegins(key: string, isWrite: boolean): number {
    const lane = this.#lane(key);
    const isRaced = lane.liveWrites > 0;
    if (isWrite) {
      lane.liveWrites += 1;
      lane.writeSerial += 1;
    } else lane.liveReads += 1;
    return isRaced ? -1 : lane.writeSerial;
  }

  /** The live request ends; true when a write of the key overlapped with it. */
  liveEnds(key: string, isWrite: boolean, mark: number): boolean {
    const lane = this.#lane(key);
    if (isWrite) lane.liveWrites -= 1;
    else lane.liveReads -= 1;
    const isRaced = mark !== lane.writeSerial;
    this.#forgetIdle(key, lane);
    return isRaced;
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        activeReads: 0,
        isWriting: false,
        pendingWrites: 0,
        pendingTarget: 'candidate',
        waiting: [],
        liveWrites: 0,
        liveReads: 0,
        writeSerial: 0,
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
