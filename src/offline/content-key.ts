import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

const BYTES_MAX = 65_536;

/**
 * A key for tokens of credentials that nobody has who does not have these files: the same for the
 * same files, so that the same report can be made again.
 */
export function contentKey(paths: readonly string[]): Buffer {
  const hash = createHash('sha256');
  const bytes = Buffer.alloc(BYTES_MAX);
  for (const path of paths) {
    const file = openSync(path, 'r');
    try {
      hash.update(bytes.subarray(0, readSync(file, bytes, 0, BYTES_MAX, 0)));
    } finally {
      closeSync(file);
    }
  }
  return hash.digest();
}
