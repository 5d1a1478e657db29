/** The Go program of the trial `diagnosis`: built by Go's compiler, collected by its collector. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../src/cli/demo/stage.ts';

/** One that answers. */
export interface CollectedProgram {
  /** The file of its gctrace, and when what that counts from was. */
  readonly tracePath: string;
  readonly startedAt: string;
  end(): void;
}

const START_MAX_MS = 60_000;
/**
 * As in a container with one processor and little more memory than the cache takes: the collector
 * begins when the limit is near, and who allocates meanwhile has to mark first. Of three million
 * entries that takes a few hundred milliseconds.
 */
const SETTINGS = { GOMAXPROCS: '1', GOGC: 'off', GOMEMLIMIT: '560MiB', GODEBUG: 'gctrace=1' };
/** At 300 requests a second the memory up to the limit is used up in some 20 seconds. */
const WORDS = ['-entries', '3000000', '-count', '300', '-churn', '75'];

/** Starts the program on `port`; resolves when it answers. Throws where it cannot be built. */
export async function startCollected(
  stage: Stage,
  port: number,
  more: readonly string[],
): Promise<CollectedProgram> {
  const program = stage.path('collected');
  if (!existsSync(program)) {
    const folder = join(import.meta.dirname, 'collected');
    const build = spawnSync('go', ['build', '-o', program, '.'], { cwd: folder, encoding: 'utf8' });
    if (build.status !== 0) throw new Error(`go build failed: ${build.stderr}`);
  }
  const tracePath = stage.path(`gctrace-${port}`);
  const file = openSync(tracePath, 'w');
  const startedAt = new Date().toISOString();
  const child = spawn(program, ['-listen', `127.0.0.1:${port}`, ...WORDS, ...more], {
    stdio: ['ignore', 'ignore', file],
    env: { ...process.env, ...SETTINGS },
  });
  closeSync(file);
  await untilUp(child, port);
  return { tracePath, startedAt, end: () => void child.kill('SIGKILL') };
}

async function untilUp(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_MAX_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
    if (answer?.ok === true) return;
    if (child.exitCode !== null) throw new Error(`the program has ended (${child.exitCode})`);
    if (performance.now() > deadline) throw new Error(`nobody answers on port ${port}`);
    await sleep(100);
  }
}
