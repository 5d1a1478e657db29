/**
 * Header fields of requests, answers and trailers, parsed as strictly as RFC 9112, section 5
 * allows: one CRLF a line, no folding, no blank before the colon, no control characters. What
 * two readers could take for different things is refused rather than mended.
 */

/** What a byte may be, one bit each. */
const IS_TOKEN = 1;
const IS_TEXT = 2;

const KINDS: Uint8Array = byteKinds();

function byteKinds(): Uint8Array {
  const kinds = new Uint8Array(256);
  const marks = "!#$%&'*+-.^_`|~";
  for (let code = 0; code < 256; code += 1) {
    const char = String.fromCharCode(code);
    if (/[0-9A-Za-z]/.test(char) || marks.includes(char)) kinds[code]! |= IS_TOKEN;
    if (code === 0x09 || (code >= 0x20 && code !== 0x7f)) kinds[code]! |= IS_TEXT;
  }
  return kinds;
}

/** The byte may stand in a token: a method, a field's name. Source: RFC 9110, section 5.6.2. */
export function isTokenCode(code: number): boolean {
  return (KINDS[code]! & IS_TOKEN) !== 0;
}

/** The byte may stand in a field's value: a tab, a blank, visible ASCII or obs-text. */
export function isTextCode(code: number): boolean {
  return (KINDS[code]! & IS_TEXT) !== 0;
}

const CR = 13;
const LF = 10;
const COLON = 58;

/**
 * Appends name, value, … of the lines in `text` from `from` to `to`, each ended by CRLF, with the
 * names' case kept and the values without outer blanks. False where one of them is malformed;
 * `into` is of no use then. `text` is latin1, one char one byte; none is a valid block.
 */
export function parseFields(text: string, from: number, to: number, into: string[]): boolean {
  let at = from;
  while (at < to) {
    const nameAt = at;
    let code = text.charCodeAt(at);
    while ((KINDS[code]! & IS_TOKEN) !== 0) code = text.charCodeAt((at += 1));
    if (code !== COLON || at === nameAt) return false;
    const name = text.slice(nameAt, at);
    at += 1;
    while (isBlank(text.charCodeAt(at))) at += 1;
    const valueAt = at;
    code = text.charCodeAt(at);
    while ((KINDS[code]! & IS_TEXT) !== 0) code = text.charCodeAt((at += 1));
    if (code !== CR || text.charCodeAt(at + 1) !== LF) return false;
    let end = at;
    while (end > valueAt && isBlank(text.charCodeAt(end - 1))) end -= 1;
    into.push(name, text.slice(valueAt, end));
    at += 2;
  }
  return at === to;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** The text is a token and not empty. */
export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 255 || !isTokenCode(code)) return false;
  }
  return text.length > 0;
}

/** The text may be sent as a value: one byte a char, none of them a control character. */
export function isFieldText(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 255 || !isTextCode(code)) return false;
  }
  return true;
}

/**
 * Whether a comma-separated list names `word`, case aside. `word` is in lower case; parameters
 * behind a member make it another word.
 */
export function listNames(list: string, word: string): boolean {
  if (list.length === word.length) return list.toLowerCase() === word;
  if (list.length < word.length) return false;
  for (const member of list.split(',')) {
    if (member.trim().toLowerCase() === word) return true;
  }
  return false;
}
