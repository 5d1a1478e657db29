/**
 * The facts of a report in words and figures, as every renderer prints them: what is said here
 * is said alike on a terminal, in Markdown and in HTML. Nothing here is escaped yet.
 */
import type { DivergenceKind } from '../model/pair.ts';
import type { GateOutcome, GateResult, RolloutEvent } from '../model/rollout.ts';
import type { TrafficCounts } from '../model/window.ts';
import { formatLatency, formatShare } from '../kit/units.ts';
import { LatencyHistogram } from '../measure/latency.ts';
import type { LatencySeries, Report, ReportTable } from './report.ts';

/** What stands where nothing could be measured. */
export const NOTHING = '–';

/** `12,345`; {@link NOTHING} for what is not a number. */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en-US') : NOTHING;
}

/** `1 pair`, `12,345 pairs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A latency in microseconds as `12.3 ms`; {@link NOTHING} for what is not a number. */
export function latencyText(us: number): string {
  return Number.isFinite(us) ? formatLatency(us) : NOTHING;
}

/** The verdict in one word. */
export const OUTCOME_WORDS: Readonly<Record<GateOutcome, string>> = {
  pass: 'Pass',
  fail: 'Fail',
  inconclusive: 'Inconclusive',
};

/** The verdict in one sentence: the report's own; else how many gates, and which decide it. */
export function headline(report: Report): string {
  const { gates, outcome } = report;
  if (report.headline !== undefined) return report.headline;
  if (gates.length === 0) {
    return outcome === 'pass' ? 'Nothing stands against it.' : 'No gate was judged.';
  }
  const decisive = gates.filter((gate) => gate.verdict === outcome);
  if (outcome === 'pass') {
    return decisive.length === gates.length
      ? `${gates.length === 1 ? 'The one gate passes' : `All ${gates.length} gates pass`}.`
      : `${decisive.length} of ${plural(gates.length, 'gate')} pass.`;
  }
  const verb = outcome === 'fail' ? 'failed' : 'without enough evidence';
  const isAll = decisive.length === gates.length && gates.length > 1;
  if (isAll) return `All ${gates.length} gates ${verb}.`;
  const which = gates.length === 1 ? 'The one gate' : `${decisive.length} of ${gates.length} gates`;
  const names = decisive.map((gate) => gate.gate).join(', ');
  return `${which} ${verb}${names && `: ${names}`}.`;
}

/** A gate's measured value in the unit of its limit, and where it lies: `1.02, 0.98 to 1.06`. */
export function measuredText(gate: GateResult): string {
  if (gate.measured === null) return NOTHING;
  const value = gateValue(gate, gate.measured);
  if (gate.interval === undefined) return value;
  const [lower, upper] = gate.interval;
  const from = gateValue(gate, lower);
  return `${value}, ${from} ${upper === null ? 'or more' : `to ${gateValue(gate, upper)}`}`;
}

/** What gates may err by, in one line; '' where none of them says. */
export function errorRates(gates: readonly GateResult[]): string {
  const alphas = gates.flatMap(({ alpha }) => alpha ?? []);
  if (alphas.length === 0) return '';
  const least = Math.min(...alphas);
  const most = Math.max(...alphas);
  const each = least === most ? formatShare(most) : `${formatShare(least)} to ${formatShare(most)}`;
  const harms = gates.flatMap(({ harmAlpha }) => harmAlpha ?? []);
  const all = harms.reduce((sum, alpha) => sum + alpha, 0);
  const own = formatShare(Math.max(...harms));
  return (
    `Chance of error, however often one looks: ${each} that a gate passes wrongly; that any ` +
    `fails wrongly ${formatShare(all)} a step, of which a gate has ${own}.`
  );
}

/** A gate's limit with its comparator, as written: `< 0.001 %`, `< 1.05`, `none`. */
export function limitText(gate: GateResult): string {
  if (isCount(gate)) return 'none';
  const comparator = /[<>]=?|=/.exec(gate.gate)?.[0] ?? '';
  return `${comparator} ${gateValue(gate, gate.limit)}`.trim();
}

function isCount(gate: GateResult): boolean {
  return /=\s*none/.test(gate.gate);
}

function gateValue(gate: GateResult, value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  if (isCount(gate)) return value === 0 ? 'none' : formatCount(value);
  if (gate.gate.includes('%')) return formatShare(value);
  if (/\d(?:us|ms|s)$/.test(gate.gate)) return formatLatency(value);
  return value >= 100 ? formatCount(value) : trimmed(value);
}

/** Three significant digits, two decimals at least. */
function trimmed(value: number): string {
  const text = String(Number(value.toPrecision(3)));
  return /^\d+$/.test(text) ? `${text}.00` : /^\d+\.\d$/.test(text) ? `${text}0` : text;
}

export interface CountPart {
  readonly name: string;
  readonly count: number;
  /** What it is made of, by reason; empty where it has no parts. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
}

/** One line of the identity: `total` is the sum of its parts, or `offBy` says by how much not. */
export interface IdentityLine {
  readonly total: CountPart;
  readonly parts: readonly CountPart[];
  /** Total less the sum of the parts; 0 when the identity holds. */
  readonly offBy: number;
}

/** Where every request went: the three lines of the identity. */
export function identityLines(traffic: TrafficCounts): IdentityLine[] {
  const { received, mirrored, inFlight, compared, matched, mismatched, ignored } = traffic;
  return [
    identityLine('received', received, [
      part('mirrored', mirrored),
      partBy('skipped', traffic.skipped),
      partBy('dropped', traffic.dropped),
    ]),
    identityLine('mirrored', mirrored, [
      part('compared', compared),
      partBy('not comparable', traffic.notComparable),
      part('in flight', inFlight),
    ]),
    identityLine('compared', compared, [
      part('matched', matched),
      part('mismatched', mismatched),
      part('ignored', ignored),
    ]),
  ];
}

function part(name: string, count: number): CountPart {
  return { name, count, reasons: [] };
}

function partBy(name: string, counts: Readonly<Partial<Record<string, number>>>): CountPart {
  const reasons = Object.entries(counts)
    .map(([reason, count]) => [reason, count ?? 0] as const)
    .filter(([, count]) => count !== 0)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return { name, count: reasons.reduce((sum, [, count]) => sum + count, 0), reasons };
}

function identityLine(name: string, count: number, parts: readonly CountPart[]): IdentityLine {
  const sum = parts.reduce((sum, { count }) => sum + count, 0);
  return { total: part(name, count), parts, offBy: count - sum };
}

/** `skipped 90 (write 80, sampled 10)`. */
export function partText({ name, count, reasons }: CountPart): string {
  const why = reasons.map(([reason, n]) => `${reason} ${formatCount(n)}`).join(', ');
  return `${name} ${formatCount(count)}${why && ` (${why})`}`;
}

/** One line of the identity as a sum, and whether it holds. */
export function identityText({ total, parts, offBy }: IdentityLine): string {
  const sum = `${partText(total)} = ${parts.map(partText).join(' + ')}`;
  return offBy === 0 ? sum : `${sum}   DOES NOT HOLD: off by ${formatCount(offBy)}`;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** What it means, one short sentence. */
  readonly meaning: string;
}

/** What the clients felt, beside the identity. */
export function clientFacts(traffic: TrafficCounts): Fact[] {
  const { rescued, failedSafe, failedWrites, keyless, taintedKeys } = traffic;
  return [
    fact('failed safe requests', failedSafe, 'reads whose client saw a failure'),
    fact('failed writes', failedWrites, 'writes whose client saw a failure'),
    fact('rescued', rescued, 'candidate failed, legacy answered in its place'),
    fact('without a key', keyless, 'requests that belong to no cohort'),
    fact('tainted keys', taintedKeys, 'no longer judged: their shadow missed a write'),
  ];
}

function fact(name: string, count: number, meaning: string): Fact {
  return { name, value: formatCount(count), meaning };
}

/** The share of compared pairs that differ, with its denominator. */
export function mismatchText({ compared, mismatched }: TrafficCounts): string {
  if (compared === 0) return 'no pair compared';
  const share = formatShare(mismatched / compared);
  return `${formatCount(mismatched)} of ${plural(compared, 'pair')} (${share})`;
}

/** What each kind of difference means, for a reader who has not seen the list before. */
export const KIND_MEANINGS: Readonly<Record<DivergenceKind, string>> = {
  status: 'another status code',
  header: 'another header',
  'header-order': 'the same header values in another order',
  'header-format': 'the same header written another way',
  cookie: 'a cookie is set otherwise, or on one side only',
  length: 'a list or text of another length',
  missing: 'the candidate leaves it out',
  added: 'only the candidate has it',
  'null-or-missing': 'null on one side, absent on the other',
  'default-or-missing': 'an empty value on one side, null or absent on the other',
  type: 'another JSON type',
  value: 'another value',
  generated: 'another random token of the same form',
  'id-precision': 'an identifier lost its last digits',
  'id-order': 'identifiers sorted another way, as text or as signed numbers',
  overflow: 'an integer wrapped around, or stopped, at the bound of its type',
  'number-format': 'the same number written another way',
  'number-precision': 'the same number with fewer digits',
  'negative-zero': 'zero with and without a sign',
  'timestamp-precision': 'the same moment with fewer digits',
  'timestamp-format': 'the same moment written another way',
  'clock-edge': 'two neighbouring days',
  'fields-swapped': 'two fields carry each other’s values',
  'array-order': 'the same elements in another order',
  'key-order': 'the same members in another order',
  'duplicate-key': 'a name appears twice in one object',
  encoding: 'the same text in another encoding',
  'normal-form': 'the same text in another Unicode normal form',
  'letter-case': 'the same text in other letter case',
  'white-space': 'the same text with other white space',
  stale: 'an earlier revision of the same object',
  truncated: 'the answer ends early',
  'too-different': 'too little in common to say more',
};

/** What stands for a side that has nothing at the path. */
export const ABSENT = '(absent)';

/** `2026-11-20 14:03:07`, UTC; {@link NOTHING} for what is no time. */
export function timeText(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? NOTHING : date.toISOString().slice(0, 19).replace('T', ' ');
}

/** `14:03:07`, UTC. */
export function clockText(atMs: number): string {
  return timeText(atMs).split(' ').at(-1)!;
}

/** Time since the first event: `+0:07`, `+1:02:03`; {@link NOTHING} for what is no time. */
export function sinceText(atMs: number, events: readonly RolloutEvent[]): string {
  const seconds = Math.max(0, Math.round((atMs - (events[0]?.atMs ?? atMs)) / 1000));
  if (!Number.isFinite(seconds)) return NOTHING;
  const two = (n: number): string => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60
    ? `+${minutes}:${rest}`
    : `+${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

const QUANTILES: readonly (readonly [name: string, quantile: number])[] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['p99.99', 0.9999],
];

/** Percentiles of every series; null when there is none. */
export function latencyTable(series: readonly LatencySeries[]): ReportTable | null {
  if (series.length === 0) return null;
  return {
    title: 'Latency',
    columns: ['series', 'requests', ...QUANTILES.map(([name]) => name), 'max', 'collections'],
    rows: series.map(({ name, counts, seconds }) => {
      const histogram = LatencyHistogram.fromCounts(counts, 3);
      const isEmpty = histogram.count === 0;
      const collections = seconds.filter((row) => row.hasCollection).length;
      const latencies = [...QUANTILES.map(([, q]) => histogram.quantileUs(q)), histogram.maxUs];
      return [
        name,
        formatCount(histogram.count),
        ...latencies.map((us) => (isEmpty ? NOTHING : latencyText(us))),
        seconds.length === 0
          ? NOTHING
          : `${formatCount(collections)} in ${formatCount(seconds.length)} s`,
      ];
    }),
    notes: [],
  };
}

/** Whether a table's column holds figures, so that it is set flush right. */
export function isNumericColumn(table: ReportTable, column: number): boolean {
  const cells = table.rows.map((row) => row[column] ?? '').filter((cell) => cell !== NOTHING);
  return cells.length > 0 && cells.every((cell) => /^[+-]?[\d.,]/.test(cell));
}
