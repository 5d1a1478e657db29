import type { Random } from '../../src/kit/random.ts';
import {
  type ChannelRef,
  type ReadStateStore,
  type StateRow,
  StoreUnavailable,
  type StateWrite,
} from '../../src/read-states/store.ts';
import { createMemoryStore } from '../../src/read-states/store-memory.ts';

/**
 * A store that answers only when told to, in whatever order, that fails when told to, having
 * written any part of the rows, and that notes where a caller breaks the store's contract.
 */
export interface StrictStore {
  readonly store: ReadStateStore;
  /** What is written, seen past the questions. */
  readonly written: ReadStateStore;
  /** What a caller did that it must not. */
  readonly breaches: readonly string[];
  /** The rows of each write so far, failed ones included. */
  readonly writes: readonly (readonly StateWrite[])[];
  readonly reads: readonly (readonly ChannelRef[])[];
  /** Questions not answered yet. */
  readonly waiting: number;
  /** While true, every answer is a failure. */
  isDown: boolean;
  /** Answers one question, drawn by `random` or the oldest; lets what follows from it happen. */
  answerOne(random?: Random): Promise<void>;
  /** Answers the oldest read, before any write. */
  answerRead(): Promise<void>;
  /** Answers everything until nothing is asked any more. */
  answerAll(): Promise<void>;
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

interface Question {
  readonly isRead: boolean;
  answer(random: Random | undefined): Promise<void>;
}

export function createStrictStore(): StrictStore {
  const memory = createMemoryStore();
  const inFlight = new Set<string>();
  const questions: Question[] = [];
  const breaches: string[] = [];
  const writes: (readonly StateWrite[])[] = [];
  const reads: (readonly ChannelRef[])[] = [];

  /** Waits to be told to answer; the answer is `run`'s, or a failure. */
  function ask<T>(
    isRead: boolean,
    run: (isDown: boolean, random: Random | undefined) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      questions.push({
        isRead,
        answer: (random) => run(strict.isDown, random).then(resolve, reject),
      });
    });
  }

  async function write(
    rows: readonly StateWrite[],
    isDown: boolean,
    random: Random | undefined,
  ): Promise<void> {
    for (const row of rows) inFlight.delete(keyOf(row));
    if (!isDown) return memory.writeMany(rows);
    await memory.writeMany(rows.filter(() => random !== undefined && random.next() < 0.5));
    throw new StoreUnavailable('down');
  }

  const store: ReadStateStore = {
    readMany(userHi, userLo, channels) {
      reads.push(channels);
      return ask(true, (isDown) => {
        if (isDown) return Promise.reject(new StoreUnavailable('down'));
        return memory.readMany(userHi, userLo, channels);
      });
    },
    async *readUser(userHi, userLo, after) {
      const pages: (readonly StateRow[])[] = [];
      await ask(true, async (isDown) => {
        if (isDown) throw new StoreUnavailable('down');
        for await (const page of memory.readUser(userHi, userLo, after)) pages.push(page);
      });
      yield* pages;
    },
    writeMany(rows) {
      writes.push(rows);
      for (const row of rows) {
        if (inFlight.has(keyOf(row))) breaches.push(`${keyOf(row)} is in flight twice`);
        inFlight.add(keyOf(row));
      }
      return ask(false, (isDown, random) => write(rows, isDown, random));
    },
    close: () => memory.close(),
  };

  const strict = {
    store,
    written: memory,
    breaches,
    writes,
    reads,
    isDown: false,
    get waiting() {
      return questions.length;
    },
    async answerOne(random?: Random) {
      const index = random === undefined ? 0 : random.int(0, questions.length - 1);
      const [question] = questions.splice(index, 1);
      await question?.answer(random);
      await settle();
    },
    async answerRead() {
      const [question] = questions.splice(
        questions.findIndex(({ isRead }) => isRead),
        1,
      );
      await question?.answer(undefined);
      await settle();
    },
    async answerAll() {
      await settle();
      while (questions.length > 0) await strict.answerOne();
    },
  };
  return strict;
}

function keyOf(row: StateRow): string {
  return `${row.userHi}:${row.userLo}:${row.type}:${row.channelHi}:${row.channelLo}`;
}
