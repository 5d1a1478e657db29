/** What clusters are called: routes of requests that match none, and paths in answers. */
import { LIMITS } from '../kit/limits.ts';
import { unmatchedMethod } from '../model/route-name.ts';
import { templateOf } from './divergences.ts';
import { PathTree } from './path-tree.ts';

/** Numbers, UUIDs, ULIDs, long hexadecimal ids. */
const ID_SEGMENT =
  /^(?:-?\d+|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-HJKMNP-TV-Z]{26})$/i;
const METHOD_MAX = 32;

/** Bounded and readable, however many different paths there are. */
export class ClusterNames {
  readonly #routes = new PathTree({
    marker: ':n',
    childrenMax: LIMITS.routeChildrenMax,
    isOneOfMany: (segment) => isLong(segment) || ID_SEGMENT.test(segment),
  });
  readonly #fields = new PathTree({
    marker: '*',
    childrenMax: LIMITS.fieldChildrenMax,
    isOneOfMany: isLong,
  });

  /** Grows when names given before would be others now. */
  get folds(): number {
    return this.#routes.folds + this.#fields.folds;
  }

  /** The route that a pair is counted under; of one that matched none, what its path is like. */
  routeOf(countedAs: string, target: string): string {
    const method = unmatchedMethod(countedAs)?.slice(0, METHOD_MAX);
    if (method === undefined) return countedAs;
    return `${method} ${this.#routes.place(method, pathOf(target).split('/')).join('/')}`;
  }

  /** As this table has it, a name that {@link routeOf} of any table gave. */
  routeAgain(countedAs: string, route: string): string {
    if (unmatchedMethod(countedAs) === null) return route;
    return this.routeOf(countedAs, route.slice(route.indexOf(' ') + 1));
  }

  /** The template of a divergence's path within the route; also of such a template. */
  pathOf(route: string, path: string): string {
    const head = /^[a-z]+:/.exec(path)?.[0] ?? '';
    const rest = templateOf(path).slice(head.length);
    return head + this.#fields.place(`${route} ${head}`, rest.split('/')).join('/');
  }
}

function isLong(segment: string): boolean {
  return segment.length > LIMITS.templateSegmentMaxChars;
}

/** The path of a request's target: without query, without scheme and host. */
function pathOf(target: string): string {
  const path = target.split(/[?#]/, 1)[0]!;
  const origin = /^[a-z][a-z\d+.-]*:\/\/[^/]*/i.exec(path)?.[0] ?? '';
  return path.slice(origin.length) || '/';
}
