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

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const COLON = 58;

/** Fields of one message: as many as Node's own parser takes. */
export const FIELDS_MAX = 2000;

/** What a {@link FieldSpans.scan} found in place of a whole block. */
export const SCAN = { incomplete: 0, malformed: -1, tooMany: -2 } as const;

/**
 * Where the fields of one block stand in its bytes: found in one pass, with nothing allocated, so
 * that one of these serves block after block.
 */
export class FieldSpans {
  /** Fields of the block scanned last. */
  count = 0;
  /** Four offsets a field: begin and end of its name, begin and end of its value. */
  readonly at: Int32Array = new Int32Array(4 * FIELDS_MAX);

  /**
   * The offset behind the empty line that ends the block which begins at `from`; else one of
   * {@link SCAN}. Bytes that can never become a valid block are `malformed` at once.
   */
  scan(bytes: Uint8Array, from: number): number {
    const to = bytes.length;
    const spans = this.at;
    let at = from;
    let next = 0;
    while (at < to) {
      const nameAt = at;
      while (at < to && (KINDS[bytes[at]!]! & IS_TOKEN) !== 0) at += 1;
      if (at === to) return SCAN.incomplete;
      if (at === nameAt && bytes[at] === CR) {
        if (at + 1 === to) return SCAN.incomplete;
        this.count = next >> 2;
        return bytes[at + 1] === LF ? at + 2 : SCAN.malformed;
      }
      if (bytes[at] !== COLON || at === nameAt) return SCAN.malformed;
      if (next === spans.length) return SCAN.tooMany;
      spans[next] = nameAt;
      spans[next + 1] = at;
      at += 1;
      while (bytes[at] === BLANK || bytes[at] === TAB) at += 1;
      spans[next + 2] = at;
      while (at < to && (KINDS[bytes[at]!]! & IS_TEXT) !== 0) at += 1;
      if (at === to) return SCAN.incomplete;
      if (bytes[at] !== CR) return SCAN.malformed;
      if (at + 1 === to) return SCAN.incomplete;
      if (bytes[at + 1] !== LF) return SCAN.malformed;
      spans[next + 3] = trimmedEnd(bytes, spans[next + 2]!, at);
      next += 4;
      at += 2;
    }
    return SCAN.incomplete;
  }

  /** Name, value, … of the block scanned last; `text` is the latin1 of its bytes from 0 on. */
  headers(text: string): string[] {
    const spans = this.at;
    const headers: string[] = [];
    for (let i = 0; i < this.count * 4; i += 4) {
      headers.push(text.slice(spans[i], spans[i + 1]), text.slice(spans[i + 2], spans[i + 3]));
    }
    return headers;
  }
}

function trimmedEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && (bytes[end - 1] === BLANK || bytes[end - 1] === TAB)) end -= 1;
  return end;
}

const spans = new FieldSpans();

/**
 * Name, value, … of a whole block, its last line the empty one; null where it is malformed or
 * something stands behind it. For the rare blocks: trailers.
 */
export function parseFields(bytes: Buffer): string[] | null {
  if (spans.scan(bytes, 0) !== bytes.length) return null;
  return spans.headers(bytes.toString('latin1'));
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
  return listMembers(list).includes(word);
}

/** The members of a comma-separated list in lower case, without outer blanks; some may be ''. */
export function listMembers(list: string): string[] {
  return list.split(',').map(bareMember);
}

function bareMember(member: string): string {
  // Not `trim`, which takes a no-break space for a blank where the wire does not.
  return member.replaceAll(/^[\t ]+|[\t ]+$/g, '').toLowerCase();
}
