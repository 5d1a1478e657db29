import { Worker } from 'node:worker_threads';
import { assert } from '../../kit/assert.ts';
import { entryPath } from '../../kit/entry.ts';
import { LIMITS } from '../../kit/limits.ts';
import type {
  RejudgedTask,
  RejudgeStart,
  RejudgeTask,
  ToRejudgeThread,
} from './rejudge-messages.ts';

interface Member {
  readonly worker: Worker;
  /** Tasks given and not answered. */
  tasks: number;
}

/** The threads of a rejudgement: each task goes to one of them, ordered ones to the first. */
export class RejudgePool {
  readonly #members: readonly Member[];
  readonly #onDone: (task: RejudgedTask) => void;
  #waiting: (() => void)[] = [];
  #failure: Error | null = null;
  #isClosing = false;

  /** `onDone` is told of each task as it is done, in no order. */
  constructor(start: RejudgeStart, threads: number, onDone: (task: RejudgedTask) => void) {
    assert(threads >= 1, 'somebody has to do it');
    this.#onDone = onDone;
    this.#members = Array.from({ length: threads }, () => this.#begin(start));
  }

  /** Resolves once the task is on its way: no thread has more than two. */
  async give(task: RejudgeTask): Promise<void> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const member = this.#memberFor(task);
      if (member.tasks < LIMITS.rejudgeTasksPerThread) {
        member.tasks += 1;
        this.#post(member, task);
        return;
      }
      await this.change();
    }
  }

  /** Resolves when a task has been done; throws when a thread was lost. */
  async change(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#failure !== null) throw this.#failure;
  }

  /** True while a task has no answer. */
  get isBusy(): boolean {
    return this.#members.some(({ tasks }) => tasks > 0);
  }

  /** Ends all threads, and what they have begun. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(
      this.#members.map(async (member) => {
        const ended = new Promise((resolve) => member.worker.once('exit', resolve));
        if (member.worker.threadId < 0) return;
        this.#post(member, { part: 'end' });
        await ended;
      }),
    );
  }

  #memberFor({ part }: RejudgeTask): Member {
    const [first] = this.#members;
    assert(first !== undefined, 'a pool has members');
    if (part === 'ordered') return first;
    return this.#members.reduce((least, member) => (member.tasks < least.tasks ? member : least));
  }

  #begin(start: RejudgeStart): Member {
    const worker = new Worker(entryPath(import.meta.url, './rejudge-thread'), {
      workerData: start,
    });
    const member = { worker, tasks: 0 };
    worker.on('message', (task: RejudgedTask) => {
      member.tasks -= 1;
      this.#onDone(task);
      this.#wake();
    });
    worker.on('error', (error: unknown) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', (code) => {
      if (!this.#isClosing) this.#fail(new Error(`a thread ended with code ${code}`));
    });
    return member;
  }

  #post({ worker }: Member, message: ToRejudgeThread): void {
    worker.postMessage(message, []);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
