/** The stores that stand in a folder, told by the first bytes of its files: none is opened. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { pathKind, unreadablePath } from '../kit/path-kind.ts';
import { ROLLOUT_APPLICATION_ID } from './rollout-store.ts';

const MAGIC = 'SQLite format 3\0';
/** Where a SQLite file says whose it is. Source: the SQLite file format, 1.3. */
const APPLICATION_ID_AT = 68;
const HEAD_BYTES = APPLICATION_ID_AT + 4;
/** What a migration has set aside. */
const BACKUP = /\.v\d+\.bak$/;

/**
 * Names of the rollout stores in `folder`, sorted. For a process that has none of them open: to
 * look at a file frees this process's locks on it. Throws `path-unreadable` (exit 2).
 */
export function storeFilesIn(folder: string): readonly string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw unreadablePath(folder, error);
  }
  return names.filter((name) => !BACKUP.test(name) && isStore(join(folder, name))).toSorted();
}

function isStore(path: string): boolean {
  try {
    if (pathKind(path) !== 'file') return false;
    const head = headOf(path);
    const isSqlite = head.toString('latin1', 0, MAGIC.length) === MAGIC;
    return isSqlite && head.readUInt32BE(APPLICATION_ID_AT) === ROLLOUT_APPLICATION_ID;
  } catch {
    // What may not be read is nobody's store that could be told of.
    return false;
  }
}

function headOf(path: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, HEAD_BYTES, 0);
  } finally {
    closeSync(file);
  }
  return head;
}
