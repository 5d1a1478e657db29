import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { entryPath } from '../kit/entry.ts';
import { CrossfadeError, messageOf } from '../kit/errors.ts';
import { PACKED_FIELDS, type PackedRows, packRows, unpackRows } from './packed-rows.ts';
import {
  PAGE_ROWS,
  type ThreadAnswer,
  type ThreadOpening,
  type ThreadRequest,
  type ThreadStart,
} from './sqlite-messages.ts';
import type { ChannelRef, ReadStateStore, StateRow, StateWrite } from './store.ts';
import { StoreUnavailable } from './store.ts';

interface Waiter {
  readonly resolve: (rows: PackedRows) => void;
  readonly reject: (error: Error) => void;
}

type Unnumbered<T> = T extends ThreadRequest ? Omit<T, 'id'> : never;

/**
 * A store in the SQLite file at `path`, created when absent, held exclusively until `close` or
 * the end of the process. All work on the file is done in a thread of its own; a commit survives
 * a power cut. Rejects with the CrossfadeErrors of openSqlite: sqlite-locked when another process
 * holds the file.
 */
export async function openSqliteStore(path: string): Promise<ReadStateStore> {
  const start: ThreadStart = { path };
  const thread = new Worker(entryPath(import.meta.url, './sqlite-thread'), {
    workerData: start,
    name: 'sqlite',
  });
  const [opening]: ThreadOpening[] = await once(thread, 'message');
  if (opening?.kind === 'refused') {
    const { code, message, hint, exitCode } = opening;
    throw new CrossfadeError(code, message, { exitCode, ...(hint === '' ? {} : { hint }) });
  }
  return new SqliteStore(path, thread);
}

/** The near side of the thread: numbers requests, sends those of one tick together, waits. */
class SqliteStore implements ReadStateStore {
  readonly #path: string;
  readonly #thread: Worker;
  readonly #waiters = new Map<number, Waiter>();
  #outgoing: ThreadRequest[] = [];
  #lastId = 0;
  /** Why nothing can be asked any more; '' while it can. */
  #ended = '';
  #closing: Promise<void> | null = null;

  constructor(path: string, thread: Worker) {
    this.#path = path;
    this.#thread = thread;
    thread.on('message', (answers: readonly ThreadAnswer[]) => this.#settle(answers));
    thread.on('error', (error) => this.#end(`its thread failed: ${messageOf(error)}`));
    thread.on('exit', () => this.#end('it is closed'));
  }

  async readMany(
    userHi: number,
    userLo: number,
    channels: readonly ChannelRef[],
  ): Promise<StateRow[]> {
    const named = new Int32Array(channels.length * 3);
    for (const [i, { type, channelHi, channelLo }] of channels.entries()) {
      named.set([type, channelHi, channelLo], i * 3);
    }
    return unpackRows(await this.#ask({ kind: 'read', userHi, userLo, channels: named }));
  }

  async *readUser(userHi: number, userLo: number): AsyncGenerator<readonly StateRow[]> {
    let [afterType, afterHi, afterLo] = [-1, 0, 0];
    for (;;) {
      const packed = await this.#ask({ kind: 'page', userHi, userLo, afterType, afterHi, afterLo });
      const rows = unpackRows(packed);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      if (packed.length < PAGE_ROWS * PACKED_FIELDS) return;
      [afterType, afterHi, afterLo] = [last.type, last.channelHi, last.channelLo];
    }
  }

  async writeMany(writes: readonly StateWrite[]): Promise<void> {
    if (writes.length > 0) await this.#ask({ kind: 'write', rows: packRows(writes) });
  }

  /** Resolves when everything asked before is done and the file is free for another process. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended !== '') return;
    const exited = once(this.#thread, 'exit');
    const closed = this.#ask({ kind: 'close' });
    this.#ended = 'it is closed';
    await Promise.all([closed, exited]);
  }

  #ask(request: Unnumbered<ThreadRequest>): Promise<PackedRows> {
    if (this.#ended !== '') return Promise.reject(this.#unavailable(this.#ended));
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#send());
    this.#outgoing.push({ ...request, id });
    return new Promise((resolve, reject) => this.#waiters.set(id, { resolve, reject }));
  }

  #send(): void {
    const batch = this.#outgoing;
    this.#outgoing = [];
    const buffers = batch.flatMap((request) => {
      if (request.kind === 'write') return [request.rows.buffer];
      return request.kind === 'read' ? [request.channels.buffer] : [];
    });
    this.#thread.postMessage(batch, buffers);
  }

  #settle(answers: readonly ThreadAnswer[]): void {
    for (const { id, rows, failure } of answers) {
      const waiter = this.#waiters.get(id);
      this.#waiters.delete(id);
      if (failure === '') waiter?.resolve(rows);
      else waiter?.reject(this.#unavailable(failure));
    }
  }

  #end(reason: string): void {
    if (this.#ended === '') this.#ended = reason;
    for (const waiter of this.#waiters.values()) waiter.reject(this.#unavailable(reason));
    this.#waiters.clear();
  }

  #unavailable(reason: string): StoreUnavailable {
    return new StoreUnavailable(`the store sqlite:${this.#path} cannot answer: ${reason}`);
  }
}
