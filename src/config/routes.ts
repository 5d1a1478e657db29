import type { CompareRule, KeySource, RouteSettings } from '../model/settings.ts';
import type { Refuse } from './addresses.ts';
import type { FileParts, FileKey, FileKeys, FileRoute, FileRule } from './file-parts.ts';
import type { Path, Problems } from './problems.ts';

/** Methods that HTTP itself calls safe. Source: RFC 9110, 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const NO_RULES = { by: [], tolerance: 0, reason: '', owner: '', until: '' } as const;

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

/** Every route that can be used; what is wrong with the others is added to `problems`. */
export function settleRoutes(
  files: FileParts['routes'],
  isKeyGiven: boolean,
  problems: Problems,
): RouteSettings[] {
  const shapes = new Map<string, number>();
  const routes: RouteSettings[] = [];
  for (const [index, file] of (files ?? []).entries()) {
    if (file === undefined) continue;
    const route = settleRoute(file, ['routes', index], isKeyGiven, problems);
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

function settleRoute(
  file: FileRoute,
  at: Path,
  isKeyGiven: boolean,
  problems: Problems,
): RouteSettings {
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
    keys:
      file.keys === undefined ? null : settleKeys(file.keys, [...at, 'keys'], problems, pattern),
    compare: settleRules(file.compare ?? [], [...at, 'compare'], problems),
  };
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

function settleRules(files: readonly FileRule[], at: Path, problems: Problems): CompareRule[] {
  return files.map((file, index) => {
    const here = [...at, index];
    if (file.as === 'tolerance' && file.tolerance === undefined) {
      problems.add(here, 'expected the key "tolerance": the absolute difference allowed');
    }
    if (file.as !== 'tolerance' && file.tolerance !== undefined) {
      problems.add([...here, 'tolerance'], `only "as: tolerance" has one, found "as: ${file.as}"`);
    }
    if (file.as !== 'set' && file.by !== undefined) {
      problems.add([...here, 'by'], `only "as: set" has one, found "as: ${file.as}"`);
    }
    if (file.until !== undefined && !isDate(file.until)) {
      problems.add([...here, 'until'], `expected a date of the calendar, found "${file.until}"`);
    }
    if (!isPointer(file.path) && file.as !== 'ignore') {
      const message = `expected ignore, all there is for "${file.path}", found "${file.as}"`;
      problems.add([...here, 'as'], message);
    }
    // Names of fields have no case.
    return {
      ...NO_RULES,
      ...file,
      path: isPointer(file.path) ? file.path : file.path.toLowerCase(),
    };
  });
}

/** Into the body, rather than the name of a part of the answer. */
function isPointer(path: string): boolean {
  return path === '' || path.startsWith('/');
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
