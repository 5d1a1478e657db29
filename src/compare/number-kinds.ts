/** What kind of difference two numbers are, by their digits as they were written. */
import type { DivergenceKind } from '../model/pair.ts';
import { epochMoment, isLessPrecise, isSameMoment } from './timestamps.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** Only digits, behind a sign or none. By hand, as all others here: half the time of a pattern. */
export function isInteger(text: string): boolean {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  return start < text.length && digitsEnd(text, start) === text.length;
}

/** The place behind the digits that begin at `from`. */
function digitsEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) break;
    at += 1;
  }
  return at;
}

/** The kind of a difference between two JSON numbers that are not written alike. */
export function kindOfNumbers(a: string, b: string): DivergenceKind {
  const areIntegers = isInteger(a) && isInteger(b);
  // Integers have one notation, but for a signed zero.
  if ((!areIntegers || a === '-0' || b === '-0') && isSameDecimal(a, b)) {
    const isSigned = Number(a) === 0 && a.startsWith('-') !== b.startsWith('-');
    return isSigned ? 'negative-zero' : 'number-format';
  }
  if (hasLostPrecision(a, b)) return 'id-precision';
  if (hasOverflowed(a, b)) return 'overflow';
  if (areIntegers) return kindOfEpochs(a, b) ?? 'value';
  const x = Number(a);
  const y = Number(b);
  // Beyond what a double can hold, one infinity or zero stands for many numbers.
  if (!Number.isFinite(x) || !Number.isFinite(y)) return 'value';
  if (x === y) return x === 0 ? 'value' : 'number-format';
  return isRounded(a, b) ? 'number-precision' : 'value';
}

/** Undefined where the two are not seconds or milliseconds of about the same moment. */
function kindOfEpochs(a: string, b: string): DivergenceKind | undefined {
  const first = epochMoment(a);
  const second = first === undefined ? undefined : epochMoment(b);
  if (first === undefined || second === undefined) return undefined;
  if (isSameMoment(first, second)) return 'timestamp-format';
  return isLessPrecise(first, second) ? 'timestamp-precision' : undefined;
}

/** Digits behind the point that do not matter any more: two doubles of one sum. */
const NOISE_RATIO = 1e-14;

/** True when one is the other cut off or rounded, or only the last bits of a double differ. */
function isRounded(a: string, b: string): boolean {
  const distance = Math.abs(Number(a) - Number(b));
  const digitsA = decimalsOf(a);
  const digitsB = decimalsOf(b);
  if (digitsA !== digitsB) {
    return distance < 10 ** -Math.min(digitsA, digitsB) * (1 - NOISE_RATIO);
  }
  return distance <= Math.max(Math.abs(Number(a)), Math.abs(Number(b))) * NOISE_RATIO;
}

/** Whether both are one number, to the last digit. */
function isSameDecimal(a: string, b: string): boolean {
  if (hasExponent(a) || hasExponent(b)) return exactDecimal(a) === exactDecimal(b);
  const x = withoutFractionZeros(a);
  const y = withoutFractionZeros(b);
  return x === y || (isZero(x) && isZero(y));
}

function hasExponent(source: string): boolean {
  return source.includes('e') || source.includes('E');
}

function isZero(text: string): boolean {
  return text === '0' || text === '-0';
}

/** `1.5` of `1.500`, `1` of `1.0`. */
function withoutFractionZeros(source: string): string {
  const point = source.indexOf('.');
  if (point < 0) return source;
  let end = source.length;
  while (source.charCodeAt(end - 1) === ZERO) end -= 1;
  if (end === point + 1) end = point;
  return end === source.length ? source : source.slice(0, end);
}

/** Digits behind the point once trailing zeros are gone. */
function decimalsOf(source: string): number {
  if (!hasExponent(source)) {
    const point = source.indexOf('.');
    return point < 0 ? 0 : Math.max(0, withoutFractionZeros(source).length - point - 1);
  }
  const decimal = exactDecimal(source);
  const power = decimal.indexOf('e');
  return power < 0 ? 0 : Math.max(0, -Number(decimal.slice(power + 1)));
}

/** Numbers of fewer digits survive a double. */
const DOUBLE_SAFE_DIGITS = 15;

/**
 * True for two different integers of 16 digits or more that one double can stand for, or of
 * which one has only zeros behind the 15 digits they share: an id that went through a double.
 */
export function hasLostPrecision(a: string, b: string): boolean {
  if (a.length !== b.length || a.length <= DOUBLE_SAFE_DIGITS || a === b) return false;
  if (!isInteger(a) || !isInteger(b)) return false;
  if (Number(a) === Number(b)) return true;
  const shared = a.startsWith('-') ? DOUBLE_SAFE_DIGITS + 1 : DOUBLE_SAFE_DIGITS;
  if (a.slice(0, shared) !== b.slice(0, shared)) return false;
  return /^0+$/.test(a.slice(shared)) || /^0+$/.test(b.slice(shared));
}

/** Integers of more digits belong to no type that is in use. */
const TYPED_DIGITS_MAX = 20;
/** 32767, the smallest bound of a type that is looked for. */
const BOUND_DIGITS_MIN = 5;
const TYPED = /^-?(?:0|[1-9]\d*)$/;
const BITS = [16, 32, 64] as const;
/** Bits of the largest integer that a double counts up to. */
const DOUBLE_BITS = 53;

/** The greatest and the least values of integer types. */
const GREATEST: ReadonlySet<bigint> = new Set([
  ...BITS.flatMap((bits) => [2n ** BigInt(bits) - 1n, 2n ** BigInt(bits - 1) - 1n]),
  2n ** BigInt(DOUBLE_BITS) - 1n,
]);
const LEAST: ReadonlySet<bigint> = new Set([
  ...BITS.map((bits) => -(2n ** BigInt(bits - 1))),
  1n - 2n ** BigInt(DOUBLE_BITS),
]);

/**
 * True when one integer is the other wrapped around at 16, 32 or 64 bits, signed or unsigned, or
 * stands at the bound of a type that the other is beyond.
 */
export function hasOverflowed(a: string, b: string): boolean {
  const digits = Math.max(a.length, b.length);
  if (digits < BOUND_DIGITS_MIN || digits > TYPED_DIGITS_MAX + 1) return false;
  if (!endsWithDigit(a) || !endsWithDigit(b)) return false;
  if (!TYPED.test(a) || !TYPED.test(b)) return false;
  const [x, y] = [BigInt(a), BigInt(b)];
  const [low, high] = x < y ? [x, y] : [y, x];
  if (GREATEST.has(low) || LEAST.has(high)) return true;
  return BITS.some((bits) => isWrapped(low, high, bits));
}

function endsWithDigit(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= ZERO && last <= NINE;
}

function isWrapped(low: bigint, high: bigint, bits: number): boolean {
  const size = 2n ** BigInt(bits);
  if ((high - low) % size !== 0n) return false;
  const isHeld = (value: bigint): boolean => value >= -size / 2n && value < size;
  return isHeld(low) || isHeld(high);
}

/**
 * One text for all ways to write a decimal number, `1`, `1.0`, `10e-1`, without any rounding.
 * Zeros keep their sign apart from nothing else: `-0` is the number 0 written otherwise.
 */
export function exactDecimal(source: string): string {
  const isNegative = source.charCodeAt(0) === MINUS;
  const start = isNegative ? 1 : 0;
  const point = digitsEnd(source, start);
  const hasFraction = source.charCodeAt(point) === POINT;
  const end = hasFraction ? digitsEnd(source, point + 1) : point;
  const exponent = end === source.length ? '0' : EXPONENT.exec(source.slice(end))?.[1];
  if (point === start || (hasFraction && end === point + 1) || exponent === undefined) {
    return source;
  }
  const fraction = hasFraction ? source.slice(point + 1, end) : '';
  const digits = withoutLeadingZeros(source.slice(start, point) + fraction);
  const significant = withoutTrailingZeros(digits);
  if (significant === '') return '0';
  // An exponent of that many digits is past anything that a number of our limits could balance.
  if (exponent.length > DOUBLE_SAFE_DIGITS) return source;
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${isNegative ? '-' : ''}${significant}e${power}`;
}

const EXPONENT = /^[eE]([+-]?\d+)$/;

function withoutLeadingZeros(digits: string): string {
  let start = 0;
  while (start < digits.length && digits.charCodeAt(start) === ZERO) start += 1;
  return start === 0 ? digits : digits.slice(start);
}

/** By hand: a pattern would look at a long run of zeros once from each of its digits. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === ZERO) end -= 1;
  return end === digits.length ? digits : digits.slice(0, end);
}
