/**
 * Which elements of two arrays belong together: those at the same index, unless the elements are
 * the same in another order, or are objects that are known by an identifier of theirs. The time
 * is linear in what the arrays hold, but for sorting.
 */
import {
  findIdentity,
  identifierAt,
  identifiersOf,
  likeliestName,
  memberLike,
  nameOfOrder,
} from './json-identity.ts';
import { TAPE } from './json-rows.ts';
import { isSameValueAt } from './json-same.ts';
import type { JsonTape } from './json-scan.ts';
import {
  childrenOf,
  countOf,
  hashAt,
  isContainer,
  isSameKey,
  isSameScalarAt,
  isWrittenAlike,
  kindAt,
  nextOf,
} from './json-tape.ts';

const { ABSENT, INDEX, IN_PLACE, OBJECT, ROW } = TAPE;

/** Two elements to be compared, or one that the other side lacks. */
export interface ElementPair {
  /** In the legacy array; in the candidate's where legacy lacks it. */
  readonly index: number;
  readonly legacy: number;
  readonly candidate: number;
}

export interface Alignment {
  readonly pairs: readonly ElementPair[];
  /** What is to be said of the order of the elements, besides. */
  readonly order: 'array-order' | 'id-order' | null;
}

/** An array on its tape. */
export interface ArrayAt {
  readonly tape: JsonTape;
  readonly row: number;
}

/** Elements that may differ, of arrays of one length. */
export function align(legacy: ArrayAt, candidate: ArrayAt): Alignment {
  const unlike = unlikeElements(legacy, candidate);
  const isInPlace = (legacy.tape.rows[legacy.row]! & IN_PLACE) !== 0;
  const found = isInPlace ? null : alignUnlike(legacy, candidate, unlike);
  return found ?? { pairs: unlike, order: null };
}

/**
 * Whether {@link align} needs no more than the elements that differ, each with all that is in it,
 * and the number of all: not where it would have to tell of their order.
 */
export function isAlignedInPart(legacy: ArrayAt, candidate: ArrayAt): boolean {
  return alignUnlike(legacy, candidate, unlikeElements(legacy, candidate))?.order === null;
}

/** Null where nothing but their places says what belongs together. */
function alignUnlike(
  legacy: ArrayAt,
  candidate: ArrayAt,
  unlike: readonly ElementPair[],
): Alignment | null {
  const a = legacy.tape;
  const b = candidate.tape;
  const inPlace = { pairs: unlike, order: null };
  if (unlike.length < 2) return inPlace;
  const unequal = unlike.filter((pair) => !mayBeSame(a, b, pair));
  if (unequal.length < 2 || areNamedAlike(a, b, unequal)) return inPlace;
  // All of them: what only may be the same is looked into here, or when it is walked.
  if (isPermuted(a, b, unlike)) return { pairs: [], order: orderOf(legacy, candidate) };
  if (kindAt(a, unequal[0]!.legacy) !== OBJECT) return inPlace;
  const found = alignByIdentity(legacy, candidate, unequal, true);
  if (found === null || unequal.length === unlike.length) return found;
  const others = unlike.filter((pair) => mayBeSame(a, b, pair));
  return { pairs: [...found.pairs, ...others], order: found.order };
}

/** Elements at the same index that are not the same, or arrays and objects written otherwise. */
function unlikeElements(
  { tape: a, row }: ArrayAt,
  { tape: b, row: other }: ArrayAt,
): ElementPair[] {
  const pairs: ElementPair[] = [];
  const end = nextOf(a, row);
  let y = other + ROW;
  for (let x = row + ROW; x < end; x = nextOf(a, x)) {
    if (!isWrittenAlike(a, x, b, y) && !isSameScalarAt(a, x, b, y)) {
      pairs.push({ index: a.rows[x + INDEX]!, legacy: x, candidate: y });
    }
    y = nextOf(b, y);
  }
  return pairs;
}

/** By hashes: what is nested would be looked through at each level again. */
function mayBeSame(a: JsonTape, b: JsonTape, { legacy, candidate }: ElementPair): boolean {
  if (!isContainer(a, legacy)) return isSameScalarAt(a, legacy, b, candidate);
  return hashAt(a, legacy) === hashAt(b, candidate);
}

/** All indexes, with what stands there on each side. */
function allPlaces(legacy: ArrayAt, candidate: ArrayAt): ElementPair[] {
  const [a, b] = [childrenOf(legacy.tape, legacy.row), childrenOf(candidate.tape, candidate.row)];
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => {
    return { index, legacy: a[index] ?? ABSENT, candidate: b[index] ?? ABSENT };
  });
}

/** Whether the elements of each pair have the same identifier: nothing has moved then. */
function areNamedAlike(a: JsonTape, b: JsonTape, pairs: readonly ElementPair[]): boolean {
  const first = pairs[0]!;
  const name = likeliestName(a, first.legacy);
  const other = likeliestName(b, first.candidate);
  // The likeliest on both sides: else it would matter which of them is legacy.
  if (name === ABSENT || other === ABSENT || !isSameKey(a, name, b, other)) return false;
  return pairs.every(({ legacy, candidate }) => {
    const x = memberLike(a, name, a, legacy);
    const y = memberLike(a, name, b, candidate);
    return x !== ABSENT && y !== ABSENT && isSameScalarAt(a, x, b, y);
  });
}

/**
 * Elements of the same identifier that may differ, of arrays of different lengths. Where they
 * have no identifiers: those at the same index if `isExcused`, since nobody is told that the
 * lengths differ; else none. Elements that one side lacks are not among them.
 */
export function alignUneven(legacy: ArrayAt, candidate: ArrayAt, isExcused: boolean): Alignment {
  const all = allPlaces(legacy, candidate);
  const found = alignByIdentity(legacy, candidate, all, false);
  if (found !== null) return found;
  const isLone = ({ legacy: x, candidate: y }: ElementPair): boolean =>
    x === ABSENT || y === ABSENT;
  return { pairs: isExcused ? all.filter((place) => !isLone(place)) : [], order: null };
}

/** More than an array has elements: a hash and an index make one number, below 2^53. */
const INDEXES = 2 ** 21;

/** The same elements at other places: hashes say which may be, the elements whether they are. */
function isPermuted(a: JsonTape, b: JsonTape, pairs: readonly ElementPair[]): boolean {
  const count = pairs.length;
  let difference = 0;
  let isMoved = false;
  for (const { legacy, candidate } of pairs) {
    const [x, y] = [hashAt(a, legacy), hashAt(b, candidate)];
    difference = (difference + x - y) | 0;
    isMoved ||= x !== y;
  }
  if (!isMoved || difference !== 0) return false;
  const [ofA, ofB] = [new Float64Array(count), new Float64Array(count)];
  for (let at = 0; at < count; at += 1) {
    const { legacy, candidate } = pairs[at]!;
    ofA[at] = (hashAt(a, legacy) >>> 0) * INDEXES + at;
    ofB[at] = (hashAt(b, candidate) >>> 0) * INDEXES + at;
  }
  ofA.sort();
  ofB.sort();
  return ofA.every((place, at) => {
    const { legacy } = pairs[place % INDEXES]!;
    const { candidate } = pairs[ofB[at]! % INDEXES]!;
    return hashAt(a, legacy) === hashAt(b, candidate) && isSameValueAt(a, legacy, b, candidate);
  });
}

function orderOf(legacy: ArrayAt, candidate: ArrayAt): 'array-order' | 'id-order' {
  const [a, b] = [childrenOf(legacy.tape, legacy.row), childrenOf(candidate.tape, candidate.row)];
  if (!isContainer(legacy.tape, a[0]!)) {
    return nameOfOrder(scalarsOf(legacy), scalarsOf(candidate));
  }
  const found = findIdentity(legacy.tape, a, candidate.tape, b, 0);
  return found === null ? 'array-order' : nameOfOrder(found.legacy, found.candidate);
}

function orderBy(name: string, legacy: ArrayAt, candidate: ArrayAt): 'array-order' | 'id-order' {
  const ids = ({ tape, row }: ArrayAt): string[] | null =>
    identifiersOf(tape, childrenOf(tape, row), name);
  const [a, b] = [ids(legacy), ids(candidate)];
  return a === null || b === null ? 'array-order' : nameOfOrder(a, b);
}

function scalarsOf({ tape, row }: ArrayAt): (string | undefined)[] {
  return childrenOf(tape, row).map((at) => identifierAt(tape, at));
}

/** `places`: of all elements that are not the same at one index, or of more. */
function alignByIdentity(
  legacy: ArrayAt,
  candidate: ArrayAt,
  places: readonly ElementPair[],
  hasLone: boolean,
): Alignment | null {
  const first = places.find((place) => place.legacy !== ABSENT);
  if (first === undefined || kindAt(legacy.tape, first.legacy) !== OBJECT) return null;
  const ofLegacy = places.filter((place) => place.legacy !== ABSENT);
  const ofCandidate = places.filter((place) => place.candidate !== ABSENT);
  const [a, b] = [ofLegacy.map((place) => place.legacy), ofCandidate.map((p) => p.candidate)];
  const others = countOf(legacy.tape, legacy.row) - ofLegacy.length;
  const identity = findIdentity(legacy.tape, a, candidate.tape, b, others);
  if (identity === null) return null;
  const left = new Map(identity.candidate.map((id, at) => [id, at]));
  const pairs: ElementPair[] = [];
  let last = -1;
  let isMoved = false;
  identity.legacy.forEach((id, at) => {
    const found = left.get(id);
    const { index } = ofLegacy[at]!;
    if (found !== undefined) {
      left.delete(id);
      // Past one of its own list, or past one that is the same on both sides.
      const distance = Math.abs(index - ofCandidate[found]!.index);
      isMoved ||= found < last || distance > Math.abs(at - found);
      last = found;
      if (!isWrittenAlike(legacy.tape, a[at]!, candidate.tape, b[found]!)) {
        pairs.push({ index, legacy: a[at]!, candidate: b[found]! });
      }
    } else if (hasLone) pairs.push({ index, legacy: a[at]!, candidate: ABSENT });
  });
  for (const at of hasLone ? left.values() : []) {
    pairs.push({ index: ofCandidate[at]!.index, legacy: ABSENT, candidate: b[at]! });
  }
  return { pairs, order: isMoved ? orderBy(identity.name, legacy, candidate) : null };
}

/** How many elements at the start of both arrays are the same. */
export function sharedStart(legacy: ArrayAt, candidate: ArrayAt): number {
  const [a, b] = [legacy.tape, candidate.tape];
  const count = Math.min(countOf(a, legacy.row), countOf(b, candidate.row));
  let [x, y] = [legacy.row + ROW, candidate.row + ROW];
  for (let index = 0; index < count; index += 1) {
    if (!isSameValueAt(a, x, b, y)) return index;
    x = nextOf(a, x);
    y = nextOf(b, y);
  }
  return count;
}
