/**
 * What a strict proxy may make of a stream of requests, by a reading of its own: regular
 * expressions over the text where src/wire reads bytes, so that one mistake is not made twice.
 * Source: RFC 9110 and 9112, with the choices that docs/wire.md lists.
 */
import { hash } from 'node:crypto';

export interface Predicted {
  /** What tells the request as a side must see it: its line, its fields of `X-Q…`, its body. */
  readonly mark: string;
  readonly isHead: boolean;
}

/**
 * The requests that may be forwarded, in order, and how the stream ends behind them: `open` at
 * the end of a whole request, `closed` because the client said so, `refused`, or `partial`.
 */
export interface Prediction {
  readonly requests: readonly Predicted[];
  readonly end: 'open' | 'closed' | 'refused' | 'partial';
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const LINE = /^([A-Z-]{1,64}) ([!"$-~]+) HTTP\/1\.([01])$/;
const FIELD = new RegExp(`^(${TOKEN}):([\\t -~\\x80-\\xff]*)$`);
const IS_TOKEN = new RegExp(`^${TOKEN}$`);
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const CHUNK_LINE = new RegExp(`^([0-9A-Fa-f]{1,16})(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`);
const NAME = "(?:[0-9A-Za-z._~!$&'()*+;=-]|%[0-9A-Fa-f]{2}){1,255}";
const HOST = new RegExp(`^(?:\\[[0-9A-Fa-f:.]{2,45}\\]|${NAME})(?::([0-9]{0,5}))?$`);
const FRAMES = 'host|content-length|transfer-encoding';
const SECURES = 'authorization|cookie|forwarded|via|x-real-ip|x-forwarded-.*|crossfade-.*';
const UNNOMINATED = new RegExp(`^(${FRAMES}|${SECURES})$`);

type Fields = readonly (readonly [name: string, value: string])[];

interface Message {
  readonly request: Predicted;
  readonly end: number;
  readonly keepsAlive: boolean;
}

/** What a mark is made of, the same on both sides. */
export function markOf(method: string, target: string, own: string, body: string): string {
  return hash('sha1', `${method} ${target}\n${own}\n${body}`, 'hex');
}

/** The fields that a mark holds, in order. `headers`: name, value … */
export function ownFields(headers: readonly string[]): string {
  let text = '';
  for (let i = 0; i < headers.length; i += 2) {
    if (/^x-q/i.test(headers[i]!)) text += `${headers[i]}:${headers[i + 1]}\n`;
  }
  return text;
}

/** Reads `stream`, latin1, as the head of this file says. */
export function predict(stream: string): Prediction {
  const requests: Predicted[] = [];
  for (let at = 0; ; ) {
    const found = readRequest(stream, at);
    if (typeof found === 'string') return { requests, end: found };
    requests.push(found.request);
    if (!found.keepsAlive) return { requests, end: 'closed' };
    at = found.end;
    if (at === stream.length) return { requests, end: 'open' };
  }
}

function readRequest(stream: string, from: number): Message | 'refused' | 'partial' {
  let at = from;
  for (let lines = 0; lines < 4 && stream.startsWith('\r\n', at); lines += 1) at += 2;
  const headEnd = stream.indexOf('\r\n\r\n', at);
  if (headEnd === -1) return 'partial';
  const lines = stream.slice(at, headEnd).split('\r\n');
  const line = LINE.exec(lines[0]!);
  const fields = readFields(lines.slice(1));
  if (line === null || fields === null) return 'refused';
  const [, method = '', target = '', minor = ''] = line;
  if (method === 'CONNECT' || method === 'TRACE') return 'refused';
  const connection = listOf(fields, 'connection');
  if (connection.some((option) => UNNOMINATED.test(option) || !IS_TOKEN.test(option))) {
    return 'refused';
  }
  if (fields.some(([name]) => /^(content_length|transfer_encoding)$/i.test(name))) return 'refused';
  const sent = targetOf(method, target, minor, valuesOf(fields, 'host'));
  const body = readBody(stream, headEnd + 4, fields, minor);
  if (sent === null || body === 'refused') return 'refused';
  const expect = valuesOf(fields, 'expect').join(',');
  if (minor === '1' && expect !== '' && !/^(\s*100-continue\s*(,|$))+$/i.test(expect)) {
    return 'refused';
  }
  if (body === 'partial') return 'partial';
  const kept = fields.filter(([name]) => !connection.includes(name.toLowerCase()));
  const mark = markOf(method, sent, ownFields(kept.flat()), body.content);
  const closes = connection.includes('close');
  const keepsAlive = minor === '1' ? !closes : !closes && connection.includes('keep-alive');
  return { request: { mark, isHead: method === 'HEAD' }, end: body.end, keepsAlive };
}

/** Without the blanks of RFC 9110, 5.6.3, which are fewer than those of `trim`. */
function trimmed(text: string): string {
  return text.replaceAll(/^[\t ]+|[\t ]+$/g, '');
}

function readFields(lines: readonly string[]): Fields | null {
  const fields: (readonly [string, string])[] = [];
  for (const line of lines) {
    const field = FIELD.exec(line);
    if (field === null) return null;
    fields.push([field[1]!, trimmed(field[2]!)]);
  }
  return fields;
}

function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

function listOf(fields: Fields, name: string): string[] {
  return valuesOf(fields, name)
    .flatMap((value) => value.toLowerCase().split(','))
    .map(trimmed)
    .filter((member) => member !== '');
}

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  return match !== null && Number(match[1] ?? 0) <= 65_535;
}

/** The target as a side gets it; null where it may not be forwarded. */
function targetOf(
  method: string,
  target: string,
  minor: string,
  hosts: readonly string[],
): string | null {
  if (hosts.length > 1 || (hosts.length === 0 && minor === '1')) return null;
  if (hosts.length === 1 && !isHost(hosts[0]!)) return null;
  if (target.startsWith('/')) return target;
  if (target === '*') return method === 'OPTIONS' ? '*' : null;
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute === null || !isHost(absolute[1]!)) return null;
  const rest = absolute[2]!;
  if (rest === '' && method === 'OPTIONS') return '*';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

interface Body {
  readonly content: string;
  readonly end: number;
}

function readBody(
  stream: string,
  from: number,
  fields: Fields,
  minor: string,
): Body | 'refused' | 'partial' {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  if (lengths.length + codings.length > 1) return 'refused';
  if (codings.length === 1) {
    if (minor === '0' || codings[0]!.toLowerCase() !== 'chunked') return 'refused';
    return readChunks(stream, from);
  }
  if (lengths.length === 0) return { content: '', end: from };
  if (!/^[0-9]{1,15}$/.test(lengths[0]!)) return 'refused';
  const end = from + Number(lengths[0]);
  return end > stream.length ? 'partial' : { content: stream.slice(from, end), end };
}

function readChunks(stream: string, from: number): Body | 'refused' | 'partial' {
  let content = '';
  for (let at = from; ; ) {
    const lineEnd = stream.indexOf('\r\n', at);
    if (lineEnd === -1) return 'partial';
    const line = CHUNK_LINE.exec(stream.slice(at, lineEnd));
    if (line === null) return 'refused';
    const size = Number.parseInt(line[1]!, 16);
    at = lineEnd + 2;
    if (size === 0) return readTrailers(stream, at, content);
    if (at + size + 2 > stream.length) return 'partial';
    content += stream.slice(at, at + size);
    at += size;
    if (!stream.startsWith('\r\n', at)) return 'refused';
    at += 2;
  }
}

function readTrailers(stream: string, from: number, content: string): Body | 'refused' | 'partial' {
  if (stream.startsWith('\r\n', from)) return { content, end: from + 2 };
  const end = stream.indexOf('\r\n\r\n', from);
  if (end === -1) return 'partial';
  const fields = readFields(stream.slice(from, end).split('\r\n'));
  if (fields === null) return 'refused';
  const isFraming = ([name]: readonly [string, string]): boolean =>
    /^(content-length|transfer-encoding|host)$/i.test(name);
  return fields.some(isFraming) ? 'refused' : { content, end: end + 4 };
}
