/**
 * Rules that would excuse what was seen, for a person to accept or not. Pure. Nothing is proposed
 * for what a client would notice: a missing field, another type, an id that lost its digits.
 */
import type { DivergenceKind } from '../../model/pair.ts';
import type { CompareRule, RuleForm } from '../../model/settings.ts';
import { isPureForm, isSameBy } from './forms.ts';
import { areWithin, isWithinShare, type Leaf, momentIn, numberOf } from './leaves.ts';

/** Divergences of one kind at one place. */
export interface Finding {
  /** By its `match`; null where it matched none. */
  readonly route: string | null;
  /** A rule's path, `*` for what is one of many; or the name of a part. */
  readonly path: string;
  readonly kind: DivergenceKind;
  readonly pairs: number;
  /** Pairs of the route that were compared; null where nobody knows. */
  readonly compared: number | null;
  /** What each side had, as divergences show it; undefined where it had nothing. */
  readonly values: readonly SeenPair[];
}

export type SeenPair = readonly [legacy: string | undefined, candidate: string | undefined];

/** A rule without the reason that a person has to give. */
export interface Proposal {
  readonly finding: Finding;
  readonly as: RuleForm;
  readonly kind: DivergenceKind | null;
  readonly by: readonly string[];
  /** As a file has it: `1%`. */
  readonly tolerance: string | null;
  readonly pattern: string | null;
  /** As a file has it: `5s`. */
  readonly within: string | null;
}

/** What of the findings a rule could excuse, and the rest; both in their order. */
export interface Suggestions {
  readonly proposals: readonly Proposal[];
  readonly without: readonly Finding[];
}

/** At most one proposal for each finding. */
export function suggestRules(findings: readonly Finding[]): Suggestions {
  const proposals: Proposal[] = [];
  const without: Finding[] = [];
  for (const finding of findings) {
    const proposal = proposalFor(finding);
    if (proposal === null) without.push(finding);
    else proposals.push(proposal);
  }
  return { proposals, without };
}

const NOTHING = { kind: null, by: [], tolerance: null, pattern: null, within: null } as const;

/** Kinds that say of themselves that a client can tell the answers apart. */
const NOTICED: ReadonlySet<DivergenceKind> = new Set([
  'status',
  'length',
  'missing',
  'added',
  'type',
  'id-precision',
  'overflow',
  'fields-swapped',
  'duplicate-key',
  'encoding',
  'stale',
  'truncated',
  'too-different',
]);

function proposalFor(finding: Finding): Proposal | null {
  const isField = /^(?:header|trailer):/.test(finding.path);
  if (NOTICED.has(finding.kind) || (!isField && !finding.path.startsWith('/'))) return null;
  if (finding.kind === 'array-order') {
    return { ...NOTHING, finding, as: 'multiset', by: keyFieldsOf(finding.values) };
  }
  const leaves = finding.values.map((pair) => leavesOf(pair, isField));
  const pairs = leaves.filter((pair) => pair !== null);
  if (pairs.length === 0 || pairs.length < leaves.length) return null;
  return proposalByValue(finding, pairs) ?? (isField ? presenceOf(finding) : null);
}

/** Both have the field, and nothing is known of what it holds. */
function presenceOf(finding: Finding): Proposal {
  return { ...NOTHING, finding, as: 'presence' };
}

type LeafPair = readonly [legacy: Leaf, candidate: Leaf];

/** Null where a side has nothing, or what is shown of it was cut. */
function leavesOf(pair: SeenPair, isField: boolean): LeafPair | null {
  const [legacy, candidate] = pair.map((text) => leafOfShown(text, isField));
  return legacy === null || candidate === null || legacy === undefined || candidate === undefined
    ? null
    : [legacy, candidate];
}

function leafOfShown(text: string | undefined, isField: boolean): Leaf | null {
  if (text === undefined || text.endsWith('…')) return null;
  if (isField) return { kind: 'text', text };
  if (/^-?\d/.test(text)) return { kind: 'number', text };
  if (!text.startsWith('"')) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'string' ? { kind: 'string', text: parsed } : null;
  } catch {
    // An excerpt rather than a value: nothing is read into it.
    return null;
  }
}

/** The narrowest form first. */
function proposalByValue(finding: Finding, pairs: readonly LeafPair[]): Proposal | null {
  for (const as of ['instant', 'number', 'case', 'url'] as const) {
    const isSame = ([a, b]: LeafPair): boolean => isPureForm(as) && isSameBy(as, a, b, PLAIN);
    if (pairs.every(isSame)) return { ...NOTHING, finding, as };
  }
  return withinOf(finding, pairs) ?? toleranceOf(finding, pairs) ?? patternOf(finding, pairs);
}

const PLAIN: CompareRule = {
  path: '',
  as: 'instant',
  by: [],
  tolerance: 0,
  reason: '',
  owner: '',
  until: '',
};

const WITHIN: readonly (readonly [text: string, ms: number])[] = [
  ['1s', 1000],
  ['5s', 5000],
  ['1m', 60_000],
];

function withinOf(finding: Finding, pairs: readonly LeafPair[]): Proposal | null {
  const areClose = ([a, b]: LeafPair, ms: number): boolean => {
    const [first, second] = [momentIn(a), momentIn(b)];
    return first !== undefined && second !== undefined && areWithin(first, second, ms);
  };
  const fitting = WITHIN.find(([, ms]) => pairs.every((pair) => areClose(pair, ms)));
  return fitting === undefined ? null : { ...NOTHING, finding, as: 'within', within: fitting[0] };
}

const SHARES: readonly (readonly [text: string, ratio: number])[] = [
  ['0.01%', 0.0001],
  ['0.1%', 0.001],
  ['1%', 0.01],
  ['5%', 0.05],
];

/** An integer of so many digits is a name rather than a measure. */
const ID_DIGITS = 15;

function toleranceOf(finding: Finding, pairs: readonly LeafPair[]): Proposal | null {
  const areClose = ([a, b]: LeafPair, ratio: number): boolean => {
    const [first, second] = [numberOf(a), numberOf(b)];
    if (first === undefined || second === undefined) return false;
    if (/^-?\d+$/.test(first) && first.length >= ID_DIGITS) return false;
    return isWithinShare(first, second, ratio);
  };
  const fitting = SHARES.find(([, ratio]) => pairs.every((pair) => areClose(pair, ratio)));
  if (fitting === undefined) return null;
  return { ...NOTHING, finding, as: 'tolerance', tolerance: fitting[0] };
}

/** Forms of names that something makes up. */
const FORMS: readonly string[] = [
  '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  '[0-9A-HJKMNP-TV-Z]{26}',
  '[0-9a-f]{16}',
  '[0-9a-f]{32}',
  '[0-9a-f]{40}',
  '[0-9a-f]{64}',
  '[0-9]{15,20}',
];

/** One to one where a value came back with its partner; else by their form alone. */
function patternOf(finding: Finding, pairs: readonly LeafPair[]): Proposal | null {
  const isText = ({ kind }: Leaf): boolean => kind === 'string' || kind === 'text';
  const all = pairs.flat();
  const pattern = FORMS.find((form) => {
    const whole = new RegExp(`^${form}$`, 'i');
    return all.every((leaf) => isText(leaf) && whole.test(leaf.text));
  });
  if (pattern === undefined) return null;
  if (isOneToOne(pairs)) return { ...NOTHING, finding, as: 'bijection' };
  const hasUpper = all.some(({ text }) => /[a-f]/.test(pattern) && /[A-F]/.test(text));
  return { ...NOTHING, finding, as: 'pattern', pattern: hasUpper ? `(?i)${pattern}` : pattern };
}

function isOneToOne(pairs: readonly LeafPair[]): boolean {
  const [there, back] = [new Map<string, string>(), new Map<string, string>()];
  for (const [{ text: a }, { text: b }] of pairs) {
    if ((there.get(a) ?? b) !== b || (back.get(b) ?? a) !== a) return false;
    there.set(a, b);
    back.set(b, a);
  }
  return there.size > 1 && there.size < pairs.length;
}

/** `id` where every element that is shown has one. */
function keyFieldsOf(values: readonly SeenPair[]): readonly string[] {
  const lists = values.map(([legacy = '']) => {
    try {
      return JSON.parse(legacy) as unknown;
    } catch {
      // Cut: what its elements are is not known.
      return null;
    }
  });
  const hasId = (item: unknown): boolean =>
    typeof item === 'object' && item !== null && Object.hasOwn(item, 'id');
  const areKeyed = lists.every(
    (list) => Array.isArray(list) && list.length > 0 && list.every(hasId),
  );
  return areKeyed && lists.length > 0 ? ['id'] : [];
}
