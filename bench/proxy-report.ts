/** What the proxy trial found, as tables: costs, what reached the shadow, latency, the ratios. */
import { formatLatency } from '../src/kit/units.ts';
import { median } from '../src/kit/median.ts';
import { renderTable } from '../src/report/table.ts';
import type { Arm } from './proxy-arms.ts';
import type { Round } from './proxy-round.ts';

/** The rounds of every way under one load, in the same order. */
export type Rounds = ReadonlyMap<Arm, readonly Round[]>;

export interface Findings {
  readonly saturated: Rounds;
  readonly fixed: Rounds;
  readonly fixedPerSec: number;
  readonly half: Rounds;
  readonly halfPerSec: number;
}

type Pick = (round: Round) => number | null;

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

const WIDTH_MAX = 120;
const PERCENTILES = ['p50Us', 'p99Us', 'p999Us'] as const;
type Percentile = (typeof PERCENTILES)[number];

function spreadOf(rounds: readonly Round[], pick: Pick): Spread | null {
  const values = rounds.map(pick).filter((value) => value !== null);
  const middle = median(values);
  if (middle === null) return null;
  return { median: middle, min: Math.min(...values), max: Math.max(...values) };
}

/** The median over the rounds of a way; null where there are none, or nothing to count. */
export function medianOf(rounds: Rounds, id: string, pick: Pick): number | null {
  const found = [...rounds].find(([arm]) => arm.way.id === id);
  return found === undefined ? null : (spreadOf(found[1], pick)?.median ?? null);
}

function cells(rounds: readonly Round[], pick: Pick, digits: number): readonly string[] {
  const spread = spreadOf(rounds, pick);
  if (spread === null) return ['–', ''];
  const { min, max } = spread;
  return [spread.median.toFixed(digits), `${min.toFixed(digits)}–${max.toFixed(digits)}`];
}

const percent = (ratio: number, digits: number): string => `${(ratio * 100).toFixed(digits)} %`;

function shadowCells(arm: Arm, rounds: readonly Round[]): readonly string[] {
  if (!arm.way.isMirroring) return ['–', '–'];
  const share = spreadOf(rounds, ({ shadowRatio }) => shadowRatio)!;
  const opened = spreadOf(rounds, (round) => round.opened)!;
  return [percent(share.median, 2), opened.median.toFixed(0)];
}

function costTable(rounds: Rounds, isSaturated: boolean): string {
  const columns = [
    'way',
    ...(isSaturated ? ['requests/s', 'range', 'core busy'] : []),
    'CPU µs',
    'range',
    'at shadow',
    'opened there',
    'failed',
  ];
  const rows = [...rounds].map(([arm, seen]) => [
    arm.way.name,
    ...(isSaturated
      ? [
          ...cells(seen, ({ perSec }) => perSec, 0),
          arm.way.command.length === 0
            ? '–'
            : percent(spreadOf(seen, ({ busyRatio }) => busyRatio)!.median, 0),
        ]
      : []),
    ...cells(seen, ({ cpuUs }) => cpuUs, 1),
    ...shadowCells(arm, seen),
    String(seen.reduce((sum, { failed }) => sum + failed, 0)),
  ]);
  return renderTable(columns, rows, { widthMax: WIDTH_MAX, align: alignOf(columns) });
}

function alignOf(columns: readonly string[]): ('left' | 'right')[] {
  return columns.map((_, i) => (i === 0 ? 'left' : 'right'));
}

/** What a way adds to direct answers of the same round, microseconds. */
function added(rounds: Rounds, id: string, percentile: Percentile): Spread | null {
  const direct = [...rounds].find(([arm]) => arm.way.id === 'direct')?.[1];
  const own = [...rounds].find(([arm]) => arm.way.id === id)?.[1];
  if (direct === undefined || own === undefined) return null;
  const of = ({ latency }: Round): number => latency?.[percentile] ?? Number.NaN;
  const differences = own.map((round, i) => of(round) - of(direct[i]!));
  return {
    median: median(differences)!,
    min: Math.min(...differences),
    max: Math.max(...differences),
  };
}

function latencyTable({ half }: Findings): string {
  const columns = ['way', ...['p50', 'p99', 'p99.9'].flatMap((name) => [`${name} added`, 'range'])];
  const direct = [...half].find(([arm]) => arm.way.id === 'direct')?.[1] ?? [];
  const rows = [...half.keys()].map(({ way }) => [
    way.id === 'direct' ? 'direct, itself' : way.name,
    ...PERCENTILES.flatMap((percentile) => {
      const spread =
        way.id === 'direct'
          ? spreadOf(direct, ({ latency }) => latency?.[percentile] ?? null)
          : added(half, way.id, percentile);
      if (spread === null) return ['–', ''];
      const [from, to] = [spread.min, spread.max].map((us) => (us / 1000).toFixed(2));
      return [formatLatency(spread.median), `${from}–${to}`];
    }),
  ]);
  return renderTable(columns, rows, { widthMax: WIDTH_MAX, align: alignOf(columns) });
}

interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly isMet: (ours: number, theirs: number) => boolean;
  readonly ours: number | null;
  readonly theirs: number | null;
}

function goalsOf({ saturated, half, halfPerSec }: Findings): readonly Goal[] {
  const cpu = (id: string): number | null => medianOf(saturated, id, ({ cpuUs }) => cpuUs);
  const perSec = (id: string): number | null => medianOf(saturated, id, (round) => round.perSec);
  const addedP99 = (id: string): number | null => added(half, id, 'p99Us')?.median ?? null;
  const atMost = (limit: number) => ({
    wanted: `at most ${limit.toFixed(2)}`,
    // Not by division: an added latency may be below nothing.
    isMet: (ours: number, theirs: number) => ours <= limit * theirs,
  });
  const mirror = cpu('crossfade-mirror');
  const alone = cpu('crossfade');
  return [
    { what: "CPU to nginx's mirror", ours: mirror, theirs: cpu('nginx-mirror'), ...atMost(0.7) },
    { what: "CPU to Envoy's mirror", ours: mirror, theirs: cpu('envoy-mirror'), ...atMost(0.7) },
    {
      what: "CPU to Traefik's mirror",
      ours: mirror,
      theirs: cpu('traefik-mirror'),
      ...atMost(0.45),
    },
    {
      what: "requests/s to nginx's mirror",
      ours: perSec('crossfade-mirror'),
      theirs: perSec('nginx-mirror'),
      wanted: 'at least 1.30',
      isMet: (ours, theirs) => ours >= 1.3 * theirs,
    },
    {
      what: 'CPU, serving alone, to Envoy',
      ours: alone,
      theirs: cpu('envoy'),
      wanted: 'below 1.00',
      isMet: (ours, theirs) => ours < theirs,
    },
    { what: 'CPU, serving alone, to nginx', ours: alone, theirs: cpu('nginx'), ...atMost(3) },
    {
      what: `p99 added at ${halfPerSec}/s to nginx's mirror`,
      ours: addedP99('crossfade-mirror'),
      theirs: addedP99('nginx-mirror'),
      ...atMost(1),
    },
  ];
}

function goalTable(findings: Findings): string {
  const rows = goalsOf(findings).map(({ what, wanted, isMet, ours, theirs }) =>
    ours === null || theirs === null
      ? [what, wanted, '–', 'not measured']
      : [what, wanted, (ours / theirs).toFixed(3), isMet(ours, theirs) ? 'met' : 'MISSED'],
  );
  return renderTable(['ratio of medians', 'wanted', 'measured', ''], rows, {
    align: ['left', 'right', 'right', 'left'],
  });
}

/** All the tables, each under a line that says what it is. */
export function reportFindings(findings: Findings): string {
  const { saturated, fixed, fixedPerSec, halfPerSec } = findings;
  return [
    'CPU a live request; share of the requests that reached the shadow; connections opened there.',
    '\nSaturated:',
    costTable(saturated, true),
    `\nAt ${fixedPerSec} requests a second, whatever comes back:`,
    costTable(fixed, false),
    `\nLatency added to direct answers of the same round, at ${halfPerSec} a second:`,
    latencyTable(findings),
    '',
    goalTable(findings),
  ].join('\n');
}
