/**
 * Which pairs have to be judged in their order: those under a rule that remembers earlier pairs,
 * and those under a map, which is switched off by how it fared on the pairs before. All others
 * come to the same wherever and whenever they are looked at.
 */
import type { LookedAt } from '../../../replay/recorded-findings.ts';
import type { CompareRule, RuleForm } from '../../model/settings.ts';

const ORDERED_FORMS: ReadonlySet<RuleForm> = new Set<RuleForm>(['bijection', 'monotonic', 'map']);

/** True when what these rules say of a pair depends on earlier pairs. */
export function needsOrder(rules: readonly CompareRule[]): boolean {
  return rules.some(({ as }) => ORDERED_FORMS.has(as));
}

/** True when that holds for some route, or for requests that match none. */
export function needsOrderAnywhere({ routes, compare }: Omit<LookedAt, 'key'>): boolean {
  return needsOrder(compare) || routes.some((route) => needsOrder(route.compare));
}

/** The same without rules of what is judged in order: no map is begun for the rest. */
export function withoutOrdered(looked: LookedAt): LookedAt {
  const routes = looked.routes.map((route) =>
    needsOrder(route.compare) ? { ...route, compare: [] } : route,
  );
  return { ...looked, routes, compare: needsOrder(looked.compare) ? [] : looked.compare };
}
