/** What goes into a map of the user's own and what comes out of it, made safe both ways. */
import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../../kit/limits.ts';
import type { RawHeaders } from '../../model/exchange.ts';
import type { MapAnswer, RawAnswer } from './map-messages.ts';

// Taken before anybody else's code runs here.
const { parse, stringify } = JSON;
const { freeze, getPrototypeOf, keys } = Object;
const { isArray } = Array;
const objectPrototype: unknown = Object.prototype;

/** A frozen copy of an answer. Throws where its body is no text. */
export function mapAnswer({ status, headers, body }: RawAnswer): MapAnswer {
  if (!isUtf8(body)) throw new Error('the body is no UTF-8 text');
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  const fields = fieldsOf(headers);
  return freezeAll({ status, headers: fields, body: bodyOf(text, fields['content-type'] ?? '') });
}

function fieldsOf(headers: RawHeaders): Record<string, string> {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    const known = fields[name];
    fields[name] = known === undefined ? headers[i + 1]! : `${known}, ${headers[i + 1]!}`;
  }
  return fields;
}

function bodyOf(text: string, contentType: string): unknown {
  if (!/[/+]json\b/i.test(contentType) && !/^\s*[{[]/.test(text)) return text;
  try {
    return parse(text, exactly) as unknown;
  } catch {
    // Not JSON after all: the map gets the text as it came.
    return text;
  }
}

const INTEGER = /^-?\d+$/;

/** Digits that a double would round stay a text: two ids must not become one. */
function exactly(_key: string, value: unknown, ...more: readonly unknown[]): unknown {
  if (typeof value !== 'number') return value;
  const { source = '' } = (more[0] ?? {}) as { readonly source?: string };
  if (INTEGER.test(source)) return Number.isSafeInteger(value) ? value : source;
  const digits = source.replace(/e.*$/i, '').replaceAll(/[-.]/g, '').replace(/^0+/, '');
  return Number.isFinite(value) && digits.length <= DOUBLE_SAFE_DIGITS ? value : source;
}

/** Decimals of fewer digits survive a double. */
const DOUBLE_SAFE_DIGITS = 15;

function freezeAll<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const key of keys(value)) freezeAll((value as Record<string, unknown>)[key]);
  return freeze(value);
}

/** JSON text of what a map returned. Throws where that cannot be compared, saying why. */
export function mappedText(value: unknown): string {
  let nodes = 0;
  const write = (each: unknown, depth: number): string => {
    nodes += 1;
    if (nodes > LIMITS.jsonNodesMax || depth > LIMITS.jsonDepthMax) {
      throw new Error('it returned a value too large, too deep or with a cycle');
    }
    if (each === null || typeof each === 'boolean') return `${each}`;
    if (typeof each === 'string') return stringify(each);
    if (typeof each === 'number' && Number.isFinite(each)) return stringify(each);
    if (typeof each !== 'object') throw new Error(`it returned ${nameOf(each)}`);
    if (isArray(each)) return `[${each.map((item) => write(item, depth + 1)).join(',')}]`;
    const prototype: unknown = getPrototypeOf(each);
    if (prototype !== objectPrototype && prototype !== null) {
      throw new Error(`it returned ${nameOf(each)}, no plain object`);
    }
    const members = keys(each).flatMap((key) => {
      const member = (each as Record<string, unknown>)[key];
      return member === undefined ? [] : [`${stringify(key)}:${write(member, depth + 1)}`];
    });
    return `{${members.join(',')}}`;
  };
  return write(value, 0);
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing (undefined)';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const { name = 'object' } = (value.constructor ?? {}) as { readonly name?: string };
  return `a ${name}`;
}
