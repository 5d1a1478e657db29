import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CASSANDRA_ROOT, requireJars, requireJava } from '../../cassandra/java.ts';
import { isListening, runningPid } from '../../cassandra/node-process.ts';
import { CrossfadeError } from '../../src/kit/errors.ts';
import { freePort } from './free-port.ts';

/** A Cassandra for tests: one that runs already, or one of their own. */
export interface TestCassandra {
  /** `host:port` for clients. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Why tests on a real Cassandra cannot run on this machine; '' when they can. */
export function whyNoCassandra(): string {
  try {
    requireJava();
    requireJars((sentence) => console.log(`cassandra: ${sentence}`));
    return '';
  } catch (error) {
    if (error instanceof CrossfadeError) return error.message;
    throw error;
  }
}

/**
 * A Cassandra to test on: that of CROSSFADE_CASSANDRA (`host:port`), or the development one on
 * 127.0.0.1:9042, or one started for the occasion. Else a sentence that says why there is none.
 */
export async function findCassandra(): Promise<TestCassandra | string> {
  const wanted = process.env['CROSSFADE_CASSANDRA'] ?? '';
  const address = wanted === '' ? '127.0.0.1:9042' : wanted;
  const [host = '', port = '9042'] = address.split(':');
  if (await isListening(host, Number(port))) {
    return { address, stop: () => Promise.resolve() };
  }
  if (wanted !== '') throw new Error(`CROSSFADE_CASSANDRA=${wanted} does not listen`);
  const why = whyNoCassandra();
  if (why !== '') return why;
  const own = await OwnCassandra.create();
  await own.start();
  return own;
}

/** A Cassandra in a folder and on ports of its own; it ends when this process does, always. */
export class OwnCassandra implements TestCassandra {
  readonly #folder = join(CASSANDRA_ROOT, `test-${randomUUID().slice(0, 8)}`);
  readonly #port: number;
  readonly #storagePort: number;
  #starter: ChildProcess | null = null;

  constructor(port: number, storagePort: number) {
    this.#port = port;
    this.#storagePort = storagePort;
  }

  static async create(): Promise<OwnCassandra> {
    return new OwnCassandra(await freePort(), await freePort());
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Resolves when clients can connect; data of an earlier start is there. */
  async start(): Promise<void> {
    const script = resolve(import.meta.dirname, '../../cassandra/start.ts');
    const ports = ['--port', String(this.#port), '--storage-port', String(this.#storagePort)];
    const args = [script, 'start', '--with-stdin', '--folder', this.#folder, ...ports];
    const starter = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#starter = starter;
    let output = '';
    const isReady = new Promise<boolean>((answer) => {
      const listen = (chunk: Buffer): void => {
        output += chunk.toString();
        if (output.includes('ready on')) answer(true);
      };
      starter.stdout.on('data', listen);
      starter.stderr.on('data', listen);
      starter.once('exit', () => answer(false));
    });
    if (!(await isReady)) throw new Error(`Cassandra did not start: ${output}`);
  }

  /** Ends it as a power cut would, kill -9, and resolves when it is gone. */
  async kill(): Promise<void> {
    const starter = this.#starter;
    const node = {
      host: '127.0.0.1',
      port: this.#port,
      storagePort: this.#storagePort,
      folder: this.#folder,
    };
    const pid = runningPid(node);
    if (starter === null || pid === null) throw new Error('Cassandra does not run');
    const gone = once(starter, 'exit');
    process.kill(pid, 'SIGKILL');
    await gone;
    this.#starter = null;
  }

  async stop(): Promise<void> {
    const starter = this.#starter;
    this.#starter = null;
    if (starter !== null && starter.exitCode === null) {
      const gone = once(starter, 'exit');
      starter.stdin?.end();
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
