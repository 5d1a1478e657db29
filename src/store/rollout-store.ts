import { CrossfadeError } from '../kit/errors.ts';
import type { RolloutEvent, RolloutState } from '../model/rollout.ts';
import type { TaintedKey } from '../model/window.ts';
import {
  createMissedWriteStore,
  MISSED_WRITES_SCHEMA,
  OPEN_WRITES_SCHEMA,
  type MissedWriteStore,
} from './missed-writes.ts';
import {
  createObservedSecondStore,
  OBSERVED_SECONDS_SCHEMA,
  type ObservedSecondStore,
} from './observed-seconds.ts';
import { explainSqlite, openSqlite, type SqliteDatabase } from './open-sqlite.ts';

/** One closed window of evidence, as JSON text that only the rollout reads. */
export interface StoredWindow {
  readonly rollout: number;
  /** Revision of the assignment it was gathered under. */
  readonly revision: number;
  readonly windowMs: number;
  readonly startMs: number;
  readonly body: string;
}

/** Everything that one tick or one verb makes durable, in one transaction. */
export interface RolloutChange {
  readonly state: RolloutState;
  /** Traffic, clusters, counts and peaks of this rollout, as JSON text. */
  readonly progress: string;
  readonly events: readonly RolloutEvent[];
  readonly windows: readonly StoredWindow[];
  /** Windows of both processes' memory and CPU; absent: none. */
  readonly resources?: readonly StoredWindow[];
  readonly tainted: readonly TaintedKey[];
  /** Keys whose taints were lifted, before any of `tainted`. */
  readonly lifted?: readonly string[];
}

export interface StoredRollout {
  readonly state: RolloutState;
  readonly progress: string;
  /** Windows of the state's revision, oldest first. */
  readonly windows: readonly StoredWindow[];
  readonly resources: readonly StoredWindow[];
}

/** Where rollouts live: what an acknowledged decision needs to outlast a kill. */
export interface RolloutStore {
  /** The newest rollout; null in a new store. */
  load(): StoredRollout | null;
  /** One more than at any earlier start, durable before it is answered. */
  nextEpoch(): number;
  /** Durable when it answers; throws a CrossfadeError and has then changed nothing. */
  commit(change: RolloutChange): void;
  /** Events after `afterId`, oldest first, of all rollouts: the newest `limit` of them. */
  events(afterId: number, limit: number): readonly RolloutEvent[];
  /** Highest event id so far, 0 when there is none. */
  lastEventId(): number;
  /** Keys tainted in this store, oldest first. */
  tainted(): readonly TaintedKey[];
  /** Gives the lock back; another controller may then open the store. */
  close(): void;
}

/** A store in a file, which also holds the journal of missed writes and the newest seconds. */
export interface RolloutFile extends RolloutStore {
  readonly missedWrites: MissedWriteStore;
  readonly observed: ObservedSecondStore;
}

/** Marks the file as ours: `XFRO`. */
export const ROLLOUT_APPLICATION_ID = 0x58_46_52_4f;

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE rollouts (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    progress TEXT NOT NULL
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    rollout INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    percent REAL NOT NULL,
    sentence TEXT NOT NULL
  ) STRICT;
  CREATE TABLE windows (
    rollout INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    window_ms INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (rollout, revision, window_ms, start_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tainted (
    key TEXT PRIMARY KEY, truth TEXT NOT NULL, reason TEXT NOT NULL
  ) STRICT;
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  `,
  MISSED_WRITES_SCHEMA,
  OPEN_WRITES_SCHEMA,
  OBSERVED_SECONDS_SCHEMA,
  `
  CREATE TABLE resources (
    rollout INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    window_ms INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (rollout, revision, window_ms, start_ms)
  ) STRICT, WITHOUT ROWID;
  `,
];

/**
 * Opens the rollout's SQLite file at `path`, created unless it must exist, and keeps every other
 * controller out until it is closed or this process dies. Throws what openSqlite throws, and
 * `store-locked` (exit 2) while another controller has it.
 */
export function openRolloutStore(path: string, mustExist = false): RolloutFile {
  try {
    return new SqliteRolloutStore(
      path,
      openSqlite(path, {
        applicationId: ROLLOUT_APPLICATION_ID,
        migrations: MIGRATIONS,
        survives: 'power-loss',
        exclusive: true,
        mustExist,
        busyTimeoutMs: 500,
      }),
    );
  } catch (error) {
    if (!(error instanceof CrossfadeError) || error.code !== 'sqlite-locked') throw error;
    throw new CrossfadeError('store-locked', `Another crossfade run uses ${path}.`, {
      hint: 'One controller a store: stop the other one, or name another file as its store.',
      cause: error,
    });
  }
}

class SqliteRolloutStore implements RolloutFile {
  readonly missedWrites: MissedWriteStore;
  readonly observed: ObservedSecondStore;
  readonly #path: string;
  readonly #database: SqliteDatabase;
  readonly #write: (change: RolloutChange) => void;

  constructor(path: string, database: SqliteDatabase) {
    this.#path = path;
    this.#database = database;
    this.missedWrites = createMissedWriteStore(path, database);
    this.observed = createObservedSecondStore(database);
    const rollout = database.prepare(
      `INSERT INTO rollouts (id, state, progress) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET state = excluded.state, progress = excluded.progress`,
    );
    const event = database.prepare(
      'INSERT INTO events (id, rollout, at_ms, kind, percent, sentence) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const [window, resource] = (['windows', 'resources'] as const).map((table) =>
      database.prepare(
        `INSERT OR REPLACE INTO ${table} (rollout, revision, window_ms, start_ms, body)
         VALUES (?, ?, ?, ?, ?)`,
      ),
    );
    const tainted = database.prepare(
      'INSERT OR IGNORE INTO tainted (key, truth, reason) VALUES (?, ?, ?)',
    );
    const lifted = database.prepare('DELETE FROM tainted WHERE key = ?');
    const write = database.transaction((change: RolloutChange) => {
      const { state } = change;
      rollout.run(state.id, JSON.stringify(state), change.progress);
      for (const { id, rollout: of, atMs, kind, percent, sentence } of change.events) {
        event.run(id, of, atMs, kind, percent, sentence);
      }
      for (const { rollout: of, revision, windowMs, startMs, body } of change.windows) {
        window!.run(of, revision, windowMs, startMs, body);
      }
      for (const { rollout: of, revision, windowMs, startMs, body } of change.resources ?? []) {
        resource!.run(of, revision, windowMs, startMs, body);
      }
      for (const key of change.lifted ?? []) lifted.run(key);
      for (const [key, truth, reason] of change.tainted) tainted.run(key, truth, reason);
    });
    this.#write = (change) => write.immediate(change);
  }

  load(): StoredRollout | null {
    const row = this.#database
      .prepare<[], { state: string; progress: string }>(
        'SELECT state, progress FROM rollouts ORDER BY id DESC LIMIT 1',
      )
      .get();
    if (row === undefined) return null;
    const state = JSON.parse(row.state) as RolloutState;
    const [windows = [], resources = []] = (['windows', 'resources'] as const).map((table) =>
      this.#database
        .prepare<[number, number], StoredWindow>(
          `SELECT rollout, revision, window_ms AS windowMs, start_ms AS startMs, body
           FROM ${table} WHERE rollout = ? AND revision = ? ORDER BY start_ms`,
        )
        .all(state.id, state.revision),
    );
    return { state, progress: row.progress, windows, resources };
  }

  nextEpoch(): number {
    const sql = `INSERT INTO counters (name, value) VALUES ('epoch', 1)
      ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`;
    return this.#explained(() => this.#database.prepare<[], number>(sql).pluck().get()!);
  }

  commit(change: RolloutChange): void {
    this.#explained(() => this.#write(change));
  }

  events(afterId: number, limit: number): readonly RolloutEvent[] {
    return this.#database
      .prepare<[number, number], RolloutEvent>(
        `SELECT id, rollout, at_ms AS atMs, kind, percent, sentence FROM events
         WHERE id > ? ORDER BY id DESC LIMIT ?`,
      )
      .all(afterId, limit)
      .reverse();
  }

  lastEventId(): number {
    const sql = 'SELECT coalesce(max(id), 0) FROM events';
    return this.#database.prepare<[], number>(sql).pluck().get() ?? 0;
  }

  tainted(): readonly TaintedKey[] {
    const sql = 'SELECT key, truth, reason FROM tainted ORDER BY rowid';
    return this.#database.prepare<[], TaintedKey>(sql).raw().all();
  }

  close(): void {
    this.#database.close();
  }

  #explained<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw explainSqlite(this.#path, error);
    }
  }
}
