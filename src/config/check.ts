import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type YAMLMap } from 'yaml';
import { didYouMean, type Path, type Problems } from './problems.ts';
import type { SchemaNode } from './schema-forms.ts';

/** Nothing a schema allows lies deeper; an alias that holds itself ends here. */
const DEPTH_MAX = 16;
const FOUND_MAX = 60;

/** Reports everything in the document that the schema does not allow, each at its place. */
export function checkDocument(document: Document, schema: SchemaNode, problems: Problems): void {
  new Check(document, problems).node(document.contents, schema, []);
}

/** As {@link checkDocument}, for one key of the document and what it holds. */
export function checkPart(
  document: Document,
  key: string,
  schema: SchemaNode,
  problems: Problems,
): void {
  new Check(document, problems).node(document.get(key, true), schema, [key]);
}

class Check {
  readonly #document: Document;
  readonly #problems: Problems;

  constructor(document: Document, problems: Problems) {
    this.#document = document;
    this.#problems = problems;
  }

  node(given: unknown, schema: SchemaNode, path: Path): void {
    const node = isAlias(given) ? given.resolve(this.#document) : given;
    if (path.length > DEPTH_MAX) {
      this.#problems.add(path, 'nested too deep');
    } else if (schema.anyOf !== undefined) {
      this.#union(node, schema, schema.anyOf, path);
    } else if (schema.type === 'object') {
      if (isMap(node)) this.#map(node, schema, path);
      else if (path.length === 0) this.#noMap(node, schema);
      else this.#wrong(node, schema, path);
    } else if (schema.type === 'array') {
      if (isSeq(node)) this.#list(node.items, schema, path);
      else this.#wrong(node, schema, path);
    } else if (!fits(isScalar(node) ? node.value : undefined, schema)) {
      this.#wrong(node, schema, path);
    }
  }

  #map(map: YAMLMap, schema: SchemaNode, path: Path): void {
    const known = schema.properties ?? {};
    const seen = new Set<string>();
    for (const pair of map.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : describe(pair.key);
      const value = Object.hasOwn(known, name) ? known[name] : otherKey(schema, name);
      seen.add(name);
      if (value === undefined) {
        const key = isNode(pair.key) ? pair.key : null;
        this.#problems.addKey([...path, cut(name)], key, unknownKey(name, schema));
      } else {
        this.node(pair.value, value, [...path, name]);
      }
    }
    for (const name of schema.required ?? []) {
      if (seen.has(name)) continue;
      this.#problems.add(path, `expected the key "${name}": ${expected(known[name]!)}; found none`);
    }
  }

  /** The file as a whole: what it has to have, rather than all that it might. */
  #noMap(node: unknown, { required = [] }: SchemaNode): void {
    const found = isScalar(node) && node.value === null ? 'nothing' : describe(node);
    this.#problems.add([], `expected the keys ${required.join(' and ')}, found ${found}`);
  }

  #list(items: readonly unknown[], schema: SchemaNode, path: Path): void {
    const { minItems = 0, maxItems = Infinity } = schema;
    if (items.length < minItems) this.#problems.add(path, `expected at least ${minItems}, found 0`);
    if (items.length > maxItems) {
      this.#problems.add(path, `expected at most ${maxItems} entries, found ${items.length}`);
      return;
    }
    if (schema.items === undefined) return;
    for (const [index, item] of items.entries()) this.node(item, schema.items, [...path, index]);
  }

  /** Alternatives are told apart by mapping, list or scalar; mappings by their constant key. */
  #union(node: unknown, schema: SchemaNode, options: readonly SchemaNode[], path: Path): void {
    const kind = kindOf(node);
    const alike = options.filter((option) => kindOfSchema(option) === kind);
    const value: unknown = isScalar(node) ? node.value : undefined;
    if (kind === 'mapping' && alike.length > 1) this.#tagged(node as YAMLMap, alike, path);
    else if (alike.length === 1 && (kind !== 'scalar' || schema['x-expects'] === undefined)) {
      this.node(node, alike[0]!, path);
    } else if (kind !== 'scalar' || !alike.some((option) => fits(value, option))) {
      this.#wrong(node, schema, path);
    }
  }

  #tagged(map: YAMLMap, options: readonly SchemaNode[], path: Path): void {
    const tag = Object.entries(options[0]!.properties ?? {}).find(
      ([, value]) => value.const !== undefined,
    )![0];
    const found: unknown = map.get(tag);
    const option = options.find((candidate) => candidate.properties?.[tag]?.const === found);
    if (option !== undefined) {
      this.#map(map, option, path);
      return;
    }
    const tags = options.map((candidate) => candidate.properties?.[tag]?.const ?? '');
    const near = typeof found === 'string' ? didYouMean(found, tags) : '';
    this.#problems.add(
      [...path, tag],
      `expected ${oneOf(tags)}, found ${describe(map.get(tag, true))}${near}`,
    );
  }

  #wrong(node: unknown, schema: SchemaNode, path: Path): void {
    const value: unknown = isScalar(node) ? node.value : undefined;
    const words = (schema.enum ?? []).map(String);
    const near = typeof value === 'string' ? didYouMean(value, words) : '';
    const found = isSecret(schema) ? describeSecret(node) : describe(node);
    this.#problems.add(path, `expected ${expected(schema)}, found ${found}${near}`);
  }
}

/** What a key that the mapping does not know by name is to hold; undefined where it has none. */
function otherKey(schema: SchemaNode, name: string): SchemaNode | undefined {
  const { additionalProperties: other, propertyNames } = schema;
  if (typeof other !== 'object') return undefined;
  return propertyNames === undefined || fits(name, propertyNames) ? other : undefined;
}

function unknownKey(name: string, schema: SchemaNode): string {
  if (schema.propertyNames !== undefined) {
    return `expected ${expected(schema.propertyNames)}, found "${cut(name)}"`;
  }
  const names = Object.keys(schema.properties ?? {});
  const hint = didYouMean(name, names) || `; expected one of ${names.join(', ')}`;
  return `unknown key "${cut(name)}"${hint}`;
}

type Kind = 'mapping' | 'list' | 'scalar';

function kindOf(node: unknown): Kind {
  return isMap(node) ? 'mapping' : isSeq(node) ? 'list' : 'scalar';
}

function kindOfSchema({ type }: SchemaNode): Kind {
  return type === 'object' ? 'mapping' : type === 'array' ? 'list' : 'scalar';
}

function isSecret(schema: SchemaNode): boolean {
  return schema.writeOnly === true || schema.anyOf?.some(isSecret) === true;
}

/** Whether a scalar is what the schema's leaf asks for. */
function fits(value: unknown, schema: SchemaNode): boolean {
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum !== undefined) return schema.enum.some((word) => word === value);
  if (schema.type === 'boolean') return typeof value === 'boolean';
  if (schema.type === 'string') {
    return typeof value === 'string' && new RegExp(schema.pattern ?? '', 'u').test(value);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (schema.type === 'integer' && !Number.isSafeInteger(value)) return false;
  return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
}

/** What a schema node asks for, to stand after "expected". */
function expected(schema: SchemaNode): string {
  if (schema['x-expects'] !== undefined) return schema['x-expects'];
  if (schema.enum !== undefined) return oneOf(schema.enum.map(String));
  if (schema.anyOf !== undefined) return eitherOf(schema.anyOf);
  switch (schema.type) {
    case 'object': {
      const names = Object.keys(schema.properties ?? {});
      return names.length === 0 ? 'a mapping' : `a mapping with ${names.join(', ')}`;
    }
    case 'array':
      return 'a list';
    case 'boolean':
      return 'true or false';
    case 'integer':
    case 'number':
      return `${schema.type === 'integer' ? 'a whole number' : 'a number'}${rangeOf(schema)}`;
    default:
      return schema.const === undefined ? 'a text' : `"${schema.const}"`;
  }
}

function rangeOf({ minimum, maximum }: SchemaNode): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? '' : ` of at least ${minimum}`;
}

function eitherOf(options: readonly SchemaNode[]): string {
  const maps = options.filter((option) => option.type === 'object');
  const others = options.filter((option) => option.type !== 'object').map(expected);
  return [...others, ...(maps.length === 0 ? [] : ['a mapping'])].join(' or ');
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `one of ${words.join(', ')}`;
}

/** What stands there, to come after "found". */
function describe(node: unknown): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  const value: unknown = isScalar(node) ? node.value : null;
  if (typeof value === 'string') return `"${cut(withoutCredentials(value))}"`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'nothing';
}

/** What a secret is instead, and not which. */
function describeSecret(node: unknown): string {
  const value: unknown = isScalar(node) ? node.value : null;
  if (typeof value === 'string') return 'another text';
  return typeof value === 'number' ? 'a number' : describe(node);
}

/** A URL may hold a password. */
function withoutCredentials(text: string): string {
  return text.replace(/(?<=:\/\/)[^/?#]*@/, '…@');
}

function cut(text: string): string {
  return text.length > FOUND_MAX ? `${text.slice(0, FOUND_MAX)}…` : text;
}
