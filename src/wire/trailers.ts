/** Which fields of a trailer section reach the next hop. */
import type { RawHeaders } from '../model/exchange.ts';

/**
 * What tells of framing, routing, the connection, who is let in, how the answer is kept or what
 * its content is: too late behind the body, and an attack where a reader merges it with the head.
 * Source: RFC 9110, section 6.5.1.
 */
const NEVER_BEHIND: ReadonlySet<string> = new Set(
  [
    'connection keep-alive proxy-connection te trailer transfer-encoding upgrade content-length',
    'host max-forwards expect via alt-svc set-cookie set-cookie2 cookie clear-site-data',
    'authorization proxy-authorization www-authenticate proxy-authenticate',
    'age cache-control expires date location retry-after vary warning pragma refresh',
    'content-encoding content-type content-range content-disposition content-location',
    'if-match if-none-match if-modified-since if-unmodified-since if-range range',
    'strict-transport-security content-security-policy content-security-policy-report-only',
    'access-control-allow-origin access-control-allow-credentials access-control-allow-headers',
    'access-control-allow-methods access-control-expose-headers access-control-max-age',
    'x-frame-options x-content-type-options x-accel-redirect x-sendfile',
  ].flatMap((names) => names.split(' ')),
);

const OWN_PREFIX = 'crossfade-';

/** Those that may stand behind a body, in their order and case. */
export function relayedTrailers(trailers: RawHeaders): RawHeaders {
  const kept: string[] = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const lower = trailers[i]!.toLowerCase();
    if (NEVER_BEHIND.has(lower) || lower.startsWith(OWN_PREFIX)) continue;
    kept.push(trailers[i]!, trailers[i + 1]!);
  }
  return kept;
}
