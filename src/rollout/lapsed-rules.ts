/** Compare rules whose last day has passed: differences they explained count again. */
import { isRuleHeld } from '../compare/rules.ts';
import { allRules, type RuleSettings } from './rule-status.ts';

/** A rule that holds no more. */
export interface LapsedRule {
  /** By its `match`; null where it held for all. */
  readonly route: string | null;
  readonly path: string;
  /** Its last day. */
  readonly until: string;
}

/** More of them are only counted. */
const NAMED_MAX = 8;

/** Every rule that no longer holds at this moment, in the order of the configuration. */
export function lapsedRules(settings: RuleSettings, atMs: number): LapsedRule[] {
  return allRules(settings)
    .filter(({ rule }) => !isRuleHeld(rule, atMs))
    .map(({ route, rule: { path, map, until } }) => ({ route, path: map?.text ?? path, until }));
}

/** What the status says of them; none where there are none. */
export function lapsedSentences(rules: readonly LapsedRule[]): readonly string[] {
  const named = rules
    .slice(0, NAMED_MAX)
    .map(
      ({ route, path, until }) =>
        `the rule for ${path === '' ? 'the whole body' : path} of ${route ?? 'all routes'} held ` +
        `until ${until} and no longer: what it explained is compared`,
    );
  const more = rules.length - named.length;
  return more === 0 ? named : [...named, `${more} more compare rules no longer hold`];
}
