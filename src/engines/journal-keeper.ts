/**
 * The journal of missed writes of all proxies of this machine. In: the writes that each proxy
 * tells of, and how replays ended. Out: entries to be replayed, one proxy's at a time; which keys
 * are held and released, to all of them; rows in the store. One journal for all, as a key's
 * writes may come through any of them.
 */
import type { Clock } from '../kit/clock.ts';
import { messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';
import type { HeldKey, ReplayEnd } from '../model/missed-write.ts';
import type { Side } from '../model/exchange.ts';
import type { TaintedKey } from '../model/window.ts';
import { CatchUp } from '../proxy/missed/catch-up.ts';
import type { FromProxy, ToProxy } from '../proxy/messages.ts';
import type { JournalEntry } from '../proxy/missed/write-journal.ts';
import type { JournalState } from '../rollout/engine.ts';
import type { OpenWrite } from '../proxy/missed/write-log.ts';
import type {
  MissedWriteStore,
  StoredMissedWrite,
  StoredOpenWrite,
} from '../store/missed-writes.ts';
import { LastingWrites } from './lasting-writes.ts';

export interface JournalKeeperParts {
  readonly store: MissedWriteStore;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
  /** Takes keys that stay tainted until both sides were seen to agree. */
  readonly taint: (keys: readonly TaintedKey[]) => void;
}

/** What a proxy says that concerns the journal. */
export type JournalMessage = Extract<FromProxy, { kind: 'missed' | 'replayed' | 'lasting' }>;

interface Link {
  /** Its writes under way, by id. */
  readonly open: ReadonlyMap<number, OpenWrite>;
  readonly send: (message: ToProxy) => void;
  isReady: boolean;
  /** Number of the newest write heard of from this proxy, and of the newest on disk. */
  seenSeq: number;
  keptSeq: number;
  /** Replays that it has been asked for. */
  readonly replays: Map<number, (end: ReplayEnd) => void>;
}

/** Takes up the journal of the store, and keeps it there; see the head of this file. */
export class JournalKeeper {
  readonly #parts: JournalKeeperParts;
  readonly #links = new Map<number, Link>();
  readonly #catchUp: CatchUp;
  readonly #era: number;
  /** Keys to be told of: the side that has their writes, or null when they are released. */
  #untold = new Map<string, Side | null>();
  #isTellingDue = false;
  #added = new Map<number, StoredMissedWrite>();
  #removed = new Set<number>();
  #ungranted = new Set<number>();
  readonly #lasting: LastingWrites;
  #opened = new Map<number, StoredOpenWrite>();
  #closed = new Set<number>();
  #isSweepDue = false;
  #tainted: TaintedKey[] = [];
  #isWriteDue = false;
  #problem: string | null = null;

  constructor(parts: JournalKeeperParts) {
    this.#parts = parts;
    const stored = parts.store.all();
    this.#era = 1 + Math.max(0, ...stored.slice(-1).map(({ era }) => era));
    this.#catchUp = new CatchUp({
      clock: parts.clock,
      observer: {
        held: (keys) => this.#tell(keys),
        released: (keys) => this.#tell(keys.map((key) => [key, null])),
        tainted: (keys) => {
          this.#tainted.push(...keys);
          this.#parts.taint(keys);
          this.#writeSoon();
        },
        added: (entry) => this.#entryAdded(entry),
        removed: (entry) => this.#entryRemoved(entry),
      },
      canReplay: () => this.#sender() !== null,
      replay: (entry, ended) => this.#replay(entry, ended),
      grant: (entries) => this.#write(entries),
      ungrant: (entries) => this.#ungrant(entries),
      // One proxy alone tells of its writes in the order in which they were.
      settleMs: () => (this.#links.size > 1 ? LIMITS.replaySettleMs : 0),
    });
    for (const { id, write, isGranted } of stored) this.#catchUp.restore(id, write, isGranted);
    const lost = parts.store.open();
    this.#lasting = new LastingWrites(1 + Math.max(0, ...lost.map(({ row }) => row)));
    this.#lose(lost);
    this.#close(lost.map(({ row }) => row));
  }

  /** How the journal stands on disk, unless a problem is named. */
  state(): JournalState {
    this.#write([]);
    const { journal } = this.#catchUp;
    const { count: entries, bytes } = journal;
    return { entries, bytes, keys: journal.heldKeys(), problem: this.#problem };
  }

  /** Keys that a proxy which starts now has to hold. */
  held(): readonly HeldKey[] {
    return this.#catchUp.journal.heldKeys();
  }

  /** A proxy starts: from now on it is told of everything. */
  joined(
    worker: number,
    open: ReadonlyMap<number, OpenWrite>,
    tell: (message: ToProxy) => void,
  ): void {
    const link = { open, send: tell, isReady: false, seenSeq: 0, keptSeq: 0, replays: new Map() };
    this.#links.set(worker, link);
  }

  /** It serves, and may be asked to replay. */
  ready(worker: number): void {
    const link = this.#links.get(worker);
    if (link === undefined) return;
    link.isReady = true;
    this.#catchUp.wake();
  }

  /** It has gone; what it was replaying, and what it had under way, may have been carried out. */
  left(worker: number): void {
    const link = this.#links.get(worker);
    if (link === undefined) return;
    this.#links.delete(worker);
    for (const ended of link.replays.values()) ended('unknown');
    this.#close(this.#lasting.left(link.open));
    this.#lose([...link.open.values()]);
  }

  hear(worker: number, message: JournalMessage): void {
    const link = this.#links.get(worker);
    if (message.kind === 'missed') {
      // The last words of a proxy may be heard after its end.
      if (link !== undefined) link.seenSeq = message.seq;
      this.#catchUp.missed(message.write);
    } else if (message.kind === 'lasting') {
      if (link !== undefined) this.#begin(this.#lasting.begin(link.open, message.ids));
    } else {
      const ended = link?.replays.get(message.id);
      link?.replays.delete(message.id);
      ended?.(message.end);
    }
  }

  /** Writes all that waits, and ends; no proxy may be left. */
  close(): void {
    this.#catchUp.close();
    this.#close(this.#lasting.takeEnded());
    this.#write([]);
  }

  /** The newest proxy that serves: the others may be on their way out. */
  #sender(): Link | null {
    let newest: Link | null = null;
    for (const link of this.#links.values()) if (link.isReady) newest = link;
    return newest;
  }

  #replay(entry: JournalEntry, ended: (end: ReplayEnd) => void): void {
    const link = this.#sender();
    if (link === null) {
      ended('unsent');
      return;
    }
    link.replays.set(entry.id, ended);
    link.send({ kind: 'replay', id: entry.id, write: entry.write });
  }

  /** Writes that were under way as their proxy died: nobody knows what became of them. */
  #lose(lost: readonly Pick<OpenWrite, 'keys' | 'truth'>[]): void {
    if (lost.length === 0) return;
    const sinceUs = this.#parts.clock.nowUs();
    const keys = lost.flatMap(({ keys: each, truth }) =>
      each.map((key): TaintedKey => [key, truth, 'proxy-lost', sinceUs]),
    );
    this.#tainted.push(...keys);
    this.#parts.taint(keys);
    this.#writeSoon();
  }

  #begin(opened: readonly StoredOpenWrite[]): void {
    if (opened.length === 0) return;
    for (const each of opened) this.#opened.set(each.row, each);
    this.#writeSoon();
    this.#sweepSoon();
  }

  #close(rows: readonly number[]): void {
    if (rows.length === 0) return;
    for (const row of rows) if (!this.#opened.delete(row)) this.#closed.add(row);
    this.#writeSoon();
  }

  #sweepSoon(): void {
    if (this.#isSweepDue) return;
    this.#isSweepDue = true;
    this.#parts.clock.after(LIMITS.persistEveryMs, () => {
      this.#isSweepDue = false;
      this.#close(this.#lasting.takeOver(this.#parts.clock.nowUs()));
      if (this.#lasting.size > 0) this.#sweepSoon();
    });
  }

  /** The newest word on each key goes out at the end of this turn. */
  #tell(keys: readonly (readonly [string, Side | null])[]): void {
    for (const [key, truth] of keys) this.#untold.set(key, truth);
    if (this.#isTellingDue) return;
    this.#isTellingDue = true;
    setImmediate(() => this.#tellAll());
  }

  #tellAll(): void {
    this.#isTellingDue = false;
    const held: HeldKey[] = [];
    const released: string[] = [];
    for (const [key, truth] of this.#untold) {
      if (truth === null) released.push(key);
      else held.push([key, truth]);
    }
    this.#untold = new Map();
    for (const { send, seenSeq } of this.#links.values()) {
      if (held.length > 0) send({ kind: 'held', keys: held });
      if (released.length > 0) send({ kind: 'released', keys: released, seenSeq });
    }
  }

  #entryAdded({ id, write }: JournalEntry): void {
    this.#added.set(id, { id, era: this.#era, isGranted: false, write });
    this.#writeSoon();
  }

  #entryRemoved({ id }: JournalEntry): void {
    if (!this.#added.delete(id)) this.#removed.add(id);
    this.#writeSoon();
  }

  #ungrant(entries: readonly JournalEntry[]): void {
    for (const { id } of entries) this.#ungranted.add(id);
    this.#writeSoon();
  }

  #writeSoon(delayMs: number = LIMITS.journalPersistMs): void {
    if (this.#isWriteDue) return;
    this.#isWriteDue = true;
    this.#parts.clock.after(delayMs, () => {
      this.#isWriteDue = false;
      if (!this.#write([])) this.#writeSoon(LIMITS.persistEveryMs);
    });
  }

  #write(granted: readonly JournalEntry[]): boolean {
    for (const { id } of granted) this.#ungranted.delete(id);
    const change = {
      added: [...this.#added.values()],
      granted: granted.map(({ id }) => id),
      ungranted: [...this.#ungranted],
      removed: [...this.#removed],
      opened: [...this.#opened.values()],
      closed: [...this.#closed],
      tainted: this.#tainted,
    };
    if (Object.values(change).every((part) => part.length === 0)) {
      // What came and went since the last time needs no disk.
      this.#tellKept();
      return true;
    }
    try {
      this.#parts.store.commit(change);
    } catch (error) {
      const cause = messageOf(error);
      if (this.#problem === null) this.#parts.log.error({ cause }, 'missed writes not written');
      this.#problem = `missed writes are not on disk yet: ${cause}`;
      return false;
    }
    this.#problem = null;
    this.#added = new Map();
    this.#removed = new Set();
    this.#ungranted = new Set();
    this.#opened = new Map();
    this.#closed = new Set();
    this.#tainted = [];
    this.#tellKept();
    return true;
  }

  #tellKept(): void {
    for (const link of this.#links.values()) {
      if (link.seenSeq === link.keptSeq) continue;
      link.keptSeq = link.seenSeq;
      link.send({ kind: 'kept', seq: link.seenSeq });
    }
  }
}
