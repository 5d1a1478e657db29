/** Values that rules look at, whatever they stand in: a JSON body, a header field, a trailer. */
import { LIMITS } from '../../kit/limits.ts';
import { type JsonValue, isScalar } from '../json.ts';
import { exactDecimal } from '../kinds.ts';
import { epochMoment, type Moment, parseMoment } from '../timestamps.ts';

export interface Leaf {
  /** `text` is the value of a field, which has no type. */
  readonly kind: 'string' | 'number' | 'boolean' | 'null' | 'text';
  /** Of a number its digits as written, of a string what is between the quotes. */
  readonly text: string;
}

/** A string, number, boolean or null; undefined for what is absent, an object or an array. */
export function leafOf(value: JsonValue | undefined): Leaf | undefined {
  if (value === undefined || !isScalar(value)) return undefined;
  if (typeof value === 'string') return { kind: 'string', text: value };
  if (typeof value === 'boolean') return { kind: 'boolean', text: String(value) };
  return value === null ? { kind: 'null', text: 'null' } : { kind: 'number', text: value.source };
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The text of a number; undefined for a string of digits, which is another type. */
export function numberOf({ kind, text }: Leaf): string | undefined {
  if (kind === 'text') return NUMBER.test(text) ? text : undefined;
  return kind === 'number' ? text : undefined;
}

/** The text of a number, given as one or as a string; undefined for the rest. */
export function numberIn({ kind, text }: Leaf): string | undefined {
  if (kind === 'number') return text;
  const isText = kind === 'string' || kind === 'text';
  return isText && NUMBER.test(text) ? text : undefined;
}

/** The moment that a string, or a number of seconds or milliseconds since 1970, names. */
export function momentIn({ kind, text }: Leaf): Moment | undefined {
  if (kind === 'string' || kind === 'text') return parseMoment(text);
  return kind === 'number' ? epochMoment(text) : undefined;
}

/** Integers that a double may round, short enough to be worth exact arithmetic. */
function isLongInteger(text: string): boolean {
  return text.length <= 40 && /^-?\d+$/.test(text);
}

/** Whether two numbers are at most so far apart; integers exactly, however long. */
export function isWithin(a: string, b: string, tolerance: number): boolean {
  if (exactDecimal(a) === exactDecimal(b)) return true;
  if (isLongInteger(a) && isLongInteger(b)) {
    const distance = BigInt(a) - BigInt(b);
    return (distance < 0n ? -distance : distance) <= BigInt(Math.floor(tolerance));
  }
  // 0.4 - 0.3 is a little more than 0.1 in binary.
  return Math.abs(Number(a) - Number(b)) <= tolerance * (1 + 1e-9);
}

/** Whether two numbers are at most a share of the greater one apart: the same from both sides. */
export function isWithinShare(a: string, b: string, ratio: number): boolean {
  if (exactDecimal(a) === exactDecimal(b)) return true;
  const greater = Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
  return Math.abs(Number(a) - Number(b)) <= greater * ratio * (1 + 1e-9);
}

/** Whether two moments are at most so many milliseconds apart. */
export function areWithin(a: Moment, b: Moment, withinMs: number): boolean {
  const fraction = ({ fraction: digits }: Moment): number => Number(`0.${digits}0`);
  const apartMs = (a.seconds - b.seconds + fraction(a) - fraction(b)) * 1000;
  return Math.abs(apartMs) <= withinMs + 1e-3;
}

/**
 * Below 0 where `a` comes before `b`, above 0 where it comes behind; undefined where they are no
 * two numbers (texts of digits among them) and no two moments.
 */
export function orderOf(a: Leaf, b: Leaf): number | undefined {
  const [x, y] = [numberIn(a), numberIn(b)];
  if (x !== undefined && y !== undefined) {
    if (isLongInteger(x) && isLongInteger(y)) return Number(BigInt(x) - BigInt(y));
    const distance = Number(x) - Number(y);
    return Number.isNaN(distance) ? undefined : distance;
  }
  const [s, t] = [momentIn(a), momentIn(b)];
  if (s === undefined || t === undefined) return undefined;
  if (s.seconds !== t.seconds) return s.seconds - t.seconds;
  return Number(`0.${s.fraction}0`) - Number(`0.${t.fraction}0`);
}

/** Whether it is a number (or a text of one) or a moment, short enough to be remembered. */
export function isOrdinal(leaf: Leaf): boolean {
  const isShort = leaf.text.length <= LIMITS.ruleMemoryValueMax;
  return isShort && (numberIn(leaf) !== undefined || momentIn(leaf) !== undefined);
}
