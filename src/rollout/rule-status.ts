/** Every compare rule with what it has hidden of this rollout, for status and reports. */
import { isRuleHeld } from '../compare/rules.ts';
import { ruleName } from '../compare/rules/rule-name.ts';
import type { RuleCount } from '../model/pair.ts';
import type { RuleState, RuleStatus } from '../model/rollout.ts';
import type { CompareRule, Settings } from '../model/settings.ts';

/** What rules are read from. */
export type RuleSettings = Pick<Settings, 'routes'> & Partial<Pick<Settings, 'compare'>>;

const NOTHING: Omit<RuleCount, 'rule'> = { pairs: 0, divergences: 0, firstMs: 0, lastMs: 0 };

/** Each rule of a configuration once: those of routes in their order, then those of all routes. */
export function allRules({
  routes,
  compare = [],
}: RuleSettings): readonly { readonly route: string | null; readonly rule: CompareRule }[] {
  const own = routes.flatMap(({ match, compare: rules }) =>
    rules.filter((rule) => !compare.includes(rule)).map((rule) => ({ route: match, rule })),
  );
  return [...own, ...compare.map((rule) => ({ route: null, rule }))];
}

/**
 * The rules in force and what they hid, in the order of the configuration; behind them what
 * rules hid that are no longer in it.
 */
export function ruleStatuses(
  settings: RuleSettings,
  counts: readonly RuleCount[],
  nowMs: number,
): readonly RuleStatus[] {
  const left = new Map(counts.map((count) => [count.rule, count]));
  const inForce = allRules(settings).map(({ route, rule }): RuleStatus => {
    const name = ruleName(rule);
    const count = left.get(name) ?? { rule: name, ...NOTHING };
    left.delete(name);
    const { path, as, kinds = [], reason, owner, until } = rule;
    const state = stateOf(count, isRuleHeld(rule, nowMs));
    return { ...count, route, path, as, kinds, reason, owner, until, state };
  });
  const unknown = { route: null, path: '', as: null, kinds: [], reason: '', owner: '', until: '' };
  const removed = [...left.values()].map((count): RuleStatus => {
    return { ...count, ...unknown, state: 'removed' };
  });
  return [...inForce, ...removed];
}

function stateOf({ pairs, isOff = false, failures = 0 }: RuleCount, isHeld: boolean): RuleState {
  if (!isHeld) return 'expired';
  if (isOff) return 'off';
  return pairs > 0 || failures > 0 ? 'used' : 'unused';
}

/** What a person should know now of maps that fail. */
export function mapWarnings(rules: readonly RuleStatus[]): readonly string[] {
  return rules
    .filter(({ state, as, failures = 0 }) => as === 'map' && state !== 'expired' && failures > 0)
    .map(({ rule, failures = 0, problem = '' }) => {
      const pairs = failures === 1 ? '1 pair' : `${failures} pairs`;
      return `the rule "${rule}" has failed on ${pairs}, not compared for it: ${problem}`;
    });
}
