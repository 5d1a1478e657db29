/**
 * A strict reading of HTTP/1 messages for tests, written apart from src/wire so that the two
 * cannot be wrong together. It takes only the canonical form: what a careful sender sends.
 * Source: RFC 9112.
 */
import type { RawHeaders } from '../../src/model/exchange.ts';

export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly framing: 'none' | 'length' | 'chunked';
  readonly body: Buffer;
  readonly trailers: RawHeaders;
}

export interface SeenAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
  readonly body: Buffer;
  readonly trailers: RawHeaders;
  /** Its body ended with the connection. */
  readonly isUntilClose: boolean;
}

export type Parsed<Message> =
  | { readonly kind: 'message'; readonly message: Message; readonly end: number }
  | { readonly kind: 'partial' }
  | { readonly kind: 'malformed'; readonly why: string };

const PARTIAL = { kind: 'partial' } as const;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.1 ([1-9][0-9]{2}) ([\t -~\x80-\xff]*)$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t -~\x80-\xff]*)$/;

function malformed(why: string): { readonly kind: 'malformed'; readonly why: string } {
  return { kind: 'malformed', why };
}

/** The values of a field, in order. `name` in lower case. */
export function valuesOf(headers: RawHeaders, name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === name);
}

/** The first request in `bytes` from `from` on, whole or not. */
export function parseRequest(bytes: Buffer, from: number): Parsed<SeenRequest> {
  const head = splitHead(bytes, from);
  if (head === null) return PARTIAL;
  const line = REQUEST_LINE.exec(head.lines[0]!);
  if (line === null) return malformed(`request line ${JSON.stringify(head.lines[0])}`);
  const headers = fieldsOf(head.lines.slice(1));
  if (headers === null) return malformed('field line');
  if (valuesOf(headers, 'host').length !== 1) return malformed('not one Host');
  const framing = framingOf(headers);
  if (framing === 'malformed') return malformed('framing');
  const [, method = '', target = ''] = line;
  const body = bodyOf(bytes, head.end, framing ?? 0);
  if (body.kind !== 'message') return body;
  const kind = framing === null ? 'none' : framing === 'chunked' ? 'chunked' : 'length';
  const { content, trailers } = body.message;
  const message = { method, target, headers, framing: kind, body: content, trailers } as const;
  return { kind: 'message', message, end: body.end };
}

/**
 * The first answer in `bytes` from `from` on. `isToHead`: the request was HEAD. `isEnded`: no
 * byte will follow, so that a body without a length is whole.
 */
export function parseAnswer(
  bytes: Buffer,
  from: number,
  isToHead: boolean,
  isEnded: boolean,
): Parsed<SeenAnswer> {
  const head = splitHead(bytes, from);
  if (head === null) return PARTIAL;
  const line = STATUS_LINE.exec(head.lines[0]!);
  if (line === null) return malformed(`status line ${JSON.stringify(head.lines[0])}`);
  const headers = fieldsOf(head.lines.slice(1));
  if (headers === null) return malformed('field line');
  const status = Number(line[1]);
  const reason = line[2]!;
  const framing = framingOf(headers);
  if (framing === 'malformed') return malformed('framing');
  const isBare = isToHead || status < 200 || status === 204 || status === 304;
  const isUntilClose = !isBare && framing === null;
  if (isUntilClose && !isEnded) return PARTIAL;
  const body = isUntilClose
    ? bodyOf(bytes, head.end, bytes.length - head.end)
    : bodyOf(bytes, head.end, isBare || framing === null ? 0 : framing);
  if (body.kind !== 'message') return body;
  const { content, trailers } = body.message;
  const message = { status, reason, headers, body: content, trailers, isUntilClose };
  return { kind: 'message', message, end: body.end };
}

interface Head {
  readonly lines: readonly string[];
  readonly end: number;
}

function splitHead(bytes: Buffer, from: number): Head | null {
  const end = bytes.indexOf('\r\n\r\n', from, 'latin1');
  if (end === -1) return null;
  return { lines: bytes.toString('latin1', from, end).split('\r\n'), end: end + 4 };
}

function fieldsOf(lines: readonly string[]): string[] | null {
  const fields: string[] = [];
  for (const line of lines) {
    const field = FIELD.exec(line);
    if (field === null) return null;
    fields.push(field[1]!, field[2]!);
  }
  return fields;
}

/** Null: no body is announced. */
function framingOf(headers: RawHeaders): number | 'chunked' | 'malformed' | null {
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  if (lengths.length + codings.length > 1) return 'malformed';
  if (codings.length === 1) return codings[0] === 'chunked' ? 'chunked' : 'malformed';
  if (lengths.length === 0) return null;
  return /^(0|[1-9][0-9]{0,14})$/.test(lengths[0]!) ? Number(lengths[0]) : 'malformed';
}

interface Body {
  readonly content: Buffer;
  readonly trailers: RawHeaders;
}

function bodyOf(bytes: Buffer, from: number, framing: number | 'chunked'): Parsed<Body> {
  if (framing === 'chunked') return chunkedBody(bytes, from);
  if (bytes.length < from + framing) return PARTIAL;
  const end = from + framing;
  return { kind: 'message', message: { content: bytes.subarray(from, end), trailers: [] }, end };
}

function chunkedBody(bytes: Buffer, from: number): Parsed<Body> {
  const chunks: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd === -1) return PARTIAL;
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9A-Fa-f]{1,8}$/.test(line)) return malformed(`chunk line ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    if (size === 0) return trailersOf(bytes, lineEnd, Buffer.concat(chunks));
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return PARTIAL;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') return malformed('end of a chunk');
    chunks.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}

function trailersOf(bytes: Buffer, lastLineEnd: number, content: Buffer): Parsed<Body> {
  const end = bytes.indexOf('\r\n\r\n', lastLineEnd, 'latin1');
  if (end === -1) return PARTIAL;
  const text = bytes.toString('latin1', lastLineEnd + 2, end);
  const trailers = text === '' ? [] : fieldsOf(text.split('\r\n'));
  if (trailers === null) return malformed('trailer');
  return { kind: 'message', message: { content, trailers }, end: end + 4 };
}
