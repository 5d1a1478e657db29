/** What each form of a rule takes for the same, of two values that differ. Pure. */
import { exactDecimal } from '../kinds.ts';
import { isSameMoment } from '../timestamps.ts';
import type { CompareRule } from '../../model/settings.ts';
import {
  areWithin,
  isWithin,
  isWithinShare,
  type Leaf,
  momentIn,
  numberIn,
  numberOf,
} from './leaves.ts';

/** Those that look at nothing but the two values. */
export type PureForm = 'instant' | 'number' | 'case' | 'url' | 'tolerance' | 'within';

type Excuse = (a: Leaf, b: Leaf, rule: CompareRule) => boolean;

const EXCUSES: Readonly<Record<PureForm, Excuse>> = {
  instant(a, b) {
    const [first, second] = [momentIn(a), momentIn(b)];
    return first !== undefined && second !== undefined && isSameMoment(first, second);
  },
  number(a, b) {
    const [first, second] = [numberIn(a), numberIn(b)];
    if (first === undefined || second === undefined) return false;
    return exactDecimal(first) === exactDecimal(second);
  },
  case(a, b) {
    return areStrings(a, b) && a.text.toLowerCase() === b.text.toLowerCase();
  },
  url(a, b) {
    const first = areStrings(a, b) ? normalUrl(a.text) : null;
    return first !== null && first === normalUrl(b.text);
  },
  tolerance(a, b, { tolerance, isRelative }) {
    const [first, second] = [numberOf(a), numberOf(b)];
    if (first === undefined || second === undefined) return false;
    if (isRelative === true) return isWithinShare(first, second, tolerance);
    return isWithin(first, second, tolerance);
  },
  within(a, b, { withinMs = 0 }) {
    const [first, second] = [momentIn(a), momentIn(b)];
    return first !== undefined && second !== undefined && areWithin(first, second, withinMs);
  },
};

/** Whether the rule's form is one of those here. */
export function isPureForm(form: string): form is PureForm {
  return Object.hasOwn(EXCUSES, form);
}

/** Whether a rule of this form takes the two values for the same. */
export function isSameBy(form: PureForm, a: Leaf, b: Leaf, rule: CompareRule): boolean {
  return EXCUSES[form](a, b, rule);
}

function areStrings(a: Leaf, b: Leaf): boolean {
  const isText = ({ kind }: Leaf): boolean => kind === 'string' || kind === 'text';
  return isText(a) && isText(b);
}

/** What relative references are taken against: deep enough for `..` to mean something. */
const BASE = 'http://relative.invalid/a/b/c/d';

/**
 * A URL in its normal form: case of scheme, host and escapes, default ports, dot segments and
 * needless escapes aside; null for what is none. The order of parameters counts.
 * Source: RFC 3986, section 6.2.2; URL Standard.
 */
function normalUrl(text: string): string | null {
  const url = URL.parse(text, BASE);
  if (url === null) return null;
  return url.href.replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(char) ? char : escape.toUpperCase();
  });
}
