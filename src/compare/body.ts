/**
 * Explains how two bodies differ: as JSON where both are, else by their bytes. Comes after the
 * bytes were found to differ, and may find that what they say is the same all the same.
 */
import { isUtf8 } from 'node:buffer';
import { type Answer, headerValue } from '../model/exchange.ts';
import { areBytesEqual } from './bytes.ts';
import { decodeBody } from './decode.ts';
import type { DivergenceList } from './divergences.ts';
import { type JsonParse, parseJson } from './json.ts';
import { walkJson } from './json-walk.ts';
import type { RuleSet } from './rules.ts';

const WHERE = 'body';

/** Adds the differences of the two bodies; none when they mean the same or rules excuse them. */
export function compareBodies(
  legacy: Answer,
  candidate: Answer,
  rules: RuleSet,
  divergences: DivergenceList,
): void {
  if (rules.isNameIgnored(WHERE)) return;
  const a = decodeBody(legacy.headers, legacy.body);
  const b = decodeBody(candidate.headers, candidate.body);
  if (a === undefined && b === undefined) {
    compareBytes(legacy.body, candidate.body, divergences);
  } else if (a === undefined || b === undefined) {
    const text = (bytes: Uint8Array | undefined): string =>
      bytes === undefined ? 'cannot be decoded' : excerpt(bytes, 0);
    divergences.add(WHERE, 'encoding', text(a), text(b));
  } else if (!areBytesEqual(a, b)) {
    const isText = looksLikeJson(legacy, a) && looksLikeJson(candidate, b);
    if (isText) compareTexts(a, b, rules, divergences);
    else compareBytes(a, b, divergences);
  }
}

/** As {@link compareBodies}, of bodies of which one at least is known by its hash alone. */
export function compareHashes(
  legacy: Answer,
  candidate: Answer,
  rules: RuleSet,
  divergences: DivergenceList,
): void {
  if (rules.isNameIgnored(WHERE)) return;
  const text = ({ bodyBytes, bodyHash }: Answer): string =>
    bodyHash === null ? `${bodyBytes} bytes` : `${bodyBytes} bytes, SHA-256 ${bodyHash}`;
  const isOtherLength = legacy.bodyBytes !== candidate.bodyBytes;
  if (!isOtherLength && legacy.bodyHash === candidate.bodyHash) return;
  const kind = isOtherLength ? 'length' : 'value';
  divergences.add(WHERE, kind, text(legacy), text(candidate));
}

const JSON_TYPE = /^\s*[^;]*[/+]json\s*(?:;|$)/i;

/** Said to be JSON, or beginning like an object or an array. */
function looksLikeJson(answer: Answer, bytes: Uint8Array): boolean {
  if (JSON_TYPE.test(headerValue(answer.headers, 'content-type') ?? '')) return true;
  let at = hasMark(bytes) ? MARK.length : 0;
  while (at < bytes.length && ' \t\r\n'.includes(String.fromCharCode(bytes[at]!))) at += 1;
  return bytes[at] === 0x7b || bytes[at] === 0x5b;
}

/** Byte order mark: not part of JSON, and a parser's stumbling block. */
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function hasMark(bytes: Uint8Array): boolean {
  return areBytesEqual(bytes.subarray(0, MARK.length), MARK);
}

function compareTexts(
  legacy: Uint8Array,
  candidate: Uint8Array,
  rules: RuleSet,
  divergences: DivergenceList,
): void {
  const areValid = [isUtf8(legacy), isUtf8(candidate)];
  if (!areValid[0] || !areValid[1]) {
    if (areValid[0] === areValid[1]) compareBytes(legacy, candidate, divergences);
    else addAt(firstDifference(legacy, candidate), 'encoding', legacy, candidate, divergences);
    return;
  }
  const marks = [hasMark(legacy), hasMark(candidate)];
  if (marks[0] !== marks[1]) {
    const text = (isMarked: boolean | undefined): string =>
      isMarked === true ? 'begins with a byte order mark' : 'no byte order mark';
    divergences.add(WHERE, 'encoding', text(marks[0]), text(marks[1]));
  }
  const texts = [textOf(legacy), textOf(candidate)] as const;
  const a = parseJson(texts[0]);
  const b = parseJson(texts[1]);
  if (a.kind === 'parsed' && b.kind === 'parsed') {
    walkJson(a.value, b.value, rules, divergences);
  } else if (a.kind === b.kind || a.kind === 'too-large' || b.kind === 'too-large') {
    compareBytes(legacy, candidate, divergences);
  } else {
    const isCut = isCutShort(a, texts[0]) || isCutShort(b, texts[1]);
    const kind = isCut ? 'truncated' : 'type';
    addAt(firstDifference(legacy, candidate), kind, legacy, candidate, divergences);
  }
}

/** Not JSON only because it ends too early. */
function isCutShort(parse: JsonParse, text: string): boolean {
  return parse.kind === 'invalid' && text !== '' && parse.at >= text.length;
}

/** Without a byte order mark. */
function textOf(bytes: Uint8Array): string {
  const start = hasMark(bytes) ? MARK.length : 0;
  const { buffer, byteOffset, length } = bytes;
  return Buffer.from(buffer, byteOffset, length).toString('utf8', start);
}

function compareBytes(a: Uint8Array, b: Uint8Array, divergences: DivergenceList): void {
  const at = firstDifference(a, b);
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length === long.length) {
    if (at < long.length) addAt(at, 'value', a, b, divergences);
  } else if (short.length === 0) {
    const kind = b.length === 0 ? 'missing' : 'added';
    const text = (bytes: Uint8Array): string | undefined =>
      bytes.length === 0 ? undefined : excerpt(bytes, 0);
    divergences.add(WHERE, kind, text(a), text(b));
  } else addAt(at, at === short.length ? 'truncated' : 'length', a, b, divergences);
}

function addAt(
  at: number,
  kind: 'value' | 'length' | 'truncated' | 'encoding' | 'type',
  legacy: Uint8Array,
  candidate: Uint8Array,
  divergences: DivergenceList,
): void {
  divergences.add(WHERE, kind, excerpt(legacy, at), excerpt(candidate, at));
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a[at] === b[at]) at += 1;
  return at;
}

const BEFORE_BYTES = 24;
const AFTER_BYTES = 48;

/** `byte 120 of 300: …text around it…`, control characters escaped; hexadecimal when binary. */
function excerpt(bytes: Uint8Array, at: number): string {
  if (bytes.length === 0) return 'empty';
  const start = Math.max(0, at - BEFORE_BYTES);
  const end = Math.min(bytes.length, at + AFTER_BYTES);
  const around = Buffer.from(bytes.subarray(start, end));
  const text = isUtf8(bytes) ? JSON.stringify(around.toString('utf8')) : around.toString('hex');
  const [before, after] = [start > 0 ? '…' : '', end < bytes.length ? '…' : ''];
  return `byte ${at} of ${bytes.length}: ${before}${text}${after}`;
}
