/**
 * JSON as it was sent: numbers keep their text, repeated keys are seen, `__proto__` is a key like
 * any other. `JSON.parse` hides all three, and two answers it takes for equal may not be.
 */
import { murmur3 } from '../kit/hash.ts';
import { TAPE } from './json-rows.ts';
import { JsonTape } from './json-scan.ts';
import { childrenOf, keyOf, kindAt, nextOf, scalarOf } from './json-tape.ts';
import { quoted } from './json-quoted.ts';
import { mixHash } from './mix-hash.ts';

const { ARRAY, OBJECT, ROW } = TAPE;

export interface JsonNumber {
  readonly kind: 'number';
  /** As written: `1.0`, `-0`, `9007199254740993`. */
  readonly source: string;
}

export interface JsonArray {
  readonly kind: 'array';
  readonly items: readonly JsonValue[];
  readonly hash: number;
}

export interface JsonObject {
  readonly kind: 'object';
  /** The last value of each key, in order of first appearance. */
  readonly members: ReadonlyMap<string, JsonValue>;
  /** All values of the keys that stand there more than once; null when there are none. */
  readonly repeated: ReadonlyMap<string, readonly JsonValue[]> | null;
  /** Of all members whatever their order. */
  readonly hash: number;
}

export type JsonScalar = null | boolean | string | JsonNumber;
export type JsonValue = JsonScalar | JsonArray | JsonObject;

export type JsonParse =
  | { readonly kind: 'parsed'; readonly value: JsonValue }
  /** `at`: the first byte of its UTF-8 that does not fit; the length where the text ends early. */
  | { readonly kind: 'invalid'; readonly at: number }
  /** Deeper or larger than the limits: nothing is said of its validity. */
  | { readonly kind: 'too-large' };

/** The value of a text, within the limits. Never throws. */
export function parseJson(text: string): JsonParse {
  const tape = new JsonTape();
  const kind = tape.scan(Buffer.from(text));
  if (kind === 'parsed') return { kind, value: valueOf(tape, 0) };
  return kind === 'invalid' ? { kind, at: tape.at } : { kind };
}

/** The value at a row, with all that is in it. Recursion is as deep as the value. */
export function valueOf(tape: JsonTape, row: number): JsonValue {
  const kind = kindAt(tape, row);
  if (kind === ARRAY) return arrayOf(childrenOf(tape, row).map((at) => valueOf(tape, at)));
  if (kind !== OBJECT) return scalarOf(tape, row);
  const members = new Map<string, JsonValue>();
  let repeated: Map<string, JsonValue[]> | null = null;
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    const key = keyOf(tape, at);
    const value = valueOf(tape, at);
    if (members.has(key)) {
      repeated ??= new Map();
      const values = repeated.get(key) ?? [members.get(key)!];
      values.push(value);
      repeated.set(key, values);
    }
    members.set(key, value);
  }
  return objectOf(members, repeated);
}

/** An array of these elements. */
export function arrayOf(items: readonly JsonValue[]): JsonArray {
  let hash = items.length;
  for (const item of items) hash = (Math.imul(hash, 31) + hashOf(item)) | 0;
  return { kind: 'array', items, hash: mixHash(hash) };
}

/** An object of these members. */
export function objectOf(
  members: ReadonlyMap<string, JsonValue>,
  repeated: ReadonlyMap<string, readonly JsonValue[]> | null,
): JsonObject {
  let hash = members.size;
  for (const [key, value] of members) {
    hash = (hash + Math.imul(murmur3(key) ^ 0x9e3779b9, hashOf(value) | 1)) | 0;
  }
  return { kind: 'object', members, repeated, hash: mixHash(hash) };
}

/** Alike for equal values. Tells candidates for equality from each other, and never proves it. */
export function hashOf(value: JsonValue): number {
  if (value === null) return mixHash(1);
  if (typeof value === 'boolean') return mixHash(value ? 2 : 3);
  if (typeof value === 'string') return murmur3(value, 4) | 0;
  return value.kind === 'number' ? murmur3(value.source, 5) | 0 : value.hash;
}

/** True for strings, numbers, booleans and null. */
export function isScalar(value: JsonValue): value is JsonScalar {
  return value === null || typeof value !== 'object' || value.kind === 'number';
}

/** True when both are scalars and the same, numbers to the letter. */
export function isSameScalar(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return a === undefined || isScalar(a);
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false;
  return a.kind === 'number' && b.kind === 'number' && a.source === b.source;
}

/**
 * JSON text of a value in its own order of keys, cut at `maxChars` with a mark. Recursion is as
 * deep as the value, which the parser bounds.
 */
export function jsonText(value: JsonValue, maxChars: number): string {
  const text = write(value, maxChars + 1, false);
  return text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
}

/** The same text for equal values whatever the order of their keys. */
export function canonicalText(value: JsonValue): string {
  return write(value, Infinity, true);
}

function write(value: JsonValue, room: number, isSorted: boolean): string {
  if (value === null || typeof value === 'boolean') return String(value);
  // Escapes only lengthen a text: nothing behind `room` can be wanted.
  if (typeof value === 'string') return quoted(value.length > room ? value.slice(0, room) : value);
  if (value.kind === 'number') return value.source;
  const isArray = value.kind === 'array';
  const keys = isArray ? [] : [...value.members.keys()];
  if (isSorted) keys.sort();
  const count = isArray ? value.items.length : keys.length;
  let text = isArray ? '[' : '{';
  for (let i = 0; i < count && text.length < room; i += 1) {
    if (i > 0) text += ',';
    if (isArray) {
      text += write(value.items[i]!, room - text.length, isSorted);
      continue;
    }
    const values = value.repeated?.get(keys[i]!) ?? [value.members.get(keys[i]!)!];
    const label = JSON.stringify(keys[i]);
    const parts = values.map((each) => `${label}:${write(each, room - text.length, isSorted)}`);
    text += parts.join(',');
  }
  return text + (isArray ? ']' : '}');
}
