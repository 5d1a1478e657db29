/** A body as the text that is edited, and edited texts as bodies again, packed as before. */
import { isUtf8 } from 'node:buffer';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type BodyShape, MARK_BYTES, hasMark, shapeOf } from '../compare/body-shape.ts';
import { decodeBody } from '../compare/decode.ts';
import { type Answer, headerValue, type RawHeaders } from '../model/exchange.ts';

/** One answer's body, unpacked. */
export interface BodyText {
  readonly answer: Answer;
  readonly bytes: Uint8Array;
  readonly shape: BodyShape;
  /** Without a byte order mark; null where it is no UTF-8. */
  readonly text: string | null;
  readonly hasMark: boolean;
}

/** Null where the body cannot be unpacked. */
export function bodyTextOf(answer: Answer): BodyText | null {
  const unpacked = decodeBody(answer.headers, answer.body);
  if (unpacked.kind !== 'decoded') return null;
  const { bytes } = unpacked;
  const { buffer, byteOffset, length } = bytes;
  const whole = Buffer.from(buffer, byteOffset, length);
  const isMarked = hasMark(whole);
  const text = isUtf8(whole) ? whole.toString('utf8', isMarked ? MARK_BYTES : 0) : null;
  return { answer, bytes, shape: shapeOf(answer.headers, bytes), text, hasMark: isMarked };
}

/** The answer with another text, behind the byte order mark that it has. */
export function withText({ answer, hasMark: isMarked }: BodyText, text: string): Answer {
  return withBody(answer, isMarked ? `\ufeff${text}` : text);
}

type Pack = (bytes: Uint8Array) => Uint8Array;

const FAST_BR = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const FAST_ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Fast rather than small: every bug of an answer is packed. */
const PACK: Readonly<Record<string, Pack>> = {
  gzip: (bytes) => gzipSync(bytes, { level: 1 }),
  'x-gzip': (bytes) => gzipSync(bytes, { level: 1 }),
  br: (bytes) => brotliCompressSync(bytes, FAST_BR),
  zstd: (bytes) => zstdCompressSync(bytes, FAST_ZSTD),
  deflate: (bytes) => deflateSync(bytes, { level: 1 }),
};

/** The answer with another body, packed by its codings, its length told. */
export function withBody(answer: Answer, changed: string | Uint8Array): Answer {
  let body: Uint8Array = typeof changed === 'string' ? Buffer.from(changed) : changed;
  const codings = headerValue(answer.headers, 'content-encoding') ?? '';
  for (const coding of body.length === 0 ? [] : codings.split(',')) {
    body = PACK[coding.trim().toLowerCase()]?.(body) ?? body;
  }
  const headers = withLength(answer.headers, body.length);
  return { ...answer, headers, body, bodyBytes: body.length, bodyHash: null };
}

function withLength(headers: RawHeaders, length: number): RawHeaders {
  const at = headers.findIndex((name, i) => i % 2 === 0 && /^content-length$/i.test(name));
  return at < 0 ? headers : headers.with(at + 1, String(length));
}
