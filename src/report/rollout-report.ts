import { formatAbout, formatDuration } from '../kit/units.ts';
import type { UnprovenRoute } from '../model/rollout.ts';
import type { RolloutFacts } from '../rollout/stored.ts';
import type { Report, ReportTable } from './report.ts';
import { formatCount, NOTHING, timeText } from './wording.ts';

/**
 * A rollout as a report: where it stands, its gates in the sentences that they were judged with,
 * and the story of its own decisions. One that was rolled back has failed, whatever is judged at
 * the safe target since. `source` says who tells.
 */
export function rolloutReport(facts: RolloutFacts, source: string): Report {
  const { rollout, unproven = [], traffic, gates, clusters, events, warnings, stored } = facts;
  const { id, label, phase, percent, reason } = rollout;
  const isBack = phase === 'rolled-back';
  return {
    title: `Rollout ${id} of ${label}: ${phase} at ${percent} %`,
    ...(isBack && { headline: `Rolled back: ${reason}` }),
    context: [source, ...storedContext(facts)],
    outcome: isBack ? 'fail' : facts.outcome,
    traffic,
    gates,
    clusters,
    events: events.filter((event) => event.rollout === id).toSorted((a, b) => a.id - b.id),
    tables: [standingTable(rollout), ...(unproven.length === 0 ? [] : [unprovenTable(unproven)])],
    latency: [],
    warnings,
    facts: { rollout, unproven, ...(stored && { stored }) },
  };
}

function storedContext({ stored, gates }: RolloutFacts): readonly string[] {
  if (stored === undefined) return [];
  const { untilMs, elapsedMs } = stored;
  const elapsed = formatDuration(Math.floor(elapsedMs / 1000) * 1000);
  return [
    `${elapsed} of this step were judged`,
    ...(untilMs === null ? [] : [`the newest window ended at ${timeText(untilMs)} UTC`]),
    ...(gates.length === 0 ? ['no gate of this step was judged yet, or none is configured'] : []),
  ];
}

function standingTable({
  phase,
  percent,
  reason,
  waitingFor,
}: RolloutFacts['rollout']): ReportTable {
  return {
    title: 'Where it stands',
    columns: ['phase', 'share', 'why'],
    rows: [[phase, `${percent} %`, reason]],
    notes: waitingFor.map((each) => `waiting for: ${each}`),
  };
}

function unprovenTable(unproven: readonly UnprovenRoute[]): ReportTable {
  return {
    title: 'Unproven routes',
    columns: ['route', 'pairs', 'of', 'mismatched', 'the rest in', 'accepted'],
    rows: unproven.map(({ route, compared, needed, mismatched, expectedInMs, accepted }) => [
      route,
      formatCount(compared),
      formatCount(needed),
      formatCount(mismatched),
      expectedInMs === undefined ? NOTHING : formatAbout(expectedInMs),
      accepted === null ? 'no' : `by ${accepted.owner}: ${accepted.reason}`,
    ]),
    notes: ['100 % is not reached without those that nobody accepts.'],
  };
}
