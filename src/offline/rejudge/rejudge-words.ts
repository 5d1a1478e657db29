/** What a rejudgement comes to, in one sentence. */
import { formatCount, plural } from '../../report/wording.ts';
import { pairsOf, type RuleTurn, type Turns } from './turns.ts';

const RULES_NAMED = 3;

/** `Under the new rules 1,204 of 1,210 mismatches are gone: 1,200 by "…"; 3 are new.` */
export function rejudgeSentence(turns: Turns): string {
  const { records, single } = turns;
  if (records === 0) return 'There is no recorded pair.';
  if (single === records) {
    return `No pair has two answers: ${plural(single, 'request')} recorded without.`;
  }
  const before = pairsOf(turns, 'mismatched', null);
  const still = pairsOf(turns, 'mismatched', 'mismatched');
  const fresh = pairsOf(turns, null, 'mismatched') - still;
  const lost = pairsOf(turns, 'mismatched', 'not-comparable');
  const others = turns.lost - lost;
  const parts = [
    goneText(before, before - still - lost, lost, turns.excused),
    ...(lost === 0 ? [] : [`${isOrAre(lost)} not comparable any more`]),
    ...(others === 0 ? [] : [`${plural(others, 'other pair')} cannot be compared`]),
    ...(fresh === 0 ? [] : [`${isOrAre(fresh)} new${byRules(turns.exposed, 'hidden before')}`]),
  ];
  return `Under the new rules ${parts.join('; ')}.`;
}

function goneText(before: number, gone: number, lost: number, rules: readonly RuleTurn[]): string {
  if (before === 0) return 'nothing that was mismatched before has changed: nothing was';
  const of = plural(before, 'mismatch', 'mismatches');
  if (gone === 0 && lost > 0) return `none of ${of} is gone`;
  if (gone === 0) {
    return before === 1 ? 'the one mismatch stays' : `all ${formatCount(before)} mismatches stay`;
  }
  const verb = before === 1 ? 'is' : 'are';
  return `${formatCount(gone)} of ${of} ${verb} gone${byRules(rules, '')}`;
}

function isOrAre(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'is' : 'are'}`;
}

/** The rules that did most; a pair that several hide together counts for each of them. */
function byRules(rules: readonly RuleTurn[], what: string): string {
  if (rules.length === 0) return '';
  const named = rules
    .slice(0, RULES_NAMED)
    .map(({ rule, pairs }) => `${formatCount(pairs)} by "${rule}"`);
  const left = rules.length - named.length;
  const list = [...named, ...(left > 0 ? [`and by ${plural(left, 'other rule')}`] : [])].join(', ');
  return what === '' ? `: ${list}` : `, ${what}: ${list}`;
}
