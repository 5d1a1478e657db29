import { LIMITS } from '../kit/limits.ts';
import type { OpenWrite } from '../proxy/missed/write-log.ts';
import type { StoredOpenWrite } from '../store/missed-writes.ts';

/** A proxy's writes under way, by id. */
type OpenWrites = ReadonlyMap<number, OpenWrite>;

interface Row {
  readonly open: OpenWrites;
  readonly id: number;
  /** When it was seen to have ended; 0: not yet. */
  endedUs: number;
}

/**
 * The rows of writes that have been under way for a while. Where the controller and its proxies
 * die together, they alone say which writes nobody knows the outcome of.
 */
export class LastingWrites {
  readonly #rows = new Map<number, Row>();
  #nextRow: number;

  /** `firstRow`: rows of new ones go on from there. */
  constructor(firstRow: number) {
    this.#nextRow = firstRow;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Writes of a proxy have lasted; answers the rows of those that still do. */
  begin(open: OpenWrites, ids: readonly number[]): readonly StoredOpenWrite[] {
    return ids.flatMap((id) => {
      const write = open.get(id);
      if (write === undefined) return [];
      const row = this.#nextRow;
      this.#nextRow += 1;
      this.#rows.set(row, { open, id, endedUs: 0 });
      return { row, keys: write.keys, truth: write.truth };
    });
  }

  /** A proxy has gone: answers the rows of its writes. */
  left(open: OpenWrites): readonly number[] {
    return this.#take((row) => row.open === open);
  }

  /** Rows of writes that ended so long ago that what became of them is on disk. */
  takeOver(nowUs: number): readonly number[] {
    return this.#take((row) => {
      if (row.endedUs > 0) return nowUs - row.endedUs >= LIMITS.openWriteKeptMs * 1000;
      if (!row.open.has(row.id)) row.endedUs = nowUs;
      return false;
    });
  }

  /** Rows of all that have ended, as everything ends and is written down. */
  takeEnded(): readonly number[] {
    return this.#take((row) => !row.open.has(row.id));
  }

  #take(isTaken: (row: Row) => boolean): readonly number[] {
    const taken: number[] = [];
    for (const [row, each] of this.#rows) if (isTaken(each)) taken.push(row);
    for (const row of taken) this.#rows.delete(row);
    return taken;
  }
}
