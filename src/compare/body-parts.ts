/** Multipart bodies as JSON: their boundaries are made up by who sends them and say nothing. */
import { isUtf8 } from 'node:buffer';
import { textAsJson } from './body-fields.ts';
import { parseMediaType } from './body-shape.ts';
import { JsonTape } from './json-scan.ts';

const CRLF = '\r\n';
const DASH = 0x2d;

/**
 * The parts of a body: of a form an object by the names of its fields, else an array. Null where
 * it does not end as it should, or a part has no fields. Source: RFC 2046 section 5.1.
 */
export function partsAsJson(bytes: Uint8Array, isForm: boolean, boundary: string): string | null {
  const parts = splitParts(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), boundary);
  if (parts === null) return null;
  const tape = new JsonTape();
  const texts: string[] = [];
  for (const part of parts) {
    // Without fields it begins with the empty line that ends them.
    const end = part.indexOf(CRLF) === 0 ? -CRLF.length : part.indexOf(CRLF + CRLF);
    if (end === -1) return null;
    const fields = fieldsOf(part.toString('utf8', 0, Math.max(0, end)));
    const body = part.subarray(end + 2 * CRLF.length);
    const text = `{"fields":${fieldsAsJson(fields)},${contentAsJson(fields, body, tape)}}`;
    const disposition = parseMediaType(fields.get('content-disposition') ?? '');
    const name = disposition.parameters.get('name') ?? '';
    texts.push(isForm ? `${JSON.stringify(name)}:${text}` : text);
  }
  return isForm ? `{${texts.join(',')}}` : `[${texts.join(',')}]`;
}

/** What stands between the delimiters, without the line break before each. */
function splitParts(bytes: Buffer, boundary: string): Buffer[] | null {
  const delimiter = Buffer.from(`${CRLF}--${boundary}`);
  const first = delimiter.subarray(CRLF.length);
  const parts: Buffer[] = [];
  const isFirst = bytes.subarray(0, first.length).equals(first);
  let at = isFirst ? first.length : behind(bytes.indexOf(delimiter), delimiter);
  while (at >= 0) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return parts;
    const start = bytes.indexOf(CRLF, at);
    // A part without content has its two line breaks, and the delimiter's is the second.
    const end = start < 0 ? -1 : bytes.indexOf(delimiter, start);
    if (end < 0) return null;
    parts.push(bytes.subarray(Math.min(end, start + CRLF.length), end));
    at = end + delimiter.length;
  }
  return null;
}

function behind(at: number, delimiter: Buffer): number {
  return at < 0 ? -1 : at + delimiter.length;
}

function fieldsOf(head: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.split(CRLF)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

function fieldsAsJson(fields: ReadonlyMap<string, string>): string {
  const members = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${texts.join(',')}}`;
}

function contentAsJson(fields: ReadonlyMap<string, string>, body: Buffer, tape: JsonTape): string {
  if (!isUtf8(body)) return `"binary":${JSON.stringify(body.toString('latin1'))}`;
  const isJson = /[/+]json$/.test(parseMediaType(fields.get('content-type') ?? '').name);
  const text = body.toString('utf8');
  const json = isJson ? textAsJson(text, tape) : JSON.stringify(text);
  return json.startsWith('"') ? `"text":${json}` : `"json":${json}`;
}
