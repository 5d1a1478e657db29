/**
 * Walks two JSON values side by side and says where they differ and how. No recursion; each
 * value is looked at once, so the time is linear in what was parsed, however it was reordered.
 */
import { LIMITS } from '../kit/limits.ts';
import type { CompareRule } from '../model/settings.ts';
import type { DivergenceList } from './divergences.ts';
import {
  hashOf,
  isSameScalar,
  isScalar,
  type JsonArray,
  type JsonObject,
  type JsonValue,
  jsonText,
} from './json.ts';
import { type FieldDifference, findSwaps, inferKind } from './kinds.ts';
import { childOf, identityOf, type JsonPath, pointerOf, ROOT, type RuleSet } from './rules.ts';

interface Frame {
  readonly path: JsonPath;
  readonly legacy: JsonValue | undefined;
  readonly candidate: JsonValue | undefined;
}

/** Adds every difference that no rule excuses, until the list is full. */
export function walkJson(
  legacy: JsonValue,
  candidate: JsonValue,
  rules: RuleSet,
  divergences: DivergenceList,
): void {
  const walk = new Walk(rules, divergences);
  walk.run({ path: ROOT, legacy, candidate });
}

class Walk {
  readonly #rules: RuleSet;
  readonly #divergences: DivergenceList;
  readonly #stack: Frame[] = [];

  constructor(rules: RuleSet, divergences: DivergenceList) {
    this.#rules = rules;
    this.#divergences = divergences;
  }

  run(root: Frame): void {
    this.#stack.push(root);
    for (;;) {
      const frame = this.#stack.pop();
      if (frame === undefined || this.#divergences.isFull) return;
      this.#visit(frame);
    }
  }

  #visit(frame: Frame): void {
    const { path, legacy, candidate } = frame;
    if (isSameScalar(legacy, candidate)) return;
    if (isOf('array', legacy) && isOf('array', candidate)) {
      if (!this.#isIgnored(frame)) this.#visitArrays(path, legacy, candidate);
    } else if (isOf('object', legacy) && isOf('object', candidate)) {
      if (!this.#isIgnored(frame)) this.#visitObjects(path, legacy, candidate);
    } else if (!this.#rules.isExcused(path, legacy, candidate)) {
      this.#add(path, legacy, candidate);
    }
  }

  /** A rule over equal values has explained nothing, and is not marked as used. */
  #isIgnored({ path, legacy, candidate }: Frame): boolean {
    if (this.#rules.find('ignore', path) === undefined) return false;
    return hashOf(legacy!) === hashOf(candidate!) || this.#rules.isIgnored(path);
  }

  #add(path: JsonPath, legacy: JsonValue | undefined, candidate: JsonValue | undefined): void {
    this.#divergences.addValues(pointerOf(path), inferKind(legacy, candidate), legacy, candidate);
  }

  #visitObjects(path: JsonPath, legacy: JsonObject, candidate: JsonObject): void {
    const differing: FieldDifference[] = [];
    const deeper: Frame[] = [];
    for (const key of new Set([...legacy.members.keys(), ...candidate.members.keys()])) {
      if (this.#hasRepeated(path, key, legacy, candidate)) continue;
      const a = legacy.members.get(key);
      const b = candidate.members.get(key);
      if (isSameScalar(a, b)) continue;
      const isFlat = (a === undefined || isScalar(a)) && (b === undefined || isScalar(b));
      if (!isFlat) deeper.push({ path: childOf(path, key), legacy: a, candidate: b });
      else if (!this.#rules.isExcused(childOf(path, key), a, b)) {
        differing.push({ key, legacy: a, candidate: b });
      }
    }
    this.#addFields(path, differing);
    this.#push(deeper);
  }

  #addFields(path: JsonPath, differing: readonly FieldDifference[]): void {
    const swaps = findSwaps(differing);
    const swapped = new Set(swaps.flat());
    for (const field of differing) {
      if (!swapped.has(field)) {
        this.#add(childOf(path, field.key), field.legacy, field.candidate);
        continue;
      }
      const swap = swaps.find(([first, second]) => field === first || field === second)!;
      const pair = differing.filter((each) => swap.includes(each));
      if (pair[0] !== field) continue;
      const [legacy, candidate] = [fieldsText(pair, 'legacy'), fieldsText(pair, 'candidate')];
      this.#divergences.add(pointerOf(path), 'fields-swapped', legacy, candidate);
    }
  }

  /** True when the key stands more than once on a side: then all its values are compared here. */
  #hasRepeated(path: JsonPath, key: string, legacy: JsonObject, candidate: JsonObject): boolean {
    const ofLegacy = legacy.repeated?.get(key);
    const ofCandidate = candidate.repeated?.get(key);
    if (ofLegacy === undefined && ofCandidate === undefined) return false;
    const at = childOf(path, key);
    if (this.#rules.isIgnored(at)) return true;
    if (ofLegacy !== undefined && ofLegacy.length === ofCandidate?.length) {
      const frames = ofLegacy.map((value, i) => {
        return { path: at, legacy: value, candidate: ofCandidate[i] };
      });
      this.#push(frames);
      return true;
    }
    const legacyText = repeatedText(key, ofLegacy ?? only(legacy, key));
    const candidateText = repeatedText(key, ofCandidate ?? only(candidate, key));
    this.#divergences.add(pointerOf(at), 'duplicate-key', legacyText, candidateText);
    return true;
  }

  #visitArrays(path: JsonPath, legacy: JsonArray, candidate: JsonArray): void {
    const set = this.#rules.find('set', path);
    if (set !== undefined) {
      this.#visitSets(path, legacy, candidate, set);
      return;
    }
    const count = legacy.items.length;
    if (count !== candidate.items.length) {
      const [a, b] = lengthTexts(legacy.items, candidate.items);
      this.#divergences.add(pointerOf(path), 'length', a, b);
    } else if (isReordered(legacy.items, candidate.items)) {
      this.#divergences.addValues(pointerOf(path), 'array-order', legacy, candidate);
    } else {
      const frames: Frame[] = [];
      for (let i = 0; i < count; i += 1) {
        const [a, b] = [legacy.items[i]!, candidate.items[i]!];
        if (isSameScalar(a, b)) continue;
        frames.push({ path: childOf(path, String(i)), legacy: a, candidate: b });
      }
      this.#push(frames);
    }
  }

  /** Elements of the same identity are compared, those left over are missing or added. */
  #visitSets(path: JsonPath, legacy: JsonArray, candidate: JsonArray, rule: CompareRule): void {
    const places = new Map<string, number[]>();
    candidate.items.forEach((item, index) => {
      const identity = identityOf(item, rule.by);
      const indexes = places.get(identity);
      if (indexes === undefined) places.set(identity, [index]);
      else indexes.push(index);
    });
    for (const indexes of places.values()) indexes.reverse();
    const frames: Frame[] = [];
    legacy.items.forEach((item, index) => {
      const at = places.get(identityOf(item, rule.by))?.pop();
      if (at !== undefined && at !== index) this.#rules.use(rule);
      const found = at === undefined ? undefined : candidate.items[at];
      frames.push({ path: childOf(path, String(index)), legacy: item, candidate: found });
    });
    const left = [...places.values()].flat().sort((a, b) => a - b);
    for (const at of left) {
      const added = candidate.items[at];
      frames.push({ path: childOf(path, String(at)), legacy: undefined, candidate: added });
    }
    this.#push(frames);
  }

  /** So that they are visited in their own order. */
  #push(frames: readonly Frame[]): void {
    for (let i = frames.length - 1; i >= 0; i -= 1) this.#stack.push(frames[i]!);
  }
}

function isOf<K extends 'array' | 'object'>(
  kind: K,
  value: JsonValue | undefined,
): value is Extract<JsonValue, { kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

function only(object: JsonObject, key: string): readonly JsonValue[] | undefined {
  const value = object.members.get(key);
  return value === undefined ? undefined : [value];
}

function repeatedText(key: string, values: readonly JsonValue[] | undefined): string | undefined {
  if (values === undefined) return undefined;
  const name = JSON.stringify(key.slice(0, LIMITS.divergenceValueMax));
  const shown = values.slice(0, LIMITS.divergencesPerPairMax);
  return shown.map((value) => `${name}:${jsonText(value, LIMITS.divergenceValueMax)}`).join(',');
}

function fieldsText(fields: readonly FieldDifference[], side: 'legacy' | 'candidate'): string {
  const present = fields.filter((field) => field[side] !== undefined);
  const texts = present.map((field) => {
    const value = jsonText(field[side]!, LIMITS.divergenceValueMax / 4);
    return `${JSON.stringify(field.key.slice(0, LIMITS.divergenceValueMax / 4))}:${value}`;
  });
  return `{${texts.join(',')}}`;
}

/** The same elements in another order. */
function isReordered(a: readonly JsonValue[], b: readonly JsonValue[]): boolean {
  const left = new Map<number, number>();
  let isMoved = false;
  for (let i = 0; i < a.length; i += 1) {
    const [ofA, ofB] = [hashOf(a[i]!), hashOf(b[i]!)];
    isMoved ||= ofA !== ofB;
    left.set(ofA, (left.get(ofA) ?? 0) + 1);
    left.set(ofB, (left.get(ofB) ?? 0) - 1);
  }
  return isMoved && [...left.values()].every((count) => count === 0);
}

/** How many elements each side has, and the first one that only the longer side has. */
function lengthTexts(a: readonly JsonValue[], b: readonly JsonValue[]): [string, string] {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  let start = 0;
  while (start < short.length && hashOf(short[start]!) === hashOf(long[start]!)) start += 1;
  const extra = jsonText(long[start]!, LIMITS.divergenceValueMax / 2);
  const text = (items: readonly JsonValue[]): string => {
    const count = `${items.length} ${items.length === 1 ? 'item' : 'items'}`;
    return items === short ? count : `${count}; [${start}] is ${extra}`;
  };
  return [text(a), text(b)];
}
