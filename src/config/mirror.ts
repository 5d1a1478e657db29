import type { AutoPauseSettings, MirrorSettings } from '../model/settings.ts';
import { DEFAULT_AUTO_PAUSE, DEFAULTS } from './defaults.ts';
import type { FileMirror, FileParts } from './file-parts.ts';
import { didYouMean, type Problems } from './problems.ts';
import { isRead } from './routes.ts';
import { settleShare } from './surroundings.ts';

/** The mirror's budget; what is wrong with it is added to the problems. */
export function settleMirror(parts: FileParts, problems: Problems): MirrorSettings {
  const { mirror = {} } = parts;
  const isShort = typeof mirror === 'string';
  const given: FileMirror = isShort ? { percent: mirror } : mirror;
  const at = isShort ? ['mirror'] : ['mirror', 'percent'];
  const ratio = settleShare(given.percent ?? DEFAULTS.mirror, at, problems);
  return {
    percent: Number((100 * ratio).toPrecision(12)),
    maxRatePerSec: settleRate(given.maxRate, problems),
    routes: settleNames(given.routes, parts.routes ?? [], problems),
    autoPause: settleAutoPause(given.autoPause, problems),
  };
}

function settleRate(given: FileMirror['maxRate'], problems: Problems): number | null {
  if (given === undefined) return null;
  const perSec = typeof given === 'number' ? given : Number.parseFloat(given);
  if (perSec > 0) return perSec;
  problems.add(['mirror', 'maxRate'], 'expected above 0/s, found 0: `mirror: 0%` mirrors nothing');
  return null;
}

/** Names of reads alone: whether a write is mirrored is said at its route. */
function settleNames(
  given: readonly string[] | undefined,
  routes: NonNullable<FileParts['routes']>,
  problems: Problems,
): readonly string[] | null {
  if (given === undefined) return null;
  const known = routes.filter((route) => route !== undefined);
  const names = known.map((route) => route.match.trim());
  for (const [index, name] of given.entries()) {
    const route = known[names.indexOf(name)];
    const at = ['mirror', 'routes', index];
    if (route !== undefined && !isRead(route)) {
      const message = `expected a route of reads, found "${name}"; writes are mirrored by`;
      problems.add(at, `${message} \`writes: mirror\` at their route`);
    } else if (route === undefined && known.length === routes.length) {
      const near = didYouMean(name, names);
      problems.add(at, `expected the match of a route, found "${name}"${near}`);
    }
  }
  return given;
}

function settleAutoPause(
  given: FileMirror['autoPause'],
  problems: Problems,
): AutoPauseSettings | null {
  if (typeof given === 'string') return null;
  const { p99, errors } = given ?? {};
  const { p99Ratio, errorsExcessRatio } = DEFAULT_AUTO_PAUSE;
  return {
    p99Ratio: p99 ?? p99Ratio,
    errorsExcessRatio:
      errors === undefined
        ? errorsExcessRatio
        : settleShare(errors, ['mirror', 'autoPause', 'errors'], problems),
  };
}
