/**
 * Forms, event streams and records as JSON, so that they are walked as such: nothing of what
 * their readers see is lost, and two that say the same give the same.
 */
import { isUtf8 } from 'node:buffer';
import { MARK_BYTES, hasMark } from './body-shape.ts';
import { JsonTape } from './json-scan.ts';

/** Fields of a form in order, repeats kept: an object. Source: URL Standard, section 5.1. */
export function formAsJson(bytes: Uint8Array): string {
  const fields = textOf(bytes)
    .split('&')
    .filter((field) => field !== '');
  const members = fields.map((field) => {
    const equals = field.indexOf('=');
    const name = equals < 0 ? field : field.slice(0, equals);
    const value = equals < 0 ? '' : field.slice(equals + 1);
    const { text: key, isBinary } = plainOf(name);
    return `${JSON.stringify(isBinary ? `\0${key}` : key)}:${asJson(plainOf(value))}`;
  });
  return `{${members.join(',')}}`;
}

interface Plain {
  readonly text: string;
  /** Its bytes are no UTF-8: a character stands for each. */
  readonly isBinary: boolean;
}

/** A name or value without its escapes. */
function plainOf(field: string): Plain {
  const spaced = field.replaceAll('+', ' ');
  if (!spaced.includes('%')) return { text: spaced, isBinary: false };
  const latin = Buffer.from(spaced, 'utf8')
    .toString('latin1')
    .replaceAll(/%[0-9a-f]{2}/gi, (escape) =>
      String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
    );
  const bytes = Buffer.from(latin, 'latin1');
  return isUtf8(bytes)
    ? { text: bytes.toString('utf8'), isBinary: false }
    : { text: latin, isBinary: true };
}

function asJson({ text, isBinary }: Plain): string {
  return isBinary ? `{"binary":${JSON.stringify(text)}}` : JSON.stringify(text);
}

/** One JSON text a line as an array; null where a line is none. */
export function recordsAsJson(bytes: Uint8Array): string | null {
  const tape = new JsonTape();
  const records: string[] = [];
  for (const line of textOf(bytes).split('\n')) {
    // White space around a value is JSON's own, and a line of nothing else is none.
    if (!/[^ \t\r]/.test(line)) continue;
    if (tape.scan(Buffer.from(line)) !== 'parsed') return null;
    records.push(line);
  }
  return `[${records.join(',')}]`;
}

/**
 * Events of a stream as an array of objects; comments and fields that no reader looks at are left
 * out. Source: HTML Standard, section 9.2.6.
 */
export function eventsAsJson(bytes: Uint8Array): string {
  const tape = new JsonTape();
  const events: string[] = [];
  let fields: [name: string, value: string][] = [];
  const lines = textOf(bytes).split(/\r\n|\n|\r/);
  lines.forEach((line, index) => {
    if (line !== '') {
      const field = fieldOf(line);
      if (field !== null) fields.push(field);
    }
    const isLast = index === lines.length - 1;
    if ((line !== '' && !isLast) || fields.length === 0) return;
    // A reader drops what no empty line ends.
    events.push(eventAsJson(fields, tape, isLast));
    fields = [];
  });
  return `[${events.join(',')}]`;
}

const EVENT_FIELDS: ReadonlySet<string> = new Set(['event', 'data', 'id', 'retry']);

function fieldOf(line: string): [name: string, value: string] | null {
  const colon = line.indexOf(':');
  const name = colon < 0 ? line : line.slice(0, colon);
  if (!EVENT_FIELDS.has(name)) return null;
  const value = colon < 0 ? '' : line.slice(colon + 1);
  return [name, value.startsWith(' ') ? value.slice(1) : value];
}

function eventAsJson(
  fields: readonly (readonly [name: string, value: string])[],
  tape: JsonTape,
  isOpen: boolean,
): string {
  const members: string[] = [];
  for (const name of ['event', 'id', 'retry']) {
    const value = fields.findLast(([each]) => each === name)?.[1];
    if (value !== undefined) members.push(`"${name}":${JSON.stringify(value)}`);
  }
  const lines = fields.filter(([name]) => name === 'data').map(([, value]) => value);
  if (lines.length > 0) members.push(`"data":${textAsJson(lines.join('\n'), tape)}`);
  if (isOpen) members.push('"isUnfinished":true');
  return `{${members.join(',')}}`;
}

/** A JSON object or array as such, any other text as a string. */
export function textAsJson(text: string, tape: JsonTape): string {
  const isLikely = /^\s*[[{]/.test(text);
  return isLikely && tape.scan(Buffer.from(text)) === 'parsed' ? text : JSON.stringify(text);
}

/** Without a byte order mark. */
export function textOf(bytes: Uint8Array): string {
  const start = hasMark(bytes) ? MARK_BYTES : 0;
  const { buffer, byteOffset, length } = bytes;
  return Buffer.from(buffer, byteOffset, length).toString('utf8', start);
}
