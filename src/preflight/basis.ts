/** What the verdict rests on: which requests were asked, and what legacy answered to them. */

/** A request of the sample, or one that was given. */
export interface AskedFact {
  readonly method: string;
  readonly target: string;
  /** What legacy answered directly; 0: nothing; null: it was never asked. */
  readonly status: number | null;
}

export interface Basis {
  /** Distinct requests of the sample that were asked. */
  readonly asked: number;
  /** Those that legacy answered 2xx or 3xx. */
  readonly answered: number;
  /** The others, and given targets that were never asked. */
  readonly unanswered: readonly AskedFact[];
  /** A sentence where nothing was seen of what was to be checked; '' where something was. */
  readonly warning: string;
}

/** Requests named in one sentence. */
const NAMED_MAX = 5;

/** The basis of what was asked; `given` are the targets of the command line, to be GET. */
export function createBasis(asked: readonly AskedFact[], given: readonly string[]): Basis {
  const isGiven = ({ method, target }: AskedFact): boolean =>
    method === 'GET' && given.includes(target);
  const neverAsked = [...new Set(given)]
    .filter((target) => !asked.some((fact) => isGiven(fact) && fact.target === target))
    .map((target): AskedFact => ({ method: 'GET', target, status: null }));
  const all = [...neverAsked, ...asked];
  const checked = given.length === 0 ? all : all.filter(isGiven);
  const answered = asked.filter(isAnswered).length;
  return {
    asked: asked.length,
    answered,
    unanswered: all.filter((fact) => !isAnswered(fact)),
    warning: checked.some(isAnswered) ? '' : warningOf(checked, given.length > 0),
  };
}

function warningOf(unanswered: readonly AskedFact[], areGiven: boolean): string {
  const mend = 'give paths that exist, with credentials (--header) where they need some';
  if (unanswered.length === 0) return `the sample has no request that may be asked: ${mend}`;
  return (
    `legacy answered ${areGiven ? 'no given target' : 'no request of the sample'} 2xx or 3xx, so ` +
    `that nothing was seen of them: ${namedFacts(unanswered)}; ${mend}`
  );
}

/** `GET /a (404), GET /b (no answer) and 3 more`. */
export function namedFacts(facts: readonly AskedFact[]): string {
  const named = facts
    .slice(0, NAMED_MAX)
    .map(({ method, target, status }) => `${method} ${target} (${statusWords(status)})`);
  const left = facts.length - named.length;
  return `${named.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

/** `404`, `no answer`, `never asked`. */
export function statusWords(status: number | null): string {
  if (status === null) return 'never asked';
  return status === 0 ? 'no answer' : String(status);
}

function isAnswered({ status }: AskedFact): boolean {
  return status !== null && status >= 200 && status < 400;
}
