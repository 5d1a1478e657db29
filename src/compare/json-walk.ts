/**
 * Walks two JSON texts side by side and says where they differ and how. Recursion is as deep as
 * the texts, which the scanner bounds; each value is looked at once, so the time is linear in
 * their length, however they were reordered.
 */
import { LIMITS } from '../kit/limits.ts';
import type { DivergenceKind } from '../model/pair.ts';
import type { DivergenceList } from './divergences.ts';
import { valueOf } from './json.ts';
import { align, alignUneven, type ArrayAt, type ElementPair, sharedStart } from './json-arrays.ts';
import {
  addInTurn,
  areInOrder,
  findKey,
  hasKeyTwice,
  hasRepeatedKey,
  NEARBY_MAX,
  rowsByKey,
} from './json-members.ts';
import { alignSets } from './json-sets.ts';
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import {
  childrenOf,
  countOf,
  hashAt,
  isContainer,
  isSameKey,
  isSameScalarAt,
  keyOf,
  kindAt,
  nextOf,
  rowText,
  scalarOf,
} from './json-tape.ts';
import { type FieldDifference, findStale, findSwaps, inferFieldKind, inferKind } from './kinds.ts';
import { childOf, type JsonPath, pointerOf, ROOT, type RuleSet } from './rules.ts';
import { fieldsText, lengthText, outline, repeatedText, valueText } from './walk-texts.ts';

const { ABSENT, ARRAY, INDEX, ROW } = TAPE;

/** What is walked, by which rules, and where differences go. */
export interface WalkInput {
  readonly legacy: JsonTape;
  readonly candidate: JsonTape;
  /** Null where there are none. */
  readonly rules: RuleSet | null;
  readonly divergences: DivergenceList;
  /** The order of members counts: they stand for the fields of a form. */
  readonly isOrdered: boolean;
}

/** Adds every difference that no rule excuses, until the list is full. */
export function walkJson(input: WalkInput): void {
  new Walk(input).visit(ROOT, 0, 0);
}

/** The path of the value at a row, spelled out only where a rule asks for its last segment. */
class RowPath implements JsonPath {
  readonly parent: JsonPath;
  readonly depth: number;
  readonly #tape: JsonTape;
  readonly #row: number;

  constructor(parent: JsonPath, tape: JsonTape, row: number) {
    this.parent = parent;
    this.depth = parent.depth + 1;
    this.#tape = tape;
    this.#row = row;
  }

  get segment(): string {
    return keyOf(this.#tape, this.#row);
  }
}

/** A field with the rows it stands at. */
interface FieldAt extends FieldDifference {
  readonly x: number;
  readonly y: number;
}

class Walk {
  readonly #a: JsonTape;
  readonly #b: JsonTape;
  readonly #rules: RuleSet | null;
  readonly #divergences: DivergenceList;
  readonly #isOrdered: boolean;

  constructor({ legacy, candidate, rules, divergences, isOrdered }: WalkInput) {
    this.#a = legacy;
    this.#b = candidate;
    this.#rules = rules;
    this.#divergences = divergences;
    this.#isOrdered = isOrdered;
  }

  /** The values of one place, `ABSENT` where a side has none. */
  visit(path: JsonPath, i: number, j: number): void {
    if (this.#divergences.isFull) return;
    if (i !== ABSENT && j !== ABSENT) {
      if (this.#isSame(i, j)) return;
      const kind = kindAt(this.#a, i);
      if (kind >= ARRAY && kind === kindAt(this.#b, j)) {
        if (this.#isIgnored(path, i, j)) return;
        if (kind === ARRAY) this.#visitArrays(path, i, j);
        else this.#visitObjects(path, i, j);
        return;
      }
    }
    if (this.#isExcused(path, i, j)) return;
    const legacy = outline(this.#a, i);
    const candidate = outline(this.#b, j);
    const text = valueText(this.#a, i, legacy);
    this.#report(path, inferKind(legacy, candidate), text, valueText(this.#b, j, candidate));
  }

  #isSame(i: number, j: number): boolean {
    return isSameScalarAt(this.#a, i, this.#b, j);
  }

  #isExcused(path: JsonPath, i: number, j: number): boolean {
    if (this.#rules === null) return false;
    const legacy = i === ABSENT ? undefined : valueOf(this.#a, i);
    const candidate = j === ABSENT ? undefined : valueOf(this.#b, j);
    return this.#rules.isExcused(path, legacy, candidate);
  }

  /** A rule over equal values has explained nothing, and is not marked as used. */
  #isIgnored(path: JsonPath, i: number, j: number): boolean {
    if (this.#rules?.find('ignore', path) === undefined) return false;
    return hashAt(this.#a, i) === hashAt(this.#b, j) || this.#rules.isIgnored(path);
  }

  /** The last word of all that is found. False: rules leave out this kind at this place. */
  #report(
    path: JsonPath,
    kind: DivergenceKind,
    legacy: string | undefined,
    candidate: string | undefined,
  ): boolean {
    const pointer = pointerOf(path);
    if (this.#rules?.excusesAt(pointer, kind) === true) return false;
    this.#divergences.add(pointer, kind, legacy, candidate);
    return true;
  }

  #add(path: JsonPath, kind: DivergenceKind, i: number, j: number): void {
    const max = LIMITS.divergenceValueMax;
    this.#report(path, kind, rowText(this.#a, i, max), rowText(this.#b, j, max));
  }

  #visitObjects(path: JsonPath, i: number, j: number): void {
    if (this.#isOnlyMember(i, j)) {
      this.#visitOnlyMember(path, i + ROW, j + ROW);
      return;
    }
    const pairs =
      this.#pairInPlace(i, j) ?? this.#pairNearby(path, i, j) ?? this.#pairByKey(path, i, j);
    const differing: FieldAt[] = [];
    for (let at = 0; at < pairs.length; at += 2) {
      if (!this.#isField(pairs[at]!, pairs[at + 1]!)) continue;
      const field = this.#fieldOf(path, pairs[at]!, pairs[at + 1]!);
      if (field !== null) differing.push(field);
    }
    if (differing.length > 0) this.#addFields(path, differing);
    for (let at = 0; at < pairs.length; at += 2) {
      const x = pairs[at]!;
      const y = pairs[at + 1]!;
      if (!this.#isField(x, y)) this.#visitMember(path, x, y);
    }
  }

  /** Whether each has one member, of one key: so it is where little differs. */
  #isOnlyMember(i: number, j: number): boolean {
    const isOne = countOf(this.#a, i) === 1 && countOf(this.#b, j) === 1;
    return isOne && isSameKey(this.#a, i + ROW, this.#b, j + ROW);
  }

  #visitOnlyMember(path: JsonPath, x: number, y: number): void {
    if (!this.#isField(x, y)) this.#visitMember(path, x, y);
    else if (!this.#isSame(x, y)) {
      const field = this.#fieldOf(path, x, y);
      if (field !== null) this.#addField(path, field);
    }
  }

  /** Whether no array or object is among the two. */
  #isField(x: number, y: number): boolean {
    return isFlatAt(this.#a, x) && isFlatAt(this.#b, y);
  }

  #visitMember(path: JsonPath, x: number, y: number): void {
    const child = x === ABSENT ? new RowPath(path, this.#b, y) : new RowPath(path, this.#a, x);
    this.visit(child, x, y);
  }

  /** Rows of members that may differ, two by two; null where the keys are not the same in order. */
  #pairInPlace(i: number, j: number): number[] | null {
    const a = this.#a;
    const b = this.#b;
    if (countOf(a, i) !== countOf(b, j)) return null;
    const pairs: number[] = [];
    const end = nextOf(a, i);
    let y = j + ROW;
    for (let x = i + ROW; x < end; x = nextOf(a, x)) {
      if (!isSameKey(a, x, b, y)) return null;
      if (!this.#isSame(x, y)) pairs.push(x, y);
      y = nextOf(b, y);
    }
    return pairs;
  }

  /** As {@link #pairByKey}, of few members; null where a key may be repeated. */
  #pairNearby(path: JsonPath, i: number, j: number): number[] | null {
    const a = this.#a;
    const b = this.#b;
    if (Math.max(countOf(a, i), countOf(b, j)) > NEARBY_MAX) return null;
    const left = childrenOf(b, j);
    const pairs: number[] = [];
    const onlyA: number[] = [];
    const end = nextOf(a, i);
    let cursor = 0;
    let isMoved = false;
    for (let x = i + ROW; x < end; x = nextOf(a, x)) {
      const at = findKey(a, x, b, left, cursor);
      if (at < 0) {
        if (hasKeyTwice(a, i, x)) return null;
        onlyA.push(x);
        continue;
      }
      const y = left[at]!;
      left[at] = ABSENT;
      isMoved ||= at < cursor;
      cursor = at + 1;
      if (!this.#isSame(x, y)) pairs.push(x, y);
    }
    const onlyB = left.filter((y) => y !== ABSENT);
    if (onlyB.some((y) => hasKeyTwice(b, j, y))) return null;
    // A search that began in the middle has not met the values of such a key in their order.
    if (isMoved && hasRepeatedKey(a, i)) return null;
    addInTurn(pairs, onlyA, onlyB);
    if (isMoved) this.#noteOrder(path, i, j);
    return pairs;
  }

  #pairByKey(path: JsonPath, i: number, j: number): number[] {
    const ofA = rowsByKey(this.#a, i);
    const ofB = rowsByKey(this.#b, j);
    const pairs: number[] = [];
    const onlyA: number[] = [];
    const onlyB: number[] = [];
    const met: (readonly [x: number, y: number])[] = [];
    for (const [key, xs] of ofA) {
      const ys = ofB.get(key) ?? [];
      if (xs.length !== ys.length && Math.max(xs.length, ys.length) > 1) {
        this.#addRepeated(path, key, xs, ys);
      } else if (ys.length === 0) onlyA.push(xs[0]!);
      for (let at = 0; at < xs.length && xs.length === ys.length; at += 1) {
        const [x, y] = [xs[at]!, ys[at]!];
        if (!this.#isSame(x, y)) pairs.push(x, y);
        met.push([x, y]);
      }
    }
    for (const [key, ys] of ofB) {
      if (ofA.has(key)) continue;
      if (ys.length > 1) this.#addRepeated(path, key, [], ys);
      else onlyB.push(ys[0]!);
    }
    addInTurn(pairs, onlyA, onlyB);
    if (!areInOrder(met)) this.#noteOrder(path, i, j);
    return pairs;
  }

  /** Objects are the same in any order: said beside the verdict. RFC 8259 section 4. */
  #noteOrder(path: JsonPath, i: number, j: number): void {
    if (this.#isOrdered) {
      this.#add(path, 'key-order', i, j);
      return;
    }
    const max = LIMITS.divergenceValueMax;
    const texts = [rowText(this.#a, i, max), rowText(this.#b, j, max)] as const;
    this.#divergences.note(pointerOf(path), 'key-order', ...texts);
  }

  /** Null where rules excuse it. */
  #fieldOf(path: JsonPath, x: number, y: number): FieldAt | null {
    const key = x === ABSENT ? keyOf(this.#b, y) : keyOf(this.#a, x);
    const legacy = x === ABSENT ? undefined : scalarOf(this.#a, x);
    const candidate = y === ABSENT ? undefined : scalarOf(this.#b, y);
    if (this.#rules?.isExcused(childOf(path, key), legacy, candidate) === true) return null;
    return { key, legacy, candidate, kind: inferFieldKind(key, legacy, candidate), x, y };
  }

  #addFields(path: JsonPath, differing: readonly FieldAt[]): void {
    if (differing.length === 1) {
      this.#addField(path, differing[0]!);
      return;
    }
    const swaps = findSwaps(differing);
    const swapped = swaps.length === 0 ? null : new Set(swaps.flat());
    const left = swapped === null ? differing : differing.filter((field) => !swapped.has(field));
    const stale = findStale(left);
    for (const fields of stale.length === 0 ? swaps : [...swaps, stale]) {
      const kind = fields === stale ? 'stale' : 'fields-swapped';
      const inOrder = differing.filter((each) => fields.includes(each));
      this.#report(path, kind, fieldsText(inOrder, 'legacy'), fieldsText(inOrder, 'candidate'));
    }
    for (const field of left) {
      if (this.#divergences.isFull) return;
      if (!stale.includes(field)) this.#addField(path, field);
    }
  }

  #addField(path: JsonPath, { key, kind, legacy, candidate, x, y }: FieldAt): void {
    const text = valueText(this.#a, x, legacy);
    this.#report(childOf(path, key), kind, text, valueText(this.#b, y, candidate));
  }

  /** A key that stands there more often on one side: told at once with all its values. */
  #addRepeated(path: JsonPath, key: string, xs: readonly number[], ys: readonly number[]): void {
    const at = childOf(path, key);
    if (this.#rules?.isIgnored(at) === true) return;
    const [legacy, candidate] = [repeatedText(this.#a, key, xs), repeatedText(this.#b, key, ys)];
    this.#report(at, 'duplicate-key', legacy, candidate);
  }

  #visitArrays(path: JsonPath, i: number, j: number): void {
    const set = this.#rules?.find('set', path);
    if (set === undefined && countOf(this.#a, i) === 1 && countOf(this.#b, j) === 1) {
      const index = this.#a.rows[i + ROW + INDEX]!;
      this.visit(childOf(path, String(index)), i + ROW, j + ROW);
      return;
    }
    const legacy = { tape: this.#a, row: i };
    const candidate = { tape: this.#b, row: j };
    if (set !== undefined) {
      const { pairs, isUsed } = alignSets(legacy, candidate, set);
      if (isUsed) this.#rules!.use(set);
      this.#visitElements(path, pairs);
      return;
    }
    const isUneven = countOf(this.#a, i) !== countOf(this.#b, j);
    const { pairs, order } = isUneven
      ? alignUneven(legacy, candidate, !this.#addLength(path, legacy, candidate))
      : align(legacy, candidate);
    if (order !== null) this.#add(path, order, i, j);
    this.#visitElements(path, pairs);
  }

  #visitElements(path: JsonPath, pairs: readonly ElementPair[]): void {
    for (const { index, legacy, candidate } of pairs) {
      if (this.#divergences.isFull) return;
      this.visit(childOf(path, String(index)), legacy, candidate);
    }
  }

  #addLength(path: JsonPath, legacy: ArrayAt, candidate: ArrayAt): boolean {
    const start = sharedStart(legacy, candidate);
    const ofA = countOf(legacy.tape, legacy.row);
    const ofB = countOf(candidate.tape, candidate.row);
    const kind = start > 0 && start === Math.min(ofA, ofB) ? 'truncated' : 'length';
    const text = lengthText(legacy, ofB, start);
    return this.#report(path, kind, text, lengthText(candidate, ofA, start));
  }
}

function isFlatAt(tape: JsonTape, row: number): boolean {
  return row === ABSENT || !isContainer(tape, row);
}
