/** What names the elements of an array: a member that is on each of them and different in each. */
import { LIMITS } from '../kit/limits.ts';
import { TAPE } from './json-rows.ts';
import type { JsonTape } from './json-scan.ts';
import { isContainer, isSameKey, keyOf, kindAt, nextOf, scalarOf } from './json-tape.ts';

const { ABSENT, NUMBER, OBJECT, ROW, STRING } = TAPE;

interface Identity {
  /** Of the member. */
  readonly name: string;
  /** The identifier of each element, in their order. */
  readonly legacy: readonly string[];
  readonly candidate: readonly string[];
}

/** The member of an object that is the likeliest to identify it. */
export function likeliestName(tape: JsonTape, row: number): number {
  if (kindAt(tape, row) !== OBJECT) return ABSENT;
  let found: number = ABSENT;
  let best = '';
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    if (isContainer(tape, at)) continue;
    const name = keyOf(tape, at);
    if (name === LIKELIEST_NAME) return at;
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
export function memberLike(a: JsonTape, member: number, b: JsonTape, row: number): number {
  if (kindAt(b, row) !== OBJECT) return ABSENT;
  const end = nextOf(b, row);
  for (let at = row + ROW; at < end; at = nextOf(b, at)) {
    if (isSameKey(a, member, b, at)) return at;
  }
  return ABSENT;
}

/** Elements without counterparts may be so many of all, or the name says nothing. */
const SHARED_MIN_RATIO = 0.5;
const NAMES_MAX = 4;

/**
 * The values of a member that names the elements: on every one of them, different in each, and
 * for the most part the same on both sides. Null when there is none. `others`: how many elements
 * there are besides, which are the same on both sides.
 */
export function findIdentity(
  a: JsonTape,
  ofA: readonly number[],
  b: JsonTape,
  ofB: readonly number[],
  others: number,
): Identity | null {
  if (ofA.length === 0 || ofB.length === 0) return null;
  for (const name of sharedNames(a, ofA[0]!, b, ofB[0]!)) {
    const legacy = identifiersOf(a, ofA, name);
    const candidate = legacy === null ? null : identifiersOf(b, ofB, name);
    if (legacy === null || candidate === null) continue;
    const known = new Set(candidate);
    const shared = legacy.filter((id) => known.has(id)).length;
    const most = Math.max(legacy.length, candidate.length) + others;
    const isShared = shared + others > 1 && shared + others >= most * SHARED_MIN_RATIO;
    if (isShared) return { name, legacy, candidate };
  }
  return null;
}

/** Names of members that may identify, on both sides, the likeliest first. */
function sharedNames(a: JsonTape, i: number, b: JsonTape, j: number): string[] {
  const names = namesOf(a, i).filter((name) => memberOf(b, j, name) !== ABSENT);
  return names.sort(byLikelihood).slice(0, NAMES_MAX);
}

function namesOf(tape: JsonTape, row: number): string[] {
  if (kindAt(tape, row) !== OBJECT) return [];
  const names: string[] = [];
  const end = nextOf(tape, row);
  for (let at = row + ROW; at < end; at = nextOf(tape, at)) {
    if (isContainer(tape, at)) continue;
    const name = keyOf(tape, at);
    if (rankOf(name) >= 0) names.push(name);
  }
  return names;
}

/** Nothing identifies better. */
export const LIKELIEST_NAME = 'id';

const NAME_RANKS: readonly RegExp[] = [
  /^id$/,
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
export function identifiersOf(
  tape: JsonTape,
  rows: readonly number[],
  name: string,
): string[] | null {
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
export function identifierAt(tape: JsonTape, row: number): string | undefined {
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
export function nameOfOrder(
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
