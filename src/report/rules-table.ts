import type { RuleStatus } from '../model/rollout.ts';
import type { ReportTable } from './report.ts';
import { formatCount, NOTHING, timeText } from './wording.ts';

/** What each compare rule hid, and of whom to ask for it; null where there are no rules. */
export function rulesTable(rules: readonly RuleStatus[]): ReportTable | null {
  if (rules.length === 0) return null;
  return {
    title: 'Compare rules',
    columns: ['rule', 'state', 'pairs', 'divergences', 'first', 'last', 'reason'],
    rows: rules.map((rule) => [
      rule.rule,
      stateText(rule),
      formatCount(rule.pairs),
      formatCount(rule.divergences),
      rule.firstMs === 0 ? NOTHING : timeText(rule.firstMs),
      rule.lastMs === 0 ? NOTHING : timeText(rule.lastMs),
      reasonText(rule),
    ]),
    notes: notesOf(rules),
  };
}

const STATE_WORDS = {
  used: 'used',
  unused: 'never used',
  expired: 'expired',
  off: 'switched off',
  removed: 'removed since',
} as const;

function stateText({ state, failures = 0 }: RuleStatus): string {
  return failures === 0 ? STATE_WORDS[state] : `${STATE_WORDS[state]}, ${failures} failures`;
}

function reasonText({ reason, owner, until }: RuleStatus): string {
  const asides = [owner, until === '' ? '' : `until ${until}`].filter((word) => word !== '');
  const told = reason === '' ? NOTHING : reason;
  return asides.length === 0 ? told : `${told} (${asides.join(', ')})`;
}

function notesOf(rules: readonly RuleStatus[]): readonly string[] {
  const problems = rules.flatMap(({ rule, problem }) =>
    problem === undefined ? [] : [`${rule}: ${problem}.`],
  );
  return [
    'Divergences that a rule hid are counted also where the pair is mismatched all the same; a ' +
      'whole subtree left out counts once.',
    ...problems,
  ];
}
