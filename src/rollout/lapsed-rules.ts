/** Compare rules whose last day has passed: differences they explained count again. */
import { isRuleHeld } from '../compare/rules.ts';
import type { RouteSettings, Settings } from '../model/settings.ts';

/** A rule that holds no more. */
export interface LapsedRule {
  readonly route: string;
  readonly path: string;
  /** Its last day. */
  readonly until: string;
}

/** More of them are only counted. */
const NAMED_MAX = 8;

/** Every rule that no longer holds at this moment, in the order of the configuration. */
export function lapsedRules({ routes }: Pick<Settings, 'routes'>, atMs: number): LapsedRule[] {
  return routes.flatMap(({ match, compare }: RouteSettings) =>
    compare
      .filter((rule) => !isRuleHeld(rule, atMs))
      .map(({ path, until }) => ({ route: match, path, until })),
  );
}

/** What the status says of them; none where there are none. */
export function lapsedSentences(rules: readonly LapsedRule[]): readonly string[] {
  const named = rules
    .slice(0, NAMED_MAX)
    .map(
      ({ route, path, until }) =>
        `the rule for ${path === '' ? 'the whole body' : path} of ${route} held until ${until} ` +
        'and no longer: what it explained is compared',
    );
  const more = rules.length - named.length;
  return more === 0 ? named : [...named, `${more} more compare rules no longer hold`];
}
