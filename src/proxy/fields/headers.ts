import { isCredentialName } from '../../kit/credentials.ts';
import type { RawHeaders } from '../../model/exchange.ts';

/** What a field is to the proxy; everything else is passed on as it came. */
export const FIELD = {
  other: 0,
  /** Belongs to one hop and is never passed on. Source: RFC 9110, section 7.6.1. */
  hop: 1,
  connection: 2,
  /** X-Forwarded-*, Forwarded and their like: believed from trusted hops alone. */
  forwarded: 3,
  via: 4,
  /** The proxy's own fields: set by nobody else. */
  own: 5,
  host: 6,
  cookie: 7,
  /** Admits somebody: an untrusted shadow gets none. */
  credential: 8,
  trace: 9,
  idempotencyKey: 10,
  maxForwards: 11,
  setCookie: 12,
  /** What our own server has answered already. */
  answeredByUs: 13,
  /** Both: of a trusted hop, which an untrusted shadow does not get. */
  forwardedCredential: 14,
  /** Such a name, or one of our own, with `_` for `-`: some readers would take it for that one. */
  disguised: 15,
  /** A URL, whose query may hold credentials. */
  referer: 16,
} as const;
export type FieldClass = (typeof FIELD)[keyof typeof FIELD];

const CLASSES: Readonly<Record<string, FieldClass>> = {
  connection: FIELD.connection,
  'keep-alive': FIELD.hop,
  'proxy-connection': FIELD.hop,
  'proxy-authorization': FIELD.hop,
  'proxy-authenticate': FIELD.hop,
  te: FIELD.hop,
  trailer: FIELD.hop,
  'transfer-encoding': FIELD.hop,
  upgrade: FIELD.hop,
  expect: FIELD.answeredByUs,
  'http2-settings': FIELD.answeredByUs,
  via: FIELD.via,
  host: FIELD.host,
  referer: FIELD.referer,
  cookie: FIELD.cookie,
  'set-cookie': FIELD.setCookie,
  traceparent: FIELD.trace,
  tracestate: FIELD.trace,
  b3: FIELD.trace,
  'x-b3-spanid': FIELD.trace,
  'x-b3-parentspanid': FIELD.trace,
  'idempotency-key': FIELD.idempotencyKey,
  'max-forwards': FIELD.maxForwards,
};

/** Prefix of every field of our own. */
const OWN_PREFIX = 'crossfade-';

/** What hops tell of the client and of how it came, by names that are all in use. */
const FORWARDED = new RegExp(
  [
    '^(?:x-)?forwarded(?:-.*)?$',
    '^x-original-forwarded-.*$',
    '^(?:x-)?(?:real|client|cluster-client|remote|originating|true-client)-ip$',
    '^(?:cf-connecting-ip(?:v6)?|fastly-client-ip|fly-client-ip|x-azure-clientip)$',
    '^(?:x-remote-addr|x-envoy-external-address)$',
  ].join('|'),
);

/** Spellings seen of late; clients use few, and a hostile one can neither fill nor bloat it. */
const known = new Map<string, FieldClass>();
const KNOWN_MAX = 1024;
const KNOWN_NAME_MAX = 64;

/** The class of a field by its name as sent. */
export function classOf(name: string): FieldClass {
  const found = known.get(name);
  if (found !== undefined) return found;
  const fieldClass = classified(name.toLowerCase());
  if (name.length <= KNOWN_NAME_MAX) {
    if (known.size === KNOWN_MAX) known.clear();
    known.set(name, fieldClass);
  }
  return fieldClass;
}

function classified(lower: string): FieldClass {
  if (Object.hasOwn(CLASSES, lower)) return CLASSES[lower]!;
  const name = lower.replaceAll('_', '-');
  const isForwarded = FORWARDED.test(name);
  const isOwn = name.startsWith(OWN_PREFIX);
  if ((isForwarded || isOwn) && name !== lower) return FIELD.disguised;
  if (isOwn) return FIELD.own;
  const isCredential = isCredentialName(name);
  if (isForwarded) return isCredential ? FIELD.forwardedCredential : FIELD.forwarded;
  return isCredential ? FIELD.credential : FIELD.other;
}

/** Framing and routing: never removed though a Connection field may name them. */
const NEVER_NOMINATED = new Set(['host', 'content-length']);

/**
 * The end-to-end fields of a message, order and case kept: without those of the hop, those that
 * its Connection field nominates, and those that only we may set.
 */
export function endToEnd(raw: RawHeaders): RawHeaders {
  let kept: string[] | null = null;
  const nominated = nominatedByConnection(raw);
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (isEndToEnd(name, nominated)) {
      kept?.push(name, raw[i + 1]!);
    } else kept ??= raw.slice(0, i);
  }
  return kept ?? raw;
}

function isEndToEnd(name: string, nominated: ReadonlySet<string> | null): boolean {
  switch (classOf(name)) {
    case FIELD.hop:
    case FIELD.connection:
    case FIELD.own:
    case FIELD.disguised:
    case FIELD.answeredByUs:
      return false;
    default: {
      if (nominated === null) return true;
      const lower = name.toLowerCase();
      return !nominated.has(lower) || NEVER_NOMINATED.has(lower);
    }
  }
}

/** Lower-case names that Connection fields nominate; null, the usual case, for none. */
function nominatedByConnection(raw: RawHeaders): Set<string> | null {
  let names: Set<string> | null = null;
  for (let i = 0; i < raw.length; i += 2) {
    if (classOf(raw[i]!) !== FIELD.connection) continue;
    const value = raw[i + 1]!;
    if (value === 'keep-alive' || value === 'close' || value === 'Keep-Alive') continue;
    for (const token of value.toLowerCase().split(',')) {
      const nominated = token.trim();
      if (nominated === '' || nominated === 'close' || nominated === 'keep-alive') continue;
      names ??= new Set();
      names.add(nominated);
    }
  }
  return names;
}
