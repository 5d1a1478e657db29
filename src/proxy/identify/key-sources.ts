/** Where keys are found in a request: each source made once from the configuration. */
import { createHash } from 'node:crypto';
import type { RawHeaders } from '../../model/exchange.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { KeySource } from '../../model/settings.ts';
import { pathExpression } from './path-expression.ts';

/** A request as keys are looked for in it. */
export interface Keyed {
  readonly target: string;
  readonly headers: RawHeaders;
  /** Null where there is none, or none yet. */
  readonly body: Uint8Array | null;
}

export interface KeyFinder {
  /** It looks into the body. */
  readonly isInBody: boolean;
  /** What it finds is a list, even of one. */
  readonly isMany: boolean;
  /** The keys that are there, none of them empty, each once; one more than the limit at most. */
  find(request: Keyed): readonly string[];
}

const NO_KEYS: readonly string[] = [];

/** The finder of a source. */
export function createKeyFinder(source: KeySource): KeyFinder {
  switch (source.from) {
    case 'path':
      return new PathKey(source.pattern, source.name);
    case 'header':
      return new HeaderKey(source.name);
    case 'query':
      return new QueryKey(source.name);
    case 'cookie':
      return new CookieKey(source.name);
    case 'body':
      return new BodyKey(source.path);
    case 'jwt':
      return new ClaimKey(source.in, source.name, source.claim);
  }
}

class PathKey implements KeyFinder {
  readonly isInBody = false;
  readonly isMany = false;
  readonly #expression: RegExp;

  constructor(pattern: string, name: string) {
    this.#expression = pathExpression(pattern, name);
  }

  find({ target }: Keyed): readonly string[] {
    return one(unescaped(this.#expression.exec(target)?.[1] ?? ''));
  }
}

class HeaderKey implements KeyFinder {
  readonly isInBody = false;
  readonly isMany = false;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name.toLowerCase();
  }

  find({ headers }: Keyed): readonly string[] {
    return one(fieldValue(headers, this.#name));
  }
}

class QueryKey implements KeyFinder {
  readonly isInBody = false;
  readonly isMany = false;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  find({ target }: Keyed): readonly string[] {
    const question = target.indexOf('?');
    return question < 0 ? NO_KEYS : one(parameter(target, question, this.#name));
  }
}

class CookieKey implements KeyFinder {
  readonly isInBody = false;
  readonly isMany = false;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  find({ headers }: Keyed): readonly string[] {
    return one(cookie(headers, this.#name));
  }
}

class BodyKey implements KeyFinder {
  readonly isInBody = true;
  readonly isMany: boolean;
  readonly #segments: readonly string[];

  constructor(pointer: string) {
    this.#segments = segmentsOf(pointer);
    this.isMany = this.#segments.includes('*');
  }

  find({ body }: Keyed): readonly string[] {
    if (body === null) return NO_KEYS;
    let values = [parsed(Buffer.from(body.buffer, body.byteOffset, body.byteLength))];
    for (const name of this.#segments) values = values.flatMap((value) => childrenOf(value, name));
    const keys = new Set<string>();
    for (const value of values) {
      const key = keyText(value);
      if (key !== '') keys.add(bounded(key));
      if (keys.size > LIMITS.keysPerRequestMax) break;
    }
    return [...keys];
  }
}

/** A claim of a token's payload. Never verified: it only decides the cohort. */
class ClaimKey implements KeyFinder {
  readonly isInBody = false;
  readonly isMany = false;
  readonly #isCookie: boolean;
  readonly #name: string;
  readonly #segments: readonly string[];

  constructor(place: 'header' | 'cookie', name: string, pointer: string) {
    this.#isCookie = place === 'cookie';
    this.#name = this.#isCookie ? name : name.toLowerCase();
    this.#segments = segmentsOf(pointer);
  }

  find({ headers }: Keyed): readonly string[] {
    const text = this.#isCookie ? cookie(headers, this.#name) : fieldValue(headers, this.#name);
    const payload = payloadOf(text);
    if (payload === '') return NO_KEYS;
    let value = parsed(Buffer.from(payload, 'base64url'));
    for (const name of this.#segments) value = childOf(value, name);
    return one(keyText(value));
  }
}

function one(key: string): readonly string[] {
  return key === '' ? NO_KEYS : [bounded(key)];
}

/** A key as it is kept, told and stored: one that is very long by its digest. */
function bounded(key: string): string {
  const { keyMaxBytes } = LIMITS;
  if (key.length * 3 <= keyMaxBytes || Buffer.byteLength(key) <= keyMaxBytes) return key;
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** A segment of a path by what its escapes stand for: one owner has one key, however spelled. */
function unescaped(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    // Nobody can say what it stands for: it stands for itself.
    return segment;
  }
}

/** A field's first value; '' where it is not there. `name` in lower case. */
function fieldValue(headers: RawHeaders, name: string): string {
  for (let i = 0; i < headers.length; i += 2) {
    if (isField(headers[i]!, name)) return headers[i + 1]!;
  }
  return '';
}

function isField(field: string, name: string): boolean {
  return field.length === name.length && (field === name || field.toLowerCase() === name);
}

/** The value of the first parameter of this name, decoded; '' where there is none. */
function parameter(target: string, question: number, name: string): string {
  let equals = target.indexOf('=', question);
  for (let at = question + 1; at <= target.length; ) {
    const next = target.indexOf('&', at);
    const end = next < 0 ? target.length : next;
    // Looked for only beyond the last one: a client chooses how many separators there are.
    if (equals >= 0 && equals < at) equals = target.indexOf('=', at);
    const nameEnd = equals < 0 || equals > end ? end : equals;
    if (isNamed(target, at, nameEnd, name)) return decoded(target.slice(nameEnd + 1, end));
    at = end + 1;
  }
  return '';
}

function isNamed(target: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length && target.startsWith(name, start)) return true;
  // Escapes never make a name shorter.
  return end - start >= name.length && decoded(target.slice(start, end)) === name;
}

function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  return new URLSearchParams(`=${text}`).get('') ?? '';
}

/** The value of the first cookie of this name, in any Cookie field; '' where there is none. */
function cookie(headers: RawHeaders, name: string): string {
  for (let i = 0; i < headers.length; i += 2) {
    if (!isField(headers[i]!, 'cookie')) continue;
    const value = cookieIn(headers[i + 1]!, name);
    if (value !== '') return value;
  }
  return '';
}

function cookieIn(field: string, name: string): string {
  for (let at = 0; at < field.length; ) {
    while (field.charCodeAt(at) === BLANK) at += 1;
    const next = field.indexOf(';', at);
    const end = next < 0 ? field.length : next;
    const equals = at + name.length;
    if (field.charCodeAt(equals) === EQUALS && field.startsWith(name, at)) {
      return field.slice(equals + 1, end).trim();
    }
    at = end + 1;
  }
  return '';
}

const BLANK = 0x20;
const EQUALS = 0x3d;

/** What stands between a token's two points, whatever its scheme; '' of what is no token. */
function payloadOf(text: string): string {
  const first = text.indexOf('.');
  const second = first < 0 ? -1 : text.indexOf('.', first + 1);
  return second < 0 ? '' : text.slice(first + 1, second);
}

/** Undefined where the bytes are no JSON. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Texts and whole numbers are keys; '' of anything else. */
function keyText(value: unknown): string {
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : '';
}

function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** As {@link childOf}; `*` is every element of an array. */
function childrenOf(value: unknown, name: string): unknown[] {
  if (name === '*' && Array.isArray(value)) return value;
  const child = childOf(value, name);
  return child === undefined ? [] : [child];
}

function childOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^\d+$/.test(name) ? value[Number(name)] : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
