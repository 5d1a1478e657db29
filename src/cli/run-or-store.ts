/** What a run knows: asked of the run while it serves, else read in its store. */
import { basename } from 'node:path';
import type { ControlPoint } from '../control/client.ts';
import { controlPathOf, readControlPoint } from '../control/control-file.ts';
import { CrossfadeError, EXIT } from '../kit/errors.ts';
import { pathKind } from '../kit/path-kind.ts';
import { openRolloutStore, type RolloutFile } from '../store/rollout-store.ts';
import { type Place, storeAt } from './place.ts';

/** The two ways to the same facts. */
export interface RunOrStore<T> {
  /** Throws `run-gone` where the run does not answer. */
  readonly ask: (run: ControlPoint) => Promise<T>;
  readonly read: (file: RolloutFile, path: string) => T;
  /** What to do where there is neither. */
  readonly hint: string;
}

/** Throws `no-run` (exit 5) where there is neither a run nor a store, and what the ways throw. */
export async function fromRunOrStore<T extends object>(
  place: Place,
  { ask, read, hint }: RunOrStore<T>,
): Promise<T> {
  const path = storeAt(place);
  const asked = await askRun(path, ask);
  if (asked !== null) return asked;
  if (pathKind(path) === 'none') {
    throw new CrossfadeError('no-run', `No run is here: there is no ${path}.`, {
      hint,
      exitCode: EXIT.unreachable,
    });
  }
  const file = openRolloutStore(path, true);
  try {
    return read(file, path);
  } finally {
    file.close();
  }
}

/** Null where the folder's run is on another store, or does not answer: it was killed. */
async function askRun<T>(path: string, ask: RunOrStore<T>['ask']): Promise<T | null> {
  const point = readControlPoint(controlPathOf(path));
  if (point === null || point.store !== basename(path)) return null;
  try {
    return await ask(point);
  } catch (error) {
    if (error instanceof CrossfadeError && error.code === 'run-gone') return null;
    throw error;
  }
}
