import type { ReplaySource } from '../../../replay/merged.ts';
import type { ReplayedPairs } from '../../../replay/pairs.ts';
import { matchGates, worst } from '../../../replay/replay-report.ts';
import { formatDuration, formatLatency } from '../../kit/units.ts';
import { SIDES } from '../../model/exchange.ts';
import type { GateResult } from '../../model/rollout.ts';
import type { TrafficCounts } from '../../model/window.ts';
import type { Report, ReportTable } from '../../report/report.ts';
import { rulesTable } from '../../report/rules-table.ts';
import { formatCount, plural } from '../../report/wording.ts';
import { clusterRows } from '../../rollout/cluster-rows.ts';
import { RouteTotals } from '../../rollout/route-totals.ts';
import { mapWarnings, ruleStatuses } from '../../rollout/rule-status.ts';
import { uncomparedGate } from '../uncompared-gate.ts';
import type {
  Both,
  CompareRecordingsOptions,
  LeftOut,
  LeftOutCounts,
} from './compare-recordings.ts';

/** Everything there is to say of a comparison of two recordings. */
export interface RecordingsFacts extends CompareRecordingsOptions {
  readonly sources: Both<ReplaySource>;
  readonly pairs: ReplayedPairs;
  readonly areKeysAlike: boolean;
  /** Requests that both recordings have. */
  readonly partners: number;
  readonly leftOut: LeftOutCounts;
}

/**
 * With the verdict: nothing differs, nothing fails in the second alone, nothing is left out or
 * cannot be compared.
 */
export function recordingsReport(facts: RecordingsFacts): Report {
  const { names, pairs, looked, sources, leftOut, isPartial } = facts;
  const traffic = pairs.traffic();
  const totals = new RouteTotals();
  totals.accept(pairs.takeRoutes());
  const lastMs = sources.a.description.startedAtMs;
  const rules = ruleStatuses(looked, pairs.takeRules(), lastMs);
  const gates = [
    ...matchGates(pairs),
    ...(isPartial ? [] : [leftOutGate(facts), notComparableGate(facts, traffic)]),
  ];
  const tables = [
    requestsTable(facts),
    verdictsTable(traffic),
    leftOutTable(facts),
    timesTable(facts),
    rulesTable(rules),
  ];
  return {
    title: `${names.a} and ${names.b}`,
    headline: headlineOf(facts, traffic),
    context: contextOf(facts),
    outcome: worst(gates.map(({ verdict }) => verdict)),
    traffic: null,
    gates,
    clusters: clusterRows(pairs.clusters, totals),
    events: [],
    tables: tables.filter((table) => table !== null),
    latency: [],
    warnings: [...warningsOf(facts), ...mapWarnings(rules)],
    facts: {
      records: { a: sources.a.records, b: sources.b.records },
      partners: facts.partners,
      compared: traffic.compared,
      matched: traffic.matched,
      mismatched: traffic.mismatched,
      ignored: traffic.ignored,
      notComparable: traffic.notComparable,
      leftOut: leftOut.counts,
      leftOutRoutes: leftOut.groups.map(({ first: { of, route, why }, requests }) => {
        return { of, route, why, requests };
      }),
      leftOutListed: leftOut.listed,
      rules,
    },
  };
}

function total(counts: Readonly<Record<LeftOut['why'], number>>): number {
  return counts['no partner'] + counts['given up'] + counts['no answer'];
}

function leftOutTotal({ leftOut: { counts } }: RecordingsFacts): number {
  return total(counts.a) + total(counts.b);
}

function leftOutGate(facts: RecordingsFacts): GateResult {
  const found = leftOutTotal(facts);
  const samples = facts.sources.a.records + facts.sources.b.records;
  const what = `recorded requests have no partner, or no answer, ${LIMIT}`;
  return uncomparedGate('requests left out', found, samples, what);
}

function notComparableGate({ partners }: RecordingsFacts, traffic: TrafficCounts): GateResult {
  const found = notComparableTotal(traffic);
  const what = `partners are not comparable, ${LIMIT}`;
  return uncomparedGate('partners not comparable', found, partners, what);
}

const LIMIT = 'limit none (no limit with --partial)';

function notComparableTotal({ notComparable }: TrafficCounts): number {
  return Object.values(notComparable).reduce((sum, count) => sum + count, 0);
}

function headlineOf(facts: RecordingsFacts, traffic: TrafficCounts): string {
  const { compared, mismatched } = traffic;
  const others =
    countedText(notComparableTotal(traffic), 'pair', 'not comparable') +
    countedText(leftOutTotal(facts), 'request', 'left out');
  if (compared === 0) return `Nothing could be compared.${others}`;
  const pairs = plural(compared, 'compared pair');
  if (mismatched === 0) return `Nothing differs in ${pairs}.${others}`;
  const verb = mismatched === 1 ? 'differs' : 'differ';
  return `${formatCount(mismatched)} of ${pairs} ${verb}.${others}`;
}

/** ` 2 requests are left out.`; nothing of none. */
function countedText(count: number, one: string, what: string): string {
  return count === 0 ? '' : ` ${plural(count, one)} ${count === 1 ? 'is' : 'are'} ${what}.`;
}

function requestsTable({ names, sources, sides, partners, leftOut }: RecordingsFacts): ReportTable {
  const rows = (['a', 'b'] as const).map((of) => {
    const counts = leftOut.counts[of];
    return [
      names[of],
      of === 'a' ? 'legacy' : 'candidate',
      sides[of],
      ...[sources[of].records, partners, counts['no partner'], counts['given up']].map(formatCount),
      formatCount(counts['no answer']),
    ];
  });
  return {
    title: 'Requests of the two recordings',
    columns: [
      'recording',
      'stands for',
      'its answer',
      'requests',
      'with a partner',
      'without',
      'given up',
      'no answer',
    ],
    rows,
    notes: [],
  };
}

function verdictsTable(traffic: TrafficCounts): ReportTable {
  const { matched, mismatched, ignored, notComparable } = traffic;
  const reasons = Object.entries(notComparable).map(
    ([reason, count]) => [`not comparable: ${reason}`, count] as const,
  );
  const rows = [
    ['matched', matched] as const,
    ['mismatched', mismatched] as const,
    ['ignored', ignored] as const,
    ...reasons,
  ];
  return {
    title: 'Partners',
    columns: ['verdict', 'pairs'],
    rows: rows.map(([verdict, count]) => [verdict, formatCount(count)]),
    notes: [],
  };
}

function leftOutTable({ leftOut, names }: RecordingsFacts): ReportTable | null {
  if (leftOut.groups.length === 0) return null;
  const groups = [...leftOut.groups].sort((a, b) => b.requests - a.requests);
  return {
    title: 'Requests left out',
    columns: ['recording', 'why', 'requests', 'route', 'the first of them'],
    rows: groups.map(({ first, requests }) => [
      names[first.of],
      first.why,
      formatCount(requests),
      first.route,
      `${first.request} at +${formatDuration(Math.max(0, first.atUs / 1000))}`,
    ]),
    notes: [`The JSON lists ${plural(leftOut.listed.length, 'request')} one by one.`],
  };
}

/** As each was recorded: on its own machine, under its own load. */
function timesTable({ pairs, names }: RecordingsFacts): ReportTable {
  return {
    title: 'Latency as recorded',
    columns: ['side', 'recording', 'p50', 'p99', 'p99.9', 'max'],
    rows: SIDES.map((side) => {
      const { fromIntended } = pairs.times[side];
      const values = [0.5, 0.99, 0.999].map((quantile) => fromIntended.quantileUs(quantile));
      const name = names[side === 'legacy' ? 'a' : 'b'];
      return [side, name, ...[...values, fromIntended.maxUs].map(formatLatency)];
    }),
    notes: ['Each on its own machine and under its own load: no test of which is faster.'],
  };
}

function contextOf({ names, sources, ...rest }: RecordingsFacts): readonly string[] {
  const origins = (['a', 'b'] as const)
    .filter((of) => sources[of].description.origin !== '')
    .map((of) => `${names[of]}: ${sources[of].description.origin}.`);
  const known = rest.areKeysAlike ? 'method, target, keys and body' : 'method, target and body';
  return [
    `${names.a} stands for legacy, ${names.b} for the candidate. Partners are the n-th requests ` +
      `of the same ${known} in each, in the order of arrival; credentials in targets do not count.`,
    'A key whose write took effect in one recording alone is not judged from then on. Nothing is ' +
      'asked again, and no noise is taken off.',
    ...(rest.areTokensAlike
      ? []
      : [
          'Values of cookies and other credentials in the fields of answers were not compared: ' +
            'each recording has tokens of its own for them.',
        ]),
    ...origins,
  ];
}

function warningsOf({ sources, names, leftOut }: RecordingsFacts): readonly string[] {
  const cut = (['a', 'b'] as const).flatMap((of) =>
    sources[of].warnings.map((warning) => `${names[of]}: ${warning}`),
  );
  const givenUp = leftOut.counts.a['given up'] + leftOut.counts.b['given up'];
  if (givenUp === 0) return cut;
  return [
    ...cut,
    `${plural(givenUp, 'request')} waited for a partner while too many others did, and ` +
      'later ones like them may have the wrong partner: the recordings are too far apart',
  ];
}
