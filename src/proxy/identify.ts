/**
 * Whom a request belongs to: its route, its keys, and whether sending it twice is harmless.
 * In: method, target, headers and, where a key is in it, the body. Never looks at a clock.
 */
import type { RawHeaders } from '../model/exchange.ts';
import { headerValue } from '../model/exchange.ts';
import { LIMITS } from '../kit/limits.ts';
import type { KeySource, RouteSettings } from '../model/settings.ts';

export interface Route {
  /** Name in every count: the route's `match`, or a method and `other`. */
  readonly name: string;
  readonly settings: RouteSettings | null;
}

export interface Identity {
  readonly route: Route;
  /** Sending it twice, or to the other side, changes nothing. */
  readonly isSafe: boolean;
  /** A write that the route says to mirror. */
  readonly isMirroredWrite: boolean;
  /** Empty when the request has none. */
  readonly keys: readonly string[];
  /** The keys come from a list: live on the candidate at 100 % alone. */
  readonly hasManyKeys: boolean;
  /** More than the limit, so that not all are known: neither ordered nor mirrored. */
  readonly hasTooManyKeys: boolean;
}

type PathParams = Readonly<Record<string, string>>;

interface CompiledRoute {
  readonly route: Route;
  readonly method: string;
  readonly pattern: RegExp;
}

const NO_SOURCES: readonly KeySource[] = [];
const NO_KEYS: readonly string[] = [];
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface Identifier {
  identify(method: string, target: string, headers: RawHeaders, body: Uint8Array | null): Identity;
}

/** `routes` in order of preference: the first that matches names the request. */
export function createIdentifier(
  routes: readonly RouteSettings[],
  key: readonly KeySource[] | null,
): Identifier {
  const compiled = routes.map(compileRoute);
  const others = new Map<string, Route>();

  const routeOf = (method: string, path: string): Route => {
    for (const candidate of compiled) {
      if (candidate.method === method && candidate.pattern.test(path)) return candidate.route;
    }
    let other = others.get(method);
    if (other === undefined) {
      other = { name: `${method} other`, settings: null };
      if (others.size < LIMITS.routesMax) others.set(method, other);
    }
    return other;
  };

  return {
    identify(method, target, headers, body) {
      const path = pathOf(target);
      const route = routeOf(method, path);
      const sources = route.settings?.keys ?? key ?? NO_SOURCES;
      let keys = NO_KEYS;
      let hasManyKeys = false;
      for (const source of sources) {
        keys = keysOf(source, path, target, headers, body);
        if (keys.length === 0) continue;
        hasManyKeys = source.from === 'body' && source.path.split('/').includes('*');
        break;
      }
      const isSafe = SAFE_METHODS.has(method) || route.settings?.safe === true;
      return {
        route,
        isSafe,
        isMirroredWrite: !isSafe && route.settings?.writes === 'mirror',
        keys,
        hasManyKeys,
        hasTooManyKeys: keys.length > LIMITS.keysPerRequestMax,
      };
    },
  };
}

function compileRoute(settings: RouteSettings): CompiledRoute {
  return {
    route: { name: settings.match, settings },
    method: settings.method,
    pattern: compilePattern(settings.pattern),
  };
}

const compiledPatterns = new Map<string, RegExp>();

/** `/v1/users/:user/*`: a name takes one segment, a final star takes the rest. */
function compilePattern(pattern: string): RegExp {
  const known = compiledPatterns.get(pattern);
  if (known !== undefined) return known;
  const source = pattern
    .split('/')
    .map((segment) => {
      if (segment === '*') return '.*';
      if (segment.startsWith(':')) return `(?<${segment.slice(1)}>[^/]+)`;
      return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  const compiled = new RegExp(`^${source}$`);
  compiledPatterns.set(pattern, compiled);
  return compiled;
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

function keysOf(
  source: KeySource,
  path: string,
  target: string,
  headers: RawHeaders,
  body: Uint8Array | null,
): readonly string[] {
  switch (source.from) {
    case 'path': {
      const params: PathParams | undefined = compilePattern(source.pattern).exec(path)?.groups;
      return present(params?.[source.name]);
    }
    case 'header':
      return present(headerValue(headers, source.name));
    case 'query': {
      const query = target.indexOf('?');
      if (query < 0) return [];
      return present(new URLSearchParams(target.slice(query + 1)).get(source.name));
    }
    case 'cookie':
      return present(cookieValue(headerValue(headers, 'cookie') ?? '', source.name));
    case 'body':
      return body === null ? [] : bodyKeys(source.path, body);
    case 'jwt': {
      const text =
        source.in === 'header'
          ? headerValue(headers, source.name)
          : cookieValue(headerValue(headers, 'cookie') ?? '', source.name);
      return jwtKeys(source.claim, text ?? '');
    }
  }
}

function present(value: string | null | undefined): readonly string[] {
  return value === undefined || value === null || value === '' ? [] : [value];
}

function cookieValue(cookie: string, name: string): string | undefined {
  for (const part of cookie.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

/** Keys at a JSON Pointer; a body that is not JSON, or holds nothing there, has none. */
function bodyKeys(pointer: string, body: Uint8Array): readonly string[] {
  let values: unknown[];
  try {
    values = [JSON.parse(Buffer.from(body).toString('utf8'))];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  for (const segment of pointer.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    values = values.flatMap((value) => childrenOf(value, name));
  }
  const keys = new Set<string>();
  for (const value of values) {
    if (typeof value === 'string' || Number.isSafeInteger(value)) keys.add(String(value));
    if (keys.size > LIMITS.keysPerRequestMax) break;
  }
  return [...keys];
}

/** The claim of a token's payload. Never verified: it only decides the cohort. */
function jwtKeys(pointer: string, text: string): readonly string[] {
  const payload = text.replace(/^Bearer +/i, '').split('.')[1];
  return payload === undefined ? [] : bodyKeys(pointer, Buffer.from(payload, 'base64url'));
}

function childrenOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) {
    if (name === '*') return value;
    return /^\d+$/.test(name) && Number(name) < value.length ? [value[Number(name)]] : [];
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return [];
  return [(value as Record<string, unknown>)[name]];
}
