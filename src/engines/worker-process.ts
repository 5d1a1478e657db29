/**
 * One proxy process as its engine sees it: starting, serving, leaving, gone, and never back. In:
 * what the engine wants of it. Out: what it says and how it ended, to the engine's listener.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { withCompileCache } from '../kit/compile-cache.ts';
import { entryPath } from '../kit/entry.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Assignment } from '../model/assignment.ts';
import type { Summary } from '../model/window.ts';
import type { FromProxy, ToProxy } from '../proxy/messages.ts';
import type { OpenWrite } from '../proxy/missed/write-log.ts';
import type { JournalMessage } from './journal-keeper.ts';
import type { ListenHandle } from './listen-handle.ts';

export type WorkerPhase = 'starting' | 'serving' | 'leaving' | 'gone';

/** Why a proxy could not serve, in its own words. */
export type WorkerFailure = Extract<FromProxy, { kind: 'failed' }>;

/** Whom a proxy's process tells what happens to it. */
export interface WorkerListener {
  /** Its phase, or the assignment it serves under, is another. */
  changed(worker: WorkerProcess): void;
  summarized(worker: WorkerProcess, summary: Summary): void;
  /** A mirrored write has begun in it. */
  writing(worker: WorkerProcess, write: OpenWrite): void;
  /** It has news for the journal of missed writes. */
  missed(worker: WorkerProcess, message: JournalMessage): void;
  /** It was told to end by somebody else than its engine. */
  asksToLeave(worker: WorkerProcess): void;
  ended(worker: WorkerProcess, how: string): void;
}

export interface WorkerStart {
  readonly orders: Omit<Extract<ToProxy, { kind: 'start' }>, 'kind'>;
  readonly handle: ListenHandle;
  /** Counts reloads of the configuration: which one it has. */
  readonly generation: number;
}

const LAST_WORDS_MAX_MS = 1000;

/**
 * What a proxy holds is short-lived. A young generation of one size is collected eight times
 * less often than one that begins small, and the memory stays small. Nothing is put among the old
 * for what its like did once: the old that is dead keeps the young alive. One core, one thread:
 * a second one that marks would take the core from requests for tens of milliseconds at a time.
 * And what was made fast stays so through a quiet hour.
 */
const V8_OPTIONS: readonly string[] = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--no-allocation-site-pretenuring',
  '--no-parallel-scavenge',
  '--no-concurrent-marking',
  '--no-flush-bytecode',
];

/** A process of its own that runs proxy/worker.ts. */
export class WorkerProcess {
  readonly id: number;
  readonly generation: number;
  readonly isSafeMode: boolean;
  readonly mirrorsWrites: boolean;
  /** Another is being started in its place. */
  isBeingReplaced = false;
  /** It takes no connections any more. */
  isClosed = false;
  /** It leaves, and only clients with long answers are left. */
  isLingering = false;
  readonly startedAtMs: number = performance.now();
  /** Mirrored writes under way, by id. */
  readonly openWrites: Map<number, OpenWrite> = new Map<number, OpenWrite>();
  /** Requests whose side a tester chose, as far as they are logged. */
  overridden = 0;
  /** Whether it serves, once that is known; never rejects. */
  readonly served: Promise<boolean>;
  readonly #child: ChildProcess;
  readonly #listener: WorkerListener;
  readonly #limits: NodeJS.Timeout[] = [];
  #phase: WorkerPhase = 'starting';
  #applied: Pick<Assignment, 'epoch' | 'revision' | 'mirrorRevision'>;
  #failure: WorkerFailure | null = null;
  #silentS = 0;
  #whyKilled: string | null = null;
  #settle: (hasServed: boolean) => void = () => undefined;

  constructor({ orders, handle, generation }: WorkerStart, listener: WorkerListener) {
    this.id = orders.worker;
    this.generation = generation;
    this.isSafeMode = orders.isSafeMode;
    this.mirrorsWrites = orders.settings.routes.some((route) => route.writes === 'mirror');
    this.#applied = orders.assignment;
    this.#listener = listener;
    this.served = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const path = entryPath(import.meta.url, '../proxy/worker');
    const execArgv = [...process.execArgv, ...V8_OPTIONS];
    this.#child = fork(path, [], { detached: true, env: withCompileCache(), execArgv });
    this.#child.on('message', (message: FromProxy) => this.#hear(message));
    this.#child.once('error', (error) => this.#end(error.message));
    this.#child.once('exit', (code, signal) =>
      this.#exited(this.#whyKilled ?? signal ?? `code ${code}`),
    );
    this.#child.send({ kind: 'start', ...orders } satisfies ToProxy, handle.sendable);
    this.#killAfter(LIMITS.workerStartMaxMs, () => this.#phase === 'starting');
  }

  get phase(): WorkerPhase {
    return this.#phase;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Why it could not serve; null where it said nothing of the kind. */
  get failure(): WorkerFailure | null {
    return this.#failure;
  }

  /** Whether it may still serve under an older assignment than this. */
  isBehind({ epoch, revision, mirrorRevision }: Assignment): boolean {
    const applied = this.#applied;
    if (applied.epoch !== epoch) return applied.epoch < epoch;
    return applied.revision < revision || applied.mirrorRevision < mirrorRevision;
  }

  /** One that has just died is noticed by its exit, not by what it could not be told. */
  tell(message: ToProxy): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Lets it finish what it has begun within `maxMs`, and end; again, to give it less time. */
  leave(maxMs: number): void {
    if (this.#phase === 'gone') return;
    if (this.#phase !== 'leaving') this.#become('leaving');
    this.tell({ kind: 'drain', maxMs });
    this.#killAfter(maxMs + LIMITS.queueTakenMaxMs + 2000, () => true);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Call once a second: kills one that hangs. A pause of our own counts for one second. */
  secondPassed(): void {
    if (this.#phase !== 'serving') return;
    this.#silentS += 1;
    if (this.#silentS <= LIMITS.workerSilentMaxS) return;
    this.#whyKilled = `nothing was heard of it for ${LIMITS.workerSilentMaxS} s`;
    this.kill();
  }

  #hear(message: FromProxy): void {
    if (this.#phase === 'gone') return;
    this.#silentS = 0;
    switch (message.kind) {
      case 'ready':
        if (this.#phase === 'starting') this.#become('serving');
        break;
      case 'failed':
        this.#failure = message;
        if (message.cause === 'listen') this.kill();
        break;
      case 'closed':
        this.isClosed = true;
        this.#listener.changed(this);
        break;
      case 'lingers':
        this.isLingering = true;
        this.#listener.changed(this);
        break;
      case 'replace':
        this.#listener.asksToLeave(this);
        break;
      case 'applied':
        this.#applied = message;
        this.#listener.changed(this);
        break;
      case 'writing':
        this.openWrites.set(message.write.id, message.write);
        this.#listener.writing(this, message.write);
        break;
      case 'missed':
      case 'replayed':
      case 'lasting':
        this.#listener.missed(this, message);
        break;
      case 'written':
        for (const id of message.ids) this.openWrites.delete(id);
        break;
      case 'summary':
        for (const id of message.endedWrites) this.openWrites.delete(id);
        this.#listener.summarized(this, message.summary);
        break;
    }
  }

  #become(phase: WorkerPhase): void {
    this.#phase = phase;
    this.#settle(phase === 'serving');
    this.#listener.changed(this);
  }

  /** What it said last may still be on its way: the channel's end comes after it. */
  #exited(how: string): void {
    if (!this.#child.connected) {
      this.#end(how);
      return;
    }
    this.#child.once('disconnect', () => this.#end(how));
    this.#limits.push(setTimeout(() => this.#end(how), LAST_WORDS_MAX_MS).unref());
  }

  #end(how: string): void {
    if (this.#phase === 'gone') return;
    for (const limit of this.#limits) clearTimeout(limit);
    this.#listener.ended(this, how);
    this.isClosed = true;
    this.#become('gone');
  }

  #killAfter(ms: number, isStill: () => boolean): void {
    const limit = setTimeout(() => {
      if (isStill()) this.kill();
    }, ms);
    this.#limits.push(limit.unref());
  }
}
