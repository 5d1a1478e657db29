/** What a body is, by its Content-Type; by how it begins only where it has none. */
import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../kit/limits.ts';
import { headerValue, type RawHeaders } from '../model/exchange.ts';

export type BodyShape =
  | 'json'
  /** One JSON text a line. */
  | 'records'
  /** An event stream. */
  | 'events'
  | 'form'
  | 'multipart'
  | 'text'
  | 'binary';

/** A media type, its parameters by lower-case name. */
export interface MediaType {
  /** Lower case, without parameters; '' where none is given. */
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const RECORDS = /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|stream\+json)$/;
const TEXT =
  /^(?:text\/.+|application\/(?:(?:.+\+)?(?:xml|yaml)|x-yaml|toml|(?:x-)?javascript|graphql|sql))$/;

const shapes = new Map<string, BodyShape | null>();

/** The shape of a body with these fields. Types seen before are not taken apart again. */
export function shapeOf(headers: RawHeaders, bytes: Uint8Array): BodyShape {
  const type = headerValue(headers, 'content-type') ?? '';
  let shape = shapes.get(type);
  if (shape === undefined) {
    shape = shapeOfType(type);
    if (shapes.size < LIMITS.comparedNamesMax) shapes.set(type, shape);
  }
  return shape ?? sniffed(bytes);
}

/** Null where no type is given. */
function shapeOfType(type: string): BodyShape | null {
  const { name, parameters } = parseMediaType(type);
  if (name === '') return null;
  if (/[/+]json$/.test(name)) return 'json';
  if (RECORDS.test(name)) return 'records';
  if (name === 'text/event-stream') return 'events';
  if (name === 'application/x-www-form-urlencoded') return 'form';
  if (name.startsWith('multipart/') && parameters.has('boundary')) return 'multipart';
  return TEXT.test(name) ? 'text' : 'binary';
}

/** The Content-Type of a body with these fields. */
export function mediaTypeOf(headers: RawHeaders): MediaType {
  return parseMediaType(headerValue(headers, 'content-type') ?? '');
}

const PARAMETER = /;\s*([^\s;=]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))/g;

/** What stands behind is not looked at. */
export const MEDIA_TYPE_MAX_CHARS = 1024;

/** A field's value taken apart. Source: RFC 9110 section 5.6.6. */
export function parseMediaType(text: string): MediaType {
  const end = text.indexOf(';');
  const name = text
    .slice(0, end < 0 ? MEDIA_TYPE_MAX_CHARS : end)
    .trim()
    .toLowerCase();
  const parameters = new Map<string, string>();
  if (end < 0) return { name, parameters };
  for (const [, key = '', quoted, plain = ''] of text
    .slice(end, MEDIA_TYPE_MAX_CHARS)
    .matchAll(PARAMETER)) {
    const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1');
    parameters.set(key.toLowerCase(), value);
  }
  return { name, parameters };
}

/** The first byte that is neither white space nor of a byte order mark. */
function sniffed(bytes: Uint8Array): BodyShape {
  let at = hasMark(bytes) ? MARK_BYTES : 0;
  while (at < bytes.length && ' \t\r\n'.includes(String.fromCharCode(bytes[at]!))) at += 1;
  if (bytes[at] === 0x7b || bytes[at] === 0x5b) return 'json';
  return isUtf8(bytes) ? 'text' : 'binary';
}

/** Length of the byte order mark of UTF-8. */
export const MARK_BYTES = 3;

/** True for a text that begins with a byte order mark: no part of it, and a stumbling block. */
export function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
