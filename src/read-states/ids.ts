/**
 * Ids between decimal text and a pair of signed 32-bit halves, without a BigInt on the way. An
 * id is 1 to 2^63-1, hence `hi` is never negative and `lo` orders as an unsigned number.
 */
export interface IdPair {
  readonly hi: number;
  readonly lo: number;
}

const TWO_32 = 4_294_967_296;
const TWO_16 = 65_536;
/** The text is worked on in halves of nine digits, which multiply without loss in doubles. */
const HALF = 1_000_000_000;
const DIGITS_MAX = 19;
const HI_MAX = 0x7fffffff;
/** Below this `hi` the whole id is an exact double. */
const HI_EXACT = 0x200000;

/** The number of digits `start` to `end`; -1 where one is no digit. */
function parseDigits(text: string, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The id that `text` names; null unless it is 1 to 2^63-1 in plain digits, no leading zero. */
export function parseId(text: string): IdPair | null {
  const length = text.length;
  if (length === 0 || length > DIGITS_MAX || text.charCodeAt(0) === 48) return null;
  const split = length > 9 ? length - 9 : 0;
  const upper = parseDigits(text, 0, split);
  const lower = parseDigits(text, split, length);
  if (upper < 0 || lower < 0) return null;
  const upperHi = Math.floor(upper / TWO_16);
  const fromHi = upperHi * HALF;
  const fromHiWhole = Math.floor(fromHi / TWO_16);
  const rest = (fromHi - fromHiWhole * TWO_16) * TWO_16 + (upper - upperHi * TWO_16) * HALF + lower;
  const carry = Math.floor(rest / TWO_32);
  const hi = fromHiWhole + carry;
  return hi > HI_MAX ? null : { hi, lo: (rest - carry * TWO_32) | 0 };
}

/** The decimal text of an id. */
export function formatId(hi: number, lo: number): string {
  const unsignedLo = lo >>> 0;
  if (hi < HI_EXACT) return String(hi * TWO_32 + unsignedLo);
  const top = Math.floor(hi / HALF);
  const middle = (hi - top * HALF) * TWO_16 + (unsignedLo >>> 16);
  const middleWhole = Math.floor(middle / HALF);
  const bottom = (middle - middleWhole * HALF) * TWO_16 + (unsignedLo & 0xffff);
  const bottomWhole = Math.floor(bottom / HALF);
  const upper = (top * TWO_16 + middleWhole) * TWO_16 + bottomWhole;
  const lower = String(bottom - bottomWhole * HALF);
  return String(upper) + '000000000'.slice(lower.length) + lower;
}

/** Negative when a < b, 0 when they are equal, positive when a > b, by number. */
export function compareIds(aHi: number, aLo: number, bHi: number, bLo: number): number {
  return aHi === bHi ? (aLo >>> 0) - (bLo >>> 0) : aHi - bHi;
}
