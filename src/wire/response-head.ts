/**
 * The head of an answer, read strictly: an answer that two readers could end in two places is
 * refused, with what is wrong with it. Source: RFC 9112, sections 4 to 6.
 */
import type { RawHeaders } from '../model/exchange.ts';
import { FieldSpans, isTextCode, listNames, SCAN } from './fields.ts';
import { faultOf } from './head-fault.ts';
import type { Framing, ResponseHead } from './message.ts';

export interface ParsedAnswer {
  readonly head: ResponseHead;
  /** Seconds for which the server keeps an idle connection, as it says; null where it does not. */
  readonly keepAliveSec: number | null;
  /** Offset of the first byte behind the head. */
  readonly end: number;
}

/** Why an answer's head cannot be taken: a text for people. */
export type HeadProblem = string;

export const TOO_LARGE: HeadProblem = 'the head of its answer is too large';

const NO_BODY: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'until-close' };

const CR = 13;
const LF = 10;
const BLANK = 32;
/** `HTTP/1.1 200`. */
const LINE_MIN = 12;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/s;
const DIGITS = /^\d{1,16}$/;
const KEEP_ALIVE_TIMEOUT = /(?:^|[,\s])timeout=(\d{1,6})/i;

const spans = new FieldSpans();

/**
 * The head at the beginning of `bytes`; null while it is incomplete, a text where it is malformed
 * or larger than `maxBytes`. `isToHead`: the request was a HEAD.
 */
export function parseResponseHead(
  bytes: Buffer,
  isToHead: boolean,
  maxBytes: number,
): ParsedAnswer | HeadProblem | null {
  const lineEnd = endOfLine(bytes);
  if (lineEnd === SCAN.malformed) return faultOf(bytes);
  if (lineEnd === SCAN.incomplete) return bytes.length > maxBytes ? TOO_LARGE : null;
  const end = spans.scan(bytes, lineEnd + 2);
  if (end === SCAN.malformed) return faultOf(bytes);
  if (end === SCAN.tooMany || end > maxBytes) return TOO_LARGE;
  if (end === SCAN.incomplete) return bytes.length > maxBytes ? TOO_LARGE : null;
  const text = bytes.toString('latin1', 0, end);
  const line = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (line === null) return faultOf(bytes);
  const minor = line[1] === '1' ? 1 : 0;
  const status = Number(line[2]);
  const headers = spans.headers(text);
  return build({ minor, status, reason: line[3] ?? '', headers, end, isToHead });
}

interface Parts {
  readonly minor: 0 | 1;
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
  readonly end: number;
  readonly isToHead: boolean;
}

function build(parts: Parts): ParsedAnswer | HeadProblem {
  const { minor, status, reason, headers, end } = parts;
  let length: string | null = null;
  let coding: string | null = null;
  let connection = '';
  let keepAlive: string | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    switch (name.length) {
      case 10: {
        const lower = name.toLowerCase();
        if (lower === 'connection') connection = joined(connection, headers[i + 1]!);
        else if (lower === 'keep-alive') keepAlive = headers[i + 1]!;
        break;
      }
      case 14:
        if (name.toLowerCase() !== 'content-length') break;
        if (length !== null) return 'its answer has two Content-Length fields';
        length = headers[i + 1]!;
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        if (coding !== null) return 'its answer has two Transfer-Encoding fields';
        coding = headers[i + 1]!;
        break;
    }
  }
  const framing = framingOf(parts, length, coding);
  if (typeof framing === 'string') return framing;
  const keepsAlive = framing.kind !== 'until-close' && isKept(connection, minor);
  const hint = keepAlive === null ? null : KEEP_ALIVE_TIMEOUT.exec(keepAlive);
  const head = { status, reason, minor, headers, framing, keepsAlive };
  return { head, end, keepAliveSec: hint === null ? null : Number(hint[1]) };
}

function joined(list: string, value: string): string {
  return list === '' ? value : `${list},${value}`;
}

function isKept(connection: string, minor: 0 | 1): boolean {
  if (connection === '') return minor === 1;
  if (connection === 'keep-alive') return true;
  if (listNames(connection, 'close')) return false;
  return minor === 1 || listNames(connection, 'keep-alive');
}

function framingOf(
  { status, minor, isToHead }: Parts,
  length: string | null,
  coding: string | null,
): Framing | HeadProblem {
  const bytes = length === null ? 0 : Number(length);
  if (length !== null && (!DIGITS.test(length) || !Number.isSafeInteger(bytes))) {
    return `its answer has the Content-Length "${length.slice(0, 40)}"`;
  }
  if (coding !== null) {
    if (length !== null) return 'its answer has both Content-Length and Transfer-Encoding';
    if (minor === 0) return 'its answer has a Transfer-Encoding in HTTP/1.0';
    if (coding.toLowerCase() !== 'chunked') {
      return `its answer has the Transfer-Encoding "${coding.slice(0, 40)}"`;
    }
  }
  if (isToHead || status < 200 || status === 204 || status === 304) return NO_BODY;
  if (coding !== null) return CHUNKED;
  if (length === null) return UNTIL_CLOSE;
  return bytes === 0 ? NO_BODY : { kind: 'length', bytes };
}

/** Offset of the CR that ends the status line; else one of {@link SCAN}. */
function endOfLine(bytes: Buffer): number {
  if (bytes.length < LINE_MIN) return isPrefix(bytes) ? SCAN.incomplete : SCAN.malformed;
  if (!isPrefix(bytes.subarray(0, 9))) return SCAN.malformed;
  for (let at = 9; at < bytes.length; at += 1) {
    const code = bytes[at]!;
    if (code === CR) {
      if (at + 1 === bytes.length) return SCAN.incomplete;
      return bytes[at + 1] === LF ? at : SCAN.malformed;
    }
    if (!isTextCode(code)) return SCAN.malformed;
  }
  return SCAN.incomplete;
}

const BEGINNING = Buffer.from('HTTP/1.');

function isPrefix(bytes: Uint8Array): boolean {
  const compared = Math.min(bytes.length, BEGINNING.length);
  for (let at = 0; at < compared; at += 1) if (bytes[at] !== BEGINNING[at]) return false;
  const minor = bytes[7];
  if (minor !== undefined && minor !== 48 && minor !== 49) return false;
  return bytes[8] === undefined || bytes[8] === BLANK;
}
