/** Streams of requests, good ones and ones with something done to them, the same for each seed. */
import { createRandom, type Random } from '../../src/kit/random.ts';

export interface GeneratedStream {
  /** latin1. */
  readonly text: string;
  /** Nothing has been done to it: all of it must be forwarded and answered. */
  readonly isGood: boolean;
  /** The offsets between its segments, ascending. */
  readonly cuts: readonly number[];
}

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH'];
const RARE_METHODS = ['PURGE', 'QUERY', 'M-SEARCH', 'PROPFIND'];
const PATH_CHARS = 'abcXYZ0189-._~!$&\'()*+,;=:@/%2F?[]{}|^`"\\<>';
const LINES = [
  'Transfer-Encoding: chunked',
  'transfer-encoding: Chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer_Encoding: chunked',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'content-length:05',
  'Host: evil',
  'Host:',
  'Connection: close',
  'Connection: X-Q, keep-alive',
  'Connection: content-length',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Expect: 200-maybe',
  ' folded',
  'X-Q',
  ': empty',
  'X-Q: \0',
  '',
];
const BYTES = '\r\n\t \0:;,0159afAF/\x0b\x7f\x80\xff"\\+-_';

/** The stream of this seed, which alone decides it. */
export function generateStream(seed: number): GeneratedStream {
  const random = createRandom(mixed(seed));
  const tag = `${(seed >>> 0).toString(36)}-${random.int(0, 0x3fffffff).toString(36)}`;
  const count = random.int(1, 4);
  let text = '';
  for (let i = 0; i < count; i += 1) text += request(random, `${tag}-${i}`, i === count - 1);
  const isGood = random.next() < 0.4;
  if (!isGood) {
    for (let left = random.int(1, 3); left > 0; left -= 1) text = mutated(random, text);
  }
  return { text, isGood, cuts: cutsOf(random, text.length) };
}

/** Neighbouring seeds would begin with neighbouring draws. Source: MurmurHash3's finalizer. */
function mixed(seed: number): number {
  const once = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

function pick<Thing>(random: Random, things: ArrayLike<Thing>): Thing {
  return things[random.int(0, things.length - 1)]!;
}

function chars(random: Random, from: string, count: number): string {
  let text = '';
  for (let i = 0; i < count; i += 1) text += from[random.int(0, from.length - 1)];
  return text;
}

function bytes(random: Random, count: number): string {
  let text = '';
  for (let i = 0; i < count; i += 1) text += String.fromCharCode(random.int(0, 255));
  return text;
}

function request(random: Random, tag: string, isLast: boolean): string {
  const method = pick(random, random.next() < 0.9 ? METHODS : RARE_METHODS);
  const isOld = isLast && random.next() < 0.05;
  const lines = fieldLines(random, tag, isLast);
  const body = random.next() < (method === 'GET' ? 0.1 : 0.7) ? content(random) : null;
  let sent = '';
  if (body !== null && !isOld && random.next() < 0.5) {
    lines.push(pick(random, ['Transfer-Encoding: chunked', 'transfer-encoding:  CHUNKED ']));
    sent = chunks(random, body);
  } else if (body !== null) {
    lines.push(`${pick(random, ['Content-Length', 'content-length'])}: ${body.length}`);
    sent = body;
  }
  if (sent !== '' && random.next() < 0.05) lines.push('Expect: 100-continue');
  shuffle(random, lines);
  const empty = random.next() < 0.03 ? '\r\n' : '';
  const line = `${method} ${target(random, tag)} HTTP/1.${isOld ? 0 : 1}`;
  return `${empty}${line}\r\n${lines.map((field) => `${field}\r\n`).join('')}\r\n${sent}`;
}

function target(random: Random, tag: string): string {
  const path = `/${tag}/${chars(random, PATH_CHARS, random.int(0, 24))}`;
  const form = random.next();
  if (form < 0.04) return `http://other.example:81${path}`;
  return form < 0.06 ? `//${tag}/../x` : path;
}

function fieldLines(random: Random, tag: string, isLast: boolean): string[] {
  const lines = [
    pick(random, ['Host: h', 'host: h.example:80', 'HOST:\t[::1]:8080 ']),
    `X-Q: ${tag}`,
  ];
  for (let left = random.int(0, 5); left > 0; left -= 1) {
    const prefix = pick(random, ['X-Q', 'x-q', 'X-Other-']);
    const name = prefix + chars(random, "az09-_.!#$%&'*+^`|~", random.int(0, 9));
    const value = chars(random, 'ab \t,;="\\\x80\xe9\xff:()<>@/[]?{}', random.int(0, 30));
    lines.push(`${name}:${pick(random, ['', ' ', '\t', '  '])}${value}`);
  }
  const rare = random.next();
  if (rare < 0.05) lines.push('Connection: X-Qa, keep-alive', 'X-Qa: dropped', 'x-qb: kept');
  else if (rare < 0.08) lines.push('TE: trailers', 'Connection: TE');
  else if (rare < 0.1) lines.push('Cookie: a=b', 'Cookie: c=d', 'Authorization: Basic eA==');
  else if (isLast && rare < 0.16) lines.push('Connection: close');
  return lines;
}

function content(random: Random): string {
  const size = random.next();
  if (size < 0.1) return '';
  // What a body may look like to a reader that has lost its place.
  if (size < 0.3) {
    return `0\r\n\r\n${hiddenLine(random)}\r\nHost: h\r\n\r\n${bytes(random, 3)}`;
  }
  return bytes(random, size < 0.98 ? random.int(1, 80) : random.int(1000, 20_000));
}

/** The line of a request that stands where none may be read. */
function hiddenLine(random: Random): string {
  return `GET /hidden/${random.int(0, 0x3fffffff).toString(36)} HTTP/1.1`;
}

function chunks(random: Random, body: string): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, random.int(1, Math.max(4, body.length)));
    text += `${sizeLine(random, size)}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  const last = random.next() < 0.9 ? '0' : '000;last';
  const trailers = random.next() < 0.1 ? 'X-Q-Trailer: v\r\nX-T: w\r\n' : '';
  return `${text}${last}\r\n${trailers}\r\n`;
}

function sizeLine(random: Random, size: number): string {
  const digits = random.next() < 0.5 ? size.toString(16) : size.toString(16).toUpperCase();
  const zeros = random.next() < 0.1 ? '0'.repeat(random.int(1, 8)) : '';
  const extension = pick(random, ['', '', '', '', '', ';a', ';a=b', ';a="\\"; \t";b=c']);
  return `${zeros}${digits}${extension}`;
}

function shuffle(random: Random, lines: string[]): void {
  for (let i = lines.length - 1; i > 0; i -= 1) {
    const j = random.int(0, i);
    [lines[i], lines[j]] = [lines[j]!, lines[i]!];
  }
}

function mutated(random: Random, text: string): string {
  const at = random.int(0, Math.max(0, text.length - 1));
  const to = Math.min(text.length, at + random.int(1, 8));
  switch (random.int(0, 12)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(random.int(0, 255)) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, at) + chars(random, BYTES, random.int(1, 3)) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(at, to) + text.slice(at);
    case 4:
      return text.slice(0, at);
    case 5:
      return onLine(random, text, (line) => `${line}\r\n${line}`);
    case 6:
      return onLine(random, text, () => '');
    case 7:
    case 8: {
      const added = random.next() < 0.05 ? hiddenLine(random) : pick(random, LINES);
      return onLine(random, text, (line) => `${line}\r\n${added}`);
    }
    case 9: {
      const [found, other] = pick(random, SPELLINGS);
      return replaceOne(random, text, found, other);
    }
    case 10:
    case 11:
      return oddChunk(random, text);
    default:
      return text + text.slice(at);
  }
}

/** What may be done to the line of a chunk; `$1` is its size. */
const CHUNK_LINES = [
  '\r\n$1\n',
  '\n$1\r\n',
  '\rx$1\r\n',
  'x\n$1\r\n',
  '$1\r\n',
  '\r\n$1\r',
  '\r\n0x$1\r\n',
  '\r\n+$1\r\n',
  '\r\n-$1\r\n',
  '\r\n $1\r\n',
  '\r\n$1 \r\n',
  '\r\n$1;\r\n',
  '\r\n$1;a\n\r\n',
  '\r\n$1;a="\r\n',
  '\r\n$1;a=b;\r\n',
  '\r\n$1_0\r\n',
  '\r\n1$1\r\n',
  '\r\n00000000000000000$1\r\n',
  '\r\nffffffffffffffff\r\n',
  '\r\n\r\n',
  '\r\n0\r\n',
];

function oddChunk(random: Random, text: string): string {
  const lines = /\r\n([0-9a-fA-F]{1,8})\r\n/g;
  lines.lastIndex = random.int(0, text.length);
  const found = lines.exec(text);
  if (found === null) return text;
  const line = pick(random, CHUNK_LINES).replace('$1', found[1]!);
  return text.slice(0, found.index) + line + text.slice(lines.lastIndex);
}

const SPELLINGS: readonly (readonly [string, string])[] = [
  ['\r\n', '\n'],
  ['\r\n', '\r'],
  ['\r\n', '\r\n '],
  ['\r\n', '\r\n\r\n'],
  [': ', ' : '],
  [': ', ':\x0b'],
  [' HTTP/1.1', ' HTTP/1.0'],
  [' HTTP/1.1', '  HTTP/1.1'],
  [' HTTP/1.1', ''],
  ['chunked', 'xchunked'],
  ['chunked', 'chunked, identity'],
  ['Content-Length: ', 'Content-Length: 0'],
  ['Content-Length: ', 'Content-Length: 1'],
  ['0\r\n\r\n', '0\r\n'],
  ['Host', 'X-Host'],
];

function replaceOne(random: Random, text: string, found: string, other: string): string {
  const at = text.indexOf(found, random.int(0, text.length));
  return at === -1 ? text : text.slice(0, at) + other + text.slice(at + found.length);
}

/** Does it to one line of the text, whatever that is a line of. */
function onLine(random: Random, text: string, change: (line: string) => string): string {
  const from = text.lastIndexOf('\r\n', random.int(0, text.length));
  const lineAt = from === -1 ? 0 : from + 2;
  const lineEnd = text.indexOf('\r\n', lineAt);
  if (lineEnd === -1) return text;
  const line = change(text.slice(lineAt, lineEnd));
  return text.slice(0, lineAt) + line + text.slice(line === '' ? lineEnd + 2 : lineEnd);
}

function cutsOf(random: Random, length: number): number[] {
  const how = random.next();
  if (how < 0.6 || length < 2) return [];
  if (how < 0.98) {
    const cuts = new Set<number>();
    for (let left = random.int(1, 4); left > 0; left -= 1) cuts.add(random.int(1, length - 1));
    return [...cuts].toSorted((a, b) => a - b);
  }
  const from = random.int(1, length - 1);
  const count = Math.min(120, length - from);
  return Array.from({ length: count }, (_, i) => from + i);
}
