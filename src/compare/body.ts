/**
 * Explains how two bodies differ, each by its own structure. Comes after the bytes were found to
 * differ, and may find that what they say is the same all the same.
 */
import { isUtf8 } from 'node:buffer';
import type { Answer } from '../model/exchange.ts';
import type { DivergenceKind, NotComparableReason } from '../model/pair.ts';
import { eventsAsJson, formAsJson, recordsAsJson } from './body-fields.ts';
import { partsAsJson } from './body-parts.ts';
import { type BodyShape, hasMark, MARK_BYTES, mediaTypeOf, shapeOf } from './body-shape.ts';
import { compareLines } from './body-text.ts';
import { areBytesEqual } from './bytes.ts';
import { type DecodedBody, decodeBody } from './decode.ts';
import type { DivergenceList } from './divergences.ts';
import { type BodyDifference, differenceAt, differenceOfBytes, excerpt } from './excerpt.ts';
import { JsonPairReader } from './json-pair-scan.ts';
import { type JsonScan, JsonTape } from './json-scan.ts';
import { walkJson } from './json-walk.ts';
import type { RuleSet } from './rules.ts';

const WHERE = 'body';

/** What two bodies are compared by. */
export interface BodyComparison {
  readonly legacy: Answer;
  readonly candidate: Answer;
  /** Null where there are none. */
  readonly rules: RuleSet | null;
  readonly divergences: DivergenceList;
}

/** One side's body as its reader sees it. */
interface Body {
  readonly answer: Answer;
  readonly bytes: Uint8Array;
}

/**
 * Adds the differences of the two bodies; none when they mean the same or rules excuse them. Not
 * null: why nothing can be said of them.
 */
export function compareBodies(input: BodyComparison): NotComparableReason | null {
  const { legacy, candidate } = input;
  if (input.rules?.isNameIgnored(WHERE) === true) return null;
  const a = decodeBody(legacy.headers, legacy.body);
  const b = decodeBody(candidate.headers, candidate.body);
  if (a.kind !== 'decoded' || b.kind !== 'decoded') return compareUndecoded(input, a, b);
  const ofLegacy = { answer: legacy, bytes: a.bytes };
  const ofCandidate = { answer: candidate, bytes: b.bytes };
  if (!areBytesEqual(a.bytes, b.bytes)) return compareDecoded(input, ofLegacy, ofCandidate);
  compareBoundaries(input, ofLegacy, ofCandidate);
  return null;
}

/** The same bytes, and one side's fields say that their parts are separated by something else. */
function compareBoundaries(input: BodyComparison, a: Body, b: Body): void {
  const [x, y] = [a, b].map(({ answer }) => mediaTypeOf(answer.headers).parameters.get('boundary'));
  if (x === y || sharedShape(a, b) !== 'multipart') return;
  const hasParts = (body: Body): boolean => convert('multipart', body) !== null;
  if (hasParts(a) === hasParts(b)) return;
  const text = (body: Body): string =>
    hasParts(body) ? 'has its boundary' : 'has no such boundary';
  report(input, { kind: 'encoding', legacy: text(a), candidate: text(b) });
}

/** As {@link compareBodies}, of bodies of which one at least is known by its hash alone. */
export function compareHashes({ legacy, candidate, ...rest }: BodyComparison): null {
  if (rest.rules?.isNameIgnored(WHERE) === true) return null;
  const text = ({ bodyBytes, bodyHash }: Answer): string =>
    bodyHash === null ? `${bodyBytes} bytes` : `${bodyBytes} bytes, SHA-256 ${bodyHash}`;
  const isOtherLength = legacy.bodyBytes !== candidate.bodyBytes;
  if (!isOtherLength && legacy.bodyHash === candidate.bodyHash) return null;
  const kind = isOtherLength ? 'length' : 'value';
  report(rest, { kind, legacy: text(legacy), candidate: text(candidate) });
  return null;
}

type Reporting = Pick<BodyComparison, 'rules' | 'divergences'>;

function report({ rules, divergences }: Reporting, difference: BodyDifference | null): void {
  if (difference === null) return;
  const { kind, legacy, candidate } = difference;
  if (rules?.excusesAt(WHERE, kind) === true) return;
  divergences.add(WHERE, kind, legacy, candidate);
}

/** One at least is damaged or beyond the limits. */
function compareUndecoded(
  input: BodyComparison,
  a: DecodedBody,
  b: DecodedBody,
): NotComparableReason | null {
  // What is beyond the limits may say the same as the other side's.
  for (const { kind } of [a, b]) if (kind === 'too-large' || kind === 'too-complex') return kind;
  if (a.kind === b.kind) {
    report(input, differenceOfBytes(input.legacy.body, input.candidate.body));
    return null;
  }
  const text = (body: DecodedBody): string =>
    body.kind === 'decoded' ? excerpt(body.bytes, 0) : 'cannot be decoded';
  report(input, { kind: 'encoding', legacy: text(a), candidate: text(b) });
  return null;
}

function compareDecoded(input: BodyComparison, a: Body, b: Body): NotComparableReason | null {
  if (a.bytes.length === 0 || b.bytes.length === 0) {
    report(input, differenceOfBytes(a.bytes, b.bytes));
    return null;
  }
  const shape = sharedShape(a, b);
  const isTextA = isUtf8(a.bytes);
  const isTextB = isUtf8(b.bytes);
  const isText = shape !== 'binary' && shape !== 'multipart';
  if (isText && isTextA !== isTextB) {
    report(input, differenceAt('encoding', a.bytes, b.bytes));
  } else if (shape === 'binary' || (isText && !isTextA)) {
    report(input, differenceOfBytes(a.bytes, b.bytes));
  } else {
    // Readers of event streams pass over a mark, and parts have none: their boundary is first.
    if (shape !== 'events' && shape !== 'multipart') compareMarks(input, a.bytes, b.bytes);
    if (shape === 'json') return compareJson(input, a.bytes, b.bytes);
    if (shape !== 'text') return compareConverted(input, shape, a, b);
    compareText(input, withoutMark(a.bytes), withoutMark(b.bytes));
  }
  return null;
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  return hasMark(bytes) ? bytes.subarray(MARK_BYTES) : bytes;
}

/** What both are; where they differ in that, the one that takes both for what they may be. */
function sharedShape(a: Body, b: Body): BodyShape {
  const ofA = shapeOf(a.answer.headers, a.bytes);
  const ofB = shapeOf(b.answer.headers, b.bytes);
  if (ofA === ofB) return ofA;
  if (ofA === 'binary' || ofB === 'binary') return 'binary';
  if (ofA === 'multipart' || ofB === 'multipart') return 'binary';
  return ofA === 'json' || ofB === 'json' ? 'json' : 'text';
}

function compareMarks(input: BodyComparison, a: Uint8Array, b: Uint8Array): void {
  if (hasMark(a) === hasMark(b)) return;
  const text = (bytes: Uint8Array): string =>
    hasMark(bytes) ? 'begins with a byte order mark' : 'no byte order mark';
  report(input, { kind: 'encoding', legacy: text(a), candidate: text(b) });
}

function compareText(input: BodyComparison, legacy: Uint8Array, candidate: Uint8Array): void {
  if (areBytesEqual(legacy, candidate)) return;
  const { rules, divergences } = input;
  compareLines({ legacy, candidate, rules, divergences });
}

/** One text on each at a time; a walk never begins before the one before it has ended. */
const TAPES = { legacy: new JsonTape(), candidate: new JsonTape() } as const;
const PAIR = new JsonPairReader(TAPES.legacy, TAPES.candidate);

function compareJson(
  input: BodyComparison,
  legacy: Uint8Array,
  candidate: Uint8Array,
  isOrdered = false,
): NotComparableReason | null {
  const a = TAPES.legacy;
  const b = TAPES.candidate;
  const { rules, divergences } = input;
  let ofA: JsonScan = 'parsed';
  let ofB: JsonScan = 'parsed';
  const from = startOf(legacy);
  const other = startOf(candidate);
  // Rules for sets ask for all elements, those that are the same among them.
  const isWhole = rules?.hasSets === true;
  const scan = isWhole ? 'unread' : PAIR.scan(legacy, candidate, from, other);
  if (scan === 'unread') {
    ofA = a.scan(legacy, from);
    ofB = b.scan(candidate, other);
  }
  if (scan !== 'same' && ofA === 'parsed' && ofB === 'parsed') {
    walkJson({ legacy: a, candidate: b, rules, divergences, isOrdered });
  }
  const isCut = isCutShort(a, ofA) || isCutShort(b, ofB);
  a.clear();
  b.clear();
  if (ofA === 'parsed' && ofB === 'parsed') return null;
  return compareUnparsed(input, [ofA, ofB], isCut, legacy, candidate);
}

/** A byte order mark is no part of the text. */
function startOf(bytes: Uint8Array): number {
  return hasMark(bytes) ? MARK_BYTES : 0;
}

/** Not JSON only because it ends too early. */
function isCutShort(tape: JsonTape, result: JsonScan): boolean {
  return result === 'invalid' && tape.at >= tape.bytes.length;
}

function compareUnparsed(
  input: BodyComparison,
  [a, b]: readonly [JsonScan, JsonScan],
  isCut: boolean,
  legacy: Uint8Array,
  candidate: Uint8Array,
): NotComparableReason | null {
  if (a === 'too-large' && b === 'too-large') return 'too-complex';
  if (a === 'invalid' && b === 'invalid') {
    compareText(input, legacy, candidate);
    return null;
  }
  const isOneTooLarge = a === 'too-large' || b === 'too-large';
  const kind: DivergenceKind = isOneTooLarge ? 'too-different' : isCut ? 'truncated' : 'type';
  report(input, differenceAt(kind, legacy, candidate));
  return null;
}

type Converted = Exclude<BodyShape, 'json' | 'text' | 'binary'>;

/** By their fields, records, events or parts; as text or bytes where one is not as it should be. */
function compareConverted(
  input: BodyComparison,
  shape: Converted,
  a: Body,
  b: Body,
): NotComparableReason | null {
  const [legacy, candidate] = [convert(shape, a), convert(shape, b)];
  if (legacy !== null && candidate !== null) {
    const isOrdered = shape === 'form' || shape === 'multipart';
    return compareJson(input, Buffer.from(legacy), Buffer.from(candidate), isOrdered);
  }
  if (shape === 'multipart') report(input, differenceOfBytes(a.bytes, b.bytes));
  else compareText(input, a.bytes, b.bytes);
  return null;
}

function convert(shape: Converted, { answer, bytes }: Body): string | null {
  switch (shape) {
    case 'form':
      return formAsJson(bytes);
    case 'records':
      return recordsAsJson(bytes);
    case 'events':
      return eventsAsJson(bytes);
    case 'multipart': {
      const { name, parameters } = mediaTypeOf(answer.headers);
      const boundary = parameters.get('boundary') ?? '';
      return partsAsJson(bytes, name === 'multipart/form-data', boundary);
    }
  }
}
