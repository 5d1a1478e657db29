import type { Side } from '../model/exchange.ts';
import type { MissedWrite } from '../model/missed-write.ts';
import type { TaintedKey } from '../model/window.ts';
import { explainSqlite, type SqliteDatabase } from './open-sqlite.ts';

/** A write that waits to be replayed, as it is stored. */
export interface StoredMissedWrite {
  readonly id: number;
  /** Grows with each start: times of arrival compare within one era alone. */
  readonly era: number;
  /** It may have been sent: one that must not be sent twice is not sent again. */
  readonly isGranted: boolean;
  readonly write: MissedWrite;
}

/** A write under way for a while, as it is stored. */
export interface StoredOpenWrite {
  readonly row: number;
  readonly keys: readonly string[];
  readonly truth: Side;
}

/** What has become of the journal since it was written last, in one transaction. */
export interface MissedWriteChange {
  readonly added: readonly StoredMissedWrite[];
  /** Ids that may be sent from now on. */
  readonly granted: readonly number[];
  /** Ids that were not sent after all. */
  readonly ungranted: readonly number[];
  readonly removed: readonly number[];
  /** Writes that are under way for a while, and rows of such that are not any more. */
  readonly opened: readonly StoredOpenWrite[];
  readonly closed: readonly number[];
  /** Keys of those given up, and of those that a proxy died of. */
  readonly tainted: readonly TaintedKey[];
}

/**
 * The journal of missed writes on disk. Its rows hold requests as they came, credentials
 * included, for they have to be sent again: the file is its owner's alone (0600), and what is
 * deleted is overwritten.
 */
export interface MissedWriteStore {
  /** All of them, in the order in which the live side had them. */
  all(): readonly StoredMissedWrite[];
  /** Writes that were under way when whoever wrote here died with all its proxies. */
  open(): readonly StoredOpenWrite[];
  /** Durable when it answers; throws a CrossfadeError and has then changed nothing. */
  commit(change: MissedWriteChange): void;
}

/** The step of the store's schema that holds the journal. */
export const MISSED_WRITES_SCHEMA = `
  CREATE TABLE missed_writes (
    id INTEGER PRIMARY KEY,
    era INTEGER NOT NULL,
    arrived_us INTEGER NOT NULL,
    is_granted INTEGER NOT NULL,
    write TEXT NOT NULL
  ) STRICT;
`;

/** The step of the store's schema that holds writes under way. */
export const OPEN_WRITES_SCHEMA = `
  CREATE TABLE open_writes (
    row INTEGER PRIMARY KEY,
    truth TEXT NOT NULL,
    keys TEXT NOT NULL
  ) STRICT;
`;

interface OpenRow {
  readonly row: number;
  readonly truth: Side;
  readonly keys: string;
}

interface Row {
  readonly id: number;
  readonly era: number;
  readonly isGranted: number;
  readonly write: string;
}

/** The journal in an open store; `path` names it in errors. */
export function createMissedWriteStore(path: string, database: SqliteDatabase): MissedWriteStore {
  database.pragma('secure_delete = ON');
  const insert = database.prepare(
    `INSERT OR REPLACE INTO missed_writes (id, era, arrived_us, is_granted, write)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const grant = database.prepare('UPDATE missed_writes SET is_granted = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM missed_writes WHERE id = ?');
  const taint = database.prepare(
    'INSERT OR IGNORE INTO tainted (key, truth, reason) VALUES (?, ?, ?)',
  );
  const open = database.prepare('INSERT INTO open_writes (row, truth, keys) VALUES (?, ?, ?)');
  const close = database.prepare('DELETE FROM open_writes WHERE row = ?');
  const write = database.transaction((change: MissedWriteChange) => {
    for (const { id, era, isGranted, write: missed } of change.added) {
      insert.run(id, era, missed.arrivedUs, isGranted ? 1 : 0, JSON.stringify(missed));
    }
    for (const id of change.granted) grant.run(1, id);
    for (const id of change.ungranted) grant.run(0, id);
    for (const id of change.removed) remove.run(id);
    for (const { row, truth, keys } of change.opened) open.run(row, truth, JSON.stringify(keys));
    for (const row of change.closed) close.run(row);
    for (const [key, truth, reason] of change.tainted) taint.run(key, truth, reason);
  });
  return {
    all() {
      const rows = database
        .prepare<[], Row>(
          `SELECT id, era, is_granted AS isGranted, write FROM missed_writes
           ORDER BY era, arrived_us, id`,
        )
        .all();
      return rows.map(({ id, era, isGranted, write: text }) => ({
        id,
        era,
        isGranted: isGranted === 1,
        write: JSON.parse(text) as MissedWrite,
      }));
    },
    open() {
      const rows = database.prepare<[], OpenRow>('SELECT row, truth, keys FROM open_writes').all();
      return rows.map(({ row, truth, keys }) => ({
        row,
        truth,
        keys: JSON.parse(keys) as readonly string[],
      }));
    },
    commit(change) {
      try {
        write.immediate(change);
      } catch (error) {
        throw explainSqlite(path, error);
      }
    },
  };
}
