/**
 * Keys that were tainted where no controller could take them: by a proxy that had lost its own,
 * or by the end of everything. Files beside the store, read by the next controller.
 */
import { writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import type { TaintedKey } from '../model/window.ts';
import { ORPHAN_TAINT_PREFIX } from '../proxy/missed/taint.ts';

/** Hands every file's keys to `adopt` and removes it; logs what it cannot read. */
export async function adoptOrphanTaints(
  folder: string,
  log: Pick<Log, 'warn'>,
  adopt: (keys: readonly TaintedKey[]) => void,
): Promise<void> {
  let names: readonly string[] = [];
  try {
    names = (await readdir(folder)).filter((name) => name.startsWith(ORPHAN_TAINT_PREFIX));
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'taints not readable');
  }
  for (const name of names) {
    const path = join(folder, name);
    try {
      adopt(JSON.parse(await readFile(path, 'utf8')) as readonly TaintedKey[]);
      await rm(path);
    } catch (error) {
      log.warn({ file: name, reason: messageOf(error) }, 'taints not readable');
    }
  }
}

/** Leaves keys for the next controller, at once: the process may be about to end. */
export function leaveTaints(
  folder: string,
  log: Pick<Log, 'error'>,
  keys: readonly TaintedKey[],
): void {
  if (keys.length === 0) return;
  try {
    const path = join(folder, `${ORPHAN_TAINT_PREFIX}${process.pid}.json`);
    writeFileSync(path, JSON.stringify(keys), { mode: 0o600 });
  } catch (error) {
    log.error({ keys: keys.length, reason: messageOf(error) }, 'taints could not be left');
  }
}
