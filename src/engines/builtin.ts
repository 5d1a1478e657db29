/**
 * The built-in traffic engine: our own proxies, one process a worker, on one shared socket. It
 * starts them, tells them the assignment, hands their summaries on, and replaces the dead.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../kit/clock.ts';
import { entryPath } from '../kit/entry.ts';
import { CrossfadeError, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';
import type { Assignment } from '../model/assignment.ts';
import type { LiftedKey } from '../model/missed-write.ts';
import type { Settings } from '../model/settings.ts';
import type { Summary, TaintedKey } from '../model/window.ts';
import type { FromProxy, ToProxy } from '../proxy/messages.ts';
import { ORPHAN_TAINT_PREFIX } from '../proxy/taint.ts';
import type { OpenWrite } from '../proxy/write-log.ts';
import type { JournalState, TrafficEngine } from '../rollout/engine.ts';
import type { MissedWriteStore } from '../store/missed-writes.ts';
import { JournalKeeper } from './journal-keeper.ts';
import { type ListenHandle, portInUse } from './listen-handle.ts';

/** Whom the engine tells what happens and asks what holds; the rollout's controller is one. */
export interface EngineObserver {
  accept(summary: Summary): void;
  workerLost(worker: number): void;
  assignment(): Assignment;
  taintedKeys(): readonly TaintedKey[];
  taint(keys: readonly TaintedKey[]): void;
}

export interface BuiltinEngineOptions {
  readonly settings: Settings;
  readonly handle: ListenHandle;
  /** Path of control.json, by which an orphaned proxy sees a new controller. */
  readonly controlPath: string;
  /** The journal of missed writes on disk. */
  readonly missedWrites: MissedWriteStore;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

export interface BuiltinEngine extends Required<TrafficEngine> {
  /** Starts the workers; resolves when all of them accept. Throws `port-in-use`. */
  start(observer: EngineObserver): Promise<void>;
  readonly workerPids: readonly number[];
  /** Drains and ends every worker. */
  close(): Promise<void>;
}

/** Longest a worker may take to confirm an assignment before it is killed and replaced. */
const APPLY_MAX_MS = 3000;
const WATCH_PERIOD_MS = 1000;
const RESPAWN_MIN_MS = 50;
const RESPAWN_MAX_MS = 5000;
/** A worker that lived this long did not die of its start. */
const HEALTHY_AFTER_MS = 10_000;

/** The engine that moves traffic with proxy processes of our own on this machine. */
export function createBuiltinEngine(options: BuiltinEngineOptions): BuiltinEngine {
  return new BuiltinWorkers(options);
}

interface Worker {
  readonly id: number;
  readonly child: ChildProcess;
  readonly startedAtMs: number;
  /** Mirrored writes under way, by id. */
  readonly openWrites: Map<number, OpenWrite>;
  /** It has accepted connections. */
  isReady: boolean;
  applied: Pick<Assignment, 'epoch' | 'revision' | 'mirrorRevision'>;
}

class BuiltinWorkers implements BuiltinEngine {
  readonly #options: BuiltinEngineOptions;
  readonly #workers = new Map<number, Worker>();
  readonly #applyWaiters = new Set<() => void>();
  #observer: EngineObserver | null = null;
  #nextId = 1;
  #respawnMs = RESPAWN_MIN_MS;
  #isClosing = false;
  #journal: JournalKeeper | null = null;
  #isLegacyReachable = false;
  #watch: NodeJS.Timeout | null = null;

  constructor(options: BuiltinEngineOptions) {
    this.#options = options;
  }

  get workerPids(): readonly number[] {
    return [...this.#workers.values()].map((worker) => worker.child.pid ?? -1);
  }

  async start(observer: EngineObserver): Promise<void> {
    this.#observer = observer;
    const { settings, missedWrites: store, log } = this.#options;
    const taint = observer.taint.bind(observer);
    this.#journal = new JournalKeeper({ store, clock: systemClock, log, taint });
    await Promise.all(Array.from({ length: settings.workers }, () => this.#keepSpawning()));
    const look = async (): Promise<void> => {
      this.#isLegacyReachable = await canConnect(settings.legacy.url);
      await this.#adoptOrphanTaints().catch((error: unknown) => {
        this.#options.log.warn({ reason: messageOf(error) }, 'taints not readable');
      });
    };
    await look();
    this.#watch = setInterval(() => void look(), WATCH_PERIOD_MS);
    this.#watch.unref();
  }

  /** Resolves when no worker serves under an older assignment any more. */
  async apply(assignment: Assignment): Promise<void> {
    for (const worker of this.#workers.values()) {
      send(worker.child, { kind: 'assign', assignment });
    }
    const isBehind = ({ applied }: Worker): boolean =>
      applied.epoch < assignment.epoch ||
      (applied.epoch === assignment.epoch &&
        (applied.revision < assignment.revision ||
          applied.mirrorRevision < assignment.mirrorRevision));
    const behind = (): Worker[] => [...this.#workers.values()].filter(isBehind);
    const deadlineMs = Date.now() + APPLY_MAX_MS;
    while (behind().length > 0 && Date.now() < deadlineMs) {
      await this.#nextChange(deadlineMs - Date.now());
    }
    for (const worker of behind()) {
      this.#options.log.warn({ worker: worker.id }, 'proxy did not take the assignment: replaced');
      worker.child.kill('SIGKILL');
    }
  }

  taint(keys: readonly TaintedKey[]): void {
    for (const worker of this.#workers.values()) send(worker.child, { kind: 'taint', keys });
  }

  lift(keys: readonly LiftedKey[]): void {
    for (const worker of this.#workers.values()) send(worker.child, { kind: 'lift', keys });
  }

  journal(): JournalState {
    return this.#journal?.state() ?? { entries: 0, bytes: 0, keys: [], problem: null };
  }

  workers(): number {
    return this.#workers.size;
  }

  isLegacyReachable(): boolean {
    return this.#isLegacyReachable;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#watch !== null) clearInterval(this.#watch);
    const exits = [...this.#workers.values()].map(
      (worker) =>
        new Promise<void>((resolve) => {
          worker.child.once('exit', () => resolve());
          send(worker.child, { kind: 'drain' });
          setTimeout(() => worker.child.kill('SIGKILL'), LIMITS.drainMaxMs + 2000).unref();
        }),
    );
    await Promise.all(exits);
    this.#journal?.close();
    this.#options.handle.close();
  }

  /** Starts a worker, again and again until one accepts. Rejects with `port-in-use` alone. */
  async #keepSpawning(): Promise<void> {
    while (!this.#isClosing) {
      try {
        await this.#spawn();
        return;
      } catch (error) {
        if (error instanceof CrossfadeError) throw error;
        this.#options.log.warn({ reason: messageOf(error) }, 'proxy did not start: tried again');
        await sleep(this.#respawnMs);
      }
    }
  }

  #spawn(): Promise<void> {
    const observer = this.#observer!;
    const id = this.#nextId;
    this.#nextId += 1;
    const child = fork(entryPath(import.meta.url, '../proxy/worker'), [], { detached: true });
    const assignment = observer.assignment();
    const worker: Worker = {
      id,
      child,
      startedAtMs: Date.now(),
      openWrites: new Map(),
      applied: assignment,
      isReady: false,
    };
    this.#workers.set(id, worker);
    const { settings, controlPath, handle } = this.#options;
    const tainted = observer.taintedKeys();
    const held = this.#journal!.held();
    this.#journal!.joined(id, (message) => send(child, message));
    return new Promise((resolve, reject) => {
      child.on('message', (message: FromProxy) => {
        if (message.kind === 'ready') {
          worker.isReady = true;
          this.#journal!.ready(id);
          resolve();
        } else if (message.kind === 'listen-failed') {
          reject(portInUse(settings.listen, message.message));
          child.kill('SIGKILL');
        } else this.#hear(worker, message);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        this.#exited(worker, code, signal);
        reject(new Error(`proxy ended before it served (${signal ?? code})`));
      });
      child.send(
        {
          kind: 'start',
          worker: id,
          settings,
          assignment,
          tainted,
          held,
          controlPath,
        } satisfies ToProxy,
        handle.sendable,
      );
    });
  }

  #hear(worker: Worker, message: FromProxy): void {
    if (message.kind === 'applied') {
      worker.applied = message;
      this.#changed();
    } else if (message.kind === 'writing') {
      worker.openWrites.set(message.write.id, message.write);
    } else if (message.kind === 'summary') {
      for (const id of message.endedWrites) worker.openWrites.delete(id);
      this.#observer!.accept(message.summary);
    } else if (message.kind === 'missed' || message.kind === 'replayed') {
      this.#journal!.hear(worker.id, message);
    }
  }

  #exited(worker: Worker, code: number | null, signal: string | null): void {
    this.#workers.delete(worker.id);
    this.#changed();
    this.#observer!.workerLost(worker.id);
    this.#journal!.left(worker.id);
    if (this.#isClosing) return;
    const lost = [...worker.openWrites.values()].flatMap(({ keys, truth }) =>
      keys.map((key): TaintedKey => [key, truth, 'proxy-lost', systemClock.nowUs()]),
    );
    // Writes whose outcome nobody knows: for every proxy, those to come included.
    this.#observer!.taint(lost);
    const hasLived = Date.now() - worker.startedAtMs > HEALTHY_AFTER_MS;
    this.#respawnMs = hasLived ? RESPAWN_MIN_MS : Math.min(this.#respawnMs * 2, RESPAWN_MAX_MS);
    if (!worker.isReady) return;
    this.#options.log.warn(
      { worker: worker.id, code, signal, unsureKeys: lost.length },
      'proxy ended: replaced',
    );
    sleep(this.#respawnMs)
      .then(() => this.#keepSpawning())
      .catch((error: unknown) => {
        this.#options.log.error({ reason: messageOf(error) }, 'proxy could not be replaced');
      });
  }

  #changed(): void {
    for (const wake of this.#applyWaiters) wake();
    this.#applyWaiters.clear();
  }

  #nextChange(maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, maxMs);
      this.#applyWaiters.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Keys that proxies without a controller tainted, left beside the store when they ended. */
  async #adoptOrphanTaints(): Promise<void> {
    const folder = dirname(this.#options.controlPath);
    const names = (await readdir(folder)).filter((name) => name.startsWith(ORPHAN_TAINT_PREFIX));
    for (const name of names) {
      const path = join(folder, name);
      try {
        this.#observer!.taint(JSON.parse(await readFile(path, 'utf8')) as readonly TaintedKey[]);
        await rm(path);
      } catch (error) {
        this.#options.log.warn({ file: name, reason: messageOf(error) }, 'taints not readable');
      }
    }
  }
}

/** A worker that has just died is noticed by its exit, not by a failed send. */
function send(child: ChildProcess, message: ToProxy): void {
  if (child.connected) child.send(message, () => undefined);
}

/** Whether something accepts connections where the URL points to. */
export function canConnect(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const portNumber = Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port);
  return new Promise((resolve) => {
    const socket = connect(portNumber, hostname.replace(/^\[|\]$/g, ''));
    const finish = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(LIMITS.connectTimeoutMs, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
