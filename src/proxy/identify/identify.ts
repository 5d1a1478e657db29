/**
 * Whom a request belongs to: its route, its keys, and whether sending it twice is harmless.
 * In: method, target, headers and, where a key is in it, the body. Never looks at a clock.
 */
import type { RawHeaders } from '../../model/exchange.ts';
import { LIMITS } from '../../kit/limits.ts';
import { unmatchedRoute } from '../../model/route-name.ts';
import type { KeySource, RouteSettings } from '../../model/settings.ts';
import { createKeyFinder, type KeyFinder } from './key-sources.ts';
import { hasMethodField, hasMethodParameter } from '../fields/other-method.ts';
import { pathExpression } from './path-expression.ts';

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

export interface Identifier {
  identify(method: string, target: string, headers: RawHeaders, body: Uint8Array | null): Identity;
  /**
   * A key of such a request may be in its body, which has to be known before it goes anywhere.
   * With `headers`: and no preferred source has it.
   */
  needsBody(method: string, target: string, headers?: RawHeaders): boolean;
}

/** What is known of a route before a request of it comes. */
interface CompiledRoute {
  readonly route: Route;
  readonly pattern: RegExp;
  readonly isSafe: boolean;
  readonly isMirroredWrite: boolean;
  /** In order of preference. */
  readonly finders: readonly KeyFinder[];
  readonly looksIntoBody: boolean;
}

const NO_KEYS: readonly string[] = [];
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const ANY = /^/;

/** `routes` in order of preference: the first that matches names the request. */
export function createIdentifier(
  routes: readonly RouteSettings[],
  key: readonly KeySource[] | null,
): Identifier {
  return new RouteIdentifier(routes, key);
}

class RouteIdentifier implements Identifier {
  readonly #byMethod = new Map<string, CompiledRoute[]>();
  /** What no route names, by method; a client may make methods up, so only some are kept. */
  readonly #others = new Map<string, CompiledRoute>();
  readonly #finders: readonly KeyFinder[];

  constructor(routes: readonly RouteSettings[], key: readonly KeySource[] | null) {
    this.#finders = (key ?? []).map(createKeyFinder);
    for (const settings of routes) {
      const { match, method, pattern, keys } = settings;
      const route = { name: match, settings };
      const finders = keys === null ? this.#finders : keys.map(createKeyFinder);
      const known = this.#byMethod.get(method) ?? [];
      known.push(compile(route, method, pathExpression(pattern), finders));
      this.#byMethod.set(method, known);
    }
  }

  identify(method: string, target: string, headers: RawHeaders, body: Uint8Array | null): Identity {
    const { route, isSafe, isMirroredWrite, finders } = this.#routeOf(method, target);
    // It may be another than its line says: what was declared of that does not hold then.
    const isAsDeclared = !(isSafe || isMirroredWrite) || !hasMethodField(headers);
    const isRead =
      isAsDeclared &&
      isSafe &&
      (SAFE_METHODS.has(method) || !hasMethodParameter(target, headers, body));
    let keys = NO_KEYS;
    let hasManyKeys = false;
    if (finders.length > 0) {
      const request = { target, headers, body };
      for (const finder of finders) {
        keys = finder.find(request);
        if (keys.length === 0) continue;
        hasManyKeys = finder.isMany;
        break;
      }
    }
    return {
      route,
      isSafe: isRead,
      isMirroredWrite: isMirroredWrite && isAsDeclared,
      keys,
      hasManyKeys,
      hasTooManyKeys: keys.length > LIMITS.keysPerRequestMax,
    };
  }

  needsBody(method: string, target: string, headers?: RawHeaders): boolean {
    const { finders, looksIntoBody } = this.#routeOf(method, target);
    if (!looksIntoBody || headers === undefined) return looksIntoBody;
    const request = { target, headers, body: null };
    for (const finder of finders) {
      if (finder.isInBody) return true;
      if (finder.find(request).length > 0) return false;
    }
    return false;
  }

  #routeOf(method: string, target: string): CompiledRoute {
    const known = this.#byMethod.get(method);
    if (known !== undefined) {
      for (const route of known) if (route.pattern.test(target)) return route;
    }
    const found = this.#others.get(method);
    if (found !== undefined) return found;
    const route = { name: unmatchedRoute(method), settings: null };
    const other = compile(route, method, ANY, this.#finders);
    if (this.#others.size < LIMITS.routesMax) this.#others.set(method, other);
    return other;
  }
}

function compile(
  route: Route,
  method: string,
  pattern: RegExp,
  finders: readonly KeyFinder[],
): CompiledRoute {
  const isSafe = SAFE_METHODS.has(method) || route.settings?.safe === true;
  return {
    route,
    pattern,
    isSafe,
    isMirroredWrite: !isSafe && route.settings?.writes === 'mirror',
    finders,
    looksIntoBody: finders.some((finder) => finder.isInBody),
  };
}
