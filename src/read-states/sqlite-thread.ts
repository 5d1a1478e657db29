import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { assert } from '../kit/assert.ts';
import type { CrossfadeError } from '../kit/errors.ts';
import { explainSqlite, openSqlite, type SqliteDatabase } from '../store/open-sqlite.ts';
import { PACKED_FIELDS, type PackedRows } from './packed-rows.ts';
import {
  PAGE_ROWS,
  type ThreadAnswer,
  type ThreadOpening,
  type ThreadRequest,
  type ThreadStart,
} from './sqlite-messages.ts';

/**
 * The thread that owns the SQLite file of a Read States store. In: arrays of requests. Out: one
 * answer for each. Requests are served in the order sent, so a read sees every write sent before
 * it; all writes that have arrived share one commit, and reads are answered ahead of it.
 */

/** 'CFRS': marks the file as a Read States store. */
const APPLICATION_ID = 0x43465253;
/** Rows written in one commit, about: reads do not wait longer than that behind a flush. */
const COMMIT_ROWS = 2000;
const NO_ROWS: PackedRows = new Float64Array(0);

const MIGRATIONS = [
  `CREATE TABLE read_states (
     user_hi INTEGER NOT NULL, user_lo INTEGER NOT NULL, type INTEGER NOT NULL,
     channel_hi INTEGER NOT NULL, channel_lo INTEGER NOT NULL,
     last_hi INTEGER NOT NULL, last_lo INTEGER NOT NULL, mentions INTEGER NOT NULL,
     pin_at_ms INTEGER NOT NULL, flags INTEGER NOT NULL, viewed INTEGER NOT NULL,
     version INTEGER NOT NULL,
     PRIMARY KEY (user_hi, user_lo, type, channel_hi, channel_lo)
   ) STRICT, WITHOUT ROWID`,
];

/** Twelve columns in the order of packed rows, and a 0 for `isDeleted`. */
const OF_USER = 'SELECT *, 0 FROM read_states WHERE user_hi = ? AND user_lo = ?';
const STATE = 'user_hi = ? AND user_lo = ? AND type = ? AND channel_hi = ? AND channel_lo = ?';

/** Owns the connection and its statements; one for the thread's life. */
class SqliteThread {
  readonly #port: MessagePort;
  readonly #path: string;
  readonly #database: SqliteDatabase;
  readonly #one;
  readonly #page;
  readonly #put;
  readonly #remove;
  readonly #begin;
  readonly #commit;
  #waiting: ThreadRequest[] = [];

  constructor(port: MessagePort, path: string, database: SqliteDatabase) {
    this.#port = port;
    this.#path = path;
    this.#database = database;
    const query = (sql: string) => database.prepare<number[], number[]>(sql).raw();
    this.#one = query(`SELECT *, 0 FROM read_states WHERE ${STATE}`);
    this.#page = query(
      `${OF_USER} AND (type, channel_hi, channel_lo) > (?, ?, ?)
       ORDER BY type, channel_hi, channel_lo LIMIT ${PAGE_ROWS}`,
    );
    this.#put = database.prepare<[number[]]>(
      'INSERT OR REPLACE INTO read_states VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#remove = database.prepare<[number[]]>(`DELETE FROM read_states WHERE ${STATE}`);
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /** Serves what has arrived, round by round, until nothing is left. */
  run(batch: readonly ThreadRequest[]): void {
    this.#waiting.push(...batch);
    while (this.#waiting.length > 0) {
      for (let more = this.#receive(); more !== undefined; more = this.#receive()) {
        this.#waiting.push(...more);
      }
      this.#serve(this.#nextRound());
    }
  }

  #receive(): readonly ThreadRequest[] | undefined {
    const received: { message: ThreadRequest[] } | undefined = receiveMessageOnPort(this.#port);
    return received?.message;
  }

  #nextRound(): readonly ThreadRequest[] {
    let rows = 0;
    let count = 0;
    for (const request of this.#waiting) {
      count += 1;
      if (request.kind === 'write') rows += request.rows.length / PACKED_FIELDS;
      if (request.kind === 'close' || rows >= COMMIT_ROWS) break;
    }
    return this.#waiting.splice(0, count);
  }

  #serve(round: readonly ThreadRequest[]): void {
    const written = round.filter(({ kind }) => kind === 'write').map(({ id }) => id);
    let failure = written.length === 0 ? '' : this.#attempt(() => this.#begin.run());
    const answers: ThreadAnswer[] = [];
    for (const request of round) {
      if (request.kind === 'read' || request.kind === 'page') answers.push(this.#read(request));
      else if (request.kind === 'write' && failure === '') {
        failure = this.#attempt(() => this.#write(request.rows));
      }
    }
    if (answers.length > 0)
      this.#answer(
        answers,
        answers.map(({ rows }) => rows.buffer),
      );
    if (written.length > 0) {
      if (failure === '') failure = this.#attempt(() => this.#commit.run());
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      this.#answer(written.map((id) => ({ id, rows: NO_ROWS, failure })));
    }
    const last = round.at(-1);
    if (last?.kind === 'close') this.#close(last.id);
  }

  #answer(answers: readonly ThreadAnswer[], moved: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(answers, moved);
  }

  #attempt(run: () => void): string {
    try {
      run();
      return '';
    } catch (error) {
      return explainSqlite(this.#path, error).message;
    }
  }

  #read(request: Extract<ThreadRequest, { kind: 'read' | 'page' }>): ThreadAnswer {
    let found: number[][] = [];
    const failure = this.#attempt(() => {
      found = request.kind === 'read' ? this.#readStates(request) : this.#readPage(request);
    });
    const rows = new Float64Array(found.length * PACKED_FIELDS);
    for (const [i, row] of found.entries()) rows.set(row, i * PACKED_FIELDS);
    return { id: request.id, rows, failure };
  }

  #readStates(request: Extract<ThreadRequest, { kind: 'read' }>): number[][] {
    const { userHi, userLo, channels } = request;
    const found: number[][] = [];
    for (let i = 0; i < channels.length; i += 3) {
      const [type, hi, lo] = [channels[i]!, channels[i + 1]!, channels[i + 2]!];
      const row = this.#one.get(userHi, userLo >>> 0, type, hi, lo >>> 0);
      if (row !== undefined) found.push(row);
    }
    return found;
  }

  #readPage(request: Extract<ThreadRequest, { kind: 'page' }>): number[][] {
    const { userHi, userLo, afterType, afterHi, afterLo } = request;
    return this.#page.all(userHi, userLo >>> 0, afterType, afterHi, afterLo >>> 0);
  }

  #write(rows: PackedRows): void {
    for (let at = 0; at < rows.length; at += PACKED_FIELDS) {
      const isDeleted = rows[at + PACKED_FIELDS - 1] === 1;
      const count = isDeleted ? 5 : PACKED_FIELDS - 1;
      const values = Array.from(rows.subarray(at, at + count));
      (isDeleted ? this.#remove : this.#put).run(values);
    }
  }

  #close(id: number): void {
    const failure = this.#attempt(() => this.#database.close());
    this.#answer([{ id, rows: NO_ROWS, failure }]);
    this.#port.close();
  }
}

function refusal({ code, message, hint, exitCode }: CrossfadeError): ThreadOpening {
  return { kind: 'refused', code, message, hint: hint ?? '', exitCode };
}

function main(port: MessagePort, { path }: ThreadStart): void {
  let thread: SqliteThread;
  try {
    const database = openSqlite(path, {
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
      // What the contract calls durable; the fsync holds up this thread alone.
      survives: 'power-loss',
      // Two owners would overwrite each other's absolute values.
      exclusive: true,
    });
    thread = new SqliteThread(port, path, database);
  } catch (error) {
    port.postMessage(refusal(explainSqlite(path, error)));
    port.close();
    return;
  }
  port.on('message', (batch: readonly ThreadRequest[]) => thread.run(batch));
  port.postMessage({ kind: 'open' } satisfies ThreadOpening);
}

assert(parentPort !== null, 'sqlite-thread runs as a worker thread');
main(parentPort, workerData);
