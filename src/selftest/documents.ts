/** What stands in a body that is not one JSON text: JSON in its records, events and parts. */
import { mediaTypeOf, parseMediaType } from '../compare/body-shape.ts';
import type { BodyText } from './body-text.ts';
import { type JsonNode, readJson } from './json-text.ts';

/** A stretch of plain text that is one value: a field of a form, a line, a part. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly path: string;
}

/** What a body is made of. */
export interface BodyContent {
  readonly documents: readonly JsonNode[];
  readonly spans: readonly Span[];
  /** Records, events, parts, fields or lines, in their order; empty where it is one value. */
  readonly rows: readonly Span[];
}

const NOTHING: BodyContent = { documents: [], spans: [], rows: [] };

/** The parts of a body by its structure; nothing of one that is not as it says. */
export function contentOf({ shape, text, answer }: BodyText): BodyContent {
  if (text === null || text === '') return NOTHING;
  switch (shape) {
    case 'json': {
      const root = readJson(text);
      return root === null ? linesIn(text) : { ...NOTHING, documents: [root] };
    }
    case 'records':
      return recordsIn(text);
    case 'events':
      return eventsIn(text);
    case 'form':
      return fieldsIn(text);
    case 'multipart': {
      const { name, parameters } = mediaTypeOf(answer.headers);
      return partsIn(text, parameters.get('boundary') ?? '', name === 'multipart/form-data');
    }
    case 'text':
      return linesIn(text);
    case 'binary':
      return NOTHING;
  }
}

/** Each with its line break, where it has one. */
function rowsIn(text: string, pattern: RegExp): Span[] {
  return [...text.matchAll(pattern)].map((match, index) => {
    return { start: match.index, end: match.index + match[0].length, path: `/${index}` };
  });
}

const LINES = /[^\n]*\n|[^\n]+$/g;

function recordsIn(text: string): BodyContent {
  const rows = rowsIn(text, LINES).filter(({ start, end }) => text.slice(start, end).trim() !== '');
  const documents = rows.map(({ start, end }, index) => readJson(text, start, end, `/${index}`));
  const isWhole = documents.every((each) => each !== null);
  return isWhole ? { ...NOTHING, documents, rows } : NOTHING;
}

function eventsIn(text: string): BodyContent {
  if (text.includes('\r')) return NOTHING;
  // What holds comments alone is no event.
  const rows = rowsIn(text, /(?:[^\n]+\n)+\n/g)
    .filter(({ start, end }) => /^(?:data|event|id|retry)(?::|$)/m.test(text.slice(start, end)))
    .map((row, index) => ({ ...row, path: `/${index}` }));
  const documents: JsonNode[] = [];
  const spans: Span[] = [];
  for (const { start, end, path } of rows) {
    const fields = [...text.slice(start, end).matchAll(/^(data|event|id): ?(.*)$/gm)];
    const hasOne = fields.filter(([, name]) => name === 'data').length === 1;
    for (const { index, 0: line, 1: name = '', 2: value = '' } of fields) {
      if (name === 'data' && !hasOne) continue;
      const to = start + index + line.length;
      const from = to - value.length;
      const isLikely = name === 'data' && /^\s*[[{]/.test(value);
      const root = isLikely ? readJson(text, from, to, `${path}/data`) : null;
      if (root !== null) documents.push(root);
      else spans.push({ start: from, end: to, path: `${path}/${name}` });
    }
  }
  return { documents, spans, rows };
}

function fieldsIn(text: string): BodyContent {
  const rows: Span[] = [];
  const spans: Span[] = [];
  for (const { index: start, 0: whole } of text.matchAll(/[^&]+/g)) {
    const equals = whole.indexOf('=');
    const end = start + whole.length;
    const path = `/${segmentOf(equals < 0 ? whole : whole.slice(0, equals))}`;
    rows.push({ start, end, path });
    if (equals >= 0) spans.push({ start: start + equals + 1, end, path });
  }
  return { documents: [], spans, rows };
}

/** Of a form's name; as it stands where its escapes are none. */
function segmentOf(name: string): string {
  const spaced = name.replaceAll('+', ' ');
  const isEscaped = /^(?:[^%]|%[0-7][0-9a-f])*$/i.test(spaced);
  const plain = isEscaped ? decodeURIComponent(spaced) : spaced;
  return plain.replaceAll('~', '~0').replaceAll('/', '~1');
}

const CRLF = '\r\n';

/** From the first boundary on; a part and the boundary before it are a row. */
function partsIn(text: string, boundary: string, isForm: boolean): BodyContent {
  const delimiter = `--${boundary}`;
  if (!text.includes(`${delimiter}--`)) return NOTHING;
  const documents: JsonNode[] = [];
  const spans: Span[] = [];
  const rows: Span[] = [];
  let start = text.indexOf(delimiter);
  for (let next = start; start >= 0; start = next) {
    next = text.indexOf(CRLF + delimiter, start);
    if (next < 0) break;
    next += CRLF.length;
    const head = text.slice(start, text.indexOf(CRLF + CRLF, start));
    const name = parseMediaType(/^content-disposition:(.*)$/im.exec(head)?.[1] ?? '');
    const segment = isForm ? (name.parameters.get('name') ?? '') : String(rows.length);
    rows.push({ start, end: next, path: `/${segment}` });
    const from = start + head.length + 2 * CRLF.length;
    const to = next - CRLF.length;
    const isJson = /^content-type:\s*\S+[/+]json\s*$/im.test(head);
    const root = isJson ? readJson(text, from, to, `/${segment}/json`) : null;
    if (root !== null) documents.push(root);
    else if (from <= to) spans.push({ start: from, end: to, path: `/${segment}/text` });
  }
  return { documents, spans, rows };
}

function linesIn(text: string): BodyContent {
  const rows = rowsIn(text, LINES);
  if (!text.includes('\n')) {
    return { ...NOTHING, spans: [{ start: 0, end: text.length, path: 'body' }] };
  }
  const spans = rows.map(({ start, end, path }) => {
    const line = text.slice(start, end).replace(/\r?\n$/, '');
    return { start, end: start + line.length, path };
  });
  return { documents: [], spans, rows };
}
