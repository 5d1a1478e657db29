/** Bugs of a body: at each place of its structure, and of the whole of it. */
import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../kit/limits.ts';
import type { Answer } from '../model/exchange.ts';
import type { DivergenceKind } from '../model/pair.ts';
import { type BodyText, withBody, withText } from './body-text.ts';
import { type BodyContent, contentOf, type Span } from './documents.ts';
import { type BodyEdit, type Injection, splice } from './edit.ts';
import { jsonEdits } from './json-edits.ts';
import { type JsonNode, meaningOf } from './json-text.ts';
import { type Item, listEdits } from './list-edits.ts';
import { stringEdits } from './string-edits.ts';

/** Every bug that the body has a place for. */
export function bodyEdits(body: BodyText): Injection[] {
  const { answer, bytes, text, shape } = body;
  if (bytes.length === 0) return emptyEdits(answer);
  if (text === null || shape === 'binary') return [...byteEdits(body), ...packedEdits(body)];
  const content = contentOf(body);
  const edits: BodyEdit[] = [
    ...content.documents.flatMap((root) => jsonEdits(text, root)),
    ...content.spans.flatMap((span) => spanEdits(body, span)),
    ...rowEdits(body, content),
    ...wholeEdits(body, content),
  ];
  const made = edits.map(({ apply, ...bug }): Injection => {
    const make = (): Answer => {
      const changed = apply(text);
      return typeof changed === 'string' ? withText(body, changed) : withBody(answer, changed);
    };
    return { ...bug, make };
  });
  return [...made, ...markEdits(body), ...packedEdits(body)];
}

function emptyEdits(answer: Answer): Injection[] {
  const make = (): Answer => withBody(answer, '{"selftest":1}');
  return [{ kind: 'added', path: 'body', what: 'a body where there is none', make }];
}

/** A value that stands in a body as it is, or escaped as forms are. */
function spanEdits({ shape, text }: BodyText, span: Span): BodyEdit[] {
  const { start, end, path } = span;
  const isForm = shape === 'form';
  const source = text!.slice(start, end);
  const value = isForm ? unescaped(source) : source;
  if (value === null) return [];
  return stringEdits(value).flatMap(({ kind, what, to }): BodyEdit[] => {
    if (/[\r\n]/.test(to) || (isForm && !to.isWellFormed())) return [];
    // A text of one line is told by its bytes: first of all how many there are.
    const isLonger = path === 'body' && kind === 'value' && to.length !== value.length;
    const written = isForm ? encodeURIComponent(to) : to;
    const apply = splice(start, end, written);
    return [{ kind: isLonger ? 'length' : kind, path, what, apply }];
  });
}

function unescaped(source: string): string | null {
  try {
    return decodeURIComponent(source.replaceAll('+', ' '));
  } catch {
    // Its escapes are no UTF-8: it stands for bytes.
    return null;
  }
}

function rowEdits(body: BodyText, content: BodyContent): BodyEdit[] {
  const { rows } = content;
  if (rows.length === 0) return [];
  switch (body.shape) {
    case 'records':
    case 'events':
      return listedRows(body, content);
    case 'form':
      return namedRows(body, rows, '&', 'selftest=1');
    case 'multipart':
      return partRows(body, content);
    default:
      return lineEdits(body, rows);
  }
}

function textsOf({ text }: BodyText, rows: readonly Span[]): string[] {
  return rows.map(({ start, end }) => text!.slice(start, end));
}

/** Replaces all rows by others. */
function over(rows: readonly Span[], by: string): (text: string) => string {
  return splice(rows[0]!.start, rows.at(-1)!.end, by);
}

function listedRows(body: BodyText, { rows, documents }: BodyContent): BodyEdit[] {
  const isRecords = body.shape === 'records';
  const items = textsOf(body, rows).map((text, at): Item => {
    const line = text.endsWith('\n') ? text : `${text}\n`;
    const meaning = isRecords ? meaningOf(body.text!, documents[at]!) : text;
    return { text: line, meaning, id: isRecords ? idOf(body.text!, documents[at]!) : null };
  });
  const extra = isRecords ? '{"selftest":1}\n' : 'data: selftest\n\n';
  return listEdits(items, { path: 'body', extra, written: (texts) => over(rows, texts.join('')) });
}

function idOf(text: string, { children }: JsonNode): string | null {
  const named = children.find(({ key }) => key?.name === 'id');
  const source = named === undefined ? '' : text.slice(named.start, named.end);
  return /^"?(-?\d{1,20})"?$/.exec(source)?.[1] ?? null;
}

/** Fields in an order of their own, each by its name. */
function namedRows(
  body: BodyText,
  rows: readonly Span[],
  between: string,
  extra: string,
): BodyEdit[] {
  const texts = textsOf(body, rows);
  const edit = (kind: DivergenceKind, path: string, what: string, kept: readonly string[]) => {
    return { kind, path, what, apply: over(rows, kept.join(between)) };
  };
  const edits: BodyEdit[] = [edit('added', '/selftest', 'a field more', [...texts, extra])];
  for (const [index, { path }] of rows.entries()) {
    const isRepeated = rows.some((row) => row !== rows[index] && row.path === path);
    const isEmpty = between === '&' && /=?$/.exec(texts[index]!)?.[0] === '=';
    const lone = isEmpty ? 'default-or-missing' : 'missing';
    const kind = isRepeated ? 'duplicate-key' : lone;
    edits.push(edit(kind, path, 'left out', texts.toSpliced(index, 1)));
    const twice = [...texts, texts[index]!];
    edits.push(edit('duplicate-key', path, 'there twice', twice));
    const next = rows[index + 1];
    if (isRepeated || next === undefined || next.path === path) continue;
    const swapped = texts.toSpliced(index, 2, texts[index + 1]!, texts[index]!);
    edits.push(edit('key-order', 'body', `fields ${index} and ${index + 1} exchanged`, swapped));
  }
  // One field alone leaves nothing, and that is told of the body.
  return rows.length > 1 ? edits : edits.filter(({ what }) => what !== 'left out');
}

function partRows(body: BodyText, { rows }: BodyContent): BodyEdit[] {
  const { text } = body;
  const isForm = /^multipart\/form-data/i.test(contentType(body.answer));
  const boundary = text!.slice(rows[0]!.start).split('\r\n', 1)[0]!;
  const field = 'Content-Disposition: form-data; name="selftest"';
  const extra = `${boundary}\r\n${field}\r\n\r\nselftest\r\n`;
  if (isForm) return namedRows(body, rows, '', extra);
  const items = textsOf(body, rows).map((each): Item => ({ text: each, meaning: each, id: null }));
  return listEdits(items, { path: 'body', extra, written: (texts) => over(rows, texts.join('')) });
}

function contentType({ headers }: Answer): string {
  const at = headers.findIndex((name, i) => i % 2 === 0 && /^content-type$/i.test(name));
  return at < 0 ? '' : headers[at + 1]!.trim();
}

/** Lines left out, added, cut off, ended otherwise. */
function lineEdits(body: BodyText, rows: readonly Span[]): BodyEdit[] {
  const texts = textsOf(body, rows);
  const edit = (kind: DivergenceKind, path: string, what: string, kept: readonly string[]) => {
    return { kind, path, what, apply: over(rows, kept.join('')) };
  };
  const edits: BodyEdit[] = [edit('added', '/0', 'a line before it', ['selftest\n', ...texts])];
  for (const [index, { path }] of rows.slice(0, -1).entries()) {
    if (texts.slice(index).every((line) => line === texts[index])) break;
    edits.push(edit('missing', path, 'a line left out', texts.toSpliced(index, 1)));
  }
  if (rows.length > 1) {
    edits.push(edit('truncated', 'body', 'its last line left out', texts.slice(0, -1)));
  }
  const broken = texts.map((line) =>
    line.replace(/\r?\n$/, (end) => (end === '\n' ? '\r\n' : '\n')),
  );
  edits.push(edit('white-space', '/0', 'lines ended otherwise', broken));
  const others = Array.from(
    { length: texts.length + LIMITS.textEditsMax * 2 },
    (_, i) => `${i}x\n`,
  );
  return [...edits, edit('too-different', 'body', 'another text', others)];
}

const ERROR_PAGE = '<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>';

function wholeEdits({ shape, text }: BodyText, content: BodyContent): BodyEdit[] {
  const path = 'body';
  const whole = text!;
  const edits: BodyEdit[] = [
    { kind: 'missing', path, what: 'empty', apply: () => new Uint8Array() },
  ];
  const leaf = content.documents.flatMap(stringsIn)[0] ?? content.spans.find(isNotEmpty);
  if (leaf !== undefined && shape !== 'multipart' && shape !== 'form') {
    const at = leaf.start + ('kind' in leaf ? 1 : 0);
    const what = 'a byte that is no UTF-8';
    edits.push({ kind: 'encoding', path, what, apply: (all) => withBadByte(all, at) });
  }
  const isJson = shape === 'json' && content.documents.length > 0;
  if (!isJson) return edits;
  const depth = LIMITS.jsonDepthMax + 1;
  const deep = '['.repeat(depth) + ']'.repeat(depth);
  edits.push(
    { kind: 'type', path, what: 'an error page', apply: () => ERROR_PAGE },
    { kind: 'too-different', path, what: 'nested too deep', apply: () => deep },
  );
  const [root] = content.documents;
  const isOpen = /^[[{]/.test(whole.slice(root!.start));
  const middle = Math.floor((root!.start + root!.end) / 2);
  for (const at of isOpen ? new Set([root!.start + 1, middle, root!.end - 1]) : []) {
    const kept = whole.slice(0, at);
    const apply = (): string => kept;
    if (!kept.isWellFormed()) continue;
    edits.push({ kind: 'truncated', path, what: `cut off after ${at} characters`, apply });
  }
  return edits;
}

/** A byte order mark more or less. */
function markEdits({ answer, shape, text, hasMark }: BodyText): Injection[] {
  // Readers of event streams pass over it, and before parts it is no part of them.
  if (shape === 'events' || shape === 'multipart') return [];
  const make = (): Answer => withBody(answer, hasMark ? text! : `\ufeff${text!}`);
  const what = hasMark ? 'without its byte order mark' : 'a byte order mark';
  return [{ kind: 'encoding', path: 'body', what, make }];
}

function isNotEmpty({ start, end }: Span): boolean {
  return end > start;
}

/** Strings with something in them. */
function stringsIn(node: JsonNode): JsonNode[] {
  if (node.kind === 'string' && node.end > node.start + 2) return [node];
  return node.children.flatMap(stringsIn);
}

function withBadByte(text: string, at: number): Uint8Array {
  const before = Buffer.from(text.slice(0, at));
  const behind = Buffer.from(text.slice(at + 1));
  return Buffer.concat([before, Buffer.from([0xff]), behind]);
}

/** Bytes that are no text. */
function byteEdits({ answer, bytes, shape }: BodyText): Injection[] {
  // What is meant to be a text, and became one by it, would be told as such.
  const areBytes = (changed: Buffer): boolean => shape === 'binary' || !isUtf8(changed);
  const whole = Buffer.from(bytes);
  const middle = whole.length >> 1;
  const edit = (kind: DivergenceKind, what: string, changed: Buffer): Injection => {
    return { kind, path: 'body', what, make: () => withBody(answer, changed) };
  };
  const flipped = Buffer.from(whole);
  flipped[middle] = flipped[middle]! ^ 1;
  const edits = [
    edit('missing', 'empty', Buffer.alloc(0)),
    edit('length', 'a byte more before it', Buffer.concat([Buffer.from([~whole[0]!]), whole])),
  ];
  if (areBytes(flipped)) edits.push(edit('value', 'one bit', flipped));
  const cut = whole.subarray(0, middle);
  if (middle > 0 && areBytes(cut)) edits.push(edit('truncated', 'cut off', cut));
  return edits;
}

/** A coding, or a boundary, that the body does not have. */
function packedEdits(body: BodyText): Injection[] {
  const { answer, shape } = body;
  const { headers } = answer;
  if (shape === 'multipart') {
    if (contentOf(body).rows.length === 0) return [];
    const at = headers.findIndex((name, i) => i % 2 === 0 && /^content-type$/i.test(name));
    const other = headers[at + 1]!.replace(/boundary=/i, 'boundary=selftest');
    const make = (): Answer => ({ ...answer, headers: headers.with(at + 1, other) });
    return [{ kind: 'encoding', path: 'body', what: 'another boundary than it has', make }];
  }
  const isPacked = headers.some((name, i) => i % 2 === 0 && /^content-encoding$/i.test(name));
  if (isPacked) return [];
  const make = (): Answer => ({ ...answer, headers: [...headers, 'Content-Encoding', 'gzip'] });
  const what = 'said to be packed, and is not';
  return [{ kind: 'encoding', path: 'body', what, make }];
}
