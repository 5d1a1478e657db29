import type { AckOptions, BulkAck, ListOptions } from './engine.ts';
import { type IdPair, parseId } from './ids.ts';
import type { ChannelRef } from './store.ts';
import { parseTimestampMs } from './timestamps.ts';

/**
 * Reads the parts of a request: ids, query values, bodies. Each answers the checked value, or
 * throws {@link InvalidForm} with every fault found (the first few of a long list), by path.
 * Numbers are never taken for ids nor text for numbers. Fields that are not known are passed over.
 */

/** The request is not as the contract says: 400, with what is wrong at which path. */
export class InvalidForm extends Error {
  readonly errors: Readonly<Record<string, string>>;

  constructor(errors: Readonly<Record<string, string>>) {
    super('Invalid Form Body');
    this.name = 'InvalidForm';
    this.errors = errors;
  }
}

export const QUERY_IDS_MAX = 200;
export const BULK_ACKS_MAX = 100;
export const MENTIONED_USERS_MAX = 1000;
export const LIST_LIMIT_MAX = 1000;
const TYPE_MAX = 5;
const FLAGS_MAX = 255;
const VIEWED_MAX = 65_535;
const MENTIONS_MAX = 2 ** 31 - 1;
/** The version of the removal protocol that is spoken here. */
const REMOVAL_VERSION = 2;
/** Faults named in one answer. */
const FAULTS_MAX = 10;

const ID_RULE = 'must be a string of 1 to 19 digits, 1 to 9223372036854775807, no leading zero';
const TIMESTAMP_RULE = 'must be a timestamp YYYY-MM-DDTHH:MM:SS.mmmZ from 2015-01-01 to 2154-05-15';
const NO_ID: IdPair = { hi: 0, lo: 0 };

type Fields = Readonly<Record<string, unknown>>;

/** The faults of one request. Made only when there is one. */
class Faults {
  #errors: Record<string, string> | null = null;
  #count = 0;

  add(path: string, why: string): void {
    this.#errors ??= {};
    if (this.#count < FAULTS_MAX) this.#errors[path] = why;
    this.#count += 1;
  }

  throwIfAny(): void {
    if (this.#errors !== null) throw new InvalidForm(this.#errors);
  }
}

function reject(path: string, why: string): never {
  throw new InvalidForm({ [path]: why });
}

function readId(value: unknown, path: string, faults: Faults): IdPair {
  const id = typeof value === 'string' ? parseId(value) : null;
  if (id !== null) return id;
  faults.add(path, value === undefined ? `is required and ${ID_RULE}` : ID_RULE);
  return NO_ID;
}

/** An integer field of 0 to `max`; `absent` when the field is missing. */
function readInteger(
  fields: Fields,
  name: string,
  max: number,
  absent: number,
  faults: Faults,
  prefix = '',
): number {
  const value = fields[name];
  if (value === undefined) return absent;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
    // Minus zero is an integer of this range, and would be written differently.
    return value + 0;
  }
  faults.add(prefix + name, `must be an integer from 0 to ${max}`);
  return absent;
}

function readList(fields: Fields, name: string, max: number): readonly unknown[] {
  const value = fields[name];
  if (Array.isArray(value) && value.length >= 1 && value.length <= max) return value;
  return reject(name, `must be a list of 1 to ${max}`);
}

/** An id in the path of a request. */
export function parsePathId(text: string, path: string): IdPair {
  return parseId(text) ?? reject(path, ID_RULE);
}

/** The body of a request as JSON fields; no body, or an empty one, has none. */
export function parseBody(body: unknown): Fields {
  if (body === undefined || body === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(body as string);
  } catch {
    return reject('body', 'must be JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('body', 'must be a JSON object');
  }
  return value as Fields;
}

/** A whole number of the query from `min` to `max`; `absent` when it is missing. */
function queryInteger(
  query: Fields,
  name: string,
  min: number,
  max: number,
  absent: number,
): number {
  const text = query[name];
  if (text === undefined) return absent;
  const isPlain = typeof text === 'string' && /^(0|[1-9]\d{0,9})$/.test(text);
  const value = isPlain ? Number(text) : -1;
  if (value >= min && value <= max) return value;
  return reject(name, `must be given once, an integer from ${min} to ${max}`);
}

/** `type` of a read of one state, 0 when it is not given. */
export function parseStateType(query: Fields): number {
  return queryInteger(query, 'type', 0, TYPE_MAX, 0);
}

/**
 * `type`, `after` and `limit` of a list. `after` is what a list gave as `next`, `TYPE:ID`; with
 * `type` given the id alone does as well.
 */
export function parseListOptions(query: Fields): ListOptions {
  const type = queryInteger(query, 'type', 0, TYPE_MAX, -1);
  const limit = queryInteger(query, 'limit', 1, LIST_LIMIT_MAX, LIST_LIMIT_MAX);
  const after = query['after'];
  return { type, limit, after: after === undefined ? null : parseCursor(after, type) };
}

function parseCursor(after: unknown, type: number): ChannelRef {
  const match = typeof after === 'string' ? /^(?:([0-5]):)?(\d+)$/.exec(after) : null;
  const id = match === null ? null : parseId(match[2]!);
  if (match === null || id === null || (match[1] === undefined && type < 0)) {
    return reject('after', 'must be given once, the `next` of a list: TYPE:ID, or ID with `type`');
  }
  const cursorType = match[1] === undefined ? type : Number(match[1]);
  if (type >= 0 && cursorType !== type) return reject('after', `must be of type ${type}`);
  return { type: cursorType, channelHi: id.hi, channelLo: id.lo };
}

/** The states that a query names, all of type 0. */
export function parseQuery(fields: Fields): ChannelRef[] {
  const faults = new Faults();
  const refs = readList(fields, 'ids', QUERY_IDS_MAX).map((value, i) => {
    const id = readId(value, `ids.${i}`, faults);
    return { type: 0, channelHi: id.hi, channelLo: id.lo };
  });
  faults.throwIfAny();
  return refs;
}

/** The options of an ack. `token` may be a string or null and has no effect. */
export function parseAck(fields: Fields): AckOptions {
  const faults = new Faults();
  const { manual, token } = fields;
  if (manual !== undefined && typeof manual !== 'boolean') {
    faults.add('manual', 'must be true or false');
  }
  if (token !== undefined && token !== null && typeof token !== 'string') {
    faults.add('token', 'must be a string or null');
  }
  const options = {
    isManual: manual === true,
    mentions: readInteger(fields, 'mention_count', MENTIONS_MAX, -1, faults),
    flags: readInteger(fields, 'flags', FLAGS_MAX, -1, faults),
    viewed: readInteger(fields, 'last_viewed', VIEWED_MAX, -1, faults),
  };
  faults.throwIfAny();
  return options;
}

/** Milliseconds since 1970 of the newest pin seen. */
export function parsePinAck(fields: Fields): number {
  const { timestamp } = fields;
  const ms = typeof timestamp === 'string' ? parseTimestampMs(timestamp) : -1;
  return ms >= 0 ? ms : reject('timestamp', TIMESTAMP_RULE);
}

/** The acks of a bulk ack in their order, each of the type it names, else of type 0. */
export function parseBulkAcks(fields: Fields): BulkAck[] {
  const faults = new Faults();
  const acks = readList(fields, 'read_states', BULK_ACKS_MAX).map((value, i) => {
    const path = `read_states.${i}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      faults.add(path, 'must be an object');
      return { type: 0, channelHi: 0, channelLo: 0, messageHi: 0, messageLo: 0 };
    }
    const item = value as Fields;
    const channel = readId(item['channel_id'], `${path}.channel_id`, faults);
    const message = readId(item['message_id'], `${path}.message_id`, faults);
    const type = readInteger(item, 'read_state_type', TYPE_MAX, 0, faults, `${path}.`);
    return {
      type,
      channelHi: channel.hi,
      channelLo: channel.lo,
      messageHi: message.hi,
      messageLo: message.lo,
    };
  });
  faults.throwIfAny();
  return acks;
}

/** A mention's message, and the users mentioned as hi, lo, hi, lo … */
export function parseMentions(fields: Fields): { message: IdPair; users: Int32Array } {
  const faults = new Faults();
  const message = readId(fields['message_id'], 'message_id', faults);
  const ids = readList(fields, 'user_ids', MENTIONED_USERS_MAX);
  const users = new Int32Array(ids.length * 2);
  for (let i = 0; i < ids.length; i += 1) {
    const id = readId(ids[i], `user_ids.${i}`, faults);
    users[i * 2] = id.hi;
    users[i * 2 + 1] = id.lo;
  }
  faults.throwIfAny();
  return { message, users };
}

/** The type of the state that a removal names, 0 when it is not given. */
export function parseRemoval(fields: Fields): number {
  const faults = new Faults();
  const type = readInteger(fields, 'read_state_type', TYPE_MAX, 0, faults);
  if (fields['version'] !== REMOVAL_VERSION) {
    faults.add('version', `is required and must be ${REMOVAL_VERSION}`);
  }
  faults.throwIfAny();
  return type;
}
