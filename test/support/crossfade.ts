import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { call, findControl } from '../../src/control/client.ts';
import type { Status } from '../../src/model/rollout.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A `crossfade run` process that serves. */
export interface RunningCrossfade {
  readonly child: ChildProcess;
  readonly port: number;
  /** What it has said on stderr so far. */
  readonly log: () => string;
  /** And on stdout. */
  readonly said: () => string;
  status(): Promise<Status>;
  /** Processes of its proxies, oldest first. */
  workerPids(): readonly number[];
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts `crossfade run -c FILE`; resolves when it serves. Rejects with what it said instead.
 * `shell`: a script that ends with `exec "$0" "$@"`, to set limits before.
 */
export async function startRun(
  configuration: string,
  store: string,
  shell = 'exec "$0" "$@"',
): Promise<RunningCrossfade> {
  const words = ['-c', shell, process.execPath, MAIN, 'run', '-c', configuration];
  const child = spawn('/bin/sh', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  let said = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const serving = /serving [^ ]*:(\d+)/.exec(said);
      if (serving !== null) resolve(Number(serving[1]));
    });
    child.once('close', (code) => reject(new Error(`run ended (${code}): ${log}`)));
  });
  return {
    child,
    port,
    log: () => log,
    said: () => said,
    status: () => call<Status>(findControl(store), 'GET', '/v1/status'),
    workerPids: () => proxyPids(child.pid!),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null) return child.exitCode;
      // Not `close`: proxies that outlive their controller hold its output.
      const ended = once(child, 'exit');
      child.kill(signal);
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}

/** Processes of the proxies that the controller of process `parent` has started, oldest first. */
export function proxyPids(parent: number): readonly number[] {
  // Without any child it exits with 1 and says nothing.
  const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)]);
  return stdout
    .toString()
    .split('\n')
    .filter((line) => line.includes('proxy/worker'))
    .map((line) => Number(line.trim().split(' ')[0]));
}
