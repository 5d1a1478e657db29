/** Bugs of JSON's numbers by their digits, and of its other single values, each by its kind. */
import type { ValueEdit } from './edit.ts';
import { integerEdits, otherDigit, stringEdits } from './string-edits.ts';

const INTEGER = /^-?\d+$/;
const PLAIN_DIGITS_MAX = 14;
const DAY_NAME = /(?:^|_)(?:days?|date|viewed)$|[a-z](?:Days?|Date|Viewed)$/;

/** Bugs of a number; `to` is JSON text. `name`: of the member it is the value of, or ''. */
export function numberEdits(source: string, name: string): ValueEdit[] {
  const edits: ValueEdit[] = [
    { kind: 'value', what: 'another digit', to: otherDigit(source) },
    { kind: 'type', what: 'a text', to: JSON.stringify(source) },
    ...integerEdits(source),
  ];
  if (/^-?0(?:\.0*)?(?:e|$)/i.test(source)) edits.push(...zeroEdits(source));
  const isInteger = INTEGER.test(source);
  if (isInteger) {
    edits.push({ kind: 'number-format', what: 'with a fraction of zero', to: `${source}.0` });
    edits.push({ kind: 'number-format', what: 'with an exponent', to: `${source}e0` });
    if (source.length <= PLAIN_DIGITS_MAX) {
      edits.push({ kind: 'number-precision', what: 'a fraction more', to: `${source}.25` });
    }
  } else if (/^-?\d+\.\d+$/.test(source)) {
    edits.push({ kind: 'number-format', what: 'a zero behind it', to: `${source}0` });
    const trimmed = source.replace(/0+$/, '');
    const shorter = trimmed.slice(0, -1).replace(/\.$/, '');
    if (/\.\d/.test(trimmed)) {
      edits.push({ kind: 'number-precision', what: 'a digit less', to: shorter });
    }
  }
  if (isInteger && DAY_NAME.test(name) && source.length <= PLAIN_DIGITS_MAX) {
    edits.push({ kind: 'clock-edge', what: 'the next day', to: String(Number(source) + 1) });
  }
  edits.push(...epochEdits(source));
  return edits.filter(({ to }) => to !== source);
}

function zeroEdits(source: string): ValueEdit[] {
  const signed = source.startsWith('-') ? source.slice(1) : `-${source}`;
  return [
    { kind: 'negative-zero', what: 'the other sign', to: signed },
    { kind: 'default-or-missing', what: 'null for zero', to: 'null' },
  ];
}

/** Seconds or milliseconds from 2001 to 2096. */
function epochEdits(source: string): ValueEdit[] {
  if (/^[1-3]\d{9}$/.test(source)) {
    return [
      { kind: 'timestamp-format', what: 'in milliseconds', to: `${source}000` },
      { kind: 'timestamp-precision', what: 'with milliseconds', to: `${source}123` },
    ];
  }
  if (!/^[1-3]\d{12}$/.test(source)) return [];
  const seconds = source.slice(0, 10);
  const isWhole = source.endsWith('000');
  const other = isWhole ? '456' : '000';
  const edits: ValueEdit[] = [
    { kind: 'timestamp-precision', what: 'other milliseconds', to: seconds + other },
  ];
  if (isWhole) edits.push({ kind: 'timestamp-format', what: 'in seconds', to: seconds });
  return edits;
}

/** Bugs of true, false and null. */
export function wordEdits(word: string): ValueEdit[] {
  if (word === 'null') {
    return [
      { kind: 'type', what: 'a text', to: '"selftest"' },
      { kind: 'default-or-missing', what: 'zero for null', to: '0' },
      { kind: 'default-or-missing', what: 'an empty list for null', to: '[]' },
    ];
  }
  const other = word === 'true' ? 'false' : 'true';
  const edits: ValueEdit[] = [
    { kind: 'value', what: 'the other one', to: other },
    { kind: 'type', what: 'a text', to: JSON.stringify(word) },
    { kind: 'type', what: 'a number', to: word === 'true' ? '1' : '0' },
  ];
  if (word === 'false') {
    edits.push({ kind: 'default-or-missing', what: 'null for false', to: 'null' });
  }
  return edits;
}

/** Bugs of a JSON string; `to` is JSON text. */
export function quotedEdits(text: string): ValueEdit[] {
  const edits = stringEdits(text).map((each) => ({ ...each, to: JSON.stringify(each.to) }));
  edits.push({ kind: 'type', what: 'in a list', to: `[${JSON.stringify(text)}]` });
  const isNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text);
  edits.push({ kind: 'type', what: isNumber ? 'a number' : 'true', to: isNumber ? text : 'true' });
  if (text === '') edits.push({ kind: 'default-or-missing', what: 'null for nothing', to: 'null' });
  if (isNumber && !text.includes('.') && text.replace('-', '').length > 15) {
    const double = String(BigInt(Number(text)));
    if (double !== text && double.length === text.length) {
      edits.push({ kind: 'id-precision', what: 'a number, through a double', to: double });
    }
  }
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(text)) {
    const atMs = Date.parse(text);
    const isPlain = /^[1-9]\d{12}$/.test(String(atMs));
    if (isPlain) edits.push({ kind: 'timestamp-format', what: 'milliseconds', to: String(atMs) });
  }
  return edits;
}
