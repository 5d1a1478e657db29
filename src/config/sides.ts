import { areSameByName } from '../kit/server-place.ts';
import type { RawHeaders } from '../model/exchange.ts';
import type { ListenSettings, UpstreamSettings } from '../model/settings.ts';
import { isLinkLocal, isSameServer, parseMetricsUrl, parseUpstreamUrl } from './addresses.ts';
import { settleUpstreamTls } from './certificates.ts';
import { DEFAULT_UPSTREAM } from './defaults.ts';
import type { FileUpstream } from './file-parts.ts';
import type { Path, Problems } from './problems.ts';
import { settleSecret } from './secrets.ts';
import type { Surroundings } from './surroundings.ts';

/** A side; null where its URL cannot be taken. */
export function settleSide(
  side: 'legacy' | 'candidate' | 'twin',
  file: FileUpstream | undefined,
  around: Surroundings,
): UpstreamSettings | null {
  if (file === undefined) return null;
  const { problems } = around;
  const url = parseUpstreamUrl(file.url, (message) => problems.add([side, 'url'], message));
  const metricsUrl =
    file.metrics === undefined
      ? null
      : parseMetricsUrl(file.metrics, (message) => problems.add([side, 'metrics'], message));
  if (file.tls !== undefined && url?.startsWith('http:') === true) {
    problems.add([side, 'tls'], `expected none with an http:// URL, found one with "${url}"`);
  }
  const settled = {
    metricsUrl,
    host: file.host ?? DEFAULT_UPSTREAM.host,
    ...settleHeaders(file.headers ?? {}, [side, 'headers'], around),
    tls: settleUpstreamTls(file.tls ?? {}, [side, 'tls'], around),
    ...settleTrust(file, [side, 'strip'], problems),
  };
  return url === null ? null : { url, ...settled };
}

type Trust = Pick<UpstreamSettings, 'isTrusted' | 'stripHeaders' | 'stripQuery'>;

function settleTrust({ trusted, strip }: FileUpstream, at: Path, problems: Problems): Trust {
  const isTrusted = trusted ?? DEFAULT_UPSTREAM.isTrusted;
  if (isTrusted && strip !== undefined) {
    problems.add(at, 'expected `trusted: false` beside it: a trusted side is sent everything');
  }
  const lower = (names: readonly string[] = []): string[] =>
    names.map((name) => name.toLowerCase());
  return { isTrusted, stripHeaders: lower(strip?.headers), stripQuery: lower(strip?.query) };
}

/** Fields that the proxy alone writes, each with why, as the wire's framing hangs on them. */
const OWN_FIELDS: ReadonlyMap<string, string> = new Map([
  ['host', 'use `host: preserve` or `host: rewrite`'],
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'].map(
    (name) => [name, 'it belongs to one hop'] as const,
  ),
  ...['content-length', 'transfer-encoding'].map((name) => [name, 'it frames the body'] as const),
  ['expect', 'the proxy answers it itself'],
  ['http2-settings', 'the proxy speaks HTTP/1.1'],
  ['via', 'the proxy finds loops by it'],
]);

function settleHeaders(
  given: NonNullable<FileUpstream['headers']>,
  at: Path,
  around: Surroundings,
): { readonly setHeaders: RawHeaders; readonly removeHeaders: readonly string[] } {
  const setHeaders: string[] = [];
  const names = new Set<string>();
  for (const [name, secret] of Object.entries(given.set ?? {})) {
    const here = [...at, 'set', name];
    refuseOwn(name, here, around.problems);
    if (names.has(name.toLowerCase())) {
      around.problems.add(here, `expected each field once, found "${name}" again`);
    }
    names.add(name.toLowerCase());
    const value = settleSecret(secret, here, around)?.trim();
    if (value === undefined) continue;
    // A field's value is what one octet a character can be. Source: RFC 9110, section 5.5.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      around.problems.add(here, 'expected a value without control characters, in Latin-1');
    }
    setHeaders.push(name, value);
  }
  const removeHeaders = (given.remove ?? []).map((name, index) => {
    const here = [...at, 'remove', index];
    refuseOwn(name, here, around.problems);
    if (names.has(name.toLowerCase())) {
      around.problems.add(here, `expected a field that is not set as well, found "${name}"`);
    }
    return name.toLowerCase();
  });
  return { setHeaders, removeHeaders };
}

function refuseOwn(name: string, at: Path, problems: Problems): void {
  const lower = name.toLowerCase();
  const isOurs = lower.startsWith('crossfade-');
  const why = isOurs ? "such fields are the proxy's own" : OWN_FIELDS.get(lower);
  if (why === undefined) return;
  problems.add(at, `expected a field that the proxy does not write, found "${name}": ${why}`);
}

/** Everything that listens or is asked. */
export interface Ends {
  readonly listen: ListenSettings | null;
  readonly control: ListenSettings | null;
  readonly legacy: UpstreamSettings | null;
  readonly candidate: UpstreamSettings | null;
  /** Some route's writes go to the shadow too. */
  readonly mirrorsWrites: boolean;
}

function sameServer(legacyUrl: string, candidateUrl: string): string {
  return (
    `expected another server than legacy's, found "${candidateUrl}", which is "${legacyUrl}" ` +
    'under another name: every mirrored write would be done twice on it; name the ' +
    "candidate's own address or port, or mirror no writes"
  );
}

/**
 * A proxy that forwards to itself never answers; a side compared with itself never differs; and
 * what answers on a link-local address, a cloud's metadata among them, is no candidate.
 */
export function refuseLoops(ends: Ends, problems: Problems): void {
  const { legacy, candidate, listen, control } = ends;
  if (legacy !== null && legacy.url === candidate?.url) {
    const message = `expected another server than legacy's, found the same "${legacy.url}"`;
    problems.add(['candidate', 'url'], message);
  } else if (ends.mirrorsWrites && legacy !== null && candidate !== null) {
    if (areSameByName(legacy, candidate)) {
      problems.add(['candidate', 'url'], sameServer(legacy.url, candidate.url));
    }
  }
  if (candidate !== null && isLinkLocal(candidate.url)) {
    const message = `expected no link-local address, found "${candidate.url}"`;
    problems.add(['candidate', 'url'], message);
  }
  for (const side of ['legacy', 'candidate'] as const) {
    const url = ends[side]?.url;
    if (url === undefined) continue;
    for (const [name, own] of Object.entries({ listen, 'control.listen': control })) {
      if (own === null || !isSameServer(own, url)) continue;
      problems.add([side, 'url'], `expected another server than our own ${name}, found "${url}"`);
    }
  }
  if (listen !== null && control !== null && listen.port === control.port && listen.port !== 0) {
    const message = `expected another port than listen, found ${control.port} again`;
    problems.add(['control', 'listen'], message);
  }
}
