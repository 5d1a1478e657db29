import { type Stats, statSync } from 'node:fs';
import { CrossfadeError, codeOf, messageOf } from './errors.ts';

/** What stands at a path, links followed; `none`: nothing. */
export type PathKind = 'file' | 'folder' | 'other' | 'none';

/** Throws `path-unreadable` (exit 2) where that cannot be told. */
export function pathKind(path: string): PathKind {
  const found = statOf(path);
  if (found === undefined) return 'none';
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

/** Why a path cannot be read, as an error that says how to mend it. */
export function unreadablePath(path: string, error: unknown): CrossfadeError {
  const isForbidden = ['EACCES', 'EPERM'].includes(codeOf(error));
  const why = isForbidden ? `permissions forbid it (${codeOf(error)})` : messageOf(error);
  return new CrossfadeError('path-unreadable', `${path} cannot be read: ${why}.`, {
    hint: isForbidden
      ? 'Run it as the user whose it is, or let this one read it and enter every folder above it.'
      : 'Check the path.',
    cause: error,
  });
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadablePath(path, error);
  }
}
