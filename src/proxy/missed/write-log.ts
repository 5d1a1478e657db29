import type { Side } from '../../model/exchange.ts';

/** A mirrored write under way, as the controller is told of it. */
export interface OpenWrite {
  readonly id: number;
  readonly keys: readonly string[];
  readonly truth: Side;
}

export interface WriteLog {
  /** A mirrored write begins: told at once, before its first byte leaves. Answers its id. */
  begins(keys: readonly string[], truth: Side): number;
  ends(id: number): void;
  /** Ids of those under way for `ageMs` or longer, each once. */
  takeLasting(ageMs: number): readonly number[];
  /** Ids ended since the last call. */
  takeEnded(): readonly number[];
}

/**
 * Tells the controller which mirrored writes are under way, so that it can name the keys when
 * this process is killed in the middle of one. `tell` must hand the message to the system at
 * once; that a write has ended may be told later.
 */
export function createWriteLog(
  tell: (write: OpenWrite) => void,
  nowMs: () => number = () => performance.now(),
): WriteLog {
  /** When each began that has not been said to last, the oldest first. */
  const young = new Map<number, number>();
  let nextId = 0;
  let ended: number[] = [];
  return {
    begins(keys, truth) {
      const id = nextId;
      nextId += 1;
      young.set(id, nowMs());
      tell({ id, keys, truth });
      return id;
    },
    ends(id) {
      ended.push(id);
      young.delete(id);
    },
    takeLasting(ageMs) {
      const untilMs = nowMs() - ageMs;
      const lasting: number[] = [];
      for (const [id, beganMs] of young) {
        if (beganMs > untilMs) break;
        lasting.push(id);
      }
      for (const id of lasting) young.delete(id);
      return lasting;
    },
    takeEnded() {
      const taken = ended;
      ended = [];
      return taken;
    },
  };
}
