import type { AcceptedRoute, CompareRule, KeySource, RouteSettings } from '../model/settings.ts';
import type { Refuse } from './addresses.ts';
import { settleRules } from './compare-rules.ts';
import type { FileParts, FileKey, FileKeys, FileRoute } from './file-parts.ts';
import type { Path, Problems } from './problems.ts';
import type { Surroundings } from './surroundings.ts';

/** Methods that HTTP itself calls safe. Source: RFC 9110, 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** True of a method that HTTP itself calls safe. */
export function isReadMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** The names in `/v1/users/:user/*`, in order. Null after a refusal. */
export function parsePattern(pattern: string, refuse: Refuse): readonly string[] | null {
  const segments = pattern.split('/').slice(1);
  const names: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const name = /^:([A-Za-z_][A-Za-z0-9_]*)$/.exec(segment)?.[1];
    if (name !== undefined) {
      if (names.includes(name)) {
        refuse(`expected each name once, found ":${name}" twice in "${pattern}"`);
        return null;
      }
      names.push(name);
    } else if (segment.startsWith(':')) {
      refuse(`expected a name after ":" such as :user, found "${segment}" in "${pattern}"`);
      return null;
    } else if (segment.includes('*') && (segment !== '*' || index < segments.length - 1)) {
      refuse(`expected "*" only as the whole last segment, found "${segment}" in "${pattern}"`);
      return null;
    }
  }
  return names;
}

/** What routes need to know of the rest of the file. */
export interface RouteSurroundings {
  readonly isKeyGiven: boolean;
  /** Rules that hold for all routes. */
  readonly compare: readonly CompareRule[];
  readonly around: Surroundings;
}

/** Every route that can be used; what is wrong with the others is added to the problems. */
export function settleRoutes(
  files: FileParts['routes'],
  surroundings: RouteSurroundings,
): RouteSettings[] {
  const { problems } = surroundings.around;
  const shapes = new Map<string, number>();
  const routes: RouteSettings[] = [];
  for (const [index, file] of (files ?? []).entries()) {
    if (file === undefined) continue;
    const route = settleRoute(file, ['routes', index], surroundings);
    const shape = `${route.method} ${route.pattern.replaceAll(/:[^/]+/g, ':')}`;
    const earlier = shapes.get(shape);
    if (earlier !== undefined) {
      const message = `expected each route once, found the paths of routes[${earlier}] again`;
      problems.add(['routes', index, 'match'], message);
    }
    shapes.set(shape, earlier ?? index);
    routes.push(route);
  }
  return routes;
}

/** Routes that somebody accepts to be unproven. */
export function acceptedRoutes(files: FileParts['routes']): readonly AcceptedRoute[] {
  return (files ?? []).flatMap((file) => {
    if (file?.unproven === undefined) return [];
    const { reason, owner } = file.unproven;
    return [{ route: file.match.trim(), reason, owner }];
  });
}

function settleRoute(
  file: FileRoute,
  at: Path,
  { isKeyGiven, compare, around }: RouteSurroundings,
): RouteSettings {
  const { folder, problems } = around;
  const match = file.match.trim();
  const space = match.indexOf(' ');
  const method = match.slice(0, space);
  const pattern = match.slice(space + 1);
  parsePattern(pattern, (message) => problems.add([...at, 'match'], message));
  const { safe = false, writes = 'never', idempotent = false, verifies = false } = file;
  if (writes === 'mirror') {
    const refuse: Refuse = (message) => problems.add([...at, 'writes'], message);
    if (SAFE_METHODS.has(method)) refuse(`${method} is a read and mirrored anyway: leave it out`);
    else if (safe) refuse('the route is declared safe, a read, and mirrored anyway: leave it out');
    else if (file.keys === undefined && !isKeyGiven) {
      refuse('mirrored writes are sent in order per key: add `key` or the `keys` of this route');
    }
  }
  if (idempotent && writes !== 'mirror') {
    const message = 'expected `writes: mirror` with it, for no other write is sent again';
    problems.add([...at, 'idempotent'], message);
  }
  if (file.referee !== undefined && !isRead(file)) {
    const message = `expected a route of reads, found "${match}": no write is ever asked again`;
    problems.add([...at, 'referee'], message);
  }
  if (verifies && !isRead(file)) {
    const message = `expected a route of reads, found "${match}"; safe: true declares one`;
    problems.add([...at, 'verifies'], message);
  } else if (verifies && file.keys === undefined && !isKeyGiven) {
    problems.add([...at, 'verifies'], 'expected a key whose state it shows: add `key` or `keys`');
  }
  return {
    match,
    method,
    pattern,
    safe,
    writes,
    isIdempotent: idempotent,
    isVerifying: verifies,
    ...(file.referee === 'off' ? { isRefereed: false } : {}),
    keys:
      file.keys === undefined ? null : settleKeys(file.keys, [...at, 'keys'], problems, pattern),
    compare: withGeneral(
      settleRules(file.compare ?? [], [...at, 'compare'], { route: match, folder, problems }),
      compare,
    ),
  };
}

/** A route's own map stands in place of the general one. */
function withGeneral(own: readonly CompareRule[], general: readonly CompareRule[]): CompareRule[] {
  const hasMap = own.some((rule) => rule.as === 'map');
  return [...own, ...general.filter((rule) => !hasMap || rule.as !== 'map')];
}

/** A request of the route changes nothing: by its method, or because it is declared so. */
export function isRead(route: FileRoute): boolean {
  const match = route.match.trim();
  return route.safe === true || SAFE_METHODS.has(match.slice(0, match.indexOf(' ')));
}

/** The sources in their order; from a path, `ownPattern` serves where one names no pattern. */
export function settleKeys(
  files: FileKeys,
  at: Path,
  problems: Problems,
  ownPattern = '/',
): KeySource[] {
  if (!isList(files)) return [settleKey(files, at, problems, ownPattern)];
  return files.map((file, index) => settleKey(file, [...at, index], problems, ownPattern));
}

function isList(files: FileKeys): files is readonly FileKey[] {
  return Array.isArray(files);
}

function settleKey(file: FileKey, at: Path, problems: Problems, ownPattern: string): KeySource {
  if (file.from === 'jwt') return settleClaim(file, at, problems);
  if (file.from !== 'path') return file;
  const { name, pattern = ownPattern } = file;
  const isOwn = file.pattern === undefined;
  const names = parsePattern(pattern, (message) => {
    if (!isOwn) problems.add([...at, 'pattern'], message);
  });
  if (names !== null && !names.includes(name)) {
    const found = names.length === 0 ? 'no names' : names.map((other) => `:${other}`).join(', ');
    const message = `expected a segment ":${name}", the key's name, found ${found} in "${pattern}"`;
    problems.add([...at, isOwn ? 'name' : 'pattern'], message);
  }
  return { from: 'path', pattern, name };
}

function settleClaim(
  file: Extract<FileKey, { from: 'jwt' }>,
  at: Path,
  problems: Problems,
): KeySource {
  const { in: place = 'header', name = 'authorization', claim } = file;
  if (place === 'cookie' && file.name === undefined) {
    problems.add(at, 'expected the key "name": the name of the cookie; found none');
  }
  if (claim === '' || claim.split('/').includes('*')) {
    const message = `expected the place of one claim such as /sub, found "${claim}"`;
    problems.add([...at, 'claim'], message);
  }
  return { from: 'jwt', in: place, name, claim };
}
