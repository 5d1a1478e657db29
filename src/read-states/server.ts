import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { assert } from '../kit/assert.ts';
import { systemClock } from '../kit/clock.ts';
import { CrossfadeError, codeOf, EXIT, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import { createApi } from './api.ts';
import { addOpsRoutes } from './api-ops.ts';
import { createEngine } from './create-engine.ts';
import type { ReadStatesEngine } from './engine.ts';
import { withStaleReads } from './flaw-stale.ts';
import type { EngineMemory } from './metrics.ts';
import { openReadStateStore } from './open-store.ts';
import { createPreloadableStore, preload } from './preload.ts';
import { RuntimeWatch, readLiveBytes, readResidentBytes } from './runtime.ts';
import type { ServerMessage, ServerOptions } from './server-options.ts';
import { type ReadStateStore, StoreUnavailable } from './store.ts';

/**
 * The process that serves Read States, started by spawn.ts with its options as one JSON argument
 * and an IPC channel to its parent. It listens, opens its store, makes its engine, says that it
 * is ready; on SIGTERM, SIGINT or the loss of its parent it stops accepting, finishes what is in
 * flight, writes everything dirty and ends: 0, or 1 when something could not be written.
 */
class Server {
  readonly #options: ServerOptions;
  readonly #runtime = new RuntimeWatch(systemClock);
  readonly #startedAtMs = systemClock.wallMs();
  readonly #app: FastifyInstance;
  #store: ReadStateStore | null = null;
  #engine: ReadStatesEngine | null = null;
  /** The engine as requests see it: the same, or one that is stale on purpose. */
  #answering: ReadStatesEngine | null = null;
  #memory: EngineMemory | null = null;
  #isStopping = false;
  #isFlawed: boolean;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#isFlawed = !options.areFlawsOnSignal;
    this.#app = createApi({
      engine: () => {
        if (this.#answering === null) throw new StoreUnavailable('the store is not open yet');
        return this.#answering;
      },
      flaws: options.flaws,
      isFlawed: () => this.#isFlawed,
      seed: options.seed,
      onBug: (error) => this.#log(`bug: ${error instanceof Error ? error.stack : String(error)}`),
    });
    addOpsRoutes(this.#app, {
      engine: () => this.#answering,
      metrics: () => ({
        labels: { engine: options.engine, store: options.store, label: options.label },
        runtime: this.#runtime,
        stats: this.#engine?.stats() ?? null,
        memory: this.#memory,
        startedAtMs: this.#startedAtMs,
      }),
    });
  }

  /** Resolves when requests are answered; rejects with a CrossfadeError when they never will be. */
  async start(): Promise<void> {
    await this.#listen();
    const store = await openReadStateStore(this.#options.store, systemClock);
    this.#store = store;
    const engine = await this.#makeEngine(store);
    this.#engine = engine;
    const isStale = this.#options.flaws.some(({ kind }) => kind === 'stale');
    this.#answering = isStale ? withStaleReads(engine) : engine;
    if (this.#options.gcPeriodMs > 0) this.#runtime.forceEvery(this.#options.gcPeriodMs);
    tell({ kind: 'ready' });
  }

  /** From now on the flaws strike. */
  breakNow(): void {
    this.#isFlawed = true;
  }

  /** Ends the process. A second signal while it is at work ends it at once. */
  stop(signalNumber: number): void {
    if (this.#isStopping) {
      this.#log(`stopped at once, ${this.#dirtyCount()} states not written`);
      process.exit(128 + signalNumber);
    }
    this.#isStopping = true;
    this.#shutDown().then(
      (exitCode) => process.exit(exitCode),
      (error: unknown) => {
        this.#log(`stopping failed: ${messageOf(error)}`);
        process.exit(EXIT.internal);
      },
    );
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#options;
    try {
      await this.#app.listen({ host, port });
    } catch (error) {
      throw listenError(error, host, port);
    }
    const address = this.#app.server.address();
    assert(address !== null && typeof address === 'object', 'a server listens on a port');
    tell({ kind: 'listening', port: address.port });
  }

  async #makeEngine(store: ReadStateStore): Promise<ReadStatesEngine> {
    const { engine: kind, capacity, commitDelayMs, seed } = this.#options;
    const preloadable = createPreloadableStore(store, seed);
    const liveBytes = readLiveBytes();
    const residentBytes = readResidentBytes();
    const engine = createEngine(kind, {
      capacity,
      store: this.#options.preload > 0 ? preloadable.store : store,
      commitDelayMs,
      clock: systemClock,
      dirtyMax: LIMITS.dirtyMax,
    });
    const madeResidentBytes = readResidentBytes();
    if (this.#options.preload > 0) await preload(engine, this.#options.preload);
    preloadable.end();
    this.#memory = {
      residentBytes: madeResidentBytes - residentBytes,
      liveBytes: readLiveBytes() - liveBytes,
    };
    return engine;
  }

  async #shutDown(): Promise<number> {
    this.#runtime.stop();
    const closed = this.#app.close();
    const drained = await withinMs(closed, LIMITS.drainMaxMs);
    if (!drained) this.#app.server.closeAllConnections();
    await closed;
    if (this.#engine !== null && !(await this.#flushAll(this.#engine))) return EXIT.internal;
    await this.#engine?.close();
    await this.#store?.close();
    return EXIT.pass;
  }

  /** Tries until everything is written or the time is over; then says what is not. */
  async #flushAll(engine: ReadStatesEngine): Promise<boolean> {
    const { flushMaxMs } = this.#options;
    const deadlineMs = performance.now() + flushMaxMs;
    let reason = 'the store did not answer';
    for (let leftMs = flushMaxMs; leftMs > 0; leftMs = deadlineMs - performance.now()) {
      try {
        if (await withinMs(engine.flush(), leftMs)) return true;
      } catch (error) {
        reason = messageOf(error);
        await sleep(Math.min(FLUSH_RETRY_MS, leftMs));
      }
    }
    this.#log(
      `${this.#dirtyCount()} states were not written within ${flushMaxMs / 1000} s: ${reason}`,
    );
    return false;
  }

  #dirtyCount(): number {
    return this.#engine?.stats().dirty ?? 0;
  }

  #log(sentence: string): void {
    process.stderr.write(`read-states (${this.#options.engine}): ${sentence}\n`);
  }
}

const FLUSH_RETRY_MS = 200;

/** True when `work` was done in time; rejects as it does. Keeps nothing waiting afterwards. */
async function withinMs(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timeout = new AbortController();
  try {
    const late = sleep(ms, false, { signal: timeout.signal }).catch(() => false);
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timeout.abort();
  }
}

function tell(message: ServerMessage, whenTold: () => void = () => undefined): void {
  // Without a parent there is nobody to tell, and `disconnect` is already on its way.
  if (process.connected) process.send?.(message, whenTold);
  else whenTold();
}

function listenError(error: unknown, host: string, port: number): CrossfadeError {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') {
    return new CrossfadeError(
      'port-in-use',
      `cannot listen on ${host}:${port}: the port is in use`,
      {
        hint: 'stop what holds the port, or choose another with --port; 0 is any free one',
        cause: error,
      },
    );
  }
  return new CrossfadeError('cannot-listen', `cannot listen on ${host}:${port}: ${code}`, {
    hint: 'check --host and --port',
    cause: error,
  });
}

function fail(error: unknown): void {
  const known = error instanceof CrossfadeError ? error : null;
  const exitCode = known?.exitCode ?? EXIT.internal;
  const message: ServerMessage = {
    kind: 'failed',
    code: known?.code ?? 'read-states-failed',
    message: known?.message ?? `read-states could not start: ${messageOf(error)}`,
    hint: known?.hint ?? null,
    exitCode,
  };
  tell(message, () => process.exit(exitCode));
}

const server = new Server(JSON.parse(process.argv[2] ?? '{}') as ServerOptions);
process.on('SIGTERM', () => server.stop(15));
process.on('SIGINT', () => server.stop(2));
process.on('SIGUSR2', () => server.breakNow());
process.once('disconnect', () => server.stop(15));
await server.start().catch(fail);
