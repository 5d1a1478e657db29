/** What the parts of the schema are made of. */
import { type Static, type TSchema, type TString, Type } from 'typebox';
import { Value } from 'typebox/value';

/**
 * A node of the configuration file's schema: JSON Schema, and `x-expects`, which completes the
 * sentence "expected …". What is `writeOnly` is a secret: no message repeats it.
 */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** What every other key holds; false where there is no other. */
  readonly additionalProperties?: boolean | SchemaNode;
  /** What those other keys look like. */
  readonly propertyNames?: SchemaNode;
  readonly required?: readonly string[] | undefined;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly writeOnly?: boolean;
  readonly 'x-expects'?: string;
}

/** A mapping has no keys but its own. */
export const CLOSED = { additionalProperties: false } as const;

type Annotations = Readonly<Record<string, unknown>>;

function annotated(description: string, fallback: string | undefined): Annotations {
  return { description, ...(fallback === undefined ? {} : { default: fallback }) };
}

/** A text of this form; `expects` says which to people. */
export function text(expects: string, pattern: string, annotations: Annotations = {}): TString {
  return Type.String({ pattern, 'x-expects': expects, ...annotations });
}

/** A text that stands for milliseconds. */
export function duration(description: string, fallback?: string): TString {
  const form = '^(0|\\d+(\\.\\d+)?\\s*(ms|s|m|h|d))$';
  return text('a duration such as 30s, 250ms or 48h', form, annotated(description, fallback));
}

/** A text that stands for bytes. */
export function size(description: string, fallback: string): TString {
  const form = '^\\d+(\\.\\d+)?\\s*(B|KiB|MiB|GiB)$';
  return text('a size such as 64KiB or 1GiB', form, annotated(description, fallback));
}

/** A text that stands for a part of a whole. */
export function share(description: string, fallback: string): TString {
  const form = '^\\d+(\\.\\d+)?\\s*%$';
  return text('a share such as 100% or 0.5%', form, annotated(description, fallback));
}

/** HOST:PORT. */
export function address(description: string, fallback?: string): TString {
  const form = '^(\\[[0-9A-Fa-f:.]+\\]|[^\\s:/]+):\\d{1,5}$';
  return text('HOST:PORT such as 127.0.0.1:8080', form, annotated(description, fallback));
}

/** An absolute URL without a fragment. */
export function httpUrl(description: string): TString {
  return text('an http:// or https:// URL', '^https?://[^\\s/?#]+[^\\s#]*$', { description });
}

/** RFC 6901; a segment `*` has the meaning that its description gives it. */
export function pointer(description: string, example: string): TString {
  return text(`a JSON Pointer such as ${example}`, '^(/\\S*)?$', { description });
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

/** A place in an answer: a pointer into its body, or a part of it by name. */
export function place(description: string): TString {
  const expects =
    'a JSON Pointer such as /items/*/id, or status, body, header:NAME or trailer:NAME';
  return text(expects, `^((/[^\\r\\n]*)?|status|body|(header|trailer):${TOKEN})$`, { description });
}

/** A token of HTTP: the name of a field or a cookie, say. Source: RFC 9110, section 5.6.2. */
export function token(expects: string): TString {
  return text(expects, `^${TOKEN}$`);
}

/** A file, against the folder of the configuration. */
export function file(description: string, fallback?: string): TString {
  return text('a file name', '\\S', annotated(description, fallback));
}

/** The same part with a description of its own. */
export function described<T extends TSchema>(part: T, description: string): T {
  return { ...part, description };
}

/** A switch that is on where nothing is said, and off by this word. */
export function off(): TString {
  return text('off', '^off$');
}

/** The value where it fits the part; undefined where check.ts has reported it. */
export function valid<T extends TSchema>(part: T, value: unknown): Static<T> | undefined {
  return Value.Check(part, value) ? value : undefined;
}

/** As {@link valid}, entry by entry; undefined where there is no list. */
export function validEach<T extends TSchema>(
  part: T,
  value: unknown,
): (Static<T> | undefined)[] | undefined {
  return Array.isArray(value) ? value.map((item: unknown) => valid(part, item)) : undefined;
}
