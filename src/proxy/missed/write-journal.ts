/**
 * The writes that one side missed, in memory, in the order in which the other side carried them
 * out. In: a write with when it was under way. Out: those whose turn it is, which are those with
 * nothing before them at any of their keys. Sends nothing, and looks at no clock.
 */
import { LIMITS } from '../../kit/limits.ts';
import { otherSide, type Side } from '../../model/exchange.ts';
import type { HeldKey, MissedWrite } from '../../model/missed-write.ts';

/** A write of the journal and how far it has come. */
export interface JournalEntry {
  readonly id: number;
  readonly write: MissedWrite;
  readonly keys: readonly string[];
  /** The side that missed it. */
  readonly target: Side;
  /** What it takes in memory, about. */
  readonly bytes: number;
  readonly addedUs: number;
  isInFlight: boolean;
  /** It is known durably that it may have been sent. */
  isGranted: boolean;
  /** Times it has failed while others succeeded. */
  failures: number;
  /** How many others had succeeded as it failed last; -1 when it never did. */
  failedAt: number;
}

/** A write that found room. */
export interface Added {
  readonly entry: JournalEntry;
  /** Keys that had no entry before, or whose newest was had by the other side. */
  readonly fresh: readonly string[];
  /** Keys for which the journal's order may not be the live side's. */
  readonly unordered: readonly string[];
}

/** What an entry takes besides its request. */
const ENTRY_BYTES = 256;

/** Ordered per key, bounded in entries and bytes. */
export class WriteJournal {
  readonly #entries = new Map<number, JournalEntry>();
  /** Entries of each key, the oldest first. */
  readonly #queues = new Map<string, JournalEntry[]>();
  readonly #ready: Readonly<Record<Side, Set<JournalEntry>>> = {
    legacy: new Set(),
    candidate: new Set(),
  };
  #bytes = 0;

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#queues.has(key);
  }

  /** The keys with entries, and the side that has the newest of each. */
  heldKeys(): readonly HeldKey[] {
    return [...this.#queues].map(([key, queue]) => [key, queue.at(-1)!.write.truth]);
  }

  /** Every entry, the oldest id first. */
  entries(): IterableIterator<JournalEntry> {
    return this.#entries.values();
  }

  /** Entries whose turn it is to go to this side, those tried last at the end. */
  ready(target: Side): ReadonlySet<JournalEntry> {
    return this.#ready[target];
  }

  /** Puts a write in its place under an id of its own; null when there is no room for it. */
  add(id: number, write: MissedWrite, nowUs: number): Added | null {
    const bytes = bytesOf(write);
    const { journalEntriesMax, journalMaxBytes } = LIMITS;
    if (this.#entries.size >= journalEntriesMax || this.#bytes + bytes > journalMaxBytes) {
      return null;
    }
    const entry: JournalEntry = {
      id,
      write,
      keys: [...new Set(write.keys)],
      target: otherSide(write.truth),
      bytes,
      addedUs: nowUs,
      isInFlight: false,
      isGranted: false,
      failures: 0,
      failedAt: -1,
    };
    this.#entries.set(id, entry);
    this.#bytes += bytes;
    const fresh: string[] = [];
    const unordered: string[] = [];
    for (const key of entry.keys) {
      const queue = this.#queues.get(key);
      if (queue === undefined) {
        this.#queues.set(key, [entry]);
        fresh.push(key);
        if (write.isRaced) unordered.push(key);
      } else {
        if (queue.at(-1)!.write.truth !== write.truth) fresh.push(key);
        if (this.#insert(queue, entry) || write.isRaced) unordered.push(key);
      }
    }
    this.#refresh(entry);
    return { entry, fresh, unordered };
  }

  /** An entry is on its way. */
  begin(entry: JournalEntry): void {
    entry.isInFlight = true;
    this.#ready[entry.target].delete(entry);
  }

  /** It has to be sent once more. */
  again(entry: JournalEntry): void {
    entry.isInFlight = false;
    this.#refresh(entry);
  }

  /** Takes an entry out; answers the keys that have no entry any more. */
  remove(entry: JournalEntry): readonly string[] {
    if (!this.#entries.delete(entry.id)) return [];
    this.#bytes -= entry.bytes;
    this.#ready[entry.target].delete(entry);
    const drained: string[] = [];
    for (const key of entry.keys) {
      const queue = this.#queues.get(key)!;
      queue.splice(queue.indexOf(entry), 1);
      if (queue.length === 0) {
        this.#queues.delete(key);
        drained.push(key);
      } else this.#refresh(queue[0]!);
    }
    return drained;
  }

  /** Behind all that arrived before it; true when their order is not sure. */
  #insert(queue: JournalEntry[], entry: JournalEntry): boolean {
    const { arrivedUs, endedUs, truth } = entry.write;
    let isUnsure = queue.some(({ write }) => write.truth !== truth);
    let place = queue.length;
    while (place > 0) {
      const { write, isInFlight } = queue[place - 1]!;
      if (write.endedUs > arrivedUs && write.arrivedUs < endedUs) isUnsure = true;
      if (write.arrivedUs <= arrivedUs) break;
      if (isInFlight) {
        isUnsure = true;
        break;
      }
      place -= 1;
    }
    queue.splice(place, 0, entry);
    if (place === 0) {
      const displaced = queue[1]!;
      this.#ready[displaced.target].delete(displaced);
    }
    return isUnsure;
  }

  #refresh(entry: JournalEntry): void {
    if (entry.isInFlight) return;
    for (const key of entry.keys) {
      if (this.#queues.get(key)![0] !== entry) return;
    }
    this.#ready[entry.target].add(entry);
  }
}

/** What a write takes in memory, about. */
export function bytesOf({ keys, method, target, headers, body }: MissedWrite): number {
  let bytes = ENTRY_BYTES + method.length + target.length + (body?.length ?? 0);
  for (const key of keys) bytes += key.length;
  for (const text of headers) bytes += text.length;
  return bytes;
}
