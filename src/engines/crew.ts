import { WorkerProcess, type WorkerListener, type WorkerStart } from './worker-process.ts';

/** Waiting looks again at least so often: what it waits for may not be a worker's doing. */
const LOOK_PERIOD_MS = 1000;

/** The workers there are, those that start and those that leave included. */
export class Crew {
  readonly #workers = new Map<number, WorkerProcess>();
  readonly #waiters = new Set<() => void>();
  #nextId = 1;

  get all(): readonly WorkerProcess[] {
    return [...this.#workers.values()];
  }

  get serving(): readonly WorkerProcess[] {
    return this.all.filter((worker) => worker.phase === 'serving');
  }

  /** Those that have more to do than to wait for clients with long answers. */
  get busy(): readonly WorkerProcess[] {
    return this.all.filter((worker) => !worker.isLingering);
  }

  get leaving(): readonly WorkerProcess[] {
    return this.busy.filter((worker) => worker.phase === 'leaving');
  }

  /** Oldest first. */
  get lingering(): readonly WorkerProcess[] {
    return this.all.filter((worker) => worker.isLingering);
  }

  /** Those that serve one generation of the settings, or soon will. */
  staying(generation: number): readonly WorkerProcess[] {
    return this.all.filter(
      (worker) => worker.generation === generation && worker.phase !== 'leaving',
    );
  }

  /** A number that no worker has had. */
  nextId(): number {
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  start(start: WorkerStart, listener: WorkerListener): WorkerProcess {
    const worker = new WorkerProcess(start, listener);
    this.#workers.set(worker.id, worker);
    return worker;
  }

  forget(worker: WorkerProcess): void {
    this.#workers.delete(worker.id);
  }

  /** Those who wait look again. */
  wake(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  /** Resolves when it is true, as looked at whenever a worker changes, or after `maxMs`. */
  async until(isTrue: () => boolean, maxMs: number = Infinity): Promise<void> {
    const deadlineMs = performance.now() + maxMs;
    while (!isTrue()) {
      const leftMs = Math.min(deadlineMs - performance.now(), LOOK_PERIOD_MS);
      if (leftMs <= 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, leftMs);
      this.#waiters.add(resolve);
      await promise;
      clearTimeout(timer);
      this.#waiters.delete(resolve);
    }
  }
}
