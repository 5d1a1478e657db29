/**
 * Which header fields belong to an answer, and which merely to its delivery. All are compared
 * but the ones listed here: a field we have never heard of may be what a client depends on.
 */
import { LIMITS } from '../kit/limits.ts';
import { headerValue, type RawHeaders } from '../model/exchange.ts';
import {
  cookieDifferences,
  type HeaderKind,
  isSameButForBoundary,
  kindOfField,
} from './header-kinds.ts';

/** Never compared: about the connection, the moment, the machine or this one request. */
export const IGNORED_HEADERS: ReadonlySet<string> = new Set([
  // The connection's own, or said by the framing of the body. RFC 9110 section 7.6.1.
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  // The moment of the answer.
  'date',
  'age',
  // Who answered, by which way.
  'server',
  'via',
  'x-powered-by',
  'x-served-by',
  'x-backend',
  'x-backend-server',
  'x-cache',
  'x-cache-hits',
  'x-varnish',
  'alt-svc',
  // How long it took.
  'server-timing',
  'x-response-time',
  'x-runtime',
  'x-timer',
  'x-envoy-upstream-service-time',
  // Names for this one request.
  'x-request-id',
  'request-id',
  'x-correlation-id',
  'correlation-id',
  'x-amzn-requestid',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-trace-id',
  'traceparent',
  'tracestate',
  'traceresponse',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-sampled',
]);

/** Compared only between two empty bodies (an answer to HEAD): else the bodies themselves are. */
const CONTENT_LENGTH = 'content-length';

const names = new Map<string, string>();

/**
 * The field's name in lower case, one string for one name; '' when it is not compared. Spellings
 * seen before cost no allocation; how many are kept is bounded, as a side may send any.
 */
function comparedName(field: string): string {
  const known = names.get(field);
  if (known !== undefined) return known;
  const lower = field.toLowerCase();
  const name = IGNORED_HEADERS.has(lower) || lower === CONTENT_LENGTH ? '' : lower;
  if (names.size < LIMITS.comparedNamesMax) names.set(field, name);
  return name;
}

/** Index of the first compared field at or after `from`; the length when there is none. */
function nextCompared(headers: RawHeaders, from: number): number {
  let at = from;
  while (at < headers.length && comparedName(headers[at]!) === '') at += 2;
  return at;
}

/**
 * True when both hold the same compared fields with the same values: order between different
 * names and the case of names aside, the order of repeated ones kept. Allocates nothing.
 */
export function areHeadersEqual(a: RawHeaders, b: RawHeaders): boolean {
  let i = 0;
  let j = 0;
  for (;;) {
    // Most fields stand at the same place on both sides.
    while (i < a.length && j < b.length && a[i] === b[j]) {
      if (a[i + 1] !== b[j + 1] && comparedName(a[i]!) !== '') return false;
      i += 2;
      j += 2;
    }
    i = nextCompared(a, i);
    j = nextCompared(b, j);
    if (i >= a.length || j >= b.length) return i >= a.length && j >= b.length;
    if (comparedName(a[i]!) !== comparedName(b[j]!)) return areSameFields(a, i, b, j);
    if (a[i + 1] !== b[j + 1]) return false;
    i += 2;
    j += 2;
  }
}

/** Beyond so many fields in another order the question goes to the analyst. */
const UNORDERED_MAX = 256;

function areSameFields(a: RawHeaders, aFrom: number, b: RawHeaders, bFrom: number): boolean {
  if (a.length > UNORDERED_MAX * 2 || b.length > UNORDERED_MAX * 2) return false;
  let count = 0;
  for (let i = nextCompared(a, aFrom); i < a.length; i = nextCompared(a, i + 2)) {
    const at = nthField(b, bFrom, comparedName(a[i]!), occurrence(a, aFrom, i));
    if (at < 0 || a[i + 1] !== b[at + 1]) return false;
    count += 1;
  }
  for (let j = nextCompared(b, bFrom); j < b.length; j = nextCompared(b, j + 2)) count -= 1;
  return count === 0;
}

/** How many fields of the same name stand before the one at `at`. */
function occurrence(headers: RawHeaders, from: number, at: number): number {
  const name = comparedName(headers[at]!);
  let count = 0;
  for (let i = from; i < at; i += 2) if (comparedName(headers[i]!) === name) count += 1;
  return count;
}

function nthField(headers: RawHeaders, from: number, name: string, n: number): number {
  let left = n;
  for (let i = from; i < headers.length; i += 2) {
    if (comparedName(headers[i]!) !== name) continue;
    if (left === 0) return i;
    left -= 1;
  }
  return -1;
}

/** The content lengths where both are given, as between two answers to HEAD. */
export function areLengthsEqual(a: RawHeaders, b: RawHeaders): boolean {
  const ofA = headerValue(a, CONTENT_LENGTH);
  if (ofA === undefined) return true;
  const ofB = headerValue(b, CONTENT_LENGTH);
  return ofB === undefined || ofA === ofB;
}

/** One field that differs; undefined where that side has none of this name. */
export interface HeaderDifference {
  /** Lower case. */
  readonly name: string;
  readonly kind: HeaderKind;
  readonly legacy: string | undefined;
  readonly candidate: string | undefined;
}

/**
 * The compared fields that differ, by name; repeated ones are joined by `, ` in their order, but
 * cookies are told one by one.
 */
export function headerDifferences(
  legacy: RawHeaders,
  candidate: RawHeaders,
  areBodiesEmpty: boolean,
): readonly HeaderDifference[] {
  const areSame = areHeadersEqual(legacy, candidate);
  if (areSame && !areBodiesEmpty) return NONE;
  const differences: HeaderDifference[] = [];
  if (!areSame) addDifferences(legacy, candidate, differences);
  if (areBodiesEmpty && !areLengthsEqual(legacy, candidate)) {
    differences.push({
      name: CONTENT_LENGTH,
      kind: 'header',
      legacy: headerValue(legacy, CONTENT_LENGTH),
      candidate: headerValue(candidate, CONTENT_LENGTH),
    });
  }
  return differences;
}

const NONE: readonly HeaderDifference[] = [];

function addDifferences(
  legacy: RawHeaders,
  candidate: RawHeaders,
  differences: HeaderDifference[],
): void {
  const ofLegacy = gather(legacy);
  const ofCandidate = gather(candidate);
  for (const name of new Set([...ofLegacy.keys(), ...ofCandidate.keys()])) {
    const a = ofLegacy.get(name);
    const b = ofCandidate.get(name);
    if (a !== undefined && b !== undefined && isSameField(name, a, b)) continue;
    if (name === SET_COOKIE) {
      const cookies = cookieDifferences(a ?? [], b ?? []);
      differences.push(...cookies.map((cookie) => ({ name, ...cookie })));
      continue;
    }
    const kind = kindOfField(name, a, b);
    differences.push({ name, kind, legacy: a?.join(', '), candidate: b?.join(', ') });
  }
}

const SET_COOKIE = 'set-cookie';

/** The same values, or the same type of a multipart body: its boundary is made up each time. */
function isSameField(name: string, a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  if (a.every((value, at) => value === b[at])) return true;
  return name === 'content-type' && a.length === 1 && isSameButForBoundary(a[0]!, b[0]!);
}

function gather(headers: RawHeaders): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = comparedName(headers[i]!);
    if (name === '') continue;
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [headers[i + 1] ?? '']);
    else values.push(headers[i + 1] ?? '');
  }
  return fields;
}
