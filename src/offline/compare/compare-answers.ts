/** Compares two answers of files under the rules of a route. */
import { nearest } from '../../kit/nearest.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import type { Answer, Exchange, Side } from '../../model/exchange.ts';
import type { Comparison, RuleCount } from '../../model/pair.ts';
import type { CompareRule, Settings } from '../../model/settings.ts';
import { RuleBook } from '../../proxy/analyst/rule-book.ts';
import { createIdentifier } from '../../proxy/identify/identify.ts';

/** Rules, and whose they are. */
export interface RulesOf {
  readonly name: string;
  readonly rules: readonly CompareRule[];
}

/**
 * Of the route with this name, or that a request such as `GET /v1/users/7` belongs to; without a
 * name, those that hold for all. Throws `unknown-route`.
 */
export function rulesFor(
  { routes, key, compare }: Pick<Settings, 'routes' | 'key' | 'compare'>,
  route: string | null,
): RulesOf {
  if (route === null) return { name: 'those for all routes', rules: compare };
  const named = routes.find(({ match }) => match === route);
  if (named !== undefined) return { name: named.match, rules: named.compare };
  const [method = '', target = ''] = route.split(' ');
  const found = createIdentifier(routes, key).identify(method, target, [], null).route.settings;
  if (found !== null) return { name: found.match, rules: found.compare };
  const names = routes.map(({ match }) => match);
  const near = nearest(route, names) ?? names[0];
  throw new CrossfadeError('unknown-route', `no route is, or takes, '${route}'`, {
    hint: near === undefined ? 'the configuration has no routes' : `there is '${near}'`,
  });
}

export interface ComparedAnswers {
  readonly comparison: Comparison;
  readonly counts: readonly RuleCount[];
}

/** `atMs`: the wall clock that decides which rules hold. */
export function compareTwo(
  [legacy, candidate]: readonly [Answer, Answer],
  { name, rules }: RulesOf,
  atMs: number,
): ComparedAnswers {
  const book = new RuleBook({ routes: [], compare: rules });
  try {
    const comparison = book.compare({
      route: name,
      key: null,
      liveSide: 'legacy',
      arrivedAtMs: atMs,
      request: { method: 'GET', target: '/', headers: [], body: null },
      legacy: exchangeOf('legacy', legacy),
      candidate: exchangeOf('candidate', candidate),
    });
    return { comparison, counts: book.takeCounts() };
  } finally {
    book.close();
  }
}

function exchangeOf(side: Side, answer: Answer): Exchange {
  const role = side === 'legacy' ? 'live' : 'shadow';
  return { side, role, outcome: 'answered', answer, latencyUs: 0, serviceUs: 0 };
}
