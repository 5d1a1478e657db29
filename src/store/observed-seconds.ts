/** The newest seconds of a rollout, for a diagnosis of what has been: bounded, the oldest go. */
import { LIMITS } from '../kit/limits.ts';
import type { ObservedSecond } from '../model/observed.ts';
import type { SqliteDatabase } from './open-sqlite.ts';

export const OBSERVED_SECONDS_SCHEMA = `
  CREATE TABLE seconds (
    rollout INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (rollout, start_ms)
  ) STRICT, WITHOUT ROWID;
`;

/** Seconds by rollout. */
export interface ObservedSecondStore {
  /** Durable when it answers. The first word on a second stands: what comes late is a part. */
  write(rollout: number, seconds: readonly ObservedSecond[]): void;
  /** Of the newest rollout, those that began at or after `sinceMs`, oldest first. */
  since(sinceMs: number, limit: number): readonly ObservedSecond[];
}

/** The seconds in an open store. Throws what the library throws. */
export function createObservedSecondStore(database: SqliteDatabase): ObservedSecondStore {
  const insert = database.prepare(
    'INSERT OR IGNORE INTO seconds (rollout, start_ms, body) VALUES (?, ?, ?)',
  );
  const forget = database.prepare('DELETE FROM seconds WHERE start_ms < ?');
  const write = database.transaction((rollout: number, seconds: readonly ObservedSecond[]) => {
    let newestMs = 0;
    for (const second of seconds) {
      insert.run(rollout, second.startMs, JSON.stringify(second));
      newestMs = Math.max(newestMs, second.startMs);
    }
    forget.run(newestMs - 1000 * LIMITS.observedSecondsMax);
  });
  const read = database
    .prepare<[number, number], string>(
      `SELECT body FROM seconds WHERE rollout = (SELECT max(rollout) FROM seconds)
       AND start_ms >= ? ORDER BY start_ms LIMIT ?`,
    )
    .pluck();
  return {
    write: (rollout, seconds) => write.immediate(rollout, seconds),
    since: (sinceMs, limit) =>
      read.all(sinceMs, limit).map((body) => JSON.parse(body) as ObservedSecond),
  };
}
