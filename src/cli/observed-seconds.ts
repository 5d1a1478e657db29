/** A run's stored seconds: asked of the run while it serves, else read in its store. */
import { existsSync } from 'node:fs';
import { loadStorePath } from '../config/load.ts';
import { call, type ControlPoint } from '../control/client.ts';
import { controlPathOf, readControlPoint } from '../control/control-file.ts';
import { CrossfadeError, EXIT } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { ObservedSecond } from '../model/observed.ts';
import { openRolloutStore } from '../store/rollout-store.ts';
import type { Place } from './place.ts';

/**
 * The seconds of the newest rollout, oldest first. Throws `no-run` (exit 5) where there is
 * neither a run nor a store.
 */
export async function observedSeconds({
  store,
  config,
}: Place): Promise<readonly ObservedSecond[]> {
  const configured = config === undefined ? undefined : loadStorePath(config);
  const path = store ?? configured ?? './crossfade.db';
  const point = readControlPoint(controlPathOf(path));
  if (point !== null) {
    const asked = await askRun(point);
    if (asked !== null) return asked;
  }
  if (!existsSync(path)) {
    throw new CrossfadeError('no-run', `No run is here: there is no ${path}.`, {
      hint: "Name a run's store, or a recording: crossfade diagnose FILE.",
      exitCode: EXIT.unreachable,
    });
  }
  const file = openRolloutStore(path, true);
  try {
    return file.observed.since(0, LIMITS.observedSecondsMax);
  } finally {
    file.close();
  }
}

/** Null where the run of a control.json left behind does not answer: it was killed. */
async function askRun(point: ControlPoint): Promise<readonly ObservedSecond[] | null> {
  const all: ObservedSecond[] = [];
  let sinceMs = 0;
  try {
    for (;;) {
      const path = `/v1/observed?since=${sinceMs}`;
      type Answer = { readonly seconds: readonly ObservedSecond[] };
      const { seconds } = await call<Answer>(point, 'GET', path);
      all.push(...seconds);
      if (seconds.length < LIMITS.observedSecondsPerAnswer) return all;
      sinceMs = seconds.at(-1)!.startMs + 1;
    }
  } catch (error) {
    if (error instanceof CrossfadeError && error.code === 'run-gone') return null;
    throw error;
  }
}
