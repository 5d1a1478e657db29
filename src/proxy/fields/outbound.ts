/**
 * What each side is sent: the client's end-to-end fields in their order, what a hop adds, and
 * what the configuration says of that side. The shadow's copy is the live one's but for its mark,
 * its span, its idempotency key, and credentials where it is not trusted.
 */
import { createHash } from 'node:crypto';
import type { RawHeaders, Role, Side } from '../../model/exchange.ts';
import type { Settings, UpstreamSettings } from '../../model/settings.ts';
import type { Inbound, Peer } from '../../wire/inbound.ts';
import { createTrust, type TrustsHop } from '../../wire/trusted-hops.ts';
import { toClient, toSide } from './cookies.ts';
import { addForwarded } from './forwarded.ts';
import { classOf, endToEnd, FIELD, type FieldClass } from './headers.ts';
import { withoutParameters } from './query.ts';
import { newSpanId, shadowTraceValue, TRACE_MARK } from './trace-context.ts';

/** Marks a shadow's copy; a client's own is never passed on. */
const ROLE_FIELD = 'Crossfade-Role';
/** What a shadow's idempotency key is derived with, so that it never equals the live one's. */
const KEY_DOMAIN = 'crossfade-shadow:';

/** Credentials by names that do not say so, in lower case. */
interface Withheld {
  readonly fields: ReadonlySet<string>;
  readonly parameters: ReadonlySet<string>;
}

interface SideRules {
  readonly side: Side;
  readonly settings: UpstreamSettings;
  /** Host and port of the URL, where Host is rewritten. */
  readonly ownHost: string;
  /** Names, in lower case, that are left out because they are set anew or not wanted. */
  readonly left: ReadonlySet<string>;
  /** What an untrusted shadow is not to see; null where the side is trusted. */
  readonly withheld: Withheld | null;
  /** Nothing but the shadow's marks has to be changed. */
  readonly isPlain: boolean;
}

/** Writes the fields of requests and answers. */
export class Outbound {
  readonly #legacy: SideRules;
  readonly #candidate: SideRules;
  readonly #hasOwnCookies: boolean;
  readonly #trusts: TrustsHop;
  readonly #via: string;

  /** `pseudonym`: the proxy's name in Via fields. */
  constructor(settings: Settings, pseudonym: string) {
    this.#hasOwnCookies = settings.cookies === 'separate';
    this.#legacy = rulesOf('legacy', settings);
    this.#candidate = rulesOf('candidate', settings);
    this.#trusts = createTrust(settings.port.trustedHops);
    this.#via = `1.1 ${pseudonym}`;
  }

  /** The client's end-to-end fields and those that a hop adds: what both legs have in common. */
  common(inbound: Inbound, client: RawHeaders): RawHeaders {
    const { peer } = inbound;
    const isTrusted = this.#isTrusted(peer);
    const fields: string[] = [];
    for (let i = 0; i < client.length; i += 2) {
      const name = client[i]!;
      const fieldClass = classOf(name);
      if (fieldClass === FIELD.forwarded || fieldClass === FIELD.forwardedCredential) {
        if (!isTrusted || name.toLowerCase() === 'x-forwarded-for') continue;
      }
      if (fieldClass === FIELD.maxForwards && isDecremented(inbound.head.method)) {
        fields.push(name, String(Math.max(0, Number(client[i + 1]) - 1)));
        continue;
      }
      fields.push(name, client[i + 1]!);
    }
    addForwarded(fields, client, peer, isTrusted, this.#via);
    return fields;
  }

  /**
   * Behind a PROXY header the bytes are those of whom it names, and what they say is that one's
   * word: both have to be trusted.
   */
  #isTrusted({ address, hop }: Peer): boolean {
    return this.#trusts(hop) && (address === hop || this.#trusts(address));
  }

  /** The fields of one leg, out of what both have in common. */
  ofLeg(common: RawHeaders, side: Side, role: Role): RawHeaders {
    const rules = side === 'legacy' ? this.#legacy : this.#candidate;
    if (rules.isPlain && role === 'live') return common;
    const fields = rules.isPlain ? common.slice() : this.#ruled(common, rules);
    if (role === 'live') return fields;
    return asShadow(fields, rules);
  }

  /** The target of one leg: a shadow that is not trusted gets none of the query's credentials. */
  targetOf(target: string, side: Side, role: Role): string {
    if (role === 'live') return target;
    const { withheld } = side === 'legacy' ? this.#legacy : this.#candidate;
    return withheld === null ? target : withoutCredentials(target, withheld);
  }

  /** The fields of a side's answer as the client gets them. */
  toClient(side: Side, headers: RawHeaders): RawHeaders {
    const fields = endToEnd(headers);
    if (!this.#hasOwnCookies || side === 'legacy') return fields;
    return fields.map((text, i) =>
      i % 2 === 1 && classOf(fields[i - 1]!) === FIELD.setCookie ? toClient(side, text) : text,
    );
  }

  /** The fields of a side's switch of protocols (101), with those that make it one. */
  switched(side: Side, headers: RawHeaders): RawHeaders {
    const protocols = headers.filter(
      (_text, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === 'upgrade',
    );
    const hop = ['Connection', 'Upgrade', ...protocols.flatMap((text) => ['Upgrade', text])];
    return [...this.toClient(side, headers), ...hop];
  }

  #ruled(common: RawHeaders, rules: SideRules): string[] {
    const { settings, left, ownHost, side } = rules;
    const fields: string[] = [];
    for (let i = 0; i < common.length; i += 2) {
      const name = common[i]!;
      const value = common[i + 1]!;
      const fieldClass = classOf(name);
      if (left.has(name.toLowerCase())) continue;
      if (fieldClass === FIELD.host && settings.host === 'rewrite') fields.push(name, ownHost);
      else if (fieldClass === FIELD.cookie && this.#hasOwnCookies) {
        const own = toSide(side, value);
        if (own !== '') fields.push(name, own);
      } else fields.push(name, value);
    }
    fields.push(...settings.setHeaders);
    return fields;
  }
}

function isDecremented(method: string): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

function rulesOf(side: Side, all: Settings): SideRules {
  const settings = all[side];
  const left = new Set(settings.removeHeaders);
  for (let i = 0; i < settings.setHeaders.length; i += 2) {
    left.add(settings.setHeaders[i]!.toLowerCase());
  }
  const isPlain = left.size === 0 && settings.host === 'preserve' && all.cookies === 'shared';
  const withheld = settings.isTrusted ? null : withheldOf(settings, all);
  return { side, settings, ownHost: new URL(settings.url).host, left, isPlain, withheld };
}

/** A token that tells the key is a credential whatever its field is called. */
function withheldOf({ stripHeaders, stripQuery }: UpstreamSettings, all: Settings): Withheld {
  const sources = [all.key, ...all.routes.map((route) => route.keys)].flatMap((keys) => keys ?? []);
  const tokens = sources.flatMap((source) =>
    source.from === 'jwt' && source.in === 'header' ? [source.name.toLowerCase()] : [],
  );
  return { fields: new Set([...stripHeaders, ...tokens]), parameters: new Set(stripQuery) };
}

function withoutCredentials(target: string, { parameters }: Withheld): string {
  return withoutParameters(
    target,
    (name) => isCredential(classOf(name)) || parameters.has(name.toLowerCase()),
  );
}

function isCredential(fieldClass: FieldClass): boolean {
  return (
    fieldClass === FIELD.credential ||
    fieldClass === FIELD.cookie ||
    fieldClass === FIELD.setCookie ||
    fieldClass === FIELD.forwardedCredential
  );
}

/** Turns a leg's fields into those of a shadow; changes and answers `fields`. */
function asShadow(fields: string[], { settings, withheld }: SideRules): string[] {
  let spanId = '';
  let hasMark = false;
  let hasTrace = false;
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    let value = fields[i + 1]!;
    const fieldClass = classOf(name);
    if (withheld !== null) {
      if (isWithheld(name, fieldClass, withheld) && !isOwn(settings, name)) continue;
      if (fieldClass === FIELD.referer) value = withoutCredentials(value, withheld);
    }
    switch (fieldClass) {
      case FIELD.trace: {
        if (spanId === '') spanId = newSpanId();
        const lower = name.toLowerCase();
        hasTrace ||= lower === 'traceparent';
        hasMark ||= lower === 'tracestate';
        value = shadowTraceValue(lower, value, spanId);
        break;
      }
      case FIELD.idempotencyKey:
        value = derivedKey(value);
        break;
    }
    fields[kept] = name;
    fields[kept + 1] = value;
    kept += 2;
  }
  fields.length = kept;
  if (hasTrace && !hasMark) fields.push(...TRACE_MARK);
  fields.push(ROLE_FIELD, 'shadow');
  return fields;
}

function isWithheld(name: string, fieldClass: FieldClass, { fields }: Withheld): boolean {
  return isCredential(fieldClass) || (fields.size > 0 && fields.has(name.toLowerCase()));
}

/** Set by the configuration for this side: its own credentials. */
function isOwn(settings: UpstreamSettings, name: string): boolean {
  const lower = name.toLowerCase();
  return settings.setHeaders.some((text, i) => i % 2 === 0 && text.toLowerCase() === lower);
}

/** The same for the same key, so that the shadow too does a repeated request once. */
function derivedKey(value: string): string {
  return createHash('sha256').update(KEY_DOMAIN).update(value).digest('hex').slice(0, 32);
}
