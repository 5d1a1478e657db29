/** What a run knows: asked of the run while it serves, else read in its store. */
import type { ControlPoint } from '../control/client.ts';
import { controlPointsOf, realPathOf } from '../control/control-file.ts';
import { CrossfadeError, EXIT } from '../kit/errors.ts';
import { pathKind } from '../kit/path-kind.ts';
import { openRolloutStore, type RolloutFile } from '../store/rollout-store.ts';
import { type Place, storeLeftAt } from './place.ts';

/** The two ways to the same facts. */
export interface RunOrStore<T> {
  /** Throws `run-gone` where the run does not answer. */
  readonly ask: (run: ControlPoint) => Promise<T>;
  readonly read: (file: RolloutFile, path: string) => T;
  /** What to do where there is neither. */
  readonly hint: string;
}

/**
 * Throws `no-run` (exit 5) where there is neither a run nor a store, `run-gone` (exit 5) where a
 * run does not answer and yet holds its store, and what the ways and `storeLeftAt` throw.
 */
export async function fromRunOrStore<T extends object>(
  place: Place,
  { ask, read, hint }: RunOrStore<T>,
): Promise<T> {
  const path = storeLeftAt(place);
  const run = runOn(path);
  let gone: CrossfadeError | null = null;
  if (run !== null) {
    try {
      return await ask(run);
    } catch (error) {
      if (!isCoded(error, 'run-gone')) throw error;
      gone = error;
    }
  }
  if (pathKind(path) === 'none') {
    throw new CrossfadeError('no-run', `No run is here: there is no ${path}.`, {
      hint,
      exitCode: EXIT.unreachable,
    });
  }
  const file = openLeft(path, gone);
  try {
    return read(file, path);
  } finally {
    file.close();
  }
}

/** Null where no run is told of, or one on another store. */
function runOn(path: string): ControlPoint | null {
  const asked = realPathOf(path);
  return controlPointsOf(path).find(({ store }) => store === asked)?.point ?? null;
}

/** `gone`: why the run on it could not be asked, which may hang and hold its store. */
function openLeft(path: string, gone: CrossfadeError | null): RolloutFile {
  try {
    return openRolloutStore(path, true);
  } catch (error) {
    if (gone === null || !isCoded(error, 'store-locked')) throw error;
    const message = `${gone.message} Nor can its store be read: a process holds ${path}.`;
    throw new CrossfadeError(gone.code, message, {
      hint: 'If it hangs, end it and ask again: what it has written is kept.',
      exitCode: EXIT.unreachable,
      cause: error,
    });
  }
}

function isCoded(error: unknown, code: string): error is CrossfadeError {
  return error instanceof CrossfadeError && error.code === code;
}
