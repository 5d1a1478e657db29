import type { ClusterRow } from '../model/cluster.ts';
import type { GateOutcome } from '../model/rollout.ts';
import { changeText, clusterFacts } from './cluster-words.ts';
import { visible } from './escape.ts';
import { gateList } from './gate-list.ts';
import type { Report, ReportTable } from './report.ts';
import { paint, renderTable, type TextStyle, wrap } from './table.ts';
import {
  ABSENT,
  clientFacts,
  headline,
  identityLines,
  identityText,
  isNumericColumn,
  KIND_MEANINGS,
  latencyTable,
  mismatchText,
  OUTCOME_WORDS,
  plural,
  sinceText,
  timeText,
} from './wording.ts';

export interface TerminalOptions {
  /** Colours by escape sequences; plain text when not given. */
  readonly color?: boolean;
  /** Characters a line may be wide; 100 when not given, 60 at least. */
  readonly widthMax?: number;
}

interface Page {
  readonly color: boolean;
  readonly width: number;
}

const OUTCOME_STYLES: Readonly<Record<GateOutcome, TextStyle>> = {
  pass: 'green',
  fail: 'red',
  inconclusive: 'yellow',
};

/** The report for a terminal, or for a log where no colours are wanted. */
export function renderTerminal(report: Report, options: TerminalOptions = {}): string {
  const page = pageOf(options);
  const latency = latencyTable(report.latency);
  const sections = [
    head(report, page),
    list('Warnings', report.warnings, page),
    ...report.tables.map((table) => tableText(table, page)),
    latency === null ? '' : tableText(latency, page),
    gates(report, page),
    divergences(report, page),
    traffic(report, page),
    events(report, page),
    list('How it was measured', report.context, page),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function pageOf(options: TerminalOptions): Page {
  return { color: options.color ?? false, width: Math.max(60, options.widthMax ?? 100) };
}

function head(report: Report, page: Page): string {
  const { outcome, traffic } = report;
  const word = OUTCOME_WORDS[outcome].toUpperCase();
  const lines = [paint(visible(report.title), 'bold', page.color)];
  const verdict = wrapped(headline(report), page, word.length + 2);
  lines.push(`${paint(word, OUTCOME_STYLES[outcome], page.color)}  ${verdict.trimStart()}`);
  if (traffic !== null) lines.push(`Mismatched: ${mismatchText(traffic)}`);
  return lines.join('\n');
}

function section(title: string, body: string, page: Page): string {
  return `${paint(visible(title), 'bold', page.color)}\n${body}`;
}

/** `text` in lines, every one but the first `indent` wide from the left. */
function wrapped(text: string, page: Page, indent: number): string {
  return wrap(visible(text), page.width - indent).join(`\n${' '.repeat(indent)}`);
}

function list(title: string, sentences: readonly string[], page: Page): string {
  if (sentences.length === 0) return '';
  const body = sentences.map((sentence) => `- ${wrapped(sentence, page, 2)}`).join('\n');
  return section(title, body, page);
}

/** One table of a report for a terminal, its notes under it. */
export function renderReportTable(table: ReportTable, options: TerminalOptions = {}): string {
  return tableText(table, pageOf(options));
}

function tableText(table: ReportTable, page: Page): string {
  const body = renderTable(table.columns, table.rows, {
    align: table.columns.map((_, i) => (isNumericColumn(table, i) ? 'right' : 'left')),
    widthMax: page.width,
    color: page.color,
  });
  const notes = table.notes.map((note) => paint(`  ${wrapped(note, page, 2)}`, 'dim', page.color));
  return section(table.title, [body, ...notes].join('\n'), page);
}

function gates(report: Report, page: Page): string {
  return report.gates.length === 0 ? '' : section('Gates', gateList(report.gates, page), page);
}

function divergences(report: Report, page: Page): string {
  const { clusters, traffic } = report;
  if (clusters.length === 0) {
    return traffic === null ? '' : section('Divergences', 'none', page);
  }
  return section(
    'Divergences',
    clusters.map((cluster) => clusterText(cluster, page)).join('\n\n'),
    page,
  );
}

function clusterText(cluster: ClusterRow, page: Page): string {
  const { route, path, kind, count, examples } = cluster;
  const change = changeText(cluster);
  const name = paint(kind, 'yellow', page.color) + (change && `  ${visible(change)}`);
  const meaning = paint(`(${KIND_MEANINGS[kind]})`, 'dim', page.color);
  const lines = [
    `${name}  ${visible(path)}  ${plural(count, 'time')} ${meaning}`,
    `  ${wrapped(route, page, 2)}`,
    ...clusterFacts(cluster).map((fact) => `  ${wrapped(fact, page, 2)}`),
  ];
  for (const example of examples) {
    lines.push(`    ${wrapped(`${example.request}  ${example.path}`, page, 4)}`);
    lines.push(`      legacy     ${wrapped(example.legacy ?? ABSENT, page, 17)}`);
    lines.push(`      candidate  ${wrapped(example.candidate ?? ABSENT, page, 17)}`);
  }
  return lines.join('\n');
}

function traffic(report: Report, page: Page): string {
  if (report.traffic === null) return '';
  const lines = identityLines(report.traffic).map((line) => wrapped(identityText(line), page, 4));
  for (const { name, value, meaning } of clientFacts(report.traffic)) {
    if (value !== '0' || name.startsWith('failed')) {
      lines.push(wrapped(`${name} ${value} (${meaning})`, page, 4));
    }
  }
  return section('Traffic', lines.join('\n'), page);
}

function events(report: Report, page: Page): string {
  if (report.events.length === 0) return '';
  const body = renderTable(
    ['time', 'event', 'at', 'what happened'],
    report.events.map((event) => [
      sinceText(event.atMs, report.events),
      event.kind,
      `${event.percent} %`,
      event.sentence,
    ]),
    { align: ['right', 'left', 'right'], widthMax: page.width, color: page.color },
  );
  const since = `from ${timeText(report.events[0]!.atMs)} UTC`;
  return section(`Events, ${since}`, body, page);
}
