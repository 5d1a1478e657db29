/**
 * Runs maps of the user's own, each pair with a deadline, and answers at once: whoever asks is
 * stopped until the answer is there or the deadline is over. For threads that live traffic does
 * not wait for. Maps have a process of their own, as a thread that is out of memory ends the
 * process it is in:
 *
 *     analyst --waits--> map-thread --messages--> map-process
 *
 * A map that throws is told so; one that hangs costs its process, and is switched off when it
 * fails again and again.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { entryPath } from '../../kit/entry.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { MapSource } from '../../model/settings.ts';
import type { FromMapThread, MapRequest, RawAnswer, ToMapThread } from './map-messages.ts';

export type Mapped =
  | { readonly kind: 'mapped'; readonly legacy: string; readonly candidate: string }
  /** `isOff`: nothing is asked of it any more. */
  | { readonly kind: 'failed'; readonly why: string; readonly isOff: boolean };

/** Milliseconds; see LIMITS for what holds where they are not given. */
export interface MapTimes {
  readonly deadlineMs?: number;
  readonly loadWaitMs?: number;
  readonly loadMaxMs?: number;
}

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly signal: Int32Array<SharedArrayBuffer>;
  /** By path and name: ids of loads under way, and what became of others. */
  readonly loads: Map<string, Load>;
}

interface Load {
  readonly id: number;
  readonly sinceMs: number;
  state: 'loading' | 'ready' | 'failed';
  why: string;
}

interface MapRecord {
  failuresInRow: number;
  overruns: number;
  off: string | null;
}

const WHY_MAX = 200;

/** All maps of one analyst, in one process that is begun anew when it was lost. */
export class MapRunner {
  readonly #times: Required<MapTimes>;
  readonly #records = new Map<string, MapRecord>();
  #thread: Thread | null = null;
  #nextId = 0;

  constructor(times: MapTimes = {}) {
    this.#times = {
      deadlineMs: LIMITS.mapDeadlineMs,
      loadWaitMs: LIMITS.mapLoadWaitMs,
      loadMaxMs: LIMITS.mapLoadMaxMs,
      ...times,
    };
  }

  /** Begins to load a module, so that the first pair need not wait for it. */
  prepare(source: MapSource): void {
    this.#loadOf(this.#thread ?? this.#begin(), source);
  }

  /** What the map makes of both sides, as JSON texts. Waits; never throws. */
  map(source: MapSource, legacy: RawAnswer, candidate: RawAnswer): Mapped {
    const record = this.#recordOf(source);
    if (record.off !== null) return { kind: 'failed', why: record.off, isOff: true };
    const thread = this.#thread ?? this.#begin();
    const why = this.#waitForLoad(thread, source, record);
    if (why !== null) return this.#failed(record, why);
    const { path, name } = source;
    const id = this.#post(thread, { kind: 'map', id: 0, path, name, legacy, candidate });
    const answer = this.#await(thread, id, this.#times.deadlineMs);
    if (answer === null) {
      this.#lose(thread, record);
      return this.#failed(record, `it took longer than ${this.#times.deadlineMs} ms`);
    }
    if (answer.kind !== 'mapped') {
      if (answer.kind === 'failed' && answer.isLost === true) this.#lose(thread, record);
      return this.#failed(record, answer.kind === 'failed' ? answer.why : 'it gave no answer');
    }
    record.failuresInRow = 0;
    return { kind: 'mapped', legacy: answer.legacy, candidate: answer.candidate };
  }

  close(): void {
    if (this.#thread !== null) this.#end(this.#thread);
  }

  #failed(record: MapRecord, why: string): Mapped {
    record.failuresInRow += 1;
    const told = why.slice(0, WHY_MAX);
    const hasOverrun = record.overruns >= LIMITS.mapOverrunsMax;
    if (hasOverrun || record.failuresInRow >= LIMITS.mapFailuresMax) {
      const times = hasOverrun ? `${record.overruns} times` : `${record.failuresInRow} in a row`;
      record.off = `switched off after it failed ${times}, at last: ${told}`;
      return { kind: 'failed', why: record.off, isOff: true };
    }
    return { kind: 'failed', why: told, isOff: false };
  }

  #recordOf({ path, name }: MapSource): MapRecord {
    const known = this.#records.get(`${path}#${name}`);
    if (known !== undefined) return known;
    const record = { failuresInRow: 0, overruns: 0, off: null };
    this.#records.set(`${path}#${name}`, record);
    return record;
  }

  #loadOf(thread: Thread, { path, name }: MapSource): Load {
    const known = thread.loads.get(`${path}#${name}`);
    if (known !== undefined) return known;
    const id = this.#post(thread, { kind: 'load', id: 0, path, name });
    const load: Load = { id, sinceMs: performance.now(), state: 'loading', why: '' };
    thread.loads.set(`${path}#${name}`, load);
    return load;
  }

  /** Null once it is loaded; else why it is not. */
  #waitForLoad(thread: Thread, source: MapSource, record: MapRecord): string | null {
    const load = this.#loadOf(thread, source);
    if (load.state === 'loading') this.#await(thread, load.id, this.#times.loadWaitMs);
    if (load.state === 'ready') return null;
    if (load.state === 'failed') return `it could not be loaded: ${load.why}`;
    if (performance.now() - load.sinceMs > this.#times.loadMaxMs) this.#lose(thread, record);
    return 'it is still being loaded';
  }

  #lose(thread: Thread, record: MapRecord): void {
    this.#end(thread);
    record.overruns += 1;
  }

  #begin(): Thread {
    const { port1, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(entryPath(import.meta.url, './map-thread'), {
      workerData: { port: port2, signal },
      transferList: [port2],
    });
    const thread: Thread = { worker, port: port1, signal, loads: new Map() };
    this.#thread = thread;
    worker.on('error', () => this.#end(thread));
    worker.on('exit', () => this.#end(thread));
    worker.unref();
    port1.unref();
    return thread;
  }

  #end(thread: Thread): void {
    if (thread !== this.#thread) return;
    this.#thread = null;
    // It kills the process of the maps, and has nothing left to do.
    const { port } = thread;
    const end: ToMapThread = { kind: 'end' };
    port.postMessage(end);
    port.close();
  }

  #post(thread: Thread, message: MapRequest): number {
    this.#nextId += 1;
    const { port } = thread;
    const numbered: ToMapThread = { ...message, id: this.#nextId };
    port.postMessage(numbered);
    return this.#nextId;
  }

  /** The answer to this id; null when it was not there in time. Takes all others on the way. */
  #await(thread: Thread, id: number, waitMs: number): FromMapThread | null {
    const untilMs = performance.now() + waitMs;
    for (;;) {
      const seen = Atomics.load(thread.signal, 0);
      const received = receiveMessageOnPort(thread.port);
      if (received !== undefined) {
        const answer = received.message as FromMapThread;
        this.#takeLoad(thread, answer);
        if (answer.id === id) return answer;
        continue;
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return null;
      Atomics.wait(thread.signal, 0, seen, leftMs);
    }
  }

  #takeLoad(thread: Thread, answer: FromMapThread): void {
    for (const load of thread.loads.values()) {
      if (load.id !== answer.id) continue;
      load.state = answer.kind === 'loaded' ? 'ready' : 'failed';
      if (answer.kind === 'failed') load.why = answer.why;
    }
  }
}
