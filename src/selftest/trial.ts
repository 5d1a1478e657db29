/** One bug, through the same entry as every pair: caught, hidden by a rule, or neither. */
import { ruleName } from '../compare/rules/rule-name.ts';
import type { Answer, Exchange, Side } from '../model/exchange.ts';
import type { Comparison, DivergenceKind, NotComparableReason, Pair } from '../model/pair.ts';
import type { CompareRule } from '../model/settings.ts';
import type { RuleBook } from '../proxy/analyst/rule-book.ts';
import type { TriedBug } from './edit.ts';
import type { SampledAnswer } from './sample.ts';

export type Verdict =
  /** `kinds`: as which it was reported; of members in another order, noted beside the match. */
  | { readonly kind: 'caught'; readonly kinds: readonly DivergenceKind[] }
  | Hidden
  /** And no rule explains it. */
  | { readonly kind: 'missed' }
  | { readonly kind: 'not-compared'; readonly reason: NotComparableReason };

interface Hidden {
  readonly kind: 'hidden';
  /** At least one. */
  readonly rules: readonly string[];
  /** Each of them names the bug's place, and no other one. */
  readonly isNarrow: boolean;
}

/** What stands for rules of which none hides it alone. */
export const TOGETHER = '(several rules together)';

/**
 * Compares the answer with the one that has the bug. Each bug stands alone: rules that remember
 * (bijection, monotonic) know of no other pair. `atMs`: wall clock, by which rules hold or not.
 */
export function tryBug(
  book: RuleBook,
  bug: Pick<TriedBug, 'kind' | 'path'>,
  sampled: SampledAnswer,
  candidate: Answer,
  atMs: number,
): Verdict {
  const pair = pairOf(sampled, candidate, atMs);
  const rules = book.rulesOf(sampled.route);
  const comparison = book.look(pair);
  const verdict = verdictOf(comparison, bug, rules);
  if (verdict !== null) return verdict;
  const isExplainedBy = (some: readonly CompareRule[]): boolean =>
    verdictOf(book.look(pair, some), bug, some) === null;
  // Some leave a place out without a word where nothing counted differs. Without any, it is seen?
  if (rules.length === 0 || isExplainedBy([])) return { kind: 'missed' };
  const alone = rules.filter((rule) => isExplainedBy([rule]));
  return hiddenBy(alone.length === 0 ? [TOGETHER] : alone.map(ruleName), bug, rules);
}

/** Null where nothing was seen, and nothing told why. */
function verdictOf(
  comparison: Comparison,
  bug: Pick<TriedBug, 'kind' | 'path'>,
  rules: readonly CompareRule[],
): Verdict | null {
  switch (comparison.kind) {
    case 'mismatched':
      return { kind: 'caught', kinds: comparison.divergences.map(({ kind }) => kind) };
    case 'ignored':
      return hiddenBy(comparison.rules, bug, rules);
    case 'not-comparable':
      return { kind: 'not-compared', reason: comparison.reason };
    case 'matched': {
      // The order of members is all that may be noted of one; of any other bug that is no word.
      const noted = comparison.noted ?? [];
      const isNoted = bug.kind === 'key-order' && noted.some(({ kind }) => kind === 'key-order');
      return isNoted ? { kind: 'caught', kinds: ['key-order'] } : null;
    }
  }
}

function hiddenBy(
  names: readonly string[],
  { path }: Pick<TriedBug, 'path'>,
  rules: readonly CompareRule[],
): Hidden {
  const isNarrow = names.every((name) =>
    rules.some((rule) => ruleName(rule) === name && isOfOnePlace(rule) && rule.path === path),
  );
  return { kind: 'hidden', rules: names, isNarrow };
}

/** A place in the body, each of its segments by name. */
function isOfOnePlace({ path }: CompareRule): boolean {
  return path.startsWith('/') && !path.split('/').some((each) => each === '*' || each === '**');
}

function pairOf(
  { route, key, request, answer }: SampledAnswer,
  candidate: Answer,
  atMs: number,
): Pair {
  const exchange = (side: Side, given: Answer): Exchange => {
    const role = side === 'legacy' ? 'live' : 'shadow';
    return { side, role, outcome: 'answered', answer: given, latencyUs: 1000, serviceUs: 1000 };
  };
  return {
    route,
    key,
    liveSide: 'legacy',
    arrivedAtMs: atMs,
    request,
    legacy: exchange('legacy', answer),
    candidate: exchange('candidate', candidate),
  };
}
