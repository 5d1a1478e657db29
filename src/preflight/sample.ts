/** The requests that preflight goes by: recorded ones, or paths that were given or declared. */
import { createIdentifier } from '../proxy/identify/identify.ts';
import type { RawHeaders } from '../model/exchange.ts';
import { headerValue } from '../model/exchange.ts';
import type { Settings } from '../model/settings.ts';
import type { RecordingReader } from '../recording/reader.ts';
import type { Ask } from './ends.ts';
import { dangerousWord } from './repeats.ts';

/** Requests of one route, declared or not. */
export interface SampledRoute {
  readonly route: string;
  readonly method: string;
  readonly kind: 'safe' | 'write';
  readonly isDeclared: boolean;
  readonly isMirrored: boolean;
  isKeyed: boolean;
  /** Requests seen; `asks` are the distinct ones that may be sent. */
  requests: number;
  /** A word in the path that forbids asking; null where none does. */
  readonly danger: string | null;
  readonly asks: Ask[];
}

/** Asked of a recording beyond this many distinct requests: one of each route first. */
export const SAMPLE_DEFAULT = 50;
/** Routes told apart; ids that look like words would make any number of them. */
const ROUTES_MAX = 500;
const SENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Of the hop, made anew, or replaced when it was recorded. */
const DROPPED_FIELDS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  // Would be answered 304 by the one side that knows the tag.
  'if-none-match',
  'if-modified-since',
]);

export interface SampleOptions {
  readonly settings: Settings;
  /** Recorded requests; null where there are none. */
  readonly recording: RecordingReader | null;
  /** Targets given on the command line. */
  readonly targets: readonly string[];
  /** Fields set on every request, such as credentials: name, value, … */
  readonly headers: RawHeaders;
  /** Distinct requests at most. */
  readonly max: number;
}

/** The routes of the sample, each with what may be asked of it, at most `max` together. */
export async function takeSample(options: SampleOptions): Promise<readonly SampledRoute[]> {
  const { settings, recording, targets, headers } = options;
  const routes = new Map<string, SampledRoute>();
  const identifier = createIdentifier(settings.routes, settings.key);
  const add = (method: string, target: string, fields: RawHeaders, host: string | null): void => {
    const identity = identifier.identify(method, target, fields, null);
    const declared = identity.route.settings;
    const name = declared?.match ?? `${method} ${templateOf(target)}`;
    let route = routes.get(name);
    if (route === undefined) {
      if (routes.size >= ROUTES_MAX) return;
      const { isSafe, isMirroredWrite } = identity;
      const listed = settings.mirror.routes;
      route = {
        route: name,
        method,
        kind: isSafe ? 'safe' : 'write',
        isDeclared: declared !== null,
        isMirrored: isSafe ? listed === null || listed.includes(name) : isMirroredWrite,
        isKeyed: identity.keys.length > 0,
        requests: 0,
        danger: dangerousWord(target),
        asks: [],
      };
      routes.set(name, route);
    }
    route.requests += 1;
    if (identity.keys.length > 0) route.isKeyed = true;
    if (!SENT_METHODS.has(method) || route.danger !== null) return;
    if (dangerousWord(target) !== null || route.asks.length >= options.max) return;
    if (route.asks.some((ask) => ask.target === target && ask.method === method)) return;
    route.asks.push({ method, target, headers: fields, host });
  };
  for (const target of targets) add('GET', target, headers, null);
  for (const { method, pattern } of settings.routes) {
    if (!/[:*]/.test(pattern)) add(method, pattern, headers, null);
  }
  if (recording !== null) {
    for await (const { request } of recording) {
      const fields = withFields(request.headers, headers);
      const host = headerValue(request.headers, 'host') ?? null;
      add(request.method, request.target, fields, host);
    }
  }
  if (routes.size === 0) add('GET', '/', headers, null);
  spread([...routes.values()], options.max);
  return [...routes.values()];
}

/** Leaves `max` asks: the first of every route, then the second of every route, and so on. */
function spread(routes: readonly SampledRoute[], max: number): void {
  let left = max;
  const kept = routes.map(() => 0);
  for (let round = 0; left > 0; round += 1) {
    let isOver = true;
    for (const [i, route] of routes.entries()) {
      if (route.asks.length <= round || left === 0) continue;
      kept[i]! += 1;
      left -= 1;
      isOver = false;
    }
    if (isOver) break;
  }
  for (const [i, route] of routes.entries()) route.asks.length = kept[i]!;
}

function withFields(recorded: RawHeaders, given: RawHeaders): RawHeaders {
  const replaced = new Set(given.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const fields: string[] = [];
  for (let i = 0; i < recorded.length; i += 2) {
    const name = recorded[i]!.toLowerCase();
    if (DROPPED_FIELDS.has(name) || replaced.has(name)) continue;
    fields.push(recorded[i]!, recorded[i + 1]!);
  }
  return [...fields, ...given];
}

/** The path with what looks like an id as `:id`, so that requests of one route count together. */
export function templateOf(target: string): string {
  return target
    .split('?')[0]!
    .split('/')
    .map((segment) => (isId(segment) ? ':id' : segment))
    .join('/');
}

function isId(segment: string): boolean {
  return /^\d+$/.test(segment) || (/^[\w-]{8,}$/.test(segment) && /\d/.test(segment));
}
