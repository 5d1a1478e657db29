import type { ListenSettings } from '../model/settings.ts';
import type { Controller } from '../rollout/controller.ts';

export interface ControlOptions {
  readonly listen: ListenSettings;
  /** control.json is written beside this file. */
  readonly storePath: string;
  readonly controller: Controller;
}

export interface ControlServer {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** Stops listening and removes control.json if it is still ours. */
  close(): Promise<void>;
}

/** Starts the control API on loopback. Throws `control-port-in-use`, `control-not-loopback`. */
export async function startControl(_options: ControlOptions): Promise<ControlServer> {
  throw new Error('bug: not built yet');
}
