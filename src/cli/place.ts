import type { Command } from 'commander';
import { loadStorePath } from '../config/load.ts';
import { type ControlPoint, findControl } from '../control/client.ts';

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

/** Address and token of the `run` that serves the rollout; throws when none does. */
export function rolloutAt(place: Place): ControlPoint {
  const { store, config } = place;
  const configured = config === undefined ? undefined : loadStorePath(config);
  return findControl(store ?? configured ?? './crossfade.db');
}
