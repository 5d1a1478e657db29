import { formatDuration, formatLatency, formatShare } from '../kit/units.ts';
import { BEAM_MINOR } from '../pauses/beam.ts';
import { GO_CYCLE } from '../pauses/go.ts';
import { type HeapSettings, largeHeaps } from '../pauses/heaps.ts';
import type { ModelResult } from '../pauses/model.ts';
import {
  PERCENTILE_NAMES,
  type PercentileName,
  type PercentileSpread,
  type Spread,
  spreadOf,
} from '../pauses/percentiles.ts';
import type { ModelSettings } from '../pauses/settings.ts';
import type { Clocks } from '../pauses/simulate.ts';
import type { ModelWindow } from '../pauses/windows.ts';
import { renderTable, wrap } from '../report/table.ts';

const WINDOWS_SHOWN = 6;
const COLUMNS = 100;
const RIGHT = 'right' as const;
/** Percentiles that few requests decide: of several runs the range is shown. */
const RANGED: readonly PercentileName[] = ['p99.9', 'p99.99', 'max'];

/** What the model found, for a terminal, without a line break at its end. */
export function modelText(result: ModelResult, color: boolean): string {
  const { settings, runs, windows, spread } = result;
  return [
    ...headLines(result).flatMap((line) => wrap(line, COLUMNS)),
    '',
    clocksTable(spread, settings.clients, color),
    '',
    ...wrap(sentences(result).join(' '), COLUMNS),
    '',
    `Windows of ${formatDuration(settings.windowMs)}` +
      `${runs.length > 1 ? `, seed ${runs[0]!.seed}` : ''}: the typical one and the worst, ` +
      'by arrival.',
    '',
    windowsTable(windows, settings.clients, color),
  ].join('\n');
}

function headLines({ settings, load, runs }: ModelResult): readonly string[] {
  const { ratePerSec, serviceMs, deviationMs, requests } = settings;
  const [first] = runs;
  const seeds =
    runs.length === 1
      ? `seed ${first!.seed}`
      : `seeds ${first!.seed} to ${runs.at(-1)!.seed}: medians, and lowest to highest`;
  const lastsMs = (requests / ratePerSec) * 1000;
  const unitMs = lastsMs < 3_600_000 ? 1000 : 60_000;
  const lasts = formatDuration(Math.round(lastsMs / unitMs) * unitMs);
  return [
    collectionsLine(settings),
    `${ratePerSec.toLocaleString('en-US')} requests a second of ${figure(serviceMs)} ± ` +
      `${figure(deviationMs)} ms: utilisation ${formatShare(load.requestsRatio)}, ` +
      `and collections ${formatShare(load.collectionsRatio)}.`,
    `${requests.toLocaleString('en-US')} requests in about ${lasts}, ${seeds}.`,
  ];
}

function collectionsLine({ runtime, heaps, costMsPerMb, periodMs }: ModelSettings): string {
  const every = formatDuration(periodMs);
  const cost = `${Number(costMsPerMb.toPrecision(3))} ms a MB`;
  switch (runtime) {
    case 'beam':
      return (
        `BEAM: ${heapsText(heaps)}, ${heaps.users === 1 ? '' : 'each '}swept every ${every} at ` +
        `${cost}; ` +
        `a minor collection in 1 of ${1 / BEAM_MINOR.ratio} requests.`
      );
    case 'go':
      return (
        `Go: ${heapsText(heaps)}, collected ${every} after the last time; marking takes ${cost} ` +
        `and ${GO_CYCLE.markShare * 100} % of the processor.`
      );
    case 'none':
      return 'No collector.';
  }
}

function heapsText({ kind, bytes, users, growthBytesPerHour, ageMs }: HeapSettings): string {
  const many = users === 1 ? 'a heap' : `${users.toLocaleString('en-US')} heaps`;
  const base = `${many} of ${sizeText(bytes)}`;
  if (kind === 'fixed') return base;
  if (kind === 'growing') {
    const old = ageMs === 0 ? '' : `, ${formatDuration(ageMs)} old`;
    return `${base} and ${sizeText(growthBytesPerHour)} more an hour${old}`;
  }
  return `${base}, ${largeHeaps(users)} of them of ${sizeText(bytes * 1000)}`;
}

/** Percentiles by each clock; milliseconds. */
export function clocksTable(
  spread: Clocks<PercentileSpread>,
  clients: number,
  color: boolean,
): string {
  const rows: readonly (readonly [string, PercentileSpread])[] = [
    ['open loop, from arrival', spread.open],
    ['open loop, no collections', spread.calm],
    [`closed loop, ${clientsText(clients)}`, spread.closed],
    ['service alone, no queue', spread.service],
  ];
  return renderTable(
    ['latency, ms', ...PERCENTILE_NAMES],
    rows.map(([name, of]) => [name, ...percentileCells(of)]),
    { color, align: ['left', RIGHT, RIGHT, RIGHT, RIGHT, RIGHT] },
  );
}

/** One cell for each percentile; with the range where the runs differ and few requests decide. */
export function percentileCells(of: PercentileSpread): readonly string[] {
  return PERCENTILE_NAMES.map((name) =>
    RANGED.includes(name) ? rangeText(of[name]) : figure(of[name].median),
  );
}

function sentences({ settings, spread, runs }: ModelResult): readonly string[] {
  const [first] = runs;
  const { open, calm, closed, service } = spread;
  const p = (of: PercentileSpread): string => formatLatency(of['p99.9'].median * 1000);
  const late = spreadOf(runs.map(({ sentLateRatio }) => sentLateRatio)).median;
  const { collections, longestMs } = first!;
  const where = runs.length > 1 ? 'in the first run, ' : '';
  const collected = [
    `${collections.toLocaleString('en-US')} full collections, ${where}the longest of`,
    `${formatLatency(longestMs * 1000)}. Without any the p99.9 is ${p(calm)}.`,
  ];
  return [
    ...(settings.runtime === 'none' ? [] : collected),
    `Whoever comes by the clock sees a p99.9 of ${p(open)}.`,
    `A load test with ${clientsText(settings.clients)}, each waiting for its answer before`,
    `it sends again, sends ${formatShare(late)} of the requests late and reports ${p(closed)};`,
    `with one client ${p(service)}.`,
  ];
}

function windowsTable(windows: readonly ModelWindow[], clients: number, color: boolean): string {
  const worst = windows
    .toSorted((a, b) => b.open.max - a.open.max)
    .slice(0, WINDOWS_SHOWN)
    .toSorted((a, b) => a.startMs - b.startMs);
  const middle = (read: (window: ModelWindow) => number): number =>
    spreadOf(windows.map(read)).median;
  const typical = [
    `median of ${windows.length.toLocaleString('en-US')}`,
    Math.round(middle(({ requests }) => requests)).toLocaleString('en-US'),
    figure(middle(({ open }) => open.p50)),
    figure(middle(({ open }) => open.p99)),
    figure(middle(({ open }) => open['p99.9'])),
    figure(middle(({ open }) => open.max)),
    figure(middle(({ closed }) => closed['p99.9'])),
  ];
  const rows = worst.map(({ startMs, requests, open, closed }) => [
    `from ${timeText(startMs)}`,
    requests.toLocaleString('en-US'),
    ...[open.p50, open.p99, open['p99.9'], open.max, closed['p99.9']].map(figure),
  ]);
  const closedName = `p99.9, ${clientsText(clients)}`;
  return renderTable(
    ['window', 'requests', 'p50', 'p99', 'p99.9', 'max', closedName],
    [typical, ...rows],
    { color, align: ['left', RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT] },
  );
}

function clientsText(clients: number): string {
  return clients === 1 ? '1 client' : `${clients.toLocaleString('en-US')} clients`;
}

/** Minutes and seconds since the run began, with hours where there are any. */
function timeText(ms: number): string {
  const [hours, minutes, seconds] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map(
    (each) => Math.floor(each),
  );
  const tail = String(seconds).padStart(2, '0');
  if (hours === 0) return `${minutes}:${tail}`;
  return `${hours}:${String(minutes).padStart(2, '0')}:${tail}`;
}

function sizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const unit = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${Number((bytes / 1000 ** unit).toPrecision(3))} ${units[unit]}`;
}

/** Milliseconds with three significant digits and no unit. */
export function figure(ms: number): string {
  return formatLatency(ms * 1000).replace(/ ms$/, '');
}

/** `97.1 (77.6–126)`; one figure where there is no more. */
export function rangeText({ median, lowest, highest }: Spread): string {
  const range = lowest === highest ? '' : ` (${figure(lowest)}–${figure(highest)})`;
  return `${figure(median)}${range}`;
}
