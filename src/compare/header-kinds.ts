/** What kind of difference two header fields of one name are. */
import { MEDIA_TYPE_MAX_CHARS, parseMediaType } from './body-shape.ts';
import { parseMoment } from './timestamps.ts';

export type HeaderKind = 'header' | 'header-order' | 'header-format' | 'cookie';

/** Fields whose words are the same in any letter case. */
const CASELESS: ReadonlySet<string> = new Set([
  'accept-ranges',
  'cache-control',
  'content-encoding',
  'content-language',
  'pragma',
  'transfer-encoding',
  'vary',
  'x-content-type-options',
  'x-frame-options',
]);

/**
 * `header-format`: one field written otherwise (repeated or joined by commas, white space, quotes
 * and case where they do not matter, another notation of one date). `header-order`: the same
 * members in another order. Undefined where a side has none of the name.
 */
export function kindOfField(
  name: string,
  legacy: readonly string[] | undefined,
  candidate: readonly string[] | undefined,
): HeaderKind {
  if (legacy === undefined || candidate === undefined) return 'header';
  const [a, b] = [normalMembers(name, legacy), normalMembers(name, candidate)];
  if (areSame(a, b)) return 'header-format';
  return areSame(a.toSorted(), b.toSorted()) ? 'header-order' : 'header';
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member, at) => member === b[at]);
}

/** The members of a field in one notation. Source: RFC 9110 sections 5.3 and 5.6. */
function normalMembers(name: string, values: readonly string[]): string[] {
  if (name === 'content-type') return values.map(normalMediaType);
  const [only] = values;
  const moment = values.length === 1 ? parseMoment(only!) : undefined;
  if (moment !== undefined) return [`${moment.seconds}.${moment.fraction.replace(/0+$/, '')}`];
  const members = values.flatMap(splitList).filter((member) => member !== '');
  return CASELESS.has(name) ? members.map((member) => member.toLowerCase()) : members;
}

/** At commas outside of quotes; white space around `;` and at the ends aside. */
function splitList(value: string): string[] {
  const members = value.match(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g) ?? [];
  return members.map((member) => {
    const parts = member.split(';').map((part) => part.trim());
    return parts.join(';');
  });
}

/** True for two types of multipart bodies that are the same but for the boundary. */
export function isSameButForBoundary(a: string, b: string): boolean {
  const isMultipart = /^\s*multipart\//i.test(a) && /^\s*multipart\//i.test(b);
  return isMultipart && withoutBoundary(a) === withoutBoundary(b);
}

function withoutBoundary(value: string): string {
  return value.replace(/;\s*boundary=(?:"[^"]*"|[^\s;]*)/i, ';');
}

function normalMediaType(value: string): string {
  if (value.length > MEDIA_TYPE_MAX_CHARS) return value;
  const { name, parameters } = parseMediaType(value);
  const texts = [...parameters].map(([key, each]) => {
    return `;${key}=${key === 'charset' ? each.toLowerCase() : each}`;
  });
  return name + texts.sort().join('');
}

export interface CookieDifference {
  readonly kind: 'header-order' | 'header-format' | 'cookie';
  readonly legacy: string | undefined;
  readonly candidate: string | undefined;
}

interface Cookie {
  readonly text: string;
  readonly name: string;
  readonly value: string;
  /** Attributes in one notation and order. */
  readonly attributes: string;
}

/** Cookies are compared by their names; their order is a difference only where nothing else is. */
export function cookieDifferences(
  legacy: readonly string[],
  candidate: readonly string[],
): CookieDifference[] {
  const left = new Map<string, Cookie[]>();
  for (const cookie of candidate.map(parseCookie)) {
    const same = left.get(cookie.name);
    if (same === undefined) left.set(cookie.name, [cookie]);
    else same.push(cookie);
  }
  for (const same of left.values()) same.reverse();
  const differences: CookieDifference[] = [];
  for (const a of legacy.map(parseCookie)) {
    const b = left.get(a.name)?.pop();
    if (b?.text === a.text) continue;
    differences.push({ kind: kindOfCookies(a, b), legacy: a.text, candidate: b?.text });
  }
  for (const { text } of [...left.values()].flatMap((same) => same.reverse())) {
    differences.push({ kind: 'cookie', legacy: undefined, candidate: text });
  }
  if (differences.length > 0 || areSame(legacy, candidate)) return differences;
  return [{ kind: 'header-order', legacy: legacy.join(', '), candidate: candidate.join(', ') }];
}

function kindOfCookies(a: Cookie, b: Cookie | undefined): 'header-format' | 'cookie' {
  const isSame = a.value === b?.value && a.attributes === b.attributes;
  return isSame ? 'header-format' : 'cookie';
}

/** Attributes whose values are the same in any letter case. */
const CASELESS_ATTRIBUTES: ReadonlySet<string> = new Set(['domain', 'samesite', 'priority']);

/** Source: RFC 6265 section 5.2. */
function parseCookie(text: string): Cookie {
  const [first = '', ...rest] = text.split(';').map((part) => part.trim());
  const equals = first.indexOf('=');
  const attributes = rest.filter((part) => part !== '').map(normalAttribute);
  return {
    text,
    name: equals < 0 ? '' : first.slice(0, equals).trim(),
    value: first.slice(equals + 1).trim(),
    attributes: attributes.sort().join(';'),
  };
}

function normalAttribute(part: string): string {
  const equals = part.indexOf('=');
  const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
  const value = equals < 0 ? '' : part.slice(equals + 1).trim();
  if (name === 'domain') return `domain=${value.toLowerCase().replace(/^\./, '')}`;
  if (name === 'expires') return `expires=${parseMoment(value)?.seconds ?? value}`;
  return `${name}=${CASELESS_ATTRIBUTES.has(name) ? value.toLowerCase() : value}`;
}
