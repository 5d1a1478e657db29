/** Bugs of a JSON text at every one of its places: each leaf, each member, each object. */
import type { DivergenceKind } from '../model/pair.ts';
import { type BodyEdit, splice, type ValueEdit } from './edit.ts';
import { type JsonNode, meaningOf, nodesOf, stringAt } from './json-text.ts';
import { listEdits } from './list-edits.ts';
import { numberEdits, quotedEdits, wordEdits } from './number-edits.ts';

/** Every bug that the value and all in it have a place for. `text`: what its places are in. */
export function jsonEdits(text: string, root: JsonNode): BodyEdit[] {
  return nodesOf(root).flatMap((node) => {
    if (node.kind === 'object') return objectEdits(text, node);
    if (node.kind === 'array') return arrayEdits(text, node);
    return leafEdits(text, node);
  });
}

/** As a divergence names the place. */
function placeOf(node: JsonNode): string {
  return node.path === '' ? 'body' : node.path;
}

function leafEdits(text: string, node: JsonNode): BodyEdit[] {
  const { start, end } = node;
  return valuesFor(text, node).map(({ kind, what, to }) => {
    return { kind, path: placeOf(node), what, apply: splice(start, end, to) };
  });
}

function valuesFor(text: string, node: JsonNode): ValueEdit[] {
  const source = text.slice(node.start, node.end);
  if (node.kind === 'string') return quotedEdits(stringAt(text, node));
  if (node.kind === 'number') return numberEdits(source, node.key?.name ?? '');
  return wordEdits(source);
}

function arrayEdits(text: string, node: JsonNode): BodyEdit[] {
  const { start, end, children } = node;
  const items = children.map((child) => ({
    text: text.slice(child.start, child.end),
    meaning: meaningOf(text, child),
    id: idOf(text, child),
  }));
  const written = (texts: readonly string[]): ((body: string) => string) =>
    splice(start, end, `[${texts.join(',')}]`);
  return [
    ...listEdits(items, { path: placeOf(node), extra: '{"selftest":1}', written }),
    ...otherForms(node),
  ];
}

/** A container as something else. */
function otherForms(node: JsonNode): BodyEdit[] {
  const { start, end, children } = node;
  const path = placeOf(node);
  const to = (kind: DivergenceKind, what: string, by: string): BodyEdit => {
    return { kind, path, what, apply: splice(start, end, by) };
  };
  const other = node.kind === 'array' ? '{}' : '[]';
  const edits = [to('type', 'another container', other), to('type', 'a text', '"selftest"')];
  if (children.length === 0) edits.push(to('default-or-missing', 'null for nothing', 'null'));
  return edits;
}

/** The whole number by which an element is sorted: itself, or its `id`. */
function idOf(text: string, node: JsonNode): string | null {
  const named =
    node.kind === 'object' ? node.children.find((each) => each.key!.name === 'id') : node;
  if (named === undefined) return null;
  const source = text.slice(named.start, named.end);
  const id = named.kind === 'string' ? stringAt(text, named) : source;
  return /^-?\d{1,20}$/.test(id) ? id : null;
}

function objectEdits(text: string, node: JsonNode): BodyEdit[] {
  const lone = loneMembers(node);
  return [
    ...lone.flatMap((member) => memberEdits(text, node, member)),
    ...addedMembers(text, node),
    ...swappedMembers(text, node, lone),
    ...staleMembers(text, node, lone),
    ...(lone.length === node.children.length
      ? orderedMembers(text, node)
      : repeatedMembers(text, node, lone)),
    ...otherForms(node),
  ];
}

/** Those whose names stand there once. */
function loneMembers({ children }: JsonNode): JsonNode[] {
  const counts = new Map<string, number>();
  for (const { key } of children) counts.set(key!.name, (counts.get(key!.name) ?? 0) + 1);
  return children.filter(({ key }) => counts.get(key!.name) === 1);
}

/** The object with these members, each `"name":value`. */
function rewritten(
  text: string,
  { start, end, children }: JsonNode,
  change: (members: readonly string[]) => readonly string[],
): (body: string) => string {
  return (body) => {
    const members = children.map((each) => text.slice(each.key!.start, each.end));
    return splice(start, end, `{${change(members).join(',')}}`)(body);
  };
}

/** Left out, there twice, or under another name. */
function memberEdits(text: string, node: JsonNode, member: JsonNode): BodyEdit[] {
  const { path } = member;
  const index = node.children.indexOf(member);
  const name = JSON.stringify(member.key!.name);
  const value = text.slice(member.start, member.end);
  const twice = (again: string): BodyEdit['apply'] =>
    rewritten(text, node, (members) => [...members, `${name}:${again}`]);
  return [
    {
      kind: kindOfLone(text, member),
      path,
      what: 'left out',
      apply: rewritten(text, node, (members) => members.filter((_, at) => at !== index)),
    },
    { kind: 'duplicate-key', path, what: 'there twice, once null', apply: twice('null') },
    { kind: 'duplicate-key', path, what: 'there twice', apply: twice(value) },
    ...renamed(node, member),
  ];
}

/** A value under another name: as if the two had been exchanged. */
function renamed(node: JsonNode, member: JsonNode): BodyEdit[] {
  if (!isFlat(member)) return [];
  const name = `${member.key!.name}_selftest`;
  if (node.children.some((each) => each.key!.name === name)) return [];
  const { start, end } = member.key!;
  const apply = splice(start, end, JSON.stringify(name));
  return [{ kind: 'fields-swapped', path: placeOf(node), what: 'another name', apply }];
}

function isFlat({ kind }: JsonNode): boolean {
  return kind !== 'object' && kind !== 'array';
}

function kindOfLone(text: string, member: JsonNode): DivergenceKind {
  const value = meaningOf(text, member);
  if (value === 'null') return 'null-or-missing';
  const isEmpty = ['""', 'false', '[]', '{}'].includes(value);
  const isZero = member.kind === 'number' && Number(value) === 0 && /^-?0[.0]*(?:e|$)/i.test(value);
  return isEmpty || isZero ? 'default-or-missing' : 'missing';
}

function addedMembers(text: string, node: JsonNode): BodyEdit[] {
  const name = 'selftest_more';
  if (node.children.some((each) => each.key!.name === name)) return [];
  const add = (kind: DivergenceKind, what: string, value: string): BodyEdit => {
    const apply = rewritten(text, node, (members) => [...members, `"${name}":${value}`]);
    return { kind, path: `${node.path}/${name}`, what, apply };
  };
  return [
    add('added', 'a member more', '"selftest"'),
    add('null-or-missing', 'a member more, null', 'null'),
    add('default-or-missing', 'a member more, zero', '0'),
    add('default-or-missing', 'a member more, an empty list', '[]'),
  ];
}

/** Beyond so many members not every two of them are exchanged. */
const SWAPPED_MAX = 32;

function swappedMembers(text: string, node: JsonNode, lone: readonly JsonNode[]): BodyEdit[] {
  const edits: BodyEdit[] = [];
  const few = lone.filter(isFlat).slice(0, SWAPPED_MAX);
  for (const [at, first] of few.entries()) {
    for (const second of few.slice(at + 1)) {
      if (meaningOf(text, first) === meaningOf(text, second)) continue;
      const [a, b] = [text.slice(first.start, first.end), text.slice(second.start, second.end)];
      const [late, early] = [
        splice(second.start, second.end, a),
        splice(first.start, first.end, b),
      ];
      const what = `exchanged: ${first.key!.name} and ${second.key!.name}`;
      const apply = (body: string): string => early(late(body));
      edits.push({ kind: 'fields-swapped', path: placeOf(node), what, apply });
    }
  }
  return edits;
}

const REVISION = /^(?:version|revision|rev|generation|seq|sequence|sequence_number|seqNo)$/i;

/** An earlier revision: its number, and one other value. */
function staleMembers(text: string, node: JsonNode, lone: readonly JsonNode[]): BodyEdit[] {
  const revision = lone.find((each) => {
    const source = text.slice(each.start, each.end);
    return REVISION.test(each.key!.name) && /^\d{1,15}$/.test(source);
  });
  if (revision === undefined) return [];
  const number = Number(text.slice(revision.start, revision.end));
  const earlier = splice(revision.start, revision.end, String(number > 0 ? number - 1 : 1));
  return lone.flatMap((other): BodyEdit[] => {
    if (other === revision || !isFlat(other)) return [];
    const change = valuesFor(text, other).find(({ kind }) => kind === 'value');
    if (change === undefined) return [];
    const changed = splice(other.start, other.end, change.to);
    const apply = (body: string): string =>
      other.start > revision.start ? earlier(changed(body)) : changed(earlier(body));
    const what = `an earlier ${revision.key!.name}, another ${other.key!.name}`;
    return [{ kind: 'stale', path: placeOf(node), what, apply }];
  });
}

/** The same members in another order: it means nothing, and is to be noted. */
function orderedMembers(text: string, node: JsonNode): BodyEdit[] {
  if (node.children.length < 2) return [];
  const apply = rewritten(text, node, ([first = '', ...rest]) => [...rest, first]);
  return [{ kind: 'key-order', path: placeOf(node), what: 'the first member last', apply }];
}

/** One of several members of a name at another place: that is told only among those of its name. */
function repeatedMembers(text: string, node: JsonNode, lone: readonly JsonNode[]): BodyEdit[] {
  const { children } = node;
  return children.flatMap((member, at): BodyEdit[] => {
    if (lone.includes(member)) return [];
    const next = children[at + 1];
    const first = children.find((each) => each.key!.name === member.key!.name)!;
    const edits: BodyEdit[] = [];
    if (next !== undefined && next.key!.name !== member.key!.name) {
      const apply = rewritten(text, node, (members) =>
        members.toSpliced(at, 2, members[at + 1]!, members[at]!),
      );
      const what = `members ${at} and ${at + 1} exchanged`;
      edits.push({ kind: 'key-order', path: placeOf(node), what, apply });
    }
    if (meaningOf(text, first) !== meaningOf(text, member)) {
      const apply = rewritten(text, node, (members) => [members[at]!, ...members.toSpliced(at, 1)]);
      const kind = first.kind === member.kind ? 'value' : 'type';
      edits.push({ kind, path: member.path, what: 'first of those of its name', apply });
    }
    return edits;
  });
}
