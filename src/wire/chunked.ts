/**
 * The chunked coding, read as it arrives and strictly: 1 to 16 hex digits, CRLF alone ends a
 * line, extensions are well-formed and dropped, trailers are parsed like any field. Shared by
 * both sides of the wire. Source: RFC 9112, section 7.1.
 */
import type { RawHeaders } from '../model/exchange.ts';
import type { RejectReason } from '../model/reject.ts';
import { isTextCode, isTokenCode, parseFields } from './fields.ts';

export interface ChunkedLimits {
  /** Bytes of the body; Infinity for none. Beyond it the problem is `body-too-large`. */
  readonly bodyMaxBytes: number;
  /** Bytes of all extensions together: nobody needs them, and reading them is not free. */
  readonly extensionMaxBytes: number;
  /** Bytes of the trailer section. */
  readonly trailerMaxBytes: number;
}

export interface ChunkedSink {
  /** Bytes of the body, never none; valid for as long as the sink keeps them. */
  bodyBytes(bytes: Buffer): void;
}

const SIZE_START = 0;
const SIZE = 1;
const SIZE_LF = 2;
const EXT_NAME_START = 3;
const EXT_NAME = 4;
const EXT_VALUE_START = 5;
const EXT_VALUE = 6;
const EXT_QUOTED = 7;
const EXT_QUOTED_PAIR = 8;
const EXT_QUOTED_END = 9;
const CHUNK = 10;
const CHUNK_CR = 11;
const CHUNK_LF = 12;
const TRAILER = 13;

const SIZE_DIGITS_MAX = 16;
const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

/** Field names that would change how a message is read, were they merged into its head. */
const FRAMING_TRAILER = /^(?:content-length|transfer-encoding|host)$/i;

/** Takes one body out of its chunks, segment by segment; see the head of this file. */
export class ChunkedDecoder {
  /** The last byte of the coding has been consumed. */
  isDone = false;
  /** Why the coding is malformed; nothing more is consumed then. */
  problem: RejectReason | null = null;
  /** Those sent behind the last chunk; complete once {@link isDone}. */
  trailers: RawHeaders = [];
  /** Bytes of the body announced by the chunks so far. */
  bodyBytes = 0;
  readonly #limits: ChunkedLimits;
  #state = SIZE_START;
  #size = 0;
  #digits = 0;
  #left = 0;
  #extensionBytes = 0;
  #trailer = '';

  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
  }

  /**
   * Consumes `bytes` from `from` on and gives the sink what of them is body, in one piece: parts
   * of several chunks are moved together within `bytes`. Answers the offset behind the last byte
   * consumed: the buffer's length unless the coding is done or malformed.
   */
  decode(bytes: Buffer, from: number, sink: ChunkedSink): number {
    let at = from;
    let start = from;
    let end = from;
    while (at < bytes.length && !this.isDone && this.problem === null) {
      if (this.#state === CHUNK) {
        const upTo = Math.min(bytes.length, at + this.#left);
        if (end === start) {
          start = at;
          end = at;
        } else bytes.copyWithin(end, at, upTo);
        end += upTo - at;
        this.#left -= upTo - at;
        at = upTo;
        if (this.#left === 0) this.#state = CHUNK_CR;
      } else if (this.#state === TRAILER) {
        at = this.#readTrailer(bytes, at);
      } else {
        this.#step(bytes[at]!);
        at += 1;
      }
    }
    if (end > start) sink.bodyBytes(bytes.subarray(start, end));
    return at;
  }

  #step(code: number): void {
    switch (this.#state) {
      case SIZE_START:
      case SIZE:
        this.#readSize(code);
        break;
      case SIZE_LF:
        if (code === LF) this.#beginChunk();
        else this.problem = 'chunk';
        break;
      case CHUNK_CR:
        if (code === CR) this.#state = CHUNK_LF;
        else this.problem = 'chunk';
        break;
      case CHUNK_LF:
        if (code === LF) this.#state = SIZE_START;
        else this.problem = 'chunk';
        break;
      default:
        this.#readExtension(code);
    }
  }

  #readSize(code: number): void {
    const digit = hexDigit(code);
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit;
      this.#digits += 1;
      this.#state = SIZE;
      if (this.#digits > SIZE_DIGITS_MAX || this.#size > Number.MAX_SAFE_INTEGER) {
        this.problem = 'chunk';
      }
    } else if (this.#state === SIZE && code === CR) this.#state = SIZE_LF;
    else if (this.#state === SIZE && code === SEMICOLON) this.#state = EXT_NAME_START;
    else this.problem = 'chunk';
  }

  #readExtension(code: number): void {
    this.#extensionBytes += 1;
    const next = nextInExtension(this.#state, code);
    if (next < 0 || this.#extensionBytes > this.#limits.extensionMaxBytes) this.problem = 'chunk';
    else this.#state = next;
  }

  #beginChunk(): void {
    this.bodyBytes += this.#size;
    if (this.bodyBytes > this.#limits.bodyMaxBytes) this.problem = 'body-too-large';
    this.#left = this.#size;
    this.#state = this.#size === 0 ? TRAILER : CHUNK;
    this.#size = 0;
    this.#digits = 0;
  }

  /** Takes one line of the trailer section, or as much of it as there is. */
  #readTrailer(bytes: Buffer, from: number): number {
    const lineFeed = bytes.indexOf(LF, from);
    const upTo = lineFeed === -1 ? bytes.length : lineFeed + 1;
    if (this.#trailer.length + upTo - from > this.#limits.trailerMaxBytes) {
      this.problem = 'trailer';
      return upTo;
    }
    this.#trailer += bytes.toString('latin1', from, upTo);
    if (lineFeed === -1) return upTo;
    if (!this.#trailer.endsWith('\r\n')) this.problem = 'trailer';
    else if (this.#trailer === '\r\n' || this.#trailer.endsWith('\r\n\r\n')) this.#endTrailer();
    return upTo;
  }

  #endTrailer(): void {
    const fields = parseFields(Buffer.from(this.#trailer, 'latin1'));
    if (fields === null || fields.some(isFraming)) {
      this.problem = 'trailer';
      return;
    }
    this.trailers = fields;
    this.isDone = true;
  }
}

function isFraming(text: string, index: number): boolean {
  return index % 2 === 0 && FRAMING_TRAILER.test(text);
}

/** The state behind this byte of an extension; -1 where it may not stand there. */
function nextInExtension(state: number, code: number): number {
  switch (state) {
    case EXT_NAME_START:
      return isTokenCode(code) ? EXT_NAME : -1;
    case EXT_NAME:
      if (code === EQUALS) return EXT_VALUE_START;
      return isTokenCode(code) ? EXT_NAME : behindExtension(code);
    case EXT_VALUE_START:
      if (code === QUOTE) return EXT_QUOTED;
      return isTokenCode(code) ? EXT_VALUE : -1;
    case EXT_VALUE:
      return isTokenCode(code) ? EXT_VALUE : behindExtension(code);
    case EXT_QUOTED:
      if (code === QUOTE) return EXT_QUOTED_END;
      if (code === BACKSLASH) return EXT_QUOTED_PAIR;
      return isTextCode(code) ? EXT_QUOTED : -1;
    case EXT_QUOTED_PAIR:
      return isTextCode(code) ? EXT_QUOTED : -1;
    default:
      return behindExtension(code);
  }
}

function behindExtension(code: number): number {
  if (code === CR) return SIZE_LF;
  return code === SEMICOLON ? EXT_NAME_START : -1;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
