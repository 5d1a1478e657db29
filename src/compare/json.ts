/**
 * JSON as it was sent: numbers keep their text, repeated keys are seen, `__proto__` is a key like
 * any other. `JSON.parse` hides all three, and two answers it takes for equal may not be.
 * Source: RFC 8259; accepts and refuses exactly what `JSON.parse` does, within the limits.
 */
import { murmur3 } from '../kit/hash.ts';
import { LIMITS } from '../kit/limits.ts';

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
  /** `at`: the first character that does not fit; the length where the text ends early. */
  | { readonly kind: 'invalid'; readonly at: number }
  /** Deeper or larger than the limits: nothing is said of its validity. */
  | { readonly kind: 'too-large' };

interface OpenArray {
  readonly kind: 'array';
  readonly items: JsonValue[];
}

interface OpenObject {
  readonly kind: 'object';
  readonly members: Map<string, JsonValue>;
  repeated: Map<string, JsonValue[]> | null;
  key: string;
}

/** Parses without recursion: any depth of brackets costs no stack. Never throws. */
export function parseJson(text: string): JsonParse {
  return new Parser(text).parse();
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex -- control characters are what ends a plain run
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/** What a step of the parser came upon; a value stands in `#value` then. */
type Step = 'value' | 'opened' | 'next' | 'invalid';

class Parser {
  readonly #text: string;
  readonly #open: (OpenArray | OpenObject)[] = [];
  #at = 0;
  #nodes = 0;
  #value: JsonValue = null;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonParse {
    for (;;) {
      this.#nodes += 1;
      if (this.#nodes > LIMITS.jsonNodesMax) return { kind: 'too-large' };
      this.#match(SPACE);
      let step = this.#readValue();
      while (step === 'value') {
        const top = this.#open.at(-1);
        if (top === undefined) return this.#finish();
        attach(top, this.#value);
        step = this.#readNext(top);
      }
      if (step === 'invalid') return { kind: 'invalid', at: this.#at };
      if (this.#open.length > LIMITS.jsonDepthMax) return { kind: 'too-large' };
    }
  }

  #finish(): JsonParse {
    this.#match(SPACE);
    if (this.#at < this.#text.length) return { kind: 'invalid', at: this.#at };
    return { kind: 'parsed', value: this.#value };
  }

  #readValue(): Step {
    switch (this.#text[this.#at]) {
      case '{':
        this.#at += 1;
        return this.#openObject();
      case '[':
        this.#at += 1;
        return this.#openArray();
      case '"':
        return this.#readString() ? 'value' : 'invalid';
      default:
        return this.#readNumberOrLiteral();
    }
  }

  #openArray(): Step {
    const array: OpenArray = { kind: 'array', items: [] };
    this.#match(SPACE);
    if (this.#take(']')) {
      this.#value = close(array);
      return 'value';
    }
    this.#open.push(array);
    return 'opened';
  }

  #openObject(): Step {
    const object: OpenObject = { kind: 'object', members: new Map(), repeated: null, key: '' };
    this.#match(SPACE);
    if (this.#take('}')) {
      this.#value = close(object);
      return 'value';
    }
    this.#open.push(object);
    return this.#readKey(object) ? 'opened' : 'invalid';
  }

  #readKey(object: OpenObject): boolean {
    this.#match(SPACE);
    if (this.#text[this.#at] !== '"' || !this.#readString()) return false;
    object.key = this.#value as string;
    this.#match(SPACE);
    return this.#take(':');
  }

  /** After a value inside `top`: on to the next one, or `top` itself is the value. */
  #readNext(top: OpenArray | OpenObject): Step {
    this.#match(SPACE);
    if (this.#take(',')) {
      if (top.kind === 'object' && !this.#readKey(top)) return 'invalid';
      return 'next';
    }
    if (!this.#take(top.kind === 'object' ? '}' : ']')) return 'invalid';
    this.#open.pop();
    this.#value = close(top);
    return 'value';
  }

  #readNumberOrLiteral(): Step {
    const start = this.#at;
    if (this.#match(NUMBER)) {
      this.#value = { kind: 'number', source: this.#text.slice(start, this.#at) };
      return 'value';
    }
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, start)) continue;
      this.#at += word.length;
      this.#value = value;
      return 'value';
    }
    return 'invalid';
  }

  #readString(): boolean {
    const start = this.#at;
    this.#at += 1;
    this.#match(PLAIN);
    let isPlain = true;
    while (this.#match(ESCAPE)) {
      isPlain = false;
      this.#match(PLAIN);
    }
    if (!this.#take('"')) return false;
    const token = this.#text.slice(start, this.#at);
    this.#value = isPlain ? token.slice(1, -1) : (JSON.parse(token) as string);
    return true;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const isMatch = pattern.test(this.#text);
    if (isMatch) this.#at = pattern.lastIndex;
    return isMatch;
  }
}

function attach(top: OpenArray | OpenObject, value: JsonValue): void {
  if (top.kind === 'array') {
    top.items.push(value);
    return;
  }
  const { key, members } = top;
  if (members.has(key)) {
    top.repeated ??= new Map();
    const values = top.repeated.get(key) ?? [members.get(key)!];
    values.push(value);
    top.repeated.set(key, values);
  }
  members.set(key, value);
}

function close(open: OpenArray | OpenObject): JsonArray | JsonObject {
  if (open.kind === 'array') {
    let hash = open.items.length;
    for (const item of open.items) hash = (Math.imul(hash, 31) + hashOf(item)) | 0;
    return { kind: 'array', items: open.items, hash };
  }
  let hash = open.members.size;
  for (const [key, value] of open.members) {
    hash = (hash + Math.imul(murmur3(key) ^ 0x9e3779b9, hashOf(value) | 1)) | 0;
  }
  return { kind: 'object', members: open.members, repeated: open.repeated, hash };
}

/** Alike for equal values. Tells candidates for equality from each other, and never proves it. */
export function hashOf(value: JsonValue): number {
  if (value === null) return 1;
  if (typeof value === 'boolean') return value ? 2 : 3;
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
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room));
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
