import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSqlite, type SqliteOptions } from '../../src/store/open-sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let lastFile = 0;
function freshPath(): string {
  lastFile += 1;
  return join(folder, `${lastFile}.db`);
}

const OPTIONS: SqliteOptions = {
  applicationId: 1234,
  migrations: ['CREATE TABLE a (x)'],
  survives: 'power-loss',
  busyTimeoutMs: 0,
};

function refusal(code: string, sentence: RegExp): unknown {
  return expect.objectContaining({
    name: 'CrossfadeError',
    code,
    exitCode: 2,
    message: expect.stringMatching(sentence),
  });
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

test('makes files that only their owner can read, and tightens those that others can', () => {
  const path = freshPath();
  const database = openSqlite(path, OPTIONS);
  database.exec('INSERT INTO a VALUES (1)');
  expect([path, `${path}-wal`, `${path}-shm`].map(modeOf)).toEqual([0o600, 0o600, 0o600]);
  database.close();
  chmodSync(path, 0o644);
  openSqlite(path, OPTIONS).close();
  expect(modeOf(path)).toBe(0o600);
});

test('commits through a write-ahead log, with the durability asked for', () => {
  const full = openSqlite(freshPath(), OPTIONS);
  expect(full.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(full.pragma('synchronous', { simple: true })).toBe(2);
  full.close();
  const normal = openSqlite(freshPath(), { ...OPTIONS, survives: 'process-crash' });
  expect(normal.pragma('synchronous', { simple: true })).toBe(1);
  normal.close();
});

test('runs each migration once, in order, and sets the older file aside first', () => {
  const path = freshPath();
  const first = openSqlite(path, OPTIONS);
  first.exec('INSERT INTO a VALUES (7)');
  first.close();
  const migrations = [...OPTIONS.migrations, 'ALTER TABLE a ADD y', 'UPDATE a SET y = x + 1'];
  for (let opening = 0; opening < 2; opening += 1) {
    const database = openSqlite(path, { ...OPTIONS, migrations });
    expect(database.pragma('user_version', { simple: true })).toBe(3);
    expect(database.prepare('SELECT * FROM a').all()).toEqual([{ x: 7, y: 8 }]);
    database.close();
  }
  const aside = openSqlite(`${path}.v1.bak`, OPTIONS);
  expect(aside.prepare('SELECT * FROM a').all()).toEqual([{ x: 7 }]);
  aside.close();
  expect(modeOf(`${path}.v1.bak`)).toBe(0o600);
});

test('leaves the file as it was when a migration fails', () => {
  const path = freshPath();
  openSqlite(path, OPTIONS).close();
  const migrations = [...OPTIONS.migrations, 'CREATE TABLE b (x)', 'nonsense'];
  expect(() => openSqlite(path, { ...OPTIONS, migrations })).toThrow(
    refusal('sqlite-failed', /cannot be used.*nonsense/),
  );
  const database = openSqlite(path, OPTIONS);
  expect(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'b'").all()).toEqual([]);
  database.close();
});

test('refuses a schema newer than it knows', () => {
  const path = freshPath();
  openSqlite(path, { ...OPTIONS, migrations: [...OPTIONS.migrations, 'SELECT 1'] }).close();
  expect(() => openSqlite(path, OPTIONS)).toThrow(refusal('sqlite-newer', /version 2.*knows 1/));
});

test('refuses a file of another kind, of another program, and one that is no database', () => {
  const path = freshPath();
  openSqlite(path, OPTIONS).close();
  expect(() => openSqlite(path, { ...OPTIONS, applicationId: 99 })).toThrow(
    refusal('sqlite-other-kind', /something else/),
  );
  const unmarked = freshPath();
  openSqlite(unmarked, { ...OPTIONS, applicationId: 0 }).close();
  expect(() => openSqlite(unmarked, OPTIONS)).toThrow(refusal('sqlite-other-kind', /else/));
  const text = freshPath();
  writeFileSync(text, 'not a database, '.repeat(100));
  expect(() => openSqlite(text, OPTIONS)).toThrow(refusal('sqlite-corrupt', /no SQLite file/));
  expect(readFileSync(text, 'utf8')).toBe('not a database, '.repeat(100));
});

test('refuses what is not there or is no file', () => {
  const absent = freshPath();
  expect(() => openSqlite(absent, { ...OPTIONS, mustExist: true })).toThrow(
    refusal('sqlite-missing', /does not exist/),
  );
  expect(existsSync(absent)).toBe(false);
  expect(() => openSqlite(join(absent, 'x.db'), OPTIONS)).toThrow(
    refusal('sqlite-missing', /does not exist/),
  );
  mkdirSync(absent);
  expect(() => openSqlite(absent, OPTIONS)).toThrow(
    refusal('sqlite-unreadable', /cannot be read and written/),
  );
});

test('an exclusive owner keeps others out until it closes, and a refused one does no harm', () => {
  const path = freshPath();
  const exclusive = { ...OPTIONS, exclusive: true };
  const owner = openSqlite(path, exclusive);
  for (const options of [exclusive, OPTIONS, exclusive]) {
    expect(() => openSqlite(path, options)).toThrow(refusal('sqlite-locked', /in use/));
  }
  owner.exec('INSERT INTO a VALUES (1)');
  owner.close();
  openSqlite(path, exclusive).close();
});
