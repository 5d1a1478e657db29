/** One record as a frame of a block: a JSON text and the bodies behind it. See format.ts. */
import type { Answer, Outcome, RawHeaders, RequestMessage } from '../model/exchange.ts';
import type { RecordedExchange, RecordedPair, RecordedStall } from './format.ts';

interface ExchangeText {
  readonly outcome: Outcome;
  readonly latencyUs: number;
  readonly serviceUs: number;
  readonly answer: AnswerText | null;
}

/**
 * Status, reason, headers, trailers, whole length, bytes kept here; the hash where there is one.
 */
type AnswerText = readonly [number, string, RawHeaders, RawHeaders, number, number, string?];

/**
 * The frame with its length in front. Header and target text is latin1, one char one byte.
 * Throws when a reader would refuse the record, as one such record would cost its whole block.
 */
export function encodeFrame(pair: RecordedPair): Buffer {
  const bodies: Uint8Array[] = [];
  const exchange = (side: RecordedExchange | null): ExchangeText | null => {
    if (side === null) return null;
    const { outcome, answer } = side;
    const latencyUs = Math.max(0, Math.round(side.latencyUs));
    const serviceUs = Math.max(0, Math.round(side.serviceUs));
    if ((answer !== null) !== (outcome === 'answered')) throw new Error('an answer too few');
    if (answer === null) return { outcome, latencyUs, serviceUs, answer };
    const { status, statusMessage, headers, trailers, bodyBytes, body, bodyHash } = answer;
    if (!isHeaders(headers) || !isHeaders(trailers)) throw new Error('fields of no answer');
    bodies.push(body);
    const kept = [status, statusMessage, headers, trailers, bodyBytes, body.length] as const;
    const hashed: AnswerText = bodyHash === null ? kept : [...kept, bodyHash];
    return { outcome, latencyUs, serviceUs, answer: hashed };
  };
  const { method, target, headers, body } = pair.request;
  const isSound = METHOD.test(method) && TARGET.test(target) && isHeaders(headers);
  if (!isSound) throw new Error('a request that could not be sent again');
  if (body !== null) bodies.push(body);
  const text = JSON.stringify({
    atUs: pair.atUs,
    route: pair.route,
    keys: pair.keys,
    liveSide: pair.liveSide,
    request: [method, target, headers, body === null ? -1 : body.length],
    legacy: exchange(pair.legacy),
    candidate: exchange(pair.candidate),
    stall: pair.stall,
  });
  const json = Buffer.from(text, 'utf8');
  const lengths = Buffer.alloc(8);
  const bodyBytes = bodies.reduce((sum, part) => sum + part.length, 0);
  lengths.writeUInt32LE(4 + json.length + bodyBytes, 0);
  lengths.writeUInt32LE(json.length, 4);
  return Buffer.concat([lengths, json, ...bodies]);
}

/** All records of a block's payload, or undefined when one of them is not what it should be. */
export function decodeFrames(raw: Buffer, records: number): RecordedPair[] | undefined {
  const pairs: RecordedPair[] = [];
  let offset = 0;
  while (offset < raw.length) {
    if (raw.length - offset < 8) return undefined;
    const end = offset + 4 + raw.readUInt32LE(offset);
    const bodiesStart = offset + 8 + raw.readUInt32LE(offset + 4);
    if (end > raw.length || bodiesStart > end) return undefined;
    const pair = decodePair(raw.subarray(offset + 8, bodiesStart), raw.subarray(bodiesStart, end));
    if (pair === undefined) return undefined;
    pairs.push(pair);
    offset = end;
  }
  return pairs.length === records ? pairs : undefined;
}

function decodePair(json: Buffer, bodies: Buffer): RecordedPair | undefined {
  const value = parseObject(json);
  if (value === undefined) return undefined;
  const rest = new BodyBytes(bodies);
  const request = decodeRequest(value['request'], rest);
  const legacy = decodeExchange(value['legacy'], rest);
  const candidate = decodeExchange(value['candidate'], rest);
  const { atUs, route, keys, liveSide } = value;
  const stall = decodeStall(value['stall']);
  if (request === undefined || legacy === undefined || candidate === undefined) return undefined;
  if (typeof route !== 'string' || !isTexts(keys) || !Number.isSafeInteger(atUs)) return undefined;
  if (liveSide !== 'legacy' && liveSide !== 'candidate') return undefined;
  if (!rest.isUsedUp || stall === undefined) return undefined;
  const known = { route, keys, liveSide, atUs: atUs as number } as const;
  return { ...known, request, legacy, candidate, ...(stall && { stall }) };
}

/** Undefined when it is not what it should be; null when there is none. */
function decodeStall(value: unknown): RecordedStall | null | undefined {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return undefined;
  const { fromUs, toUs, longestUs } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(fromUs) || !Number.isSafeInteger(toUs)) return undefined;
  if (!isCount(longestUs)) return undefined;
  return { fromUs: fromUs as number, toUs: toUs as number, longestUs };
}

/** Hands out the bodies behind a frame's text, in order; undefined once they do not fit. */
class BodyBytes {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isUsedUp(): boolean {
    return this.#offset === this.#bytes.length;
  }

  take(length: unknown): Buffer | undefined {
    if (!isCount(length) || length > this.#bytes.length - this.#offset) return undefined;
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }
}

/** The object a JSON text holds, without a prototype to fall back on; undefined if it is none. */
export function parseObject(json: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    // Not JSON, or nested deeper than the stack: either way no record of ours.
    return undefined;
  }
}

// Written to a socket as it stands: nothing that could begin another header or request.
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const FIELD = /^[\t\x20-\x7e\x80-\xff]*$/;

function decodeRequest(value: unknown, bodies: BodyBytes): RequestMessage | undefined {
  if (!Array.isArray(value) || value.length !== 4) return undefined;
  const [method, target, headers, length] = value as unknown[];
  if (typeof method !== 'string' || !METHOD.test(method)) return undefined;
  if (typeof target !== 'string' || !TARGET.test(target) || !isHeaders(headers)) return undefined;
  if (length === -1) return { method, target, headers, body: null };
  const body = bodies.take(length);
  return body === undefined ? undefined : { method, target, headers, body };
}

const OUTCOMES: ReadonlySet<unknown> = new Set<Outcome>([
  'answered',
  'timeout',
  'refused',
  'reset',
  'too-large',
  'aborted',
]);

/** Undefined when it is not what it should be; null when nothing was recorded. */
function decodeExchange(value: unknown, bodies: BodyBytes): RecordedExchange | null | undefined {
  if (value === null) return null;
  if (typeof value !== 'object' || value === undefined) return undefined;
  const { outcome, latencyUs, serviceUs, answer } = value as Record<string, unknown>;
  if (!OUTCOMES.has(outcome) || !isCount(latencyUs) || !isCount(serviceUs)) return undefined;
  const kept = answer === null ? null : decodeAnswer(answer, bodies);
  if (kept === undefined || (kept !== null) !== (outcome === 'answered')) return undefined;
  return { outcome: outcome as Outcome, latencyUs, serviceUs, answer: kept };
}

function decodeAnswer(value: unknown, bodies: BodyBytes): Answer | undefined {
  if (!Array.isArray(value) || value.length < 6 || value.length > 7) return undefined;
  const fields: readonly unknown[] = value;
  const [status, statusMessage, headers, trailers, bodyBytes, kept, bodyHash = null] = fields;
  if (!isCount(status) || typeof statusMessage !== 'string' || !isCount(bodyBytes)) {
    return undefined;
  }
  const body = bodies.take(kept);
  if (!isHeaders(headers) || !isHeaders(trailers) || body === undefined) return undefined;
  if (bodyHash !== null && typeof bodyHash !== 'string') return undefined;
  return { status, statusMessage, headers, trailers, body, bodyBytes, bodyHash };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** True for a list of texts. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isHeaders(value: unknown): value is RawHeaders {
  return isTexts(value) && value.length % 2 === 0 && value.every(isField);
}

function isField(text: string, index: number): boolean {
  return index % 2 === 0 ? METHOD.test(text) : FIELD.test(text);
}
