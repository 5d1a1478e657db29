import type { RuleStatus } from '../model/rollout.ts';
import { visible } from '../report/escape.ts';

const USED_SHOWN = 12;
const OTHERS_SHOWN = 8;

/** The section of a status on compare rules: what each hid, which never did, which are over. */
export function rulesSection(rules: readonly RuleStatus[]): string {
  if (rules.length === 0) return '';
  const used = rules
    .filter(({ pairs, failures = 0 }) => pairs > 0 || failures > 0)
    .toSorted((a, b) => b.pairs - a.pairs);
  const lines = used.slice(0, USED_SHOWN).map(usedLine);
  const more = used.length - lines.length;
  return [
    'Rules',
    ...lines.map((line) => `  ${line}`),
    ...(more === 0 ? [] : [`  … and ${more} more: crossfade rules`]),
    ...namesLine('never used', rules, 'unused'),
    ...namesLine('expired', rules, 'expired'),
  ].join('\n');
}

function usedLine({ rule, pairs, divergences, lastMs, failures = 0, state }: RuleStatus): string {
  const hid = pairs === 0 ? 'hid nothing' : `hid ${divergences} in ${count(pairs, 'pair')}`;
  const last = pairs === 0 ? '' : `, last ${timeText(lastMs)}`;
  const failed = failures === 0 ? '' : `; failed on ${count(failures, 'pair')}`;
  const now = state === 'used' ? '' : ` (${state})`;
  return `${visible(rule)}: ${hid}${last}${failed}${now}`;
}

function namesLine(
  words: string,
  rules: readonly RuleStatus[],
  state: RuleStatus['state'],
): readonly string[] {
  const names = rules.filter((rule) => rule.state === state).map(({ rule }) => visible(rule));
  if (names.length === 0) return [];
  const more = names.length > OTHERS_SHOWN ? `, and ${names.length - OTHERS_SHOWN} more` : '';
  return [`  ${words}: ${names.slice(0, OTHERS_SHOWN).join(', ')}${more}`];
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`;
}

function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
