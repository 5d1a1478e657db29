import type { RawHeaders } from '../model/exchange.ts';
import { headerValue } from '../model/exchange.ts';

/** One answer as read from a bare connection, leniently: what was there, not what should be. */
export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
  /** As many bytes as were read, transfer coding removed. */
  readonly body: Buffer;
  /** The server says that the connection goes on. */
  readonly keepsAlive: boolean;
}

/** The answer's head and where it ends in the bytes. */
export interface RawHead {
  readonly status: number;
  readonly reason: string;
  readonly minor: number;
  readonly headers: RawHeaders;
  readonly endsAt: number;
}

const HEAD_END = /\r?\n\r?\n/;

/**
 * The first final head in `bytes`, interim ones (1xx) passed over; null while it is not there
 * whole. `malformed` where the bytes are no HTTP answer at all.
 */
export function readHead(bytes: Buffer): RawHead | 'malformed' | null {
  let from = 0;
  for (;;) {
    const text = bytes.toString('latin1', from);
    const end = HEAD_END.exec(text);
    if (end === null) return text.length >= 5 && !text.startsWith('HTTP/') ? 'malformed' : null;
    const lines = text.slice(0, end.index).split(/\r?\n/);
    const first = /^HTTP\/1\.(\d) (\d{3})(?: (.*))?$/.exec(lines[0]!);
    if (first === null) return 'malformed';
    const status = Number(first[2]);
    from += end.index + end[0].length;
    if (status >= 100 && status < 200 && status !== 101) continue;
    return {
      status,
      reason: first[3] ?? '',
      minor: Number(first[1]),
      headers: lines.slice(1).flatMap(fieldOf),
      endsAt: from,
    };
  }
}

function fieldOf(line: string): string[] {
  const colon = line.indexOf(':');
  return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** Bytes of the body that are to come; null: it ends with the connection or is chunked. */
export function bodyLengthOf(head: RawHead, method: string): number | null {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return 0;
  if (isChunked(head)) return null;
  const length = headerValue(head.headers, 'content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

/** Head and bytes behind it as an answer. */
export function toAnswer(head: RawHead, bytes: Buffer): RawAnswer {
  const { status, reason, headers } = head;
  const raw = bytes.subarray(head.endsAt);
  const connection = (headerValue(headers, 'connection') ?? '').toLowerCase();
  const keepsAlive = head.minor === 1 ? connection !== 'close' : connection === 'keep-alive';
  return { status, reason, headers, body: isChunked(head) ? unchunk(raw) : raw, keepsAlive };
}

/** The body comes in chunks. */
export function isChunked(head: RawHead): boolean {
  return /chunked/i.test(headerValue(head.headers, 'transfer-encoding') ?? '');
}

function unchunk(raw: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = raw.indexOf('\r\n', at);
    const size = line < 0 ? Number.NaN : Number.parseInt(raw.toString('latin1', at, line), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(raw.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
