/** One bug, through the same entry as every pair: caught, hidden by a rule, or neither. */
import { ruleName } from '../compare/rules/rule-name.ts';
import type { Answer, Exchange, Side } from '../model/exchange.ts';
import type { Comparison, DivergenceKind, NotComparableReason, Pair } from '../model/pair.ts';
import type { RuleBook } from '../proxy/analyst/rule-book.ts';
import type { SampledAnswer } from './sample.ts';

export type Verdict =
  /** `kinds`: as which it was reported; of members in another order, noted beside the match. */
  | { readonly kind: 'caught'; readonly kinds: readonly DivergenceKind[] }
  /** At least one rule. */
  | { readonly kind: 'hidden'; readonly rules: readonly string[] }
  /** And no rule explains it. */
  | { readonly kind: 'missed' }
  | { readonly kind: 'not-compared'; readonly reason: NotComparableReason };

/** What stands for rules of which none hides it alone. */
export const TOGETHER = '(several rules together)';

/**
 * Compares the answer with the one that has the bug. Each bug stands alone: rules that remember
 * (bijection, monotonic) know of no other pair. `atMs`: wall clock, by which rules hold or not.
 */
export function tryBug(
  book: RuleBook,
  sampled: SampledAnswer,
  candidate: Answer,
  atMs: number,
): Verdict {
  const pair = pairOf(sampled, candidate, atMs);
  const comparison = book.look(pair);
  const verdict = verdictOf(comparison);
  if (verdict !== null) return verdict;
  const rules = book.rulesOf(sampled.route);
  // Some leave a place out without a word where nothing counted differs. Without any, it is seen?
  if (rules.length === 0 || verdictOf(book.look(pair, [])) === null) return { kind: 'missed' };
  const alone = rules.filter((rule) => verdictOf(book.look(pair, [rule])) === null);
  return { kind: 'hidden', rules: alone.length === 0 ? [TOGETHER] : alone.map(ruleName) };
}

/** Null where nothing was seen, and nothing told why. */
function verdictOf(comparison: Comparison): Verdict | null {
  switch (comparison.kind) {
    case 'mismatched':
      return { kind: 'caught', kinds: comparison.divergences.map(({ kind }) => kind) };
    case 'ignored':
      return { kind: 'hidden', rules: comparison.rules };
    case 'not-comparable':
      return { kind: 'not-compared', reason: comparison.reason };
    case 'matched': {
      const kinds = (comparison.noted ?? []).map(({ kind }) => kind);
      return kinds.length === 0 ? null : { kind: 'caught', kinds };
    }
  }
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
