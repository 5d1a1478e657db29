/**
 * The built-in traffic engine: our own proxies, one process a worker, on one shared socket. It
 * starts them, tells them the assignment, hands their summaries on, and replaces them: the dead
 * with back-off, all of them for another configuration, the new ones always before the old.
 */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../kit/clock.ts';
import { CrossfadeError } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';
import type { Assignment } from '../model/assignment.ts';
import type { LiftedKey } from '../model/missed-write.ts';
import type { Side } from '../model/exchange.ts';
import type { Settings } from '../model/settings.ts';
import type { Summary, TaintedKey } from '../model/window.ts';
import type { OpenWrite } from '../proxy/missed/write-log.ts';
import type { JournalState, TrafficEngine } from '../rollout/engine.ts';
import type { MissedWriteStore } from '../store/missed-writes.ts';
import { type ConnectionsPlan, planConnections, readOpenFilesMax } from './connections.ts';
import { certificateWarning, refuseExpired } from './certificate-dates.ts';
import { Crew } from './crew.ts';
import { JournalKeeper, type JournalMessage } from './journal-keeper.ts';
import { type ListenHandle, portInUse } from './listen-handle.ts';
import { adoptOrphanTaints, leaveTaints } from './orphan-taints.ts';
import { Overlap } from './overlap.ts';
import { Reach } from './reach.ts';
import { SafeMode } from './safe-mode.ts';
import type { WorkerListener, WorkerProcess } from './worker-process.ts';

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
  /** Proxies of a killed controller may still serve, until they have seen this one. */
  readonly isTakeover: boolean;
  /** Path of control.json, by which an orphaned proxy sees a new controller. */
  readonly controlPath: string;
  /** The journal of missed writes on disk. */
  readonly missedWrites: MissedWriteStore;
  readonly log: Log;
}

export interface BuiltinEngine extends Required<TrafficEngine> {
  /**
   * Starts the workers; resolves when all of them accept. Throws `port-in-use`, and
   * `proxy-refused` where they cannot serve as they are configured.
   */
  start(observer: EngineObserver): Promise<void>;
  /**
   * Replaces every worker by one with these settings. When all the new ones accept, `commit` is
   * called, and the old ones finish what they have begun; resolves when they take no connections
   * any more. Throws `reload-failed` or, for an expired certificate, `config-invalid`, and nothing
   * has changed. One at a time. `isEvidenceVoid`:
   * what the old ones still see is no evidence.
   */
  reload(settings: Settings, isEvidenceVoid: boolean, commit: () => void): Promise<void>;
  /** Drains and ends every worker; connections that wait for one are taken first. */
  close(): Promise<void>;
  /** Ends every worker at once, with what it has under way. */
  abort(): void;
}

/** Longest a worker may take to confirm an assignment before it is killed and replaced. */
const APPLY_MAX_MS = 3000;
/** Longest the end waits for a worker that takes what waits, where none serves. */
const LAST_WORKER_MAX_MS = 5000;
const WATCH_PERIOD_MS = 1000;
/** Orphans notice a new controller, drain, and leave the keys they have tainted. */
const ORPHANS_END_WITHIN_MS = LIMITS.drainMaxMs + 2 * WATCH_PERIOD_MS;
const RESPAWN_MIN_MS = 50;

/** The engine that moves traffic with proxy processes of our own on this machine. */
export function createBuiltinEngine(options: BuiltinEngineOptions): BuiltinEngine {
  return new BuiltinWorkers(options);
}

class BuiltinWorkers implements BuiltinEngine, WorkerListener {
  readonly #options: BuiltinEngineOptions;
  readonly #crew = new Crew();
  readonly #safeMode = new SafeMode();
  readonly #overlap: Overlap;
  readonly #connections: ConnectionsPlan = planConnections(readOpenFilesMax());
  #settings: Settings;
  #observer: EngineObserver | null = null;
  #generation = 1;
  #newestGeneration = 1;
  /** Workers of earlier generations see what is no evidence any more. */
  #evidenceFrom = 1;
  #respawnMs = RESPAWN_MIN_MS;
  #hasServed = false;
  #isClosing = false;
  /** Why no worker can serve at all, before any has. */
  #obstacle: CrossfadeError | null = null;
  #journal: JournalKeeper | null = null;
  readonly #reach = new Reach();
  #watch: NodeJS.Timeout | null = null;

  constructor(options: BuiltinEngineOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#overlap = new Overlap(
      () => this.#settings.shadowTimeoutMs,
      () => this.#assignAnew(),
    );
  }

  async start(observer: EngineObserver): Promise<void> {
    this.#observer = observer;
    const { missedWrites: store, log } = this.#options;
    const taint = observer.taint.bind(observer);
    this.#journal = new JournalKeeper({ store, clock: systemClock, log, taint });
    const { warning } = this.#connections;
    if (warning !== null) log.warn({ warning }, 'few connections');
    const dates = certificateWarning(this.#settings.port.tls, Date.now());
    if (dates !== null) log.warn({ warning: dates }, 'certificate of the data port');
    if (this.#options.isTakeover) {
      this.#overlap.hold(ORPHANS_END_WITHIN_MS, () => this.#overlap.consider(this.#crew.busy));
    }
    this.#fill();
    await this.#crew.until(
      () =>
        this.#crew.serving.length >= this.#settings.workers ||
        this.#obstacle !== null ||
        this.#isClosing,
    );
    if (this.#obstacle !== null) throw this.#obstacle;
    await this.#look();
    if (this.#isClosing) return;
    this.#watch = setInterval(() => void this.#look(), WATCH_PERIOD_MS);
    this.#watch.unref();
  }

  /** Resolves when no worker serves under an older assignment any more. */
  async apply(assignment: Assignment): Promise<void> {
    const message = { kind: 'assign', assignment: this.#overlap.adapt(assignment) } as const;
    for (const worker of this.#crew.all) worker.tell(message);
    const behind = (): readonly WorkerProcess[] =>
      this.#crew.all.filter((worker) => worker.isBehind(assignment));
    await this.#crew.until(() => behind().length === 0, APPLY_MAX_MS);
    for (const worker of behind()) {
      this.#options.log.warn({ worker: worker.id }, 'proxy did not take the assignment: replaced');
      worker.kill();
    }
  }

  taint(keys: readonly TaintedKey[]): void {
    for (const worker of this.#crew.all) worker.tell({ kind: 'taint', keys });
  }

  lift(keys: readonly LiftedKey[]): void {
    for (const worker of this.#crew.all) worker.tell({ kind: 'lift', keys });
  }

  journal(): JournalState {
    return this.#journal?.state() ?? { entries: 0, bytes: 0, keys: [], problem: null };
  }

  workers(): number {
    return this.#isClosing ? 0 : this.#crew.serving.length;
  }

  isReachable(side: Side): boolean {
    return this.#reach.isOpen(side);
  }

  warnings(): readonly string[] {
    const dates = certificateWarning(this.#settings.port.tls, Date.now());
    const { warning } = this.#connections;
    return [this.#safeMode.warning, warning, dates].filter((text) => text !== null);
  }

  async reload(settings: Settings, isEvidenceVoid: boolean, commit: () => void): Promise<void> {
    refuseExpired(this.#settings.port.tls, settings.port.tls, Date.now());
    const most = 2 * this.#settings.workers;
    await this.#crew.until(() => this.#crew.leaving.length <= most);
    if (this.#isClosing) throw reloadFailed([]);
    this.#safeMode.askForTrial();
    const isTrial = this.#safeMode.isOn;
    this.#newestGeneration += 1;
    const generation = this.#newestGeneration;
    const fresh = Array.from({ length: settings.workers }, (_, index) =>
      this.#spawn(isTrial && index > 0, settings, generation),
    );
    const served = await Promise.all(fresh.map((worker) => worker.served));
    if (this.#isClosing || served.includes(false)) {
      // One that serves may have taken connections already, and finishes with them.
      for (const worker of fresh) worker.leave(LIMITS.longDrainMaxMs);
      throw reloadFailed(fresh);
    }
    this.#settings = settings;
    this.#generation = generation;
    if (isEvidenceVoid) this.#evidenceFrom = generation;
    if (isTrial) this.#safeMode.beginTrial(fresh[0]!.id, performance.now());
    commit();
    const old = this.#crew.all.filter((worker) => worker.generation < generation);
    for (const worker of old) worker.leave(LIMITS.longDrainMaxMs);
    this.#fill();
    // Whoever connects after a reload has the new settings.
    const areClosed = (): boolean => old.every((worker) => worker.isClosed);
    await this.#crew.until(areClosed, 2 * LIMITS.queueTakenMaxMs);
  }

  async close(): Promise<void> {
    if (this.#watch !== null) clearInterval(this.#watch);
    if (this.#hasServed && this.#crew.serving.length === 0) {
      this.#fill();
      await this.#crew.until(() => this.#crew.serving.length > 0, LAST_WORKER_MAX_MS);
    }
    this.#isClosing = true;
    // The workers alone hold the socket now: it is gone when the last of them has closed it.
    this.#options.handle.close();
    for (const worker of this.#crew.all) worker.tell({ kind: 'close' });
    // Whoever is told to come back by the one must not find the port of another half closed.
    const areClosed = (): boolean => this.#crew.all.every((worker) => worker.isClosed);
    await this.#crew.until(areClosed, 2 * LIMITS.queueTakenMaxMs);
    for (const worker of this.#crew.all) worker.leave(LIMITS.drainMaxMs);
    await this.#crew.until(() => this.#crew.all.length === 0);
    this.#overlap.close();
    this.#journal?.close();
  }

  abort(): void {
    this.#isClosing = true;
    const lost = this.#crew.all.flatMap((worker) => lostKeys(worker));
    for (const worker of this.#crew.all) worker.kill();
    leaveTaints(this.#folder, this.#options.log, lost);
  }

  changed(worker: WorkerProcess): void {
    if (worker.phase === 'serving') {
      this.#hasServed = true;
      this.#journal!.ready(worker.id);
    }
    if (worker.isLingering) this.#overlap.consider(this.#crew.busy);
    const [oldest, ...later] = this.#crew.lingering;
    if (later.length >= LIMITS.lingeringProxiesMax) oldest!.leave(0);
    this.#crew.wake();
  }

  summarized(worker: WorkerProcess, summary: Summary): void {
    const { generation } = worker;
    const isEvidence = generation >= this.#evidenceFrom && generation <= this.#generation;
    this.#observer!.accept(isEvidence ? summary : { ...summary, cells: [] });
    const { overridden } = summary.traffic;
    if (overridden === worker.overridden) return;
    const requests = overridden - worker.overridden;
    worker.overridden = overridden;
    this.#options.log.info({ worker: worker.id, requests }, 'testers chose their side');
  }

  writing(worker: WorkerProcess, write: OpenWrite): void {
    const others = this.#crew.all.filter((other) => other !== worker);
    const overtaken = this.#overlap.overtaken(write, others);
    if (overtaken.length > 0) this.#observer!.taint(overtaken);
  }

  missed(worker: WorkerProcess, message: JournalMessage): void {
    this.#journal!.hear(worker.id, message);
  }

  asksToLeave(worker: WorkerProcess): void {
    this.#options.log.info({ worker: worker.id }, 'proxy asked to end: another takes its place');
    void this.#replace(worker, this.#safeMode.isForHeirOf(worker.id));
  }

  ended(worker: WorkerProcess, how: string): void {
    this.#crew.forget(worker);
    this.#observer!.workerLost(worker.id);
    // Taints the keys of writes whose outcome nobody knows, for proxies to come as well.
    this.#journal!.left(worker.id);
    const lost = lostKeys(worker);
    this.#overlap.consider(this.#crew.busy);
    if (this.#isClosing) return;
    if (worker.phase === 'leaving') this.#fill();
    // One of a reload that has not been committed is the reload's to deal with.
    else if (worker.generation <= this.#generation) this.#died(worker, how, lost.length);
  }

  #died(worker: WorkerProcess, how: string, unsureKeys: number): void {
    const { log } = this.#options;
    const { id, failure } = worker;
    const nowMs = performance.now();
    const livedMs = Math.round(nowMs - worker.startedAtMs);
    const why = failure === null ? how : failure.message;
    const isLong = livedMs > LIMITS.workerHealthyAfterMs;
    this.#respawnMs = isLong ? RESPAWN_MIN_MS : Math.min(this.#respawnMs * 2, LIMITS.respawnMaxMs);
    if (!this.#hasServed) this.#obstacle ??= this.#obstacleOf(worker);
    log.warn({ worker: id, how: why, livedMs, unsureKeys }, 'proxy ended: replaced');
    if (this.#safeMode.died(id, nowMs, livedMs)) {
      this.#respawnMs = RESPAWN_MIN_MS;
      log.error({ reason: this.#safeMode.reason }, 'safe mode: proxies serve and do nothing else');
    }
    setTimeout(() => this.#fill(), this.#respawnMs).unref();
  }

  /** What no other worker would do better. */
  #obstacleOf({ failure }: WorkerProcess): CrossfadeError | null {
    if (failure === null || failure.cause === 'bug') return null;
    const { message, hint } = failure;
    return failure.cause === 'listen'
      ? portInUse(this.#settings.listen, message)
      : new CrossfadeError('proxy-refused', `the proxy cannot serve: ${message}`, { hint });
  }

  /** Starts as many workers as are missing. */
  #fill(): void {
    if (this.#isClosing || this.#obstacle !== null) return;
    const present = this.#crew.staying(this.#generation).length;
    for (let count = present; count < this.#settings.workers; count += 1) {
      this.#spawn(this.#safeMode.isOn);
    }
  }

  #spawn(
    isSafeMode: boolean,
    settings: Settings = this.#settings,
    generation: number = this.#generation,
  ): WorkerProcess {
    const observer = this.#observer!;
    const orders = {
      worker: this.#crew.nextId(),
      settings,
      assignment: this.#overlap.adapt(observer.assignment()),
      tainted: observer.taintedKeys(),
      held: this.#journal!.held(),
      connections: this.#connections.connections,
      isSafeMode,
      controlPath: this.#options.controlPath,
    };
    const { handle } = this.#options;
    const worker = this.#crew.start({ orders, handle, generation }, this);
    this.#journal!.joined(worker.id, worker.openWrites, (message) => worker.tell(message));
    this.#overlap.consider(this.#crew.busy);
    return worker;
  }

  /** Another worker in place of this one, tried until one serves or it has gone by itself. */
  async #replace(old: WorkerProcess, isSafeMode: boolean): Promise<void> {
    if (old.isBeingReplaced) return;
    old.isBeingReplaced = true;
    while (!this.#isClosing && old.phase === 'serving') {
      const fresh = this.#spawn(isSafeMode);
      if (await fresh.served) old.leave(LIMITS.longDrainMaxMs);
      else await sleep(this.#respawnMs);
    }
  }

  /** The watch's round: hung proxies, the sides, orphans' keys, whether safe mode may end. */
  async #look(): Promise<void> {
    for (const worker of this.#crew.all) worker.secondPassed();
    await this.#reach.look(this.#settings);
    const adopt = (keys: readonly TaintedKey[]): void => this.#observer!.taint(keys);
    await adoptOrphanTaints(this.#folder, this.#options.log, adopt);
    const nowMs = performance.now();
    const safe = this.#crew.serving.filter((worker) => worker.isSafeMode);
    if (this.#safeMode.endIfProved(nowMs)) {
      this.#options.log.info({}, 'safe mode ended');
      for (const worker of safe) void this.#replace(worker, false);
    } else if (this.#safeMode.isTrialDue(nowMs) && safe.length > 0) void this.#try(safe[0]!);
  }

  async #try(old: WorkerProcess): Promise<void> {
    const fresh = this.#spawn(false);
    this.#safeMode.beginTrial(fresh.id, performance.now());
    if (await fresh.served) old.leave(LIMITS.longDrainMaxMs);
  }

  #assignAnew(): void {
    const assignment = this.#overlap.adapt(this.#observer!.assignment());
    for (const worker of this.#crew.all) worker.tell({ kind: 'assign', assignment });
  }

  get #folder(): string {
    return dirname(this.#options.controlPath);
  }
}

/** Keys of the mirrored writes that a worker had under way when it ended. */
function lostKeys(worker: WorkerProcess): readonly TaintedKey[] {
  return [...worker.openWrites.values()].flatMap(({ keys, truth }) =>
    keys.map((key): TaintedKey => [key, truth, 'proxy-lost', systemClock.nowUs()]),
  );
}

function reloadFailed(fresh: readonly WorkerProcess[]): CrossfadeError {
  const failure = fresh.find((worker) => worker.failure !== null)?.failure ?? null;
  const why = failure === null ? 'a new proxy did not serve' : failure.message;
  return new CrossfadeError('reload-failed', `not reloaded, the old proxies go on: ${why}`, {
    hint: failure?.hint ?? 'see what crossfade run has logged',
  });
}
