/** The first line of a request, found in its bytes. Source: RFC 9112, section 3. */
import { REJECTED, type Rejection } from './rejection.ts';

const METHOD_MAX_BYTES = 64;
/** Empty lines before a request: old clients send one behind the body of a POST. */
const LEADING_LINES_MAX = 4;

const LF = 10;
const CR = 13;
const BLANK = 32;
const HASH = 35;
const HYPHEN = 45;
/** `HTTP/1.1` with its CRLF. */
const VERSION_BYTES = 10;
const VERSION = 'HTTP/1.';

/** Where the parts of a request line stand: nothing is allocated, one serves line after line. */
export class RequestLine {
  methodAt = 0;
  methodEnd = 0;
  targetEnd = 0;
  /** Of the first field. */
  end = 0;
  minor: 0 | 1 = 1;
  /** Why the line is refused, whether or not it is whole. */
  refused: Rejection | null = null;

  get targetAt(): number {
    return this.methodEnd + 1;
  }

  /**
   * Whether the line is whole and valid; where it is not, {@link refused} or more bytes tell. Its
   * target may be as long as a head of `headMaxBytes` has room for it.
   */
  scan(bytes: Uint8Array, headMaxBytes: number): boolean {
    this.refused = null;
    return (
      this.#skipEmpty(bytes) &&
      this.#method(bytes) &&
      this.#target(bytes, headMaxBytes) &&
      this.#version(bytes)
    );
  }

  #refuse(refused: Rejection): false {
    this.refused = refused;
    return false;
  }

  #skipEmpty(bytes: Uint8Array): boolean {
    let at = 0;
    while (bytes[at] === CR) {
      if (at + 1 === bytes.length) return false;
      if (bytes[at + 1] !== LF) return this.#refuse(REJECTED.requestLine);
      at += 2;
      if (at > LEADING_LINES_MAX * 2) return this.#refuse(REJECTED.requestLine);
    }
    this.methodAt = at;
    return true;
  }

  #method(bytes: Uint8Array): boolean {
    let at = this.methodAt;
    while (isMethodCode(bytes[at])) at += 1;
    this.methodEnd = at;
    if (at - this.methodAt > METHOD_MAX_BYTES) return this.#refuse(REJECTED.method);
    if (at === bytes.length) return false;
    if (bytes[at] === BLANK && at > this.methodAt) return true;
    return this.#refuse(isLowerCode(bytes[at]!) ? REJECTED.method : REJECTED.requestLine);
  }

  #target(bytes: Uint8Array, headMaxBytes: number): boolean {
    const from = this.targetAt;
    const most = Math.min(bytes.length, headMaxBytes + 1);
    let at = from;
    while (at < most && isTargetCode(bytes[at]!)) at += 1;
    this.targetEnd = at;
    if (at > headMaxBytes) return this.#refuse(REJECTED.targetTooLong);
    if (at === bytes.length) return false;
    if (at === from) return this.#refuse(REJECTED.requestLine);
    if (bytes[at] === BLANK) return true;
    return this.#refuse(bytes[at] === CR ? REJECTED.noVersion : REJECTED.target);
  }

  #version(bytes: Uint8Array): boolean {
    const from = this.targetEnd + 1;
    for (let i = 0; i < VERSION.length; i += 1) {
      if (from + i === bytes.length) return false;
      if (bytes[from + i] !== VERSION.charCodeAt(i)) return this.#oddVersion(bytes, from);
    }
    const minorAt = from + VERSION.length;
    if (minorAt === bytes.length) return false;
    const minor = bytes[minorAt]! - 48;
    if (minor !== 0 && minor !== 1) return this.#oddVersion(bytes, from);
    if (minorAt + 1 < bytes.length && bytes[minorAt + 1] !== CR)
      return this.#oddVersion(bytes, from);
    if (minorAt + 2 < bytes.length && bytes[minorAt + 2] !== LF) {
      return this.#refuse(REJECTED.noVersion);
    }
    if (from + VERSION_BYTES > bytes.length) return false;
    this.minor = minor;
    this.end = from + VERSION_BYTES;
    return true;
  }

  /** Another version of HTTP, or none: told apart as soon as there are bytes enough. */
  #oddVersion(bytes: Uint8Array, from: number): false {
    const text = String.fromCharCode(...bytes.subarray(from, from + VERSION_BYTES));
    if (/^HTTP\/\d\.\d\r\n$/.test(text)) {
      const isHttp2 = text.startsWith('HTTP/2.0');
      return this.#refuse(isHttp2 ? REJECTED.http2 : REJECTED.version);
    }
    // As long as it may still become one, more bytes are waited for.
    if ('HTTP/d.d\r\n'.startsWith(text.replaceAll(/\d/g, 'd'))) return false;
    return this.#refuse(REJECTED.noVersion);
  }
}

function isMethodCode(code: number | undefined): boolean {
  return code !== undefined && ((code >= 65 && code <= 90) || code === HYPHEN);
}

function isLowerCode(code: number): boolean {
  return code >= 97 && code <= 122;
}

/** Visible ASCII; a fragment is the client's own affair and never sent. */
function isTargetCode(code: number): boolean {
  return code > BLANK && code < 127 && code !== HASH;
}
