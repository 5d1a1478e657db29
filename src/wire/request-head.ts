/**
 * The head of a request, read strictly: what two readers could take for two different requests is
 * refused, never mended. Methods need not be known: any of upper-case letters and hyphens passes
 * (PURGE, QUERY, M-SEARCH), one in lower case never does. Source: RFC 9112, sections 2 to 6.
 */
import { FieldSpans, isToken, listMembers, listNames, SCAN } from './fields.ts';
import { isLinkLocal, isPlainHost, parseAuthority } from './host.ts';
import type { Framing, RequestHead } from './message.ts';
import { REJECTED, type Rejection } from './rejection.ts';
import { RequestLine } from './request-line.ts';

export interface RequestLimits {
  /** Bytes of the request line and all fields. */
  readonly headMaxBytes: number;
  /** Bytes of a body; null for no limit. */
  readonly bodyMaxBytes: number | null;
}

/** Who reads: whether a host and a port are its own address. Asked for absolute targets alone. */
export interface OwnAddress {
  isOwn(host: string, port: number): boolean;
}

export interface ParsedHead {
  readonly kind: 'head';
  readonly head: RequestHead;
  /** Offset of the first byte behind the head. */
  readonly end: number;
}

/** A longer name is no field that anybody reads. */
const NAME_MAX_BYTES = 4096;
const LENGTH_DIGITS_MAX = 64;
const TWO_TO_64 = 2 ** 64;

const SLASH = 47;

const NO_BODY: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };

/**
 * Names that Connection may not nominate: a hop that obeyed would take away what frames, routes
 * or secures the request. Source: CVE-2026-33805 and its like.
 */
const NEVER_NOMINATED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'authorization',
  'cookie',
  'forwarded',
  'via',
  'x-real-ip',
]);
const NEVER_NOMINATED_PREFIX = /^(?:x-forwarded|crossfade)-/;

/** One of these serves head after head. */
class RequestHeadReader {
  readonly #line = new RequestLine();
  readonly #spans = new FieldSpans();
  #headers: string[] = [];
  /** Indexes of the values in {@link #headers}; -1: no such field. */
  #hostAt = -1;
  #lengthAt = -1;
  #codingAt = -1;
  #connection = '';
  #expect = '';
  #upgrade = '';
  #takesTrailers = false;

  parse(bytes: Buffer, limits: RequestLimits, own: OwnAddress): ParsedHead | Rejection | null {
    const line = this.#line;
    if (!line.scan(bytes, limits.headMaxBytes)) {
      if (line.refused !== null) return line.refused;
      return bytes.length > limits.headMaxBytes ? REJECTED.headTooLarge : null;
    }
    const end = this.#spans.scan(bytes, line.end);
    if (end === SCAN.malformed) return REJECTED.header;
    if (end === SCAN.tooMany || end > limits.headMaxBytes) return REJECTED.headTooLarge;
    if (end === SCAN.incomplete) {
      return bytes.length > limits.headMaxBytes ? REJECTED.headTooLarge : null;
    }
    const text = bytes.toString('latin1', 0, end);
    const method = text.slice(line.methodAt, line.methodEnd);
    if (method === 'CONNECT' || method === 'TRACE') return REJECTED.methodRefused;
    this.#headers = this.#spans.headers(text);
    const refused = this.#findFields(bytes) ?? this.#checkConnection();
    if (refused !== null) return refused;
    const framing = this.#framing(limits);
    if (framing.kind === 'rejection') return framing;
    if (!this.#hasValidHost(bytes)) return REJECTED.host;
    let target: string | Rejection = text.slice(line.targetAt, line.targetEnd);
    if (bytes[line.targetAt] !== SLASH) target = this.#oddTarget(method, target, own);
    if (typeof target !== 'string') return target;
    return this.#assemble(method, target, framing, end);
  }

  /** Remembers the fields that frame the message or rule the connection. */
  #findFields(bytes: Buffer): Rejection | null {
    this.#hostAt = -1;
    this.#lengthAt = -1;
    this.#codingAt = -1;
    this.#connection = '';
    this.#expect = '';
    this.#upgrade = '';
    this.#takesTrailers = false;
    const spans = this.#spans.at;
    for (let i = 0; i < this.#spans.count; i += 1) {
      const nameAt = spans[i * 4]!;
      const length = spans[i * 4 + 1]! - nameAt;
      const refused = this.#findField(bytes, nameAt, length, i * 2 + 1);
      if (refused !== null) return refused;
    }
    return null;
  }

  #findField(bytes: Buffer, at: number, length: number, valueAt: number): Rejection | null {
    switch (length) {
      case 2:
        if (isNamed(bytes, at, 'te'))
          this.#takesTrailers ||= listNames(this.#value(valueAt), 'trailers');
        return null;
      case 4:
        if (!isNamed(bytes, at, 'host')) return null;
        if (this.#hostAt !== -1) return REJECTED.host;
        this.#hostAt = valueAt;
        return null;
      case 6:
        if (isNamed(bytes, at, 'expect')) this.#expect = joined(this.#expect, this.#value(valueAt));
        return null;
      case 7:
        if (isNamed(bytes, at, 'upgrade'))
          this.#upgrade = joined(this.#upgrade, this.#value(valueAt));
        return null;
      case 10:
        if (isNamed(bytes, at, 'connection')) {
          this.#connection = joined(this.#connection, this.#value(valueAt));
        }
        return null;
      case 14:
        if (isNamed(bytes, at, 'content_length')) return REJECTED.lookAlike;
        if (!isNamed(bytes, at, 'content-length')) return null;
        if (this.#lengthAt !== -1) return REJECTED.framing;
        this.#lengthAt = valueAt;
        return null;
      case 17:
        if (isNamed(bytes, at, 'transfer_encoding')) return REJECTED.lookAlike;
        if (!isNamed(bytes, at, 'transfer-encoding')) return null;
        if (this.#codingAt !== -1) return REJECTED.framing;
        this.#codingAt = valueAt;
        return null;
      default:
        return length > NAME_MAX_BYTES ? REJECTED.headTooLarge : null;
    }
  }

  #value(at: number): string {
    return this.#headers[at]!;
  }

  #checkConnection(): Rejection | null {
    if (isUsualConnection(this.#connection)) return null;
    for (const option of listMembers(this.#connection)) {
      if (option !== '' && !isToken(option)) return REJECTED.header;
      if (NEVER_NOMINATED.has(option) || NEVER_NOMINATED_PREFIX.test(option)) {
        return REJECTED.connectionField;
      }
    }
    return null;
  }

  #hasValidHost(bytes: Buffer): boolean {
    if (this.#hostAt === -1) return this.#line.minor === 0;
    const i = (this.#hostAt - 1) * 2;
    const spans = this.#spans.at;
    return (
      isPlainHost(bytes, spans[i + 2]!, spans[i + 3]!) ||
      parseAuthority(this.#value(this.#hostAt)) !== null
    );
  }

  /** `*`, or an absolute target made origin-form: its authority takes the place of the Host. */
  #oddTarget(method: string, target: string, own: OwnAddress): string | Rejection {
    if (target === '*') return method === 'OPTIONS' ? target : REJECTED.target;
    const match = /^(http|https):\/\/([^/?]*)(.*)$/i.exec(target);
    const authority = match === null ? null : parseAuthority(match[2]!);
    if (match === null || authority === null) return REJECTED.target;
    const port = authority.port ?? (match[1]!.length === 4 ? 80 : 443);
    if (isLinkLocal(authority.host) || own.isOwn(authority.host, port)) return REJECTED.target;
    if (this.#hostAt === -1) this.#headers.unshift('Host', match[2]!);
    else this.#headers[this.#hostAt] = match[2]!;
    const rest = match[3]!;
    if (rest === '' && method === 'OPTIONS') return '*';
    return rest.startsWith('/') ? rest : `/${rest}`;
  }

  /** How the body ends; a Content-Length is made canonical in the headers. */
  #framing(limits: RequestLimits): Framing | Rejection {
    if (this.#codingAt !== -1) {
      if (this.#lengthAt !== -1 || this.#line.minor === 0) return REJECTED.framing;
      return framingOfCoding(this.#value(this.#codingAt));
    }
    if (this.#lengthAt === -1) return NO_BODY;
    const written = this.#value(this.#lengthAt);
    const bytes = decimal(written);
    // Beyond 64 bits it is no length any more, but an attempt to make a counter overflow.
    if (!(bytes < TWO_TO_64)) return REJECTED.framing;
    if (bytes > (limits.bodyMaxBytes ?? Number.MAX_SAFE_INTEGER)) return REJECTED.bodyTooLarge;
    if (written.charCodeAt(0) === 48) this.#headers[this.#lengthAt] = String(bytes);
    return { kind: 'length', bytes };
  }

  #assemble(method: string, target: string, framing: Framing, end: number): ParsedHead | Rejection {
    const { minor } = this.#line;
    const hasBody = framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0);
    const hasExpect = this.#expect !== '' && minor === 1;
    if (hasExpect && !isContinue(this.#expect)) return REJECTED.expect;
    const head: RequestHead = {
      method,
      target,
      minor,
      headers: this.#headers,
      framing,
      keepsAlive: this.#keepsAlive(minor),
      expectsContinue: hasExpect && hasBody,
      isUpgrade: this.#upgrade !== '' && minor === 1 && !hasBody && this.#switches(),
      takesTrailers: this.#takesTrailers,
    };
    return { kind: 'head', head, end };
  }

  #keepsAlive(minor: 0 | 1): boolean {
    const connection = this.#connection;
    if (connection === '' || connection === 'keep-alive') return minor === 1 || connection !== '';
    if (listNames(connection, 'close')) return false;
    return minor === 1 || listNames(connection, 'keep-alive');
  }

  /**
   * Never to HTTP/2 in clear: behind such a tunnel requests would pass that nobody has looked at.
   */
  #switches(): boolean {
    return (
      listNames(this.#connection, 'upgrade') && !/(?:^|[\s,])h2c?(?:$|[\s,/])/i.test(this.#upgrade)
    );
  }
}

const reader = new RequestHeadReader();

/**
 * The head that `bytes` begin with; why it is refused; null where it is not whole yet. Always
 * given from the request's first byte on, however often it takes until the head is whole. Within
 * `head.headers` a Content-Length is canonical, and the Host that of an absolute target.
 */
export function parseRequestHead(
  bytes: Buffer,
  limits: RequestLimits,
  own: OwnAddress,
): ParsedHead | Rejection | null {
  return reader.parse(bytes, limits, own);
}

/** `word`, in lower case, stands at `at`; a name of its length does. */
function isNamed(bytes: Uint8Array, at: number, word: string): boolean {
  for (let i = 0; i < word.length; i += 1) {
    const code = bytes[at + i]!;
    const lower = code >= 65 && code <= 90 ? code | 32 : code;
    if (lower !== word.charCodeAt(i)) return false;
  }
  return true;
}

function joined(list: string, value: string): string {
  return list === '' ? value : `${list},${value}`;
}

/** The number that digits alone write; NaN for anything else. */
function decimal(text: string): number {
  if (text.length === 0 || text.length > LENGTH_DIGITS_MAX) return Number.NaN;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function isUsualConnection(value: string): boolean {
  return value === '' || value === 'keep-alive' || value === 'close' || value === 'Keep-Alive';
}

function isContinue(expect: string): boolean {
  return listMembers(expect).every((member) => member === '100-continue');
}

/** `chunked` alone, once. A list that ends with it names codings that we do not undo. */
function framingOfCoding(value: string): Framing | Rejection {
  if (value.toLowerCase() === 'chunked') return CHUNKED;
  const members = listMembers(value);
  const others = members.filter((member) => member !== 'chunked');
  const isUnknown = members.every(isToken) && others.length > 0;
  const isChunkedInside = members.slice(0, -1).includes('chunked');
  return isUnknown && !isChunkedInside ? REJECTED.coding : REJECTED.framing;
}
