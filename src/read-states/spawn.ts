import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { assert } from '../kit/assert.ts';
import { entryPath } from '../kit/entry.ts';
import { CrossfadeError, EXIT } from '../kit/errors.ts';
import type { EngineKind } from './create-engine.ts';
import { completeOptions, type ServerMessage, type ServerOptions } from './server-options.ts';

export interface SpawnOptions extends Partial<ServerOptions> {
  readonly engine: EngineKind;
  /** Given each line that the process writes; without it they go to our own standard error. */
  readonly onLine?: (line: string) => void;
}

/** How a process ended: with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A Read States server in a process of its own. */
export interface ReadStatesProcess {
  /** Origin, `http://127.0.0.1:9001`; requests are answered 503 until `ready`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when requests are answered; rejects with a CrossfadeError if they never will be. */
  readonly ready: Promise<void>;
  /** Sends a signal, SIGTERM unless named, and resolves when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<ProcessEnd>;
}

/**
 * The same for both engines. One thread collects, so that a collection stalls the engine that
 * makes it and takes no processor from its neighbours; forced collections need --expose-gc.
 */
const V8_FLAGS = ['--expose-gc', '--single-threaded-gc'];
/**
 * Large blocks always get pages of their own, so that what an engine adds to resident memory can
 * be read off exactly: glibc would else put them into pages that something freed before.
 */
const MALLOC_SETTINGS = { MALLOC_MMAP_THRESHOLD_: '131072' };
/** Heap that states of a legacy cache may need, with room for garbage; V8's own limit is 4 GiB. */
const HEAP_BYTES_PER_STATE = 512;
const HEAP_DEFAULT_MIB = 4096;

function heapFlags(capacity: number): string[] {
  const neededMib = Math.ceil((capacity * HEAP_BYTES_PER_STATE) / 1024 ** 2);
  return neededMib > HEAP_DEFAULT_MIB ? [`--max-old-space-size=${neededMib}`] : [];
}

/**
 * Starts a Read States server; resolves when it listens. Rejects with a CrossfadeError: port in
 * use and the like (exit 2), or `read-states-died`. The process ends by itself, having written
 * what is dirty, when ours is gone. It stands in a process group of its own, so that Ctrl-C on a
 * terminal reaches it through us alone.
 */
export async function spawnReadStates(given: SpawnOptions): Promise<ReadStatesProcess> {
  const { onLine, ...settings } = given;
  const options = completeOptions(settings);
  const output = onLine === undefined ? 'inherit' : 'pipe';
  const flags = [...V8_FLAGS, ...heapFlags(options.capacity)];
  const child = spawn(
    process.execPath,
    [...flags, entryPath(import.meta.url, './server'), JSON.stringify(options)],
    {
      stdio: ['ignore', output, output, 'ipc'],
      env: { ...process.env, ...MALLOC_SETTINGS },
      detached: true,
    },
  );
  if (onLine !== undefined) {
    for (const stream of [child.stdout, child.stderr]) {
      assert(stream !== null, 'the output of the process is a pipe');
      createInterface({ input: stream }).on('line', onLine);
    }
  }
  return follow(child, options.host);
}

async function follow(child: ChildProcess, host: string): Promise<ReadStatesProcess> {
  const listening = Promise.withResolvers<number>();
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<ProcessEnd>();
  // Whoever does not await `ready` must not be ended by its rejection.
  ready.promise.catch(() => undefined);
  const refuse = (error: CrossfadeError): void => {
    listening.reject(error);
    ready.reject(error);
  };
  child.on('message', (message: ServerMessage) => {
    if (message.kind === 'listening') listening.resolve(message.port);
    else if (message.kind === 'ready') ready.resolve();
    else refuse(startError(message));
  });
  child.on('error', (cause) => refuse(diedError(`could not start: ${cause.message}`)));
  child.on('close', (code, signal) => {
    exited.resolve({ code, signal });
    refuse(diedError(`ended before it was ready (${signal ?? `exit ${code}`})`));
  });

  const port = await listening.promise;
  const { pid } = child;
  assert(pid !== undefined, 'a process that listens has a pid');
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    pid,
    ready: ready.promise,
    exited: exited.promise,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited.promise;
    },
  };
}

function startError(message: ServerMessage & { kind: 'failed' }): CrossfadeError {
  const { code, hint, exitCode } = message;
  return new CrossfadeError(code, message.message, {
    exitCode,
    ...(hint === null ? {} : { hint }),
  });
}

function diedError(why: string): CrossfadeError {
  return new CrossfadeError('read-states-died', `the Read States process ${why}`, {
    exitCode: EXIT.internal,
  });
}
