import type { LadderStep, Settings } from '../model/settings.ts';
import type { FileParts, FileRoute } from './file-parts.ts';
import type { Problems } from './problems.ts';
import { isRead } from './routes.ts';

/**
 * What both sides stand on. A canary that climbs has to say so, for it decides what becomes of
 * writes: with one store a mirrored write would be done twice; with two, a write that only the
 * candidate got would be lost by a rollback. Adds to `problems` what does not go together.
 */
export function settleState(
  parts: FileParts,
  ladder: readonly LadderStep[],
  problems: Problems,
): Settings['state'] {
  const { state, isKeyGiven, isStateGiven } = parts;
  const climbs = isKeyGiven && ladder.some((step) => step.percent > 0);
  if (state === undefined) {
    if (climbs && !isStateGiven) problems.add([], MISSING);
    return null;
  }
  for (const [index, route] of (parts.routes ?? []).entries()) {
    if (route === undefined || isRead(route)) continue;
    const { writes = 'never' } = route;
    if (state === 'shared' && writes === 'mirror') {
      problems.add(['routes', index, 'writes'], DONE_TWICE);
    } else if (state === 'separate' && climbs && writes === 'never') {
      const at = ['routes', index, route.writes === undefined ? 'match' : 'writes'];
      problems.add(at, lost(route));
    }
  }
  return state;
}

const MISSING =
  'expected the key "state": shared (both sides write to one store) or separate (each has its ' +
  'own), as the canary climbs above 0 %; found none';

const DONE_TWICE =
  'expected never, found mirror: with `state: shared` the shadow would do the write a second time';

function lost(route: FileRoute): string {
  return (
    `expected writes: mirror, found never: with \`state: separate\` a rollback would lose what ` +
    `"${route.match.trim()}" wrote to the candidate; mirror it, or say state: shared if both ` +
    'have one store, or safe: true if it only reads'
  );
}
