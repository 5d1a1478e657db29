/**
 * One array of a route: whether legacy keeps its order, and by which fields an element of one
 * answer is found again in the next. Learned from pairs of legacy with itself alone.
 */
import { LIMITS } from '../../kit/limits.ts';
import type { CompareRule } from '../../model/settings.ts';
import { canonicalText, hashOf, isScalar, type JsonArray, type JsonValue } from '../json.ts';

/** How well a way to know elements has served: held where it found each element exactly once. */
interface Served {
  held: number;
  /** Held, and the elements stood in another order. */
  moved: number;
}

interface FieldServed extends Served {
  readonly name: string;
  /** The same values on both, unique or not. */
  stable: number;
}

/** Plain data, so that it can be handed on to another thread as it is. */
export interface ArrayTally {
  /** JSON Pointer with `*` for every index and id; '' for the whole body. */
  readonly path: string;
  readonly rank: number;
  /** Pairs in which both have it, of the same length and not equal. */
  pairs: number;
  /** The last of them, as a count of the route's pairs of legacy with itself. */
  seenAt: number;
  readonly fields: FieldServed[];
  /** All fields together that have been stable so far. */
  readonly joint: Served;
  /** The whole element. */
  readonly whole: Served;
  /** What elements are known by; none: by their value. Null: the order counts. */
  by: readonly string[] | null;
  /** Times that `by` was changed. */
  changes: number;
  /** Pairs and block of the route from which on it is compared so. */
  fromNoise: number;
  fromJudged: number;
  fromBlock: number;
}

/** A tally of an array that no pair has shown yet. */
export function newArrayTally(path: string, rank: number): ArrayTally {
  return {
    path,
    rank,
    pairs: 0,
    seenAt: 0,
    fields: [],
    joint: { held: 0, moved: 0 },
    whole: { held: 0, moved: 0 },
    by: null,
    changes: 0,
    fromNoise: 0,
    fromJudged: 0,
    fromBlock: 0,
  };
}

/** The path of an array as a divergence has it. */
export function placeOf(path: string): string {
  return path === '' ? 'body' : path;
}

/** Takes in two answers' arrays of one length, with at least two elements each. */
export function observe(tally: ArrayTally, legacy: JsonArray, again: JsonArray): void {
  tally.pairs += 1;
  serve(tally.whole, legacy.items.map(wholeOf), again.items.map(wholeOf), false);
  const [a, b] = [membersOf(legacy), membersOf(again)];
  if (a === null || b === null) return;
  if (tally.pairs === 1) tally.fields.push(...fieldsOf(a[0]!));
  for (const field of tally.fields) {
    const [ofA, ofB] = [textsOf(a, [field.name]), textsOf(b, [field.name])];
    if (ofA === null || ofB === null) continue;
    if (serve(field, ofA, ofB, true)) field.stable += 1;
  }
  const joint = jointOf(tally);
  const [ofA, ofB] = [textsOf(a, joint), textsOf(b, joint)];
  if (joint.length > 0 && ofA !== null && ofB !== null) serve(tally.joint, ofA, ofB, false);
}

/**
 * The way that has found the elements most often, of those under which they were seen to move
 * often enough; null where there is none.
 */
export function chooseBy(
  tally: ArrayTally,
  isEnough: (moved: number) => boolean,
): readonly string[] | null {
  const singles = tally.fields.map((field) => ({ served: field as Served, by: [field.name] }));
  const ways = [
    ...singles.filter(({ by }) => isIdName(by[0]!)),
    ...singles.filter(({ by }) => !isIdName(by[0]!)),
    { served: tally.joint, by: jointOf(tally) },
    { served: tally.whole, by: [] },
  ];
  let best: (typeof ways)[number] | null = null;
  for (const way of ways) {
    if (way.served.held > (best?.served.held ?? 0)) best = way;
  }
  return best !== null && isEnough(best.served.moved) ? best.by : null;
}

/** The elements of both, each beside the one that it is; those without a partner are left out. */
export function alignItems(
  legacy: JsonArray,
  again: JsonArray,
  by: readonly string[],
): (readonly [JsonValue, JsonValue])[] {
  const places = new Map<string, JsonValue[]>();
  for (const item of again.items) {
    const text = identityOf(item, by);
    const same = places.get(text);
    if (same === undefined) places.set(text, [item]);
    else same.push(item);
  }
  const pairs: (readonly [JsonValue, JsonValue])[] = [];
  for (const item of legacy.items) {
    const partner = places.get(identityOf(item, by))?.shift();
    if (partner !== undefined) pairs.push([item, partner]);
  }
  return pairs;
}

/** The rule that compares it without order. */
export function ruleOf({ path, by }: ArrayTally): CompareRule {
  return {
    path,
    as: 'multiset',
    by: by ?? [],
    tolerance: 0,
    reason: 'legacy itself does not keep this order',
    owner: 'noise',
    until: '',
  };
}

/** Counts one pair; true where the values are the same ones. */
function serve(
  served: Served,
  a: readonly string[],
  b: readonly string[],
  isUniqueAsked: boolean,
): boolean {
  const left = new Map<string, number>();
  let isMoved = false;
  for (let i = 0; i < a.length; i += 1) {
    isMoved ||= a[i] !== b[i];
    left.set(a[i]!, (left.get(a[i]!) ?? 0) + 1);
    left.set(b[i]!, (left.get(b[i]!) ?? 0) - 1);
  }
  const isStable = [...left.values()].every((count) => count === 0);
  if (isStable && (!isUniqueAsked || left.size === a.length)) {
    served.held += 1;
    if (isMoved) served.moved += 1;
  }
  return isStable;
}

function jointOf({ fields, pairs }: ArrayTally): string[] {
  return fields.filter(({ stable }) => stable === pairs).map(({ name }) => name);
}

type Members = ReadonlyMap<string, JsonValue>;

/** Of all elements; null where one is no object. */
function membersOf({ items }: JsonArray): readonly Members[] | null {
  const all: Members[] = [];
  for (const item of items) {
    if (isScalar(item) || item.kind !== 'object') return null;
    all.push(item.members);
  }
  return all;
}

/** A name that begins with a slash would be taken for a pointer. */
function fieldsOf(members: Members): FieldServed[] {
  const names = [...members].filter(([name, value]) => isScalar(value) && !name.startsWith('/'));
  return names
    .slice(0, LIMITS.noiseFieldsPerArray)
    .map(([name]) => ({ name, held: 0, moved: 0, stable: 0 }));
}

/** Of each element these members as one text; null where an element lacks one. */
function textsOf(items: readonly Members[], names: readonly string[]): string[] | null {
  const texts: string[] = [];
  for (const members of items) {
    let text = '';
    for (const name of names) {
      const value = members.get(name);
      if (value === undefined) return null;
      text += `${canonicalText(value)}\n`;
    }
    texts.push(text);
  }
  return texts;
}

function wholeOf(item: JsonValue): string {
  return String(hashOf(item));
}

function identityOf(item: JsonValue, by: readonly string[]): string {
  if (by.length === 0 || isScalar(item) || item.kind !== 'object') return wholeOf(item);
  return textsOf([item.members], by)?.[0] ?? wholeOf(item);
}

/** `id`, `user_id`, `userId`, `uuid`, `key`, `name`, `slug` … */
function isIdName(name: string): boolean {
  return (
    /(?:^|[_-])(?:id|uuid|guid|key|slug|name|code)$/i.test(name) || /[a-z](?:Id|ID)$/.test(name)
  );
}
