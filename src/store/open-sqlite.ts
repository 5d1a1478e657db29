import { chmodSync, closeSync, openSync, realpathSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { CrossfadeError, codeOf, EXIT, messageOf } from '../kit/errors.ts';

/** An open database: statements are synchronous, so never on a thread that serves requests. */
export type SqliteDatabase = Database.Database;

export interface SqliteOptions {
  /** Marks the file (PRAGMA application_id), so that one kind is not opened as another. */
  readonly applicationId: number;
  /** Ordered SQL, each step run once in a transaction; their count is the schema's version. */
  readonly migrations: readonly string[];
  /**
   * What a commit survives. `power-loss`: synchronous FULL, one fsync a commit. `process-crash`:
   * synchronous NORMAL, kill -9 loses nothing, a power cut may lose the newest commits.
   */
  readonly survives: 'power-loss' | 'process-crash';
  /** True keeps every other process out until close or death, `kill -9` included. */
  readonly exclusive?: boolean;
  /** True refuses to create a file that is not there. */
  readonly mustExist?: boolean;
  /** How long a statement waits for another process's lock; 2000 when not given. */
  readonly busyTimeoutMs?: number;
}

/** Older versions may lose acknowledged commits of a WAL shared by processes (the WAL reset). */
const OLDEST_VERSION: readonly number[] = [3, 51, 3];
const OWNER_ONLY = 0o600;

/**
 * Opens or creates the SQLite file at `path`: WAL, mode 0600, schema migrated to the newest step
 * after a copy of an older schema was set aside as `PATH.vN.bak`. The one place that knows the
 * library. Throws a CrossfadeError (exit 2) with code sqlite-missing, sqlite-unreadable,
 * sqlite-locked, sqlite-corrupt, sqlite-other-kind, sqlite-newer, sqlite-full or sqlite-failed.
 */
export function openSqlite(path: string, options: SqliteOptions): SqliteDatabase {
  let database: SqliteDatabase | undefined;
  try {
    createOwnerOnly(path, options.mustExist === true);
    database = new Database(realpathSync(path), { timeout: options.busyTimeoutMs ?? 2000 });
    requireVersion(database);
    if (options.exclusive === true) database.pragma('locking_mode = EXCLUSIVE');
    claimKind(database, path, options);
    database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${options.survives === 'power-loss' ? 'FULL' : 'NORMAL'}`);
    database.pragma('foreign_keys = ON');
    migrate(database, path, options.migrations);
    if (options.exclusive === true) database.exec('BEGIN EXCLUSIVE; COMMIT');
    return database;
  } catch (error) {
    database?.close();
    throw explainSqlite(path, error);
  }
}

/** What went wrong with the file at `path`, in a sentence and a hint; itself if already told. */
export function explainSqlite(path: string, error: unknown): CrossfadeError {
  if (error instanceof CrossfadeError) return error;
  const code = codeOf(error);
  for (const [prefixes, name, say, hint] of EXPLANATIONS) {
    if (prefixes.some((prefix) => code.startsWith(prefix))) {
      return new CrossfadeError(name, `${path} ${say} (${code}).`, { hint, cause: error });
    }
  }
  const sentence = `${path} cannot be used as a SQLite file: ${messageOf(error)}.`;
  return new CrossfadeError('sqlite-failed', sentence, { cause: error });
}

type Explanation = readonly [prefixes: readonly string[], name: string, say: string, hint: string];

const EXPLANATIONS: readonly Explanation[] = [
  [
    ['ENOENT', 'ENOTDIR'],
    'sqlite-missing',
    'does not exist, or its folder does not',
    'Check the path; folders are not created.',
  ],
  [
    ['SQLITE_BUSY', 'SQLITE_LOCKED'],
    'sqlite-locked',
    'is in use by another process',
    'Stop that process, or give each process a file of its own.',
  ],
  [
    ['SQLITE_NOTADB', 'SQLITE_CORRUPT'],
    'sqlite-corrupt',
    'is damaged or is no SQLite file',
    'Move it aside and restore a copy; it has not been changed.',
  ],
  [
    ['SQLITE_FULL', 'ENOSPC'],
    'sqlite-full',
    'cannot grow, the disk is full',
    'Free some space; nothing acknowledged is lost.',
  ],
  [
    [
      'EACCES',
      'EPERM',
      'EROFS',
      'EISDIR',
      'EEXIST',
      'SQLITE_CANTOPEN',
      'SQLITE_READONLY',
      'SQLITE_PERM',
    ],
    'sqlite-unreadable',
    'cannot be read and written',
    'It must be a file that this user may read and write, in a folder that he may write.',
  ],
];

// A file that is there is never opened here: closing that descriptor would free the locks that
// another connection of this process holds on the file (fcntl locks belong to the process).
function createOwnerOnly(path: string, mustExist: boolean): void {
  const found = statSync(path, { throwIfNoEntry: mustExist });
  if (found === undefined) {
    closeSync(openSync(path, 'ax', OWNER_ONLY));
    return;
  }
  const isLoose = found.isFile() && (found.mode & 0o077) !== 0;
  if (isLoose && found.uid === process.getuid?.()) chmodSync(path, OWNER_ONLY);
}

function requireVersion(database: SqliteDatabase): void {
  const text = database.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  const parts = text.split('.').map(Number);
  const differing = OLDEST_VERSION.findIndex((least, i) => parts[i] !== least);
  if (differing === -1 || (parts[differing] ?? 0) > OLDEST_VERSION[differing]!) return;
  throw new CrossfadeError(
    'sqlite-outdated',
    `SQLite ${text} may lose commits; ${OLDEST_VERSION.join('.')} or newer is needed.`,
    { hint: 'Install the better-sqlite3 version named in package.json.', exitCode: EXIT.internal },
  );
}

function readNumber(database: SqliteDatabase, pragma: string): number {
  return Number(database.pragma(pragma, { simple: true }));
}

function claimKind(database: SqliteDatabase, path: string, options: SqliteOptions): void {
  const found = readNumber(database, 'application_id');
  if (found === options.applicationId) return;
  const tables = database.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (found === 0 && tables === 0) {
    database.pragma(`application_id = ${options.applicationId}`);
    return;
  }
  throw new CrossfadeError('sqlite-other-kind', `${path} holds the tables of something else.`, {
    hint: 'Name a new file, or the one that was used here before.',
  });
}

function migrate(database: SqliteDatabase, path: string, migrations: readonly string[]): void {
  const before = readNumber(database, 'user_version');
  if (before > migrations.length) {
    throw new CrossfadeError(
      'sqlite-newer',
      `${path} has schema version ${before}; this crossfade knows ${migrations.length}.`,
      { hint: 'A newer crossfade has written it: use that one, or another file.' },
    );
  }
  if (before === migrations.length) return;
  if (before > 0) setAside(database, `${path}.v${before}.bak`);
  // Read again under the write lock: another process may have migrated meanwhile.
  const run = database.transaction(() => {
    for (let version = readNumber(database, 'user_version'); version < migrations.length; ) {
      database.exec(migrations[version]!);
      version += 1;
      database.pragma(`user_version = ${version}`);
    }
  });
  run.immediate();
}

function setAside(database: SqliteDatabase, copyPath: string): void {
  rmSync(copyPath, { force: true });
  createOwnerOnly(copyPath, false);
  database.prepare('VACUUM INTO ?').run(copyPath);
}
