/** What kind of difference two values are, inferred from the values alone. */
import type { DivergenceKind } from '../model/pair.ts';
import { isSameScalar, isScalar, type JsonScalar, type JsonValue } from './json.ts';
import { epochMoment, isLessPrecise, isSameMoment, parseMoment } from './timestamps.ts';

/** The kind of a difference between two values at one path; undefined: nothing stands there. */
export function inferKind(
  legacy: JsonValue | undefined,
  candidate: JsonValue | undefined,
): DivergenceKind {
  if (candidate === undefined) return legacy === null ? 'null-or-missing' : 'missing';
  if (legacy === undefined) return candidate === null ? 'null-or-missing' : 'added';
  if (!isScalar(legacy) || !isScalar(candidate)) return 'type';
  const a = textOf(legacy);
  const b = textOf(candidate);
  if (a === undefined || b === undefined) {
    return typeof legacy === 'boolean' && typeof candidate === 'boolean' ? 'value' : 'type';
  }
  if (typeof legacy === 'string' && typeof candidate === 'string') return kindOfStrings(a, b);
  if (typeof legacy === 'object' && typeof candidate === 'object') return kindOfNumbers(a, b);
  if (hasLostPrecision(a, b)) return 'id-precision';
  const isEpoch = typeof legacy === 'string' ? isMoment(a, b) : isMoment(b, a);
  return isEpoch ? 'timestamp-format' : 'type';
}

/** Text of a string or a number; undefined for the rest. */
function textOf(value: JsonScalar): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? value.source : undefined;
}

function isMoment(text: string, number: string): boolean {
  const moment = parseMoment(text);
  const epoch = epochMoment(number);
  return moment !== undefined && epoch !== undefined && isSameMoment(moment, epoch);
}

function kindOfNumbers(a: string, b: string): DivergenceKind {
  if (exactDecimal(a) === exactDecimal(b)) return 'number-format';
  if (hasLostPrecision(a, b)) return 'id-precision';
  const isInteger = /^-?\d+$/.test(a) && /^-?\d+$/.test(b);
  // Beyond what a double can hold, one infinity or zero stands for many numbers.
  const isHeld = Number.isFinite(Number(a)) && Number(a) !== 0;
  return !isInteger && isHeld && Number(a) === Number(b) ? 'number-format' : 'value';
}

/** Shorter strings that begin alike are different values rather than one cut off. */
const CUT_MIN_CHARS = 16;

function kindOfStrings(a: string, b: string): DivergenceKind {
  if (hasLostPrecision(a, b)) return 'id-precision';
  const momentA = parseMoment(a);
  const momentB = momentA === undefined ? undefined : parseMoment(b);
  if (momentA !== undefined && momentB !== undefined) {
    if (isSameMoment(momentA, momentB)) return 'timestamp-format';
    return isLessPrecise(momentA, momentB) ? 'timestamp-precision' : 'value';
  }
  if (isSameTextEncodedTwice(a, b)) return 'encoding';
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const isCut = short.length >= CUT_MIN_CHARS && short.length < long.length;
  return isCut && long.startsWith(short) ? 'truncated' : 'value';
}

/** Numbers of fewer digits survive a double. */
const DOUBLE_SAFE_DIGITS = 15;

/**
 * True for two different integers of 16 digits or more that one double can stand for, or of
 * which one has only zeros behind the 15 digits they share: an id that went through a double.
 */
export function hasLostPrecision(a: string, b: string): boolean {
  if (a === b || a.length !== b.length || !/^-?\d{16,}$/.test(a) || !/^-?\d{16,}$/.test(b)) {
    return false;
  }
  if (Number(a) === Number(b)) return true;
  const shared = a.startsWith('-') ? DOUBLE_SAFE_DIGITS + 1 : DOUBLE_SAFE_DIGITS;
  if (a.slice(0, shared) !== b.slice(0, shared)) return false;
  return /^0+$/.test(a.slice(shared)) || /^0+$/.test(b.slice(shared));
}

/**
 * One text for all ways to write a decimal number, `1`, `1.0`, `10e-1`, without any rounding.
 * Zeros keep their sign apart from nothing else: `-0` is the number 0 written otherwise.
 */
export function exactDecimal(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (match === null) return source;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutTrailingZeros(digits);
  if (significant === '') return '0';
  // An exponent of that many digits is past anything that a number of our limits could balance.
  if (exponent.length > DOUBLE_SAFE_DIGITS) return source;
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

/** By hand: a pattern would look at a long run of zeros once from each of its digits. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/** UTF-8 read as Latin-1, a character lost to U+FFFD, or the same text in another normal form. */
function isSameTextEncodedTwice(a: string, b: string): boolean {
  if (!hasWide(a) && !hasWide(b)) return false;
  if (a.normalize() === b.normalize()) return true;
  if (Buffer.from(a, 'utf8').toString('latin1') === b) return true;
  if (Buffer.from(b, 'utf8').toString('latin1') === a) return true;
  return a.includes('\uFFFD') !== b.includes('\uFFFD');
}

function hasWide(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') !== text.length;
}

/** One field of an object that differs; undefined where the field is absent. */
export interface FieldDifference {
  readonly key: string;
  readonly legacy: JsonScalar | undefined;
  readonly candidate: JsonScalar | undefined;
}

/** Beyond so many differing fields of one object their exchange explains nothing. */
const SWAP_FIELDS_MAX = 64;

/**
 * The pairs of fields whose values are exchanged between the sides, an absent one counting as a
 * value; each field is in one pair at most. The same pairs whichever way the sides stand.
 */
export function findSwaps(
  fields: readonly FieldDifference[],
): (readonly [FieldDifference, FieldDifference])[] {
  if (fields.length < 2 || fields.length > SWAP_FIELDS_MAX) return [];
  const left = [...fields].sort((a, b) => (a.key < b.key ? -1 : 1));
  const swaps: (readonly [FieldDifference, FieldDifference])[] = [];
  while (left.length > 1) {
    const first = left.shift()!;
    const at = left.findIndex(
      (other) =>
        isSameScalar(first.legacy, other.candidate) && isSameScalar(first.candidate, other.legacy),
    );
    if (at >= 0) swaps.push([first, left.splice(at, 1)[0]!]);
  }
  return swaps;
}
