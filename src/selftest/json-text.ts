/**
 * JSON by the places of its values in the text: what is edited, and what an edit means. Made
 * apart from the comparator's own reader on purpose: a test that looks with the eyes of what it
 * tests sees nothing that those do not.
 */
import { LIMITS } from '../kit/limits.ts';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'word';

/** A value and where it stands: `text.slice(start, end)`. */
export interface JsonNode {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
  /** JSON Pointer; '' for the root. */
  readonly path: string;
  /** Of a member of an object: its name, and where that begins and ends with its quotes. */
  readonly key: JsonKey | null;
  /** Members or elements, in the order of the text. */
  readonly children: readonly JsonNode[];
}

export interface JsonKey {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The value that stands between two places of a text; null where it is no JSON, or nested deeper
 * than is compared. `prefix`: the path of its root.
 */
export function readJson(
  text: string,
  start = 0,
  end: number = text.length,
  prefix = '',
): JsonNode | null {
  if (!isJson(text.slice(start, end))) return null;
  return readValue({ text, at: start }, prefix, null, 0);
}

/** Whether a text is JSON, however deep. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // What it should be instead does not matter.
    return false;
  }
}

interface Reader {
  /** Valid as a whole: nothing is checked again. */
  readonly text: string;
  at: number;
}

function readValue(
  reader: Reader,
  path: string,
  key: JsonKey | null,
  depth: number,
): JsonNode | null {
  if (depth > LIMITS.jsonDepthMax) return null;
  skipSpace(reader);
  const start = reader.at;
  const first = reader.text[start];
  if (first === '{' || first === '[') {
    const children = readChildren(reader, path, depth, first === '{');
    if (children === null) return null;
    const kind = first === '{' ? 'object' : 'array';
    return { kind, start, end: reader.at, path, key, children };
  }
  if (first === '"') {
    skipString(reader);
    return { kind: 'string', start, end: reader.at, path, key, children: [] };
  }
  while (reader.at < reader.text.length && /[-+.\w]/.test(reader.text[reader.at]!)) reader.at += 1;
  const kind = first === 't' || first === 'f' || first === 'n' ? 'word' : 'number';
  return { kind, start, end: reader.at, path, key, children: [] };
}

function readChildren(
  reader: Reader,
  path: string,
  depth: number,
  isObject: boolean,
): JsonNode[] | null {
  const children: JsonNode[] = [];
  reader.at += 1;
  for (;;) {
    skipSpace(reader);
    const next = reader.text[reader.at];
    if (next === '}' || next === ']') break;
    if (next === ',') {
      reader.at += 1;
      continue;
    }
    const key = isObject ? readKey(reader) : null;
    const segment = key === null ? String(children.length) : escaped(key.name);
    const child = readValue(reader, `${path}/${segment}`, key, depth + 1);
    if (child === null) return null;
    children.push(child);
  }
  reader.at += 1;
  return children;
}

function readKey(reader: Reader): JsonKey {
  const start = reader.at;
  skipString(reader);
  const end = reader.at;
  skipSpace(reader);
  reader.at += 1;
  return { name: JSON.parse(reader.text.slice(start, end)) as string, start, end };
}

function escaped(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

function skipSpace(reader: Reader): void {
  while (' \t\r\n'.includes(reader.text[reader.at] ?? 'x')) reader.at += 1;
}

function skipString(reader: Reader): void {
  reader.at += 1;
  while (reader.text[reader.at] !== '"') reader.at += reader.text[reader.at] === '\\' ? 2 : 1;
  reader.at += 1;
}

/** Every value that is neither object nor array, in the order of the text. */
export function leavesOf(node: JsonNode): JsonNode[] {
  if (node.kind !== 'object' && node.kind !== 'array') return [node];
  return node.children.flatMap(leavesOf);
}

/** The value and all that is in it. */
export function nodesOf(node: JsonNode): JsonNode[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

/** What the string says, its escapes undone. */
export function stringAt(text: string, node: JsonNode): string {
  return JSON.parse(text.slice(node.start, node.end)) as string;
}

/**
 * The same text for two values that mean the same, and only for those: white space, escapes and
 * the order of members aside; numbers to the letter, and every value of a repeated name.
 */
export function meaningOf(text: string, node: JsonNode): string {
  switch (node.kind) {
    case 'object': {
      const members = node.children.map(
        (child) => [JSON.stringify(child.key!.name), meaningOf(text, child)] as const,
      );
      // A stable sort: values of one name keep their order.
      members.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
      return `{${members.map((member) => member.join(':')).join(',')}}`;
    }
    case 'array':
      return `[${node.children.map((child) => meaningOf(text, child)).join(',')}]`;
    case 'string':
      return JSON.stringify(stringAt(text, node));
    default:
      return text.slice(node.start, node.end);
  }
}
