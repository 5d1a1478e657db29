/** What kind of difference two values are, inferred from the values alone. */
import { LIMITS } from '../kit/limits.ts';
import type { DivergenceKind } from '../model/pair.ts';
import { isSameScalar, isScalar, type JsonScalar, type JsonValue } from './json.ts';
import { exactDecimal, hasLostPrecision, isInteger, kindOfNumbers } from './number-kinds.ts';
import { kindOfStrings } from './string-kinds.ts';
import { epochMoment, isSameMoment, parseMoment } from './timestamps.ts';

export { exactDecimal } from './number-kinds.ts';

/** The kind of a difference between two values at one path; undefined: nothing stands there. */
export function inferKind(
  legacy: JsonValue | undefined,
  candidate: JsonValue | undefined,
): DivergenceKind {
  if (candidate === undefined) return kindOfLone(legacy, 'missing');
  if (legacy === undefined) return kindOfLone(candidate, 'added');
  if (legacy === null || candidate === null) {
    return isDefault(legacy) || isDefault(candidate) ? 'default-or-missing' : 'type';
  }
  if (!isScalar(legacy) || !isScalar(candidate)) return 'type';
  const a = textOf(legacy);
  const b = textOf(candidate);
  if (a === undefined || b === undefined) {
    return typeof legacy === 'boolean' && typeof candidate === 'boolean' ? 'value' : 'type';
  }
  if (typeof legacy === 'string' && typeof candidate === 'string') return kindOfStrings(a, b);
  if (typeof legacy === 'object' && typeof candidate === 'object') return kindOfNumbers(a, b);
  if (hasLostPrecision(a, b)) return 'id-precision';
  const isEpoch = typeof legacy === 'string' ? isMoment(a, b) : isMoment(b, a);
  return isEpoch ? 'timestamp-format' : 'type';
}

function kindOfLone(value: JsonValue | undefined, otherwise: 'missing' | 'added'): DivergenceKind {
  if (value === null) return 'null-or-missing';
  return isDefault(value) ? 'default-or-missing' : otherwise;
}

/** What a field is often left at: 0, the empty text, false, a list or object without anything. */
function isDefault(value: JsonValue | undefined): boolean {
  if (value === '' || value === false) return true;
  if (value === null || typeof value !== 'object') return false;
  if (value.kind === 'number') return exactDecimal(value.source) === '0';
  return value.kind === 'array' ? value.items.length === 0 : value.members.size === 0;
}

/** Text of a string or a number; undefined for the rest. */
function textOf(value: JsonScalar): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? value.source : undefined;
}

function isMoment(text: string, number: string): boolean {
  const moment = parseMoment(text);
  const epoch = epochMoment(number);
  return moment !== undefined && epoch !== undefined && isSameMoment(moment, epoch);
}

/** One field of an object that differs; undefined where the field is absent. */
export interface FieldDifference {
  readonly key: string;
  readonly legacy: JsonScalar | undefined;
  readonly candidate: JsonScalar | undefined;
  /** Of this field by itself, as {@link inferFieldKind} tells. */
  readonly kind: DivergenceKind;
}

/** What names of fields say. Those seen are kept: they come again and again. */
class FieldNames {
  readonly #pattern: RegExp;
  readonly #known = new Map<string, boolean>();

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
  }

  has(name: string): boolean {
    let is = this.#known.get(name);
    if (is === undefined) {
      is = this.#pattern.test(name);
      if (this.#known.size < LIMITS.comparedNamesMax) this.#known.set(name, is);
    }
    return is;
  }
}

const DAY_FIELDS = new FieldNames(/(?:^|_)(?:days?|date|viewed)$|[a-z](?:Days?|Date|Viewed)$/);

/**
 * The kind of a field's difference. The name is asked for one thing only: whether two integers
 * that follow each other are numbers of days.
 */
export function inferFieldKind(
  key: string,
  legacy: JsonScalar | undefined,
  candidate: JsonScalar | undefined,
): DivergenceKind {
  const kind = inferKind(legacy, candidate);
  if (kind !== 'value' || Math.abs(integerOf(legacy) - integerOf(candidate)) !== 1) return kind;
  return DAY_FIELDS.has(key) ? 'clock-edge' : kind;
}

const DOUBLE_SAFE_DIGITS = 15;

/** A whole number that a double holds; NaN for what is none. */
function integerOf(value: JsonScalar | undefined): number {
  if (typeof value !== 'object' || value === null) return Number.NaN;
  const { source } = value;
  const digits = source.startsWith('-') ? source.length - 1 : source.length;
  return digits <= DOUBLE_SAFE_DIGITS && isInteger(source) ? Number(source) : Number.NaN;
}

/** Beyond so many differing fields of one object their exchange explains nothing. */
const SWAP_FIELDS_MAX = 64;

/**
 * The pairs of fields whose values are exchanged between the sides, an absent one counting as a
 * value; each field is in one pair at most. The same pairs whichever way the sides stand.
 */
export function findSwaps(
  fields: readonly FieldDifference[],
): (readonly [FieldDifference, FieldDifference])[] {
  if (fields.length < 2 || fields.length > SWAP_FIELDS_MAX || !isAnyMoved(fields)) return [];
  const left = [...fields].sort((a, b) => (a.key < b.key ? -1 : 1));
  const swaps: (readonly [FieldDifference, FieldDifference])[] = [];
  while (left.length > 1) {
    const first = left.shift()!;
    const at = left.findIndex(
      (other) =>
        first.key !== other.key &&
        isSameScalar(first.legacy, other.candidate) &&
        isSameScalar(first.candidate, other.legacy),
    );
    if (at >= 0) swaps.push([first, left.splice(at, 1)[0]!]);
  }
  return swaps;
}

/** Whether any value of legacy's is found in another field of the candidate's. */
function isAnyMoved(fields: readonly FieldDifference[]): boolean {
  for (const from of fields) {
    for (const to of fields) {
      if (to !== from && isSameScalar(from.legacy, to.candidate)) return true;
    }
  }
  return false;
}

const REVISION_FIELDS = new FieldNames(
  /^(?:version|revision|rev|generation|seq|sequence|sequence_number|seqNo)$/i,
);

/**
 * The fields that an earlier revision of the same object explains: its revision, which is a
 * smaller integer on one side, and those that simply have another value. None where the
 * revision is all that differs, or is no integer, or says nothing of them.
 */
export function findStale(fields: readonly FieldDifference[]): readonly FieldDifference[] {
  if (fields.length < 2 || !fields.some(isRevision)) return [];
  const stale = fields.filter(({ kind }) => kind === 'value');
  return stale.length > 1 && stale.some(isRevision) ? stale : [];
}

function isRevision({ key, legacy, candidate }: FieldDifference): boolean {
  if (!REVISION_FIELDS.has(key)) return false;
  const [a, b] = [integerOf(legacy), integerOf(candidate)];
  return a !== b && !Number.isNaN(a + b);
}
