import type { Reloaded } from '../control/routes.ts';
import type { BuiltinEngine } from '../engines/builtin.ts';
import { messageOf } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import type { Settings } from '../model/settings.ts';
import type { Controller } from '../rollout/controller.ts';
import { changeOf, changeSentence } from '../rollout/settings-change.ts';

export interface ReloadingParts {
  /** In force at first. */
  readonly settings: Settings;
  /** Reads the configuration anew; throws with everything that is wrong with it. */
  readonly read: () => Settings;
  readonly engine: BuiltinEngine;
  readonly controller: Controller;
  /** Told of the new settings as they come into force. */
  readonly took: (settings: Settings) => void;
  readonly log: Log;
}

/**
 * What puts a changed configuration in force: read and checked whole, then new proxies beside the
 * old, then the rollout. Rejects when anything is wrong, and then nothing has changed. Asked
 * again meanwhile, it begins when the one under way has ended.
 */
export function createReloading(parts: ReloadingParts): () => Promise<Reloaded> {
  const { engine, controller, log } = parts;
  let settings = parts.settings;
  let newest: Promise<unknown> = Promise.resolve();
  const reload = async (): Promise<Reloaded> => {
    try {
      const next = parts.read();
      const change = changeOf(settings, next, controller.status().rollout.percent);
      let applied: Promise<void> = Promise.resolve();
      await engine.reload(next, change.isEvidenceVoid, () => {
        settings = next;
        parts.took(next);
        applied = controller.reconfigure(next, change);
      });
      await applied;
      const workers = engine.workers();
      return { sentence: changeSentence(change), ...change, workers };
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'configuration not reloaded');
      throw error;
    }
  };
  return () => {
    const turn = newest.then(reload);
    newest = turn.catch(() => undefined);
    return turn;
  };
}
