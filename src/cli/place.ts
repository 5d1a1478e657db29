import { join } from 'node:path';
import type { Command } from 'commander';
import { loadStorePath } from '../config/load.ts';
import { type ControlPoint, findControl } from '../control/client.ts';
import { controlPathOf, readControlPoint } from '../control/control-file.ts';
import { pathKind } from '../kit/path-kind.ts';

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
export function storeAt({ store, config }: Place): string {
  const configured = config === undefined ? undefined : loadStorePath(config);
  const path = store ?? configured ?? `./${STORE_NAME}`;
  if (pathKind(path) !== 'folder') return path;
  const inFolder = join(path, STORE_NAME);
  return join(path, readControlPoint(controlPathOf(inFolder))?.store ?? STORE_NAME);
}

/** Address and token of the `run` that serves the rollout; throws when none does. */
export function rolloutAt(place: Place): ControlPoint {
  return findControl(storeAt(place));
}
