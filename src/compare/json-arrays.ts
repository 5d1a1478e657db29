/**
 * Which elements of two arrays belong together: those at the same index, unless the elements are
 * the same in another order, or are objects that are known by an identifier of theirs. The time
 * is linear in what the arrays hold, but for sorting.
 */
import { LIMITS } from '../kit/limits.ts';
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
  keyOf,
  kindAt,
  nextOf,
  scalarOf,
} from './json-tape.ts';

const { ABSENT, INDEX, NUMBER, OBJECT, ROW, STRING } = TAPE;

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
  const a = legacy.tape;
  const b = candidate.tape;
  const unlike = unlikeElements(legacy, candidate);
  const inPlace = { pairs: unlike, order: null };
  const way = wayOf(a, b, unlike);
  if (way === 'in-place') return inPlace;
  if (way === 'permuted') return { pairs: [], order: orderOf(legacy, candidate) };
  return alignByIdentity(legacy, candidate, allPlaces(legacy, candidate), true) ?? inPlace;
}

/**
 * Whether elements belong together by their places, whatever stands beside those on the tapes;
 * those that are not the same have to be there, each with all that is in it.
 */
export function areInPlace(legacy: ArrayAt, candidate: ArrayAt): boolean {
  const unlike = unlikeElements(legacy, candidate);
  return wayOf(legacy.tape, candidate.tape, unlike) === 'in-place';
}

/** How elements at the same index that are not the same to the letter belong together. */
function wayOf(
  a: JsonTape,
  b: JsonTape,
  unlike: readonly ElementPair[],
): 'in-place' | 'permuted' | 'by-identity' {
  if (unlike.length < 2 || areNamedAlike(a, b, unlike)) return 'in-place';
  const unequal = unlike.filter(({ legacy: x, candidate: y }) => !mayBeSame(a, x, b, y));
  if (unequal.length < 2) return 'in-place';
  // All of them: what only may be the same is looked into here, or when it is walked.
  if (isPermuted(a, b, unlike)) return 'permuted';
  return kindAt(a, unequal[0]!.legacy) === OBJECT ? 'by-identity' : 'in-place';
}

/** Elements at the same index that are not the same to the letter. */
function unlikeElements(
  { tape: a, row }: ArrayAt,
  { tape: b, row: other }: ArrayAt,
): ElementPair[] {
  const pairs: ElementPair[] = [];
  const end = nextOf(a, row);
  let y = other + ROW;
  for (let x = row + ROW; x < end; x = nextOf(a, x)) {
    if (!isWrittenAlike(a, x, b, y)) {
      pairs.push({ index: a.rows[x + INDEX]!, legacy: x, candidate: y });
    }
    y = nextOf(b, y);
  }
  return pairs;
}

/** By hashes: what is nested would be looked through at each level again. */
function mayBeSame(a: JsonTape, i: number, b: JsonTape, j: number): boolean {
  return isContainer(a, i) ? hashAt(a, i) === hashAt(b, j) : isSameScalarAt(a, i, b, j);
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
  const name = likeliestName(a, pairs[0]!.legacy);
  if (name === ABSENT) return false;
  return pairs.every(({ legacy, candidate }) => {
    const x = memberLike(a, name, a, legacy);
    const y = memberLike(a, name, b, candidate);
    return x !== ABSENT && y !== ABSENT && isSameScalarAt(a, x, b, y);
  });
}

/** The member of an object that is the likeliest to identify it. */
function likeliestName(tape: JsonTape, row: number): number {
  if (kindAt(tape, row) !== OBJECT) return ABSENT;
  let found: number = ABSENT;
  let best = '';
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    if (isContainer(tape, at)) continue;
    const name = keyOf(tape, at);
    if (rankOf(name) < 0 || (found !== ABSENT && byLikelihood(best, name) <= 0)) continue;
    found = at;
    best = name;
  }
  return found;
}

/** By name within a rank: the order of members is not to matter. */
function byLikelihood(x: string, y: string): number {
  return rankOf(x) - rankOf(y) || (x < y ? -1 : Number(x > y));
}

/** The member of the object at `row` that has the key of another one. */
function memberLike(a: JsonTape, member: number, b: JsonTape, row: number): number {
  if (kindAt(b, row) !== OBJECT) return ABSENT;
  const end = nextOf(b, row);
  for (let at = row + ROW; at < end; at = nextOf(b, at)) {
    if (isSameKey(a, member, b, at)) return at;
  }
  return ABSENT;
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
  const first = childrenOf(legacy.tape, legacy.row)[0]!;
  if (!isContainer(legacy.tape, first)) {
    return nameOfOrder(scalarsOf(legacy), scalarsOf(candidate));
  }
  const [a, b] = [childrenOf(legacy.tape, legacy.row), childrenOf(candidate.tape, candidate.row)];
  const found = findIdentity(legacy.tape, a, candidate.tape, b);
  return found === null ? 'array-order' : nameOfOrder(found.legacy, found.candidate);
}

function scalarsOf({ tape, row }: ArrayAt): (string | undefined)[] {
  return childrenOf(tape, row).map((at) => identifierAt(tape, at));
}

interface Identity {
  /** The identifier of each element, in their order. */
  readonly legacy: readonly string[];
  readonly candidate: readonly string[];
}

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
  const identity = findIdentity(legacy.tape, a, candidate.tape, b);
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
      isMoved ||= found < last;
      last = found;
      if (!isWrittenAlike(legacy.tape, a[at]!, candidate.tape, b[found]!)) {
        pairs.push({ index, legacy: a[at]!, candidate: b[found]! });
      }
    } else if (hasLone) pairs.push({ index, legacy: a[at]!, candidate: ABSENT });
  });
  for (const at of hasLone ? left.values() : []) {
    pairs.push({ index: ofCandidate[at]!.index, legacy: ABSENT, candidate: b[at]! });
  }
  const order = isMoved ? nameOfOrder(identity.legacy, identity.candidate) : null;
  return { pairs, order };
}

/** Elements without counterparts may be so many of all, or the name says nothing. */
const SHARED_MIN_RATIO = 0.5;
const NAMES_MAX = 4;

/**
 * The values of a member that names the elements: on every one of them, different in each, and
 * for the most part the same on both sides. Null when there is none.
 */
function findIdentity(
  a: JsonTape,
  ofA: readonly number[],
  b: JsonTape,
  ofB: readonly number[],
): Identity | null {
  if (ofA.length === 0 || ofB.length === 0) return null;
  for (const name of namesOf(a, ofA[0]!)) {
    const legacy = identifiersOf(a, ofA, name);
    const candidate = legacy === null ? null : identifiersOf(b, ofB, name);
    if (legacy === null || candidate === null) continue;
    const known = new Set(candidate);
    const shared = legacy.filter((id) => known.has(id)).length;
    const most = Math.max(legacy.length, candidate.length);
    if (shared > 1 && shared >= most * SHARED_MIN_RATIO) return { legacy, candidate };
  }
  return null;
}

/** Names of members that may identify, the likeliest first. */
function namesOf(tape: JsonTape, row: number): string[] {
  if (kindAt(tape, row) !== OBJECT) return [];
  const names: string[] = [];
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    if (isContainer(tape, at)) continue;
    const name = keyOf(tape, at);
    if (rankOf(name) >= 0) names.push(name);
  }
  return names.sort(byLikelihood).slice(0, NAMES_MAX);
}

const NAME_RANKS: readonly RegExp[] = [
  /^_?id$/i,
  /(?:^|[_-])(?:uuid|guid|key)$/i,
  /(?:[_-]id|[a-z]I[dD])$/,
  /^(?:name|code|slug|email|title)$/i,
];

const ranks = new Map<string, number>();

/** How likely a name identifies, 0 the likeliest; -1 for the rest. Names seen are kept. */
function rankOf(name: string): number {
  let rank = ranks.get(name);
  if (rank === undefined) {
    rank = NAME_RANKS.findIndex((pattern) => pattern.test(name));
    if (ranks.size < LIMITS.comparedNamesMax) ranks.set(name, rank);
  }
  return rank;
}

/** Null unless every element is an object with a text or number of its own by that name. */
function identifiersOf(tape: JsonTape, rows: readonly number[], name: string): string[] | null {
  const seen = new Set<string>();
  for (const row of rows) {
    const at = memberOf(tape, row, name);
    const id = at === ABSENT ? undefined : identifierAt(tape, at);
    if (id === undefined || seen.has(id)) return null;
    seen.add(id);
  }
  return [...seen];
}

function memberOf(tape: JsonTape, row: number, name: string): number {
  if (kindAt(tape, row) !== OBJECT) return ABSENT;
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    if (keyOf(tape, at) === name) return at;
  }
  return ABSENT;
}

/** A number as it is written, a text between its quotes; undefined for other values. */
function identifierAt(tape: JsonTape, row: number): string | undefined {
  const kind = kindAt(tape, row);
  if (kind !== NUMBER && kind !== STRING) return undefined;
  const value = scalarOf(tape, row);
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? value.source : undefined;
}

const INTEGER = /^-?\d{1,20}$/;
const SIGNED_BITS = 64;

/** Ways to sort identifiers, each negative where the first comes before the second. */
const ORDERS: readonly ((x: string, y: string) => number)[] = [
  (x, y) => compareBigInts(BigInt(x), BigInt(y)),
  (x, y) => (x < y ? -1 : Number(x > y)),
  (x, y) => {
    const signed = (id: string): bigint => BigInt.asIntN(SIGNED_BITS, BigInt(id));
    return compareBigInts(signed(x), signed(y));
  },
];

function compareBigInts(x: bigint, y: bigint): number {
  return x < y ? -1 : Number(x > y);
}

/** `id-order` where each side is sorted, and the two by different orders of one direction. */
function nameOfOrder(
  legacy: readonly (string | undefined)[],
  candidate: readonly (string | undefined)[],
): 'array-order' | 'id-order' {
  for (const direction of [1, -1]) {
    const isSorted = sortedBy(legacy, direction);
    if (isSorted && sortedBy(candidate, direction)) return 'id-order';
  }
  return 'array-order';
}

function sortedBy(ids: readonly (string | undefined)[], direction: number): boolean {
  return ORDERS.some((compare) => {
    for (let at = 0; at < ids.length; at += 1) {
      const id = ids[at];
      if (id === undefined || !INTEGER.test(id)) return false;
      const before = ids[at - 1];
      if (before !== undefined && compare(before, id) * direction > 0) return false;
    }
    return true;
  });
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
