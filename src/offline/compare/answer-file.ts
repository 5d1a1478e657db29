/** An answer out of a file: its body alone, its type guessed by its name, or head and body. */
import { decodeBody } from '../../compare/decode.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { Answer, RawHeaders } from '../../model/exchange.ts';
import { ChunkedDecoder } from '../../wire/chunked.ts';
import type { ResponseHead } from '../../wire/message.ts';
import { parseResponseHead } from '../../wire/response-head.ts';
import { formatCount } from '../../report/wording.ts';
import { nameOf } from './answer-bytes.ts';

/** What a file's name says of its content; null where it says nothing. */
export interface NamedType {
  readonly type: string | null;
  /** How it is packed. */
  readonly coding: string | null;
}

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
  sse: 'text/event-stream',
  form: 'application/x-www-form-urlencoded',
  txt: 'text/plain',
  text: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
};

const CODINGS: Readonly<Record<string, string>> = { gz: 'gzip', br: 'br', zst: 'zstd' };

/** By its endings: `answer.json.gz` is packed JSON. */
export function namedType(path: string): NamedType {
  const endings = path.toLowerCase().split('/').at(-1)!.split('.').slice(1);
  const coding = CODINGS[endings.at(-1) ?? ''] ?? null;
  const ending = endings.at(coding === null ? -1 : -2) ?? '';
  return { type: TYPES[ending] ?? null, coding };
}

/**
 * The one type that both are taken for: as given; as the names say where they do not disagree;
 * null: by how the bytes begin.
 */
export function sharedType(given: string | null, a: NamedType, b: NamedType): string | null {
  if (given !== null) return given;
  if (a.type === null || b.type === null) return a.type ?? b.type;
  return a.type === b.type ? a.type : null;
}

/** An answer out of a file, or the bound beyond which it was not read. */
export type GivenAnswer = Answer | 'file-too-large' | 'unpacks-too-large';

/** An answer 200 with this body, unpacked where `coding` says how. Throws `file-damaged`. */
export function bodyAnswer(
  path: string,
  bytes: Buffer,
  type: string | null,
  coding: string | null,
): GivenAnswer {
  const headers = type === null ? [] : ['Content-Type', type];
  if (coding === null) return answerOf({ status: 200, reason: 'OK', headers }, bytes, []);
  const unpacked = decodeBody(['content-encoding', coding], bytes);
  if (unpacked.kind === 'damaged') {
    throw new CrossfadeError('file-damaged', `${nameOf(path)} cannot be unpacked as ${coding}`);
  }
  if (unpacked.kind !== 'decoded') return 'unpacks-too-large';
  return answerOf({ status: 200, reason: 'OK', headers }, unpacked.bytes, []);
}

function answerOf(
  { status, reason, headers }: Pick<ResponseHead, 'status' | 'reason' | 'headers'>,
  body: Uint8Array,
  trailers: RawHeaders,
): Answer {
  const bodyBytes = body.length;
  return { status, statusMessage: reason, headers, trailers, body, bodyBytes, bodyHash: null };
}

/**
 * The answer that stands in the file as it came, as `curl -is --raw` writes it; of interim answers
 * before it nothing is kept. Throws `not-an-answer`.
 */
export function httpAnswer(path: string, bytes: Buffer): Answer {
  let rest = bytes;
  for (let interim = 0; interim <= LIMITS.interimAnswersMax; interim += 1) {
    const { head, end } = headOf(path, rest);
    rest = rest.subarray(end);
    if (head.status >= 200) return withBody(path, head, rest);
  }
  throw notAnAnswer(path, `it has more than ${LIMITS.interimAnswersMax} interim answers`);
}

/** True where the bytes look like a head and a body, and so are meant for {@link httpAnswer}. */
export function beginsWithHead(bytes: Buffer): boolean {
  return /^HTTP\/\d(?:\.\d)? \d{3}/.test(bytes.toString('latin1', 0, 16));
}

/** Lines may end as an editor ends them, and the version be one that has no such head. */
function headOf(
  path: string,
  bytes: Buffer,
): { readonly head: ResponseHead; readonly end: number } {
  const text = bytes.toString('latin1', 0, LIMITS.headerMaxBytes);
  const blank = /\r?\n\r?\n/.exec(text);
  if (!text.startsWith('HTTP/') || blank === null) {
    throw notAnAnswer(path, 'it does not begin with the head of an HTTP answer');
  }
  const lines = text
    .slice(0, blank.index)
    .split(/\r?\n/)
    .map((line, i) =>
      i === 0 ? line.replace(/^HTTP\/[23](?:\.0)? (\d{3})/, 'HTTP/1.1 $1') : line,
    );
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const parsed = parseResponseHead(head, false, LIMITS.headerMaxBytes);
  if (parsed === null) throw notAnAnswer(path, 'its head is not whole');
  if (typeof parsed === 'string') throw notAnAnswer(path, parsed);
  return { head: parsed.head, end: blank.index + blank[0].length };
}

const HINT = 'save one with curl -is --raw URL; without --http a file is a body alone';

function notAnAnswer(path: string, why: string, hint: string = HINT): CrossfadeError {
  return new CrossfadeError('not-an-answer', `${nameOf(path)} is no HTTP answer: ${why}`, { hint });
}

/** Never a part of a body: another may be equal to that part and no further. */
function withBody(path: string, head: ResponseHead, rest: Buffer): Answer {
  const { framing } = head;
  if (framing.kind === 'until-close') return answerOf(head, rest, []);
  if (framing.kind === 'chunked') return withChunks(path, head, rest);
  const bytes = framing.kind === 'length' ? framing.bytes : 0;
  const more = rest.length - bytes;
  if (more < 0 || !isLineBreak(rest.subarray(bytes))) {
    const [found, named] = [formatCount(rest.length), formatCount(bytes)];
    throw notAnAnswer(
      path,
      more < 0
        ? `its body is ${found} of ${named} bytes`
        : `its body is ${found} bytes, not ${named} as its head says`,
      'save it whole with curl -is --raw URL; --compressed unpacks a body and leaves its length ' +
        'in the head: correct, or take out, Content-Length there',
    );
  }
  return answerOf(head, rest.subarray(0, bytes), []);
}

/** Nothing, or what an editor adds at the end of a file. */
function isLineBreak(bytes: Buffer): boolean {
  return /^(?:\r?\n)?$/.test(bytes.toString('latin1', 0, 3));
}

function withChunks(path: string, head: ResponseHead, rest: Buffer): Answer {
  const parts: Buffer[] = [];
  const decoder = new ChunkedDecoder({
    bodyMaxBytes: Infinity,
    extensionMaxBytes: LIMITS.chunkExtensionMaxBytes,
    trailerMaxBytes: LIMITS.trailerMaxBytes,
  });
  // The decoder moves what it reads.
  const end = decoder.decode(Buffer.from(rest), 0, { bodyBytes: (bytes) => parts.push(bytes) });
  // Whoever saved it may have taken the chunks apart already.
  if (decoder.problem !== null) return answerOf(head, rest, []);
  if (!decoder.isDone || !isLineBreak(rest.subarray(end))) {
    throw notAnAnswer(
      path,
      decoder.isDone ? 'more stands behind its last chunk' : 'its last chunk is missing',
      'save it whole with curl -is --raw URL; where its chunks were taken apart already, take ' +
        'Transfer-Encoding out of its head',
    );
  }
  return answerOf(head, Buffer.concat(parts), decoder.trailers);
}
