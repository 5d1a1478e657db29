/** A moment as precise as its text: whole seconds apart from the digits of the fraction. */
export interface Moment {
  /** Seconds since 1970. */
  readonly seconds: number;
  /** Digits behind the point as written, '' when there are none. */
  readonly fraction: string;
}

const ISO =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(Z|z|[+-]\d\d:?\d\d)?$/;
/** `2024-03-01T12:00` */
const MOMENT_MIN_CHARS = 16;
const MOMENT_MAX_CHARS = 48;
const DASH = 0x2d;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_T = 0x74;
const LETTER_Z = 0x7a;
/** The bit that makes a letter small, and is set in digits. */
const LOWER_CASE = 0x20;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * The moment a text names: RFC 3339 and its relatives (no zone is taken as UTC), or an HTTP
 * date; undefined when it is neither.
 */
export function parseMoment(text: string): Moment | undefined {
  if (!mayBeMoment(text)) return undefined;
  const match = ISO.exec(text);
  if (match === null) {
    if (!HTTP_DATE.test(text)) return undefined;
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : { seconds: ms / 1000, fraction: '' };
  }
  const [, date, hourMinute, second = '00', fraction = '', zone = 'Z'] = match;
  const colonZone = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const ms = Date.parse(`${date}T${hourMinute}:${second}${colonZone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : { seconds: ms / 1000, fraction };
}

/** False for most texts that name none, at once: `2024-…Z` or `Fri, … GMT` would. */
export function mayBeMoment(text: string): boolean {
  const { length } = text;
  if (length < MOMENT_MIN_CHARS || length > MOMENT_MAX_CHARS) return false;
  if (text.charCodeAt(4) !== DASH && text.charCodeAt(3) !== COMMA) return false;
  const last = text.charCodeAt(length - 1) | LOWER_CASE;
  return last === LETTER_Z || last === LETTER_T || (last >= ZERO && last <= NINE);
}

/** The moment that a number of seconds or milliseconds since 1970 names; from 2001 to 2286. */
export function epochMoment(source: string): Moment | undefined {
  if (source.length !== 10 && source.length !== 13) return undefined;
  if (!/^[1-9]\d+$/.test(source)) return undefined;
  return { seconds: Number(source.slice(0, 10)), fraction: source.slice(10) };
}

/** True when both name the same instant, trailing zeros of a fraction aside. */
export function isSameMoment(a: Moment, b: Moment): boolean {
  return a.seconds === b.seconds && withoutZeros(a.fraction) === withoutZeros(b.fraction);
}

/** True when one is the other with fewer digits of its fraction: cut off, or rounded. */
export function isLessPrecise(a: Moment, b: Moment): boolean {
  const ofA = withoutZeros(a.fraction);
  const ofB = withoutZeros(b.fraction);
  if (a.seconds === b.seconds && (ofA.startsWith(ofB) || ofB.startsWith(ofA))) return true;
  const digits = Math.min(ofA.length, ofB.length);
  if (ofA.length === ofB.length || Math.abs(a.seconds - b.seconds) > 1) return false;
  const distance = a.seconds - b.seconds + Number(`0.${ofA}0`) - Number(`0.${ofB}0`);
  return Math.abs(distance) <= 0.5 * 10 ** -digits + 1e-13;
}

function withoutZeros(fraction: string): string {
  return fraction.replace(/0+$/, '');
}
