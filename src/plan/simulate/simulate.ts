/**
 * A ladder climbed again and again in simulated time, by a sound candidate and by others. In: a
 * world, and what is wrong with each candidate. Out: what became of every climb, counted. The same
 * seed gives the same climbs, on however many threads.
 */
import { Worker } from 'node:worker_threads';
import { entryPath } from '../../kit/entry.ts';
import type { Climbed } from './climb.ts';
import type { Injection } from './injection.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { type EndedClimbs, runBlock } from './run-block.ts';
import type { SimulateTask } from './simulate-messages.ts';
import type { World } from './world.ts';

export interface SimulateOptions {
  readonly world: World;
  readonly injections: readonly Injection[];
  readonly runs: number;
  readonly threads: number;
  /** Told as climbs are done, of all candidates together. */
  readonly onDone?: (done: number, all: number) => void;
}

/** Fewer climbs than this are not worth a thread. */
const THREAD_RUNS_MIN = 8;

/** What became of `runs` climbs of each candidate. */
export async function simulate(options: SimulateOptions): Promise<readonly Outcome[]> {
  const { world, injections, runs, threads, onDone } = options;
  const climbs: Climbed[][] = injections.map(() => []);
  let done = 0;
  const take = ({ injection, climbs: some }: EndedClimbs): void => {
    for (const [run, climbed] of some) climbs[injection]![run] = climbed;
    done += some.length;
    onDone?.(done, runs * injections.length);
  };
  const used = Math.max(1, Math.min(threads, Math.floor(runs / THREAD_RUNS_MIN)));
  if (used === 1) {
    runBlock({ world, injections, from: 0, to: runs }, take);
  } else {
    const blocks = Array.from({ length: used }, (_, i) => {
      const [from, to] = [i, i + 1].map((share) => Math.round((runs * share) / used));
      return inThread({ world, injections, from: from!, to: to! }, take);
    });
    await Promise.all(blocks);
  }
  return injections.map((injection, i) => outcomeOf(world, injection, climbs[i]!));
}

async function inThread(task: SimulateTask, take: (ended: EndedClimbs) => void): Promise<void> {
  const worker = new Worker(entryPath(import.meta.url, './simulate-thread'), { workerData: task });
  await new Promise<void>((resolve, reject) => {
    worker.on('message', take);
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a thread ended with code ${code}`));
    });
  });
}
