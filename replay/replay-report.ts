import { judge } from '../src/judge/verdict.ts';
import { addHistograms } from '../src/judge/windows.ts';
import { formatDuration, formatLatency } from '../src/kit/units.ts';
import { SIDES, type Side } from '../src/model/exchange.ts';
import type { GateOutcome, GateResult, RuleStatus, Verdict } from '../src/model/rollout.ts';
import type { GateSettings } from '../src/model/settings.ts';
import type { HistogramCounts, Summary } from '../src/model/window.ts';
import { createLatencySeries } from '../src/report/latency-series.ts';
import type { LatencySeries, Report, ReportTable } from '../src/report/report.ts';
import { clusterRows } from '../src/rollout/cluster-rows.ts';
import { rulesTable } from '../src/report/rules-table.ts';
import { gatherEvidence } from '../src/rollout/evidence.ts';
import { RouteTotals } from '../src/rollout/route-totals.ts';
import type { LatencyHistogram } from '../src/measure/latency.ts';
import type { ReplaySource } from './merged.ts';
import { noneGate } from './none-gate.ts';
import type { ReplayedPairs } from './pairs.ts';
import { formatPace, type Pace } from './schedule.ts';

/** What a report is made of. */
export interface ReplayFacts {
  readonly name: string;
  readonly urls: Readonly<Record<Side, string>>;
  readonly pace: Pace;
  readonly mustMatch: boolean;
  readonly gates: readonly GateSettings[];
  readonly source: ReplaySource;
  readonly pairs: ReplayedPairs;
  readonly rules: readonly RuleStatus[];
  readonly seconds: readonly Summary[];
  readonly elapsedMs: number;
  readonly isInterrupted: boolean;
  readonly lost: Error | null;
}

/** Everything there is to say of a replay, with its verdict. */
export function replayReport(facts: ReplayFacts): Report {
  const { name, urls, pairs, seconds } = facts;
  const verdict = verdictOf(facts);
  return {
    title: `Replay of ${name}`,
    context: contextOf(facts),
    outcome: verdict.outcome,
    traffic: pairs.traffic(),
    gates: verdict.gates,
    clusters: clusterRows(pairs.clusters, routeTotals(seconds)),
    events: [],
    tables: [timesTable(facts), rulesTable(facts.rules)].filter((table) => table !== null),
    latency: SIDES.map((side) => series(`${side} (${urls[side]})`, side, seconds)),
    warnings: warningsOf(facts),
  };
}

function routeTotals(seconds: readonly Summary[]): RouteTotals {
  const totals = new RouteTotals();
  for (const { routes = [] } of seconds) totals.accept(routes);
  return totals;
}

function verdictOf(facts: ReplayFacts): Verdict {
  const { gates, seconds, mustMatch } = facts;
  const judged = judge(gates, gatherEvidence(gates, seconds));
  const results = [...(mustMatch ? matchGates(facts.pairs) : []), ...judged.gates];
  const outcomes = results.map((result) => result.verdict);
  return { outcome: worst(outcomes), gates: results };
}

/** What has to hold where two sides are to answer alike. */
export function matchGates(pairs: ReplayedPairs): readonly GateResult[] {
  const { compared, mismatched } = pairs.traffic();
  const failures = pairs.candidateOnlyErrors;
  return [
    noneGate('mismatches', mismatched, compared, 'compared pairs', 'mismatched'),
    noneGate(
      'candidate-only errors',
      failures,
      pairs.pairs,
      'pairs',
      'failed on the candidate alone',
    ),
  ];
}

/** The outcome of gates together. */
export function worst(outcomes: readonly GateOutcome[]): GateOutcome {
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.includes('inconclusive') ? 'inconclusive' : 'pass';
}

function contextOf(facts: ReplayFacts): readonly string[] {
  const { urls, pace, source, pairs, elapsedMs } = facts;
  const { origin } = source.description;
  const { received } = pairs.traffic();
  const perSec = elapsedMs === 0 ? 0 : (received * 1000) / elapsedMs;
  return [
    `Legacy at ${urls.legacy}, candidate at ${urls.candidate}.`,
    `${received} of ${source.records} recorded requests sent to both sides at once, open loop ` +
      `at ${formatPace(pace)} (${perSec.toFixed(0)}/s over ${formatDuration(elapsedMs)}), ` +
      'in order per key.',
    'Latency counts from the intended time of each request, to its last byte.',
    ...(origin === '' ? [] : [`The recording: ${origin}.`]),
  ];
}

function warningsOf({ source, isInterrupted, lost }: ReplayFacts): readonly string[] {
  return [
    ...source.warnings,
    ...(isInterrupted ? ['interrupted: only what was sent until then is judged'] : []),
    ...(lost === null ? [] : [lost.message]),
  ];
}

/** A gap between the two says that requests waited here, or for their key. */
function timesTable({ pairs }: ReplayFacts): ReportTable {
  const rows = SIDES.flatMap((side) => {
    const { fromIntended, fromSent } = pairs.times[side];
    return [
      [side, 'intended time', ...quantiles(fromIntended)],
      [side, 'sent', ...quantiles(fromSent)],
    ];
  });
  return {
    title: 'Latency from intended time and from sending',
    columns: ['side', 'from', 'p50', 'p99', 'p99.9', 'max'],
    rows,
    notes: [
      'A gap between the two is time spent waiting for an earlier request of the same key, ' +
        'or for the replay itself.',
    ],
  };
}

function quantiles(times: LatencyHistogram): readonly string[] {
  const values = [0.5, 0.99, 0.999].map((quantile) => times.quantileUs(quantile));
  return [...values, times.maxUs].map(formatLatency);
}

function series(name: string, side: Side, seconds: readonly Summary[]): LatencySeries {
  const builder = createLatencySeries(name);
  for (const { startMs, cells } of seconds) {
    const counts = cells.reduce<HistogramCounts>((sum, cell) => addHistograms(sum, cell[side]), []);
    builder.add(startMs, counts);
  }
  return builder.finish();
}
