/** Compare rules made ready once for all pairs: paths split, patterns compiled, last days known. */
import { compilePattern, type LinearPattern } from '../../kit/linear-pattern.ts';
import type { DivergenceKind } from '../../model/pair.ts';
import type { CompareRule } from '../../model/settings.ts';
import { isDeep, segmentsOf } from './places.ts';
import { ruleName } from './rule-name.ts';

export interface ReadyRule {
  readonly rule: CompareRule;
  readonly name: string;
  /** Wall clock from which on it does not hold; NaN: it never does. */
  readonly endMs: number;
  /** Into the body; null where the rule is about another part. */
  readonly segments: readonly string[] | null;
  /** Index among {@link ReadyRules.deep}; -1 where there is no `**`. */
  readonly deep: number;
  /** Null: all. */
  readonly kinds: ReadonlySet<DivergenceKind> | null;
  /** Null where there is none, or it cannot be run: then it fits nothing. */
  readonly pattern: LinearPattern | null;
}

export interface ReadyRules {
  /** Those that excuse single values in the body, in the order of the file. */
  readonly values: readonly ReadyRule[];
  /** set and multiset in the body. */
  readonly lists: readonly ReadyRule[];
  /** Those that leave out whole subtrees. */
  readonly covers: readonly ReadyRule[];
  /** ignore for some kinds alone: asked of each divergence as it is found. */
  readonly narrow: readonly ReadyRule[];
  /** Those about a part of the answer, by its name. */
  readonly parts: ReadonlyMap<string, readonly ReadyRule[]>;
  readonly maps: readonly ReadyRule[];
  /** Patterns with `**`. */
  readonly deep: readonly (readonly string[])[];
}

const DAY_MS = 86_400_000;

/** A rule holds through the last moment of its last day, UTC; for ever when none is named. */
export function isRuleHeld(rule: CompareRule, atMs: number): boolean {
  return atMs < endOf(rule.until);
}

function endOf(until: string): number {
  if (until === '') return Infinity;
  const isDay = /^\d{4}-\d\d-\d\d$/.test(until);
  return Date.parse(until) + (isDay ? DAY_MS : 1);
}

const ready = new WeakMap<readonly CompareRule[], ReadyRules>();
const NONE = makeReady([]);

/** The rules made ready: worked out once for the same array. */
export function readyRules(rules: readonly CompareRule[]): ReadyRules {
  if (rules.length === 0) return NONE;
  const known = ready.get(rules);
  if (known !== undefined) return known;
  const made = makeReady(rules);
  ready.set(rules, made);
  return made;
}

function makeReady(rules: readonly CompareRule[]): ReadyRules {
  const deep: (readonly string[])[] = [];
  const all = rules.map((rule) => readyRule(rule, deep));
  const isNarrow = ({ rule, kinds }: ReadyRule): boolean => rule.as === 'ignore' && kinds !== null;
  const parts = new Map<string, ReadyRule[]>();
  for (const each of all) {
    if (each.segments !== null || each.rule.as === 'map') continue;
    const name = each.rule.path.toLowerCase();
    parts.set(name, [...(parts.get(name) ?? []), each]);
  }
  const inBody = all.filter(({ segments, rule }) => segments !== null && rule.as !== 'map');
  const isList = ({ rule }: ReadyRule): boolean => rule.as === 'set' || rule.as === 'multiset';
  const isCover = ({ rule, kinds }: ReadyRule): boolean =>
    kinds === null && (rule.as === 'ignore' || rule.as === 'presence');
  return {
    values: inBody.filter((each) => !isList(each) && !isNarrow(each)),
    lists: inBody.filter(isList),
    covers: inBody.filter(isCover),
    narrow: all.filter(isNarrow).map(withAllBelow),
    parts,
    maps: all.filter(({ rule }) => rule.as === 'map'),
    deep,
  };
}

function readyRule(rule: CompareRule, deep: (readonly string[])[]): ReadyRule {
  const isInBody = rule.path === '' || rule.path.startsWith('/');
  const segments = isInBody ? segmentsOf(rule.path) : null;
  const isFollowed = segments !== null && isDeep(segments);
  if (isFollowed) deep.push(segments);
  const { kinds = [], pattern } = rule;
  const compiled = pattern === undefined ? null : compilePattern(pattern);
  return {
    rule,
    name: ruleName(rule),
    endMs: endOf(rule.until),
    segments,
    deep: isFollowed ? deep.length - 1 : -1,
    kinds: kinds.length === 0 ? null : new Set(kinds),
    pattern: compiled?.kind === 'compiled' ? compiled.pattern : null,
  };
}

/** To ignore a place is to ignore what is in it; the whole body is a place as well. */
function withAllBelow(narrow: ReadyRule): ReadyRule {
  const { segments, rule } = narrow;
  if (segments === null && rule.path !== 'body') return narrow;
  return { ...narrow, segments: [...(segments ?? []), '**'] };
}
