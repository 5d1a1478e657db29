/** Bugs of texts: what services make of a text when they get it wrong, each by its kind. */
import type { ValueEdit } from './edit.ts';

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^(\d{4}-\d\d-\d\d)([Tt ])(\d\d)(:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HEX = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{16,}$/i;
const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/;
const TOKEN = /^(?=.*\d)(?=.*[A-Z])[A-Za-z0-9+/_-]{20,}=*$/;

/** Every bug that this text has a place for, none of which leaves it as it is. */
export function stringEdits(text: string): ValueEdit[] {
  const edits = [
    ...valueEdits(text),
    ...integerEdits(text),
    ...momentEdits(text),
    ...formEdits(text),
    ...encodingEdits(text),
    ...cutEdits(text),
  ];
  return edits.filter(({ to }) => to !== text);
}

function edit(kind: ValueEdit['kind'], what: string, to: string): ValueEdit {
  return { kind, what, to };
}

function isRandomForm(text: string): boolean {
  return UUID.test(text) || HEX.test(text) || JWT.test(text) || TOKEN.test(text);
}

function isMoment(text: string): boolean {
  return MOMENT.test(text) || HTTP_DATE.test(text);
}

function valueEdits(text: string): ValueEdit[] {
  const word = text.toLowerCase() === 'selftest' ? 'another' : 'selftest';
  const edits = [edit('value', 'another text', word)];
  if (MOMENT.test(text)) {
    const hour = String((Number(text.slice(11, 13)) + 1) % 24).padStart(2, '0');
    return [...edits, edit('value', 'another hour', text.slice(0, 11) + hour + text.slice(13))];
  }
  if (INTEGER.test(text)) return [...edits, edit('value', 'another digit', otherDigit(text))];
  if (text === '' || isRandomForm(text) || isMoment(text) || DAY.test(text)) return edits;
  const last = /x$/i.test(text) ? 'y' : 'x';
  return [...edits, edit('value', 'another last character', withoutLast(text) + last)];
}

/** Without its last character, a whole one. */
function withoutLast(text: string): string {
  return Array.from(text).slice(0, -1).join('');
}

/** The same number but for its first digit; never one that follows it. */
export function otherDigit(source: string): string {
  const at = source.search(/\d/);
  const digit = Number(source[at]);
  const isShort = /^\D*\d$/.test(source);
  const other = isShort ? (digit < 5 ? digit + 3 : digit - 3) : digit === 9 ? 8 : digit + 1;
  return source.slice(0, at) + String(other) + source.slice(at + 1);
}

const SAFE_DIGITS = 15;

/** An id through a double, an integer beyond its type. */
export function integerEdits(source: string): ValueEdit[] {
  if (!INTEGER.test(source) || source === '-0' || source.length > 20) return [];
  const number = BigInt(source);
  const edits: ValueEdit[] = [];
  const digits = source.replace('-', '').length;
  if (digits > SAFE_DIGITS) {
    const kept = source.length - (digits - SAFE_DIGITS);
    const zeros = source.slice(0, kept) + '0'.repeat(source.length - kept);
    edits.push(edit('id-precision', 'zeros for its last digits', zeros));
    const double = String(BigInt(Number(source)));
    if (double.length === source.length && double !== zeros) {
      edits.push(edit('id-precision', 'through a double', double));
    }
  }
  const narrow = BigInt.asIntN(32, number);
  if (narrow === number) {
    edits.push(edit('overflow', 'wrapped at 32 bits', String(number + 2n ** 32n)));
  } else {
    edits.push(edit('overflow', 'held in 32 bits', String(narrow)));
    if (number > 0n && number < 2n ** 63n) {
      edits.push(edit('overflow', 'wrapped at 64 bits', String(number - 2n ** 64n)));
    }
  }
  return edits;
}

/** Of a fraction: six more are still read by every library. */
const FEW_DIGITS = 6;

function momentEdits(text: string): ValueEdit[] {
  if (DAY.test(text)) {
    const next = new Date(Date.parse(text) + 86_400_000);
    if (Number.isNaN(next.getTime())) return [];
    return [edit('clock-edge', 'the next day', next.toISOString().slice(0, 10))];
  }
  if (HTTP_DATE.test(text)) {
    const atMs = Date.parse(text);
    const iso = Number.isNaN(atMs) ? text : new Date(atMs).toISOString();
    return [edit('timestamp-format', 'as RFC 3339', iso)];
  }
  const match = MOMENT.exec(text);
  if (match === null || Number.isNaN(Date.parse(`${match[1]}T00:00:00Z`))) return [];
  const [, date, , hour, minutes, fraction = '', zone = ''] = match;
  const digits = fraction.replace(/0+$/, '');
  const seconds = `${date}${match[2]}${hour}${minutes}`;
  const edits: ValueEdit[] = [];
  if (digits.length <= FEW_DIGITS) {
    edits.push(edit('timestamp-precision', 'more digits', `${seconds}.${digits}000123${zone}`));
  }
  if (digits !== '') {
    const zeros = `${seconds}.${'0'.repeat(fraction.length)}${zone}`;
    edits.push(edit('timestamp-precision', 'zeros for its fraction', zeros));
  }
  const point = digits === '' ? '' : `.${digits}`;
  const tail = fraction === digits ? `.${digits}000` : point;
  edits.push(edit('timestamp-format', 'its fraction written otherwise', seconds + tail + zone));
  const offset = zone === 'Z' ? '+00:00' : zone === '' || zone === '+00:00' ? 'Z' : '';
  if (offset !== '') {
    const behind = text.slice(0, text.length - zone.length);
    edits.push(edit('timestamp-format', 'its zone written otherwise', behind + offset));
  }
  return edits;
}

/** Letter case, white space, normal form, another token. */
function formEdits(text: string): ValueEdit[] {
  const edits = [edit('white-space', 'a space behind it', `${text} `)];
  if (/\S \S/.test(text)) {
    edits.push(edit('white-space', 'two spaces for one', text.replace(/(\S) (\S)/, '$1  $2')));
  }
  const swapped = text.replace(/[a-z]/i, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
  if (!isMoment(text)) edits.push(edit('letter-case', 'one letter in other case', swapped));
  const wide = text.replace(/[A-Za-z0-9]/, (char) =>
    String.fromCharCode(char.charCodeAt(0) + 0xfee0),
  );
  edits.push(edit('normal-form', 'a wide letter', wide));
  const apart = text.normalize('NFD');
  edits.push(edit('normal-form', 'taken apart', apart === text ? text.normalize('NFC') : apart));
  if (isRandomForm(text) && text.length <= 4096) {
    edits.push(edit('generated', 'another token', otherToken(text)));
  }
  return edits;
}

/** Of the same form: letters and digits turned among themselves. */
function otherToken(text: string): string {
  const isHex = UUID.test(text) || HEX.test(text);
  const from = JWT.test(text) ? text.indexOf('.') : 0;
  const turned = text.slice(from).replace(isHex ? /[0-9a-f]/gi : /[0-9A-Za-z]/g, (char) => {
    if (/\d/.test(char)) return String((Number(char) + 1) % 10);
    const base = char < 'a' ? 65 : 97;
    return String.fromCharCode(base + ((char.charCodeAt(0) - base + 1) % (isHex ? 6 : 26)));
  });
  return text.slice(0, from) + turned;
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function encodingEdits(text: string): ValueEdit[] {
  const edits = [edit('encoding', 'half a surrogate pair', `${text}\ud83d`)];
  if (!text.isWellFormed())
    return [edit('encoding', 'the lost half made good', text.toWellFormed())];
  if (text !== '' && !text.includes('\ufffd')) {
    edits.push(edit('encoding', 'a character lost', `${withoutLast(text)}\ufffd`));
  }
  const latin = Buffer.from(text, 'utf8').toString('latin1');
  edits.push(edit('encoding', 'UTF-8 read as Latin-1', latin));
  const html = text.replaceAll(/[&<>"]/g, (char) => HTML[char]!);
  edits.push(edit('encoding', 'escaped for HTML', html));
  edits.push(edit('encoding', 'escaped for a URL', encodeURIComponent(text)));
  edits.push(edit('encoding', 'escaped twice', JSON.stringify(text).slice(1, -1)));
  return edits;
}

/** A shorter rest is taken for another text. */
const CUT_MIN_CHARS = 16;
/** Within the seconds of a moment: what is left is none. */
const MOMENT_CUT_CHARS = 18;

function cutEdits(text: string): ValueEdit[] {
  const middle = Math.max(CUT_MIN_CHARS, Math.floor((text.length * 2) / 3));
  const at = MOMENT.test(text) ? MOMENT_CUT_CHARS : middle;
  const kept = text.slice(0, at);
  if (at >= text.length || !kept.isWellFormed() || text.slice(at).trim() === '') return [];
  return [edit('truncated', 'cut off', kept)];
}
