import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { loadStorePath } from '../config/load.ts';
import { type ControlPoint, findControl } from '../control/client.ts';
import { controlPathOf, readControlPoint } from '../control/control-file.ts';
import { CrossfadeError } from '../kit/errors.ts';
import { pathKind } from '../kit/path-kind.ts';
import { storeFilesIn } from '../store/store-files.ts';

const STORE_NAME = 'crossfade.db';

/** Which rollout a command is for: control.json stands beside its store. */
export interface Place {
  readonly store?: string;
  readonly config?: string;
}

/** Adds the options that say which rollout is meant. */
export function placeOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration of the rollout')
    .option('--store <file>', 'its SQLite file, instead (default ./crossfade.db)');
}

/**
 * Path of the rollout's store; in a folder that of its last run. Throws `path-unreadable` (exit 2)
 * where the path cannot be looked at.
 */
export function storeAt(place: Place): string {
  const path = pathOf(place);
  if (pathKind(path) !== 'folder') return path;
  const inFolder = join(path, STORE_NAME);
  return join(path, readControlPoint(controlPathOf(inFolder))?.store ?? STORE_NAME);
}

/**
 * The same of what a run has left: in a folder without a file of that name the one store that it
 * holds. Throws `many-stores` (exit 2) where it holds several, beside what `storeAt` throws.
 */
export function storeLeftAt(place: Place): string {
  const path = pathOf(place);
  const named = storeAt(place);
  if (pathKind(path) !== 'folder' || pathKind(named) !== 'none') return named;
  const found = storeFilesIn(path);
  if (found.length === 0) return named;
  if (found.length === 1) return join(path, found[0]!);
  const names = found.join(', ');
  throw new CrossfadeError(
    'many-stores',
    `${path} holds ${found.length} stores, and none is ${basename(named)}: ${names}.`,
    { hint: `Name one of them: ${join(path, found[0]!)}.` },
  );
}

function pathOf({ store, config }: Place): string {
  const configured = config === undefined ? undefined : loadStorePath(config);
  return store ?? configured ?? `./${STORE_NAME}`;
}

/** Address and token of the `run` that serves the rollout; throws when none does. */
export function rolloutAt(place: Place): ControlPoint {
  return findControl(storeAt(place));
}
