/** A run's stored seconds. */
import { call, type ControlPoint } from '../control/client.ts';
import { LIMITS } from '../kit/limits.ts';
import type { ObservedSecond } from '../model/observed.ts';
import type { Place } from './place.ts';
import { fromRunOrStore } from './run-or-store.ts';

/**
 * The seconds of the newest rollout, oldest first. Throws `no-run` (exit 5) where there is
 * neither a run nor a store.
 */
export function observedSeconds(place: Place): Promise<readonly ObservedSecond[]> {
  return fromRunOrStore(place, {
    ask: askRun,
    read: (file) => file.observed.since(0, LIMITS.observedSecondsMax),
    hint: "Name a run's store, or a recording: crossfade diagnose FILE.",
  });
}

async function askRun(run: ControlPoint): Promise<readonly ObservedSecond[]> {
  const all: ObservedSecond[] = [];
  let sinceMs = 0;
  for (;;) {
    const path = `/v1/observed?since=${sinceMs}`;
    type Answer = { readonly seconds: readonly ObservedSecond[] };
    const { seconds } = await call<Answer>(run, 'GET', path);
    all.push(...seconds);
    if (seconds.length < LIMITS.observedSecondsPerAnswer) return all;
    sinceMs = seconds.at(-1)!.startMs + 1;
  }
}
