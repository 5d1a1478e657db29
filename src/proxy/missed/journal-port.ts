import type { Clock } from '../../kit/clock.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Side } from '../../model/exchange.ts';
import type { MissedWrite } from '../../model/missed-write.ts';
import type { TaintedKey } from '../../model/window.ts';
import { CatchUp } from './catch-up.ts';
import type { Replayer } from './replayer.ts';
import type { TaintedKeys } from './taint.ts';
import { bytesOf } from './write-journal.ts';

/** Where a proxy's missed writes go: the controller's journal, or one of its own. */
export interface JournalPort {
  /**
   * Takes a missed write. Answers the number under which the journal will say that it has seen
   * it, 0 when it has already, -1 when nobody takes it: its keys are then to be tainted.
   */
  missed(write: MissedWrite): number;
  /** Writes that wait here, and their bytes; 0 where another process keeps them. */
  readonly count: number;
  readonly bytes: number;
  close(): void;
}

/** A journal in this process alone, lost with it: for a proxy without a controller. */
export function createOwnJournal(
  clock: Clock,
  tainted: TaintedKeys,
  replayer: Replayer,
): JournalPort {
  const catchUp = new CatchUp({
    clock,
    canReplay: () => true,
    replay: (entry, ended) => replayer.replay(entry.write, ended),
    grant: () => true,
    ungrant: () => undefined,
    settleMs: () => 0,
    observer: {
      held: (keys) => tainted.held.kept(keys),
      released: (keys) => tainted.held.released(keys, 0),
      tainted: (keys) => {
        for (const [key, truth, reason] of keys) tainted.add(key, truth, reason);
      },
      added: () => undefined,
      removed: () => undefined,
    },
  });
  return {
    missed(write) {
      catchUp.missed(write);
      return 0;
    },
    get count() {
      return catchUp.journal.count;
    },
    get bytes() {
      return catchUp.journal.bytes;
    },
    close: () => catchUp.close(),
  };
}

interface Unkept {
  readonly keys: readonly string[];
  readonly truth: Side;
  readonly bytes: number;
}

/**
 * The controller's journal, as a proxy sees it. Of a controller that stands still it holds so much
 * and no more: then nobody takes missed writes, and their keys are tainted.
 */
export class ToldJournal implements JournalPort {
  readonly count = 0;
  readonly bytes = 0;
  readonly #tell: (seq: number, write: MissedWrite) => boolean;
  /** Told, but perhaps not on disk: the number and the keys of each, the oldest first. */
  readonly #unkept = new Map<number, Unkept>();
  /** What these were as they were told: as long as nobody hears, it waits in this process. */
  #unkeptBytes = 0;
  #lastSeq = 0;

  /** `tell` hands the write to the system at once; false when there is nobody to tell. */
  constructor(tell: (seq: number, write: MissedWrite) => boolean) {
    this.#tell = tell;
  }

  missed(write: MissedWrite): number {
    const { keys, truth } = write;
    const bytes = bytesOf(write);
    const { unkeptEntriesMax, unkeptMaxBytes } = LIMITS;
    const isFull = this.#unkept.size >= unkeptEntriesMax;
    if (isFull || this.#unkeptBytes + bytes > unkeptMaxBytes) return -1;
    const seq = this.#lastSeq + 1;
    if (!this.#tell(seq, write)) return -1;
    this.#lastSeq = seq;
    this.#unkept.set(seq, { keys, truth, bytes });
    this.#unkeptBytes += bytes;
    return seq;
  }

  /** What was told up to `seq` is on disk. */
  kept(seq: number): void {
    for (const [known, { bytes }] of this.#unkept) {
      if (known > seq) return;
      this.#unkept.delete(known);
      this.#unkeptBytes -= bytes;
    }
  }

  /** Keys of writes that were told but may be lost with the controller. */
  unkept(): readonly TaintedKey[] {
    return [...this.#unkept.values()].flatMap(({ keys, truth }) =>
      keys.map((key): TaintedKey => [key, truth, 'not-mirrored']),
    );
  }

  close(): void {}
}
