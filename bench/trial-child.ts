/** Processes of a trial: each ends with it, however that ends. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill();
});
process.once('SIGTERM', () => process.exit(143));

/** `child`, which does not outlive this process unless that is killed. */
export function endsWithTrial<C extends ChildProcess>(child: C): C {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** One core for them all: what they measure, or are measured by, is not to be their own pauses. */
const V8_OPTIONS = [
  '--min-semi-space-size=16',
  '--no-parallel-scavenge',
  '--no-concurrent-marking',
];

/** A process that is told things and answers each with one word. */
export class Child<In extends object, Out> {
  readonly #child: ChildProcess;

  /** Starts `file` of this folder. */
  constructor(file: string) {
    this.#child = endsWithTrial(fork(join(import.meta.dirname, file), { execArgv: V8_OPTIONS }));
  }

  /** Its next word. Throws when it ends before. */
  hear(): Promise<Out> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('a process of the trial has ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (message) => {
        this.#child.removeListener('exit', ended);
        resolve(message as Out);
      });
    });
  }

  /** What it says to `message`. */
  tell(message: In): Promise<Out> {
    const heard = this.hear();
    this.#child.send(message);
    return heard;
  }

  end(): void {
    this.#child.kill();
  }
}
