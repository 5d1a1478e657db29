/** What is asked beside the sample, one row each: paths, methods and forms of a request. */
import type { Ask, End } from './ends.ts';

export interface Probe {
  /** As it stands in the report. */
  readonly name: string;
  /** `unwanted`: no client should send it, and a strict proxy refuses it on purpose. */
  readonly tier: 'sound' | 'unwanted';
  /** The bytes for an end; `base` is a safe request that legacy takes. */
  readonly bytes: (end: End, base: Ask) => Buffer;
  /** What the proxy makes of it by the rules of HTTP; null where it leaves the form as it is. */
  readonly forwarded: ForwardedForm | null;
}

/** The form in which a request goes on to a side. */
export interface ForwardedForm {
  readonly bytes: (end: End, base: Ask) => Buffer;
  /** To be read behind "forwards it". */
  readonly how: string;
}

const LONG_SEGMENT = 'x'.repeat(300);

/** Targets that servers, routers and firewalls do not agree on. */
const PATHS: readonly (readonly [name: string, target: string])[] = [
  ['an encoded slash', '/a%2Fb'],
  ['an encoded backslash', '/a%5Cb'],
  ['two slashes at the start', '//x'],
  ['two slashes within', '/a//b'],
  ['a path parameter before dots', '/..;/'],
  ['a path parameter', '/a;b=c'],
  ['a percent sign that encodes nothing', '/%zz'],
  ['an encoded space', '/a%20b'],
  ['a plus', '/a+b'],
  ['a trailing dot', '/a.'],
  ['a dot segment', '/a/./b'],
  ['an encoded dot segment', '/a/%2e%2e/b'],
  ['an encoded letter beyond ASCII', '/%C3%A9'],
  ['an encoded byte that is no UTF-8', '/%C3%28'],
  ['an encoded NUL', '/a%00b'],
  ['a path encoded twice', '/a%252Fb'],
  ['a segment of 300 letters', `/${LONG_SEGMENT}`],
  ['brackets and a bar in the query', '/?q=[]{}|"'],
  ['an empty query', '/?'],
];

/** Registered as safe, beside GET. Source: IANA HTTP Method Registry. */
const METHODS = ['HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'] as const;

type Form = (host: string, target: string) => string;

const SOUND_FORMS: readonly (readonly [name: string, form: Form])[] = [
  ['HTTP/1.0', (host, target) => `GET ${target} HTTP/1.0\r\nHost: ${host}\r\n\r\n`],
  ['HTTP/1.0 without Host', (_host, target) => `GET ${target} HTTP/1.0\r\n\r\n`],
  ['a target with scheme and host', (host, target) => get(host, `http://${host}${target}`)],
  ['OPTIONS *', (host) => `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
  ['a GET with a body', (host, target) => get(host, target, 'Content-Length: 2\r\n', '{}')],
  [
    'a GET with a chunked body',
    (host, target) => get(host, target, 'Transfer-Encoding: chunked\r\n', '2\r\n{}\r\n0\r\n\r\n'),
  ],
  [
    'Expect: 100-continue',
    (host, target) => get(host, target, 'Expect: 100-continue\r\nContent-Length: 2\r\n', '{}'),
  ],
  ['a header name with an underscore', (host, target) => get(host, target, 'x_odd: 1\r\n')],
  ['a header value beyond ASCII', (host, target) => get(host, target, 'X-Odd: caf\xe9\r\n')],
  ['an empty header value', (host, target) => get(host, target, 'X-Odd:\r\n')],
  ['two Cookie lines', (host, target) => get(host, target, 'Cookie: a=1\r\nCookie: b=2\r\n')],
  ['an upgrade that nobody speaks', (host, target) => upgrade(host, target)],
  ['110 header fields', (host, target) => get(host, target, 'X-Odd: 1\r\n'.repeat(110))],
  ['a line break before the request', (host, target) => `\r\n${get(host, target)}`],
];

/** By the name of the form: each goes on as a plain GET. */
const REWRITTEN: Readonly<Record<string, string>> = {
  'HTTP/1.0': 'as HTTP/1.1 (RFC 9112, 2.3)',
  'a target with scheme and host': 'in origin-form (RFC 9112, 3.2.2)',
  'a line break before the request': 'without the empty line (RFC 9112, 2.2)',
};

const MALFORMED_FORMS: readonly (readonly [name: string, form: Form])[] = [
  ['lines that end with LF alone', (host, target) => get(host, target).replaceAll('\r\n', '\n')],
  ['a folded header line', (host, target) => get(host, target, 'X-Odd: 1\r\n 2\r\n')],
  ['HTTP/1.1 without Host', (_h, target) => `GET ${target} HTTP/1.1\r\nConnection: close\r\n\r\n`],
  ['two Host lines', (host, target) => get(host, target, `Host: ${host}\r\n`)],
  ['a space before a colon', (host, target) => get(host, target, 'X-Odd : 1\r\n')],
  [
    'Content-Length twice, alike',
    (host, target) => get(host, target, 'Content-Length: 2\r\nContent-Length: 2\r\n', '{}'),
  ],
  ['a fragment in the target', (host, target) => get(host, `${target}#part`)],
  ['a bare byte beyond ASCII in the target', (host) => get(host, '/caf\xe9')],
  ['a space in the target', (host) => get(host, '/a b')],
];

function get(host: string, target: string, fields = '', body = ''): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n${body}`;
}

function upgrade(host: string, target: string): string {
  const fields = 'Upgrade: crossfade-probe\r\nConnection: Upgrade, close\r\n\r\n';
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}`;
}

/** Every probe, in the order in which they are sent. */
export const PROBES: readonly Probe[] = [
  ...PATHS.map(
    ([name, target]): Probe => ({
      name: `${name}, GET ${target === `/${LONG_SEGMENT}` ? '/xxx…' : target}`,
      tier: 'sound',
      bytes: (end, base) => end.compose({ ...base, method: 'GET', target }),
      forwarded: null,
    }),
  ),
  ...METHODS.map(
    (method): Probe => ({
      name: `the method ${method}`,
      // It answers with the request, credentials and all.
      tier: method === 'TRACE' ? 'unwanted' : 'sound',
      bytes: (end, base) => end.compose({ ...base, method }),
      forwarded: null,
    }),
  ),
  ...SOUND_FORMS.map((form) => formProbe(form, 'sound')),
  ...MALFORMED_FORMS.map((form) => formProbe(form, 'unwanted')),
];

function formProbe([name, form]: readonly [string, Form], tier: Probe['tier']): Probe {
  const how = REWRITTEN[name];
  return {
    name,
    tier,
    bytes: formBytes(form),
    forwarded: how === undefined ? null : { bytes: formBytes(get), how },
  };
}

function formBytes(form: Form): Probe['bytes'] {
  return (end, base) => Buffer.from(form(end.host(base), `${end.prefix}${base.target}`), 'latin1');
}
