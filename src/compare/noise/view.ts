import { LIMITS } from '../../kit/limits.ts';
import {
  NOISE_VERDICTS,
  type NoiseVerdict,
  type NoiseView,
  type NoisyPath,
  type RouteNoise,
  type UnorderedArray,
} from '../../model/noise.ts';
import { placeOf } from './array-tally.ts';
import type { RouteTallies } from './route-tallies.ts';

/** What the routes have learned: all arrays, and the places that legacy itself has shown. */
export function viewOf(routes: readonly RouteTallies[]): NoiseView {
  return {
    routes: routes.map(({ state }) => {
      const { route, noisePairs, judgedPairs, isLearning, heldBack } = state;
      return { route, noisePairs, judgedPairs, isLearning, heldBack };
    }),
    paths: firstOf(routes.flatMap(pathsOf)),
    arrays: routes.flatMap(arraysOf),
  };
}

function pathsOf(tallies: RouteTallies): NoisyPath[] {
  const { route, noisePairs, judgedPairs, tallies: all, arrays } = tallies.state;
  const unordered = new Set([...arrays.values()].filter(({ by }) => by !== null).map(placeAt));
  return [...all.values()]
    .filter(({ noise }) => noise > 0)
    .filter(({ path, kind }) => kind !== 'array-order' || !unordered.has(path))
    .map((tally) => ({
      route,
      path: tally.path,
      kind: tally.kind,
      noisePairs: noisePairs - tally.fromNoise,
      noiseDiffering: tally.noise,
      judgedPairs: judgedPairs - tally.fromJudged,
      judgedDiffering: tally.judged,
      verdict: tallies.verdictOf(tally),
    }));
}

function placeAt({ path }: { readonly path: string }): string {
  return placeOf(path);
}

function arraysOf(tallies: RouteTallies): UnorderedArray[] {
  const { route, noisePairs, judgedPairs, tallies: all, arrays } = tallies.state;
  return [...arrays.values()].flatMap((array) => {
    if (array.by === null) return [];
    const path = placeOf(array.path);
    const moved = [...all.values()].find(
      (tally) => tally.path === path && tally.kind === 'array-order',
    );
    const isHigher = moved?.isHigher === true;
    return [
      {
        route,
        path,
        by: array.by,
        noisePairs: noisePairs - array.fromNoise,
        noiseMoved: moved?.noise ?? 0,
        judgedPairs: judgedPairs - array.fromJudged,
        judgedMoved: moved?.judged ?? 0,
        verdict: isHigher ? 'candidate-higher' : 'noise',
      },
    ];
  });
}

/** Those that a person has to know of first, so many at most. */
function firstOf(paths: readonly NoisyPath[]): readonly NoisyPath[] {
  const rank = ({ verdict }: NoisyPath): number => NOISE_VERDICTS.indexOf(verdict);
  const sorted = paths.toSorted(
    (a, b) => rank(b) - rank(a) || b.judgedDiffering - a.judgedDiffering,
  );
  return sorted.slice(0, LIMITS.noisePathsTold);
}

/**
 * What several proxies have learned, added up: counts exactly, verdicts each proxy's own, the
 * gravest of them.
 */
export function mergeNoise(views: readonly NoiseView[]): NoiseView {
  if (views.length === 1) return views[0]!;
  const routes = merged(
    views.flatMap((view) => view.routes),
    ({ route }) => route,
    addRoutes,
  );
  const paths = merged(
    views.flatMap((view) => view.paths),
    ({ route, path, kind }) => `${route}\n${path}\n${kind}`,
    addPaths,
  );
  const arrays = merged(
    views.flatMap((view) => view.arrays),
    ({ route, path, by }) => `${route}\n${path}\n${by.join('\n')}`,
    addArrays,
  );
  return { routes, paths: firstOf(paths), arrays };
}

function merged<T>(parts: readonly T[], nameOf: (part: T) => string, add: (a: T, b: T) => T): T[] {
  const all = new Map<string, T>();
  for (const part of parts) {
    const known = all.get(nameOf(part));
    all.set(nameOf(part), known === undefined ? part : add(known, part));
  }
  return [...all.values()];
}

function addRoutes(a: RouteNoise, b: RouteNoise): RouteNoise {
  return {
    route: a.route,
    noisePairs: a.noisePairs + b.noisePairs,
    judgedPairs: a.judgedPairs + b.judgedPairs,
    isLearning: a.isLearning || b.isLearning,
    heldBack: a.heldBack + b.heldBack,
  };
}

function addPaths(a: NoisyPath, b: NoisyPath): NoisyPath {
  return {
    ...a,
    noisePairs: a.noisePairs + b.noisePairs,
    noiseDiffering: a.noiseDiffering + b.noiseDiffering,
    judgedPairs: a.judgedPairs + b.judgedPairs,
    judgedDiffering: a.judgedDiffering + b.judgedDiffering,
    verdict: graver(a.verdict, b.verdict),
  };
}

function addArrays(a: UnorderedArray, b: UnorderedArray): UnorderedArray {
  return {
    ...a,
    noisePairs: a.noisePairs + b.noisePairs,
    noiseMoved: a.noiseMoved + b.noiseMoved,
    judgedPairs: a.judgedPairs + b.judgedPairs,
    judgedMoved: a.judgedMoved + b.judgedMoved,
    verdict: graver(a.verdict, b.verdict),
  };
}

function graver(a: NoiseVerdict, b: NoiseVerdict): NoiseVerdict {
  return NOISE_VERDICTS.indexOf(a) >= NOISE_VERDICTS.indexOf(b) ? a : b;
}
