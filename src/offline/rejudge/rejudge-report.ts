import { noneGate } from '../../../replay/none-gate.ts';
import type { LookedAt } from '../../../replay/recorded-findings.ts';
import { worst } from '../../../replay/replay-report.ts';
import { isRuleHeld } from '../../compare/rules.ts';
import { ruleName } from '../../compare/rules/rule-name.ts';
import type { NotComparableReason } from '../../model/pair.ts';
import type { GateResult, RuleStatus } from '../../model/rollout.ts';
import type { CompareRule } from '../../model/settings.ts';
import type { Report, ReportTable } from '../../report/report.ts';
import { rulesTable } from '../../report/rules-table.ts';
import { formatCount, NOTHING, plural } from '../../report/wording.ts';
import { clusterRows } from '../../rollout/cluster-rows.ts';
import {
  allRules,
  mapWarnings,
  type RuleSettings,
  ruleStatuses,
} from '../../rollout/rule-status.ts';
import { uncomparedGate } from '../uncompared-gate.ts';
import { type ClusterChange, clusterChanges } from './cluster-changes.ts';
import type { RejudgeOutcome } from './rejudge.ts';
import { rejudgeSentence } from './rejudge-words.ts';
import { pairsOf, type Turns } from './turns.ts';

/** What a report of a rejudgement is made of. */
export interface RejudgeFacts {
  /** Name of the recordings. */
  readonly name: string;
  readonly outcome: RejudgeOutcome;
  /** The rules that pairs were under, of each recording or of a file. */
  readonly before: readonly LookedAt[];
  readonly after: LookedAt;
  /** What the rules before are called: `the recording's`, or the name of a file. */
  readonly beforeName: string;
  readonly afterName: string;
  /** Why recordings end early. */
  readonly warnings: readonly string[];
  /** Wall clock: rules that have expired by now are told of. */
  readonly nowMs: number;
}

/** What the new rules change, with a verdict on what is mismatched under them. */
export function rejudgeReport(facts: RejudgeFacts): Report {
  const { name, outcome, after } = facts;
  const { turns } = outcome;
  const { lastMs } = turns;
  const oldRules = ruleStatuses(joined(facts.before), outcome.before.rules, lastMs);
  const newRules = ruleStatuses(after, outcome.after.rules, lastMs);
  const changes = clusterChanges(outcome.before.clusters, outcome.after.clusters);
  const compared = comparedOf(turns);
  const mismatched = pairsOf(turns, null, 'mismatched');
  const gates = [
    noneGate('mismatches', mismatched, compared, 'compared pairs', 'mismatched'),
    lostGate(turns),
  ];
  const tables = [
    turnsTable(turns),
    reasonsTable(turns),
    ruleTurnsTable(turns),
    changesTable(changes),
    titled(rulesTable(newRules), `Rules of ${facts.afterName}`),
    titled(rulesTable(oldRules), `Rules before: ${facts.beforeName}`),
  ];
  const headline = rejudgeSentence(turns);
  return {
    title: `${name} under the rules of ${facts.afterName}`,
    headline,
    context: contextOf(facts),
    outcome: worst(gates.map(({ verdict }) => verdict)),
    traffic: null,
    gates,
    clusters: clusterRows(outcome.after.clusters, outcome.after.totals),
    events: [],
    tables: tables.filter((table) => table !== null),
    latency: [],
    warnings: [...facts.warnings, ...mapWarnings(newRules), ...expiredWarnings(facts)],
    facts: machineFacts(turns, changes, oldRules, newRules),
  };
}

/** What cannot be compared under new rules may be mismatched under them. */
function lostGate(turns: Turns): GateResult {
  const pairs = pairsOf(turns, null, null);
  const what = 'pairs cannot be compared any more, or make a map fail, limit none';
  return uncomparedGate('pairs lost', turns.lost, pairs, what);
}

function comparedOf(turns: Turns): number {
  return pairsOf(turns, null, null) - pairsOf(turns, null, 'not-comparable');
}

/** Several recordings may say the same rules. */
function joined(looks: readonly LookedAt[]): RuleSettings {
  const routes = new Map<string, LookedAt['routes'][number]>();
  const compare = new Map<string, CompareRule>();
  for (const look of looks) {
    for (const rule of look.compare) {
      if (!compare.has(ruleName(rule))) compare.set(ruleName(rule), rule);
    }
    for (const route of look.routes) {
      if (routes.has(route.match)) continue;
      routes.set(route.match, {
        ...route,
        compare: route.compare.filter((rule) => !look.compare.includes(rule)),
      });
    }
  }
  return { routes: [...routes.values()], compare: [...compare.values()] };
}

function contextOf({ outcome, beforeName, afterName }: RejudgeFacts): readonly string[] {
  const { records, single } = outcome.turns;
  const pairs = records - single;
  return [
    `${plural(records, 'recorded request')}, ${formatCount(pairs)} of them with both answers; ` +
      `each of these was compared under the rules before (${beforeName}) and ` +
      `those of ${afterName}.`,
    'Rules hold as they did when the request arrived. Noise is not taken off and nothing is ' +
      'asked again, under either: what noise or a race explained in the run counts as mismatched ' +
      'here.',
  ];
}

function expiredWarnings({ after, nowMs }: RejudgeFacts): readonly string[] {
  return allRules(after)
    .filter(({ rule }) => !isRuleHeld(rule, nowMs))
    .map(({ rule }) => {
      return (
        `the rule "${ruleName(rule)}" has expired (${rule.until}): it hides nothing ` +
        'of what came since'
      );
    });
}

const WORDS = {
  matched: 'matched',
  mismatched: 'mismatched',
  ignored: 'ignored',
  'not-comparable': 'not comparable',
} as const;

function turnsTable(turns: Turns): ReportTable {
  const { single } = turns;
  return {
    title: 'What became of the pairs',
    columns: ['before', 'now', 'pairs'],
    rows: turns.verdicts.map(({ before, after, pairs }) => [
      WORDS[before],
      before === after ? `${WORDS[after]}, as before` : WORDS[after],
      formatCount(pairs),
    ]),
    notes:
      single === 0
        ? []
        : [
            `${plural(single, 'recorded request')} ${single === 1 ? 'has' : 'have'} no second ` +
              'answer: nothing can be said of them.',
          ],
  };
}

function reasonsTable(turns: Turns): ReportTable | null {
  const { notComparableBefore: before, notComparableAfter: after } = turns;
  const reasons = new Set([...Object.keys(before), ...Object.keys(after)]);
  if (reasons.size === 0) return null;
  const names = [...reasons].sort() as NotComparableReason[];
  return {
    title: 'Not comparable',
    columns: ['reason', 'before', 'now'],
    rows: names.map((name) => [
      name,
      formatCount(before[name] ?? 0),
      formatCount(after[name] ?? 0),
    ]),
    notes: [],
  };
}

function ruleTurnsTable({ excused, exposed }: Turns): ReportTable | null {
  if (excused.length === 0 && exposed.length === 0) return null;
  return {
    title: 'Rules that made the difference',
    columns: ['rule', 'what it does', 'pairs', 'by itself'],
    rows: [
      ...excused.map(({ rule, pairs, alone }) => [rule, 'hides now', pairs, alone] as const),
      ...exposed.map(({ rule, pairs, alone }) => [rule, 'hid before', pairs, alone] as const),
    ].map(([rule, what, pairs, alone]) => [rule, what, formatCount(pairs), formatCount(alone)]),
    notes: ['A pair that several rules hide together counts for each of them.'],
  };
}

function changesTable(changes: readonly ClusterChange[]): ReportTable | null {
  if (changes.length === 0) return null;
  return {
    title: 'Clusters that come, go, or have another count',
    columns: ['', 'kind', 'path', 'route', 'before', 'now'],
    rows: changes.map(({ kind, path, route, before, after }) => [
      stateOf(before, after),
      kind,
      path,
      route,
      before === 0 ? NOTHING : formatCount(before),
      after === 0 ? NOTHING : formatCount(after),
    ]),
    notes: [],
  };
}

function stateOf(before: number, after: number): string {
  if (before === 0) return 'new';
  return after === 0 ? 'gone' : after < before ? 'fewer' : 'more';
}

function titled(table: ReportTable | null, title: string): ReportTable | null {
  return table === null ? null : { ...table, title };
}

function machineFacts(
  turns: Turns,
  changes: readonly ClusterChange[],
  oldRules: readonly RuleStatus[],
  newRules: readonly RuleStatus[],
): NonNullable<Report['facts']> {
  return {
    ...turns,
    compared: comparedOf(turns),
    mismatchedBefore: pairsOf(turns, 'mismatched', null),
    mismatched: pairsOf(turns, null, 'mismatched'),
    clusterChanges: changes,
    rulesBefore: oldRules,
    rules: newRules,
  };
}
