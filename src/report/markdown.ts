import type { ClusterExample, ClusterRow } from '../model/cluster.ts';
import { SIDES, type Side } from '../model/exchange.ts';
import type { GateOutcome } from '../model/rollout.ts';
import { changeText, clusterFacts, keysText, rateText } from './cluster-words.ts';
import { escapeMarkdown } from './escape.ts';
import type { Report, ReportTable } from './report.ts';
import {
  ABSENT,
  clientFacts,
  formatCount,
  headline,
  identityLines,
  identityText,
  isNumericColumn,
  KIND_MEANINGS,
  latencyTable,
  errorRates,
  limitText,
  measuredText,
  mismatchText,
  OUTCOME_WORDS,
  sinceText,
  timeText,
} from './wording.ts';

const OUTCOME_SIGNS: Readonly<Record<GateOutcome, string>> = {
  pass: '✅',
  fail: '❌',
  inconclusive: '⏳',
};

/** The report as a job summary: GitHub-flavoured Markdown, long parts folded. */
export function renderMarkdown(report: Report): string {
  const { outcome, traffic } = report;
  const latency = latencyTable(report.latency);
  const verdict = `${OUTCOME_SIGNS[outcome]} **${OUTCOME_WORDS[outcome]}**`;
  const sections = [
    `## ${escapeMarkdown(report.title)}`,
    `${verdict}: ${escapeMarkdown(headline(report))}`,
    traffic === null ? '' : `Mismatched: ${escapeMarkdown(mismatchText(traffic))}`,
    report.warnings.map((warning) => `> ⚠️ ${escapeMarkdown(warning)}`).join('\n>\n'),
    ...report.tables.map(tableSection),
    latency === null ? '' : tableSection(latency),
    gatesSection(report),
    clustersSection(report),
    trafficSection(report),
    eventsSection(report),
    listSection('How it was measured', report.context),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

type Cell = { readonly markdown: string };

function table(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  isRight: (column: number) => boolean,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(escapeMarkdown)),
    line(columns.map((_, i) => (isRight(i) ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map((_, i) => row[i]?.markdown ?? ''))),
  ].join('\n');
}

function text(value: string): Cell {
  return { markdown: escapeMarkdown(value) };
}

function code(value: string): Cell {
  return { markdown: `<code>${escapeMarkdown(value)}</code>` };
}

function tableSection(source: ReportTable): string {
  const rows = source.rows.map((row) => row.map(text));
  const body = table(source.columns, rows, (column) => isNumericColumn(source, column));
  const notes = source.notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n');
  return [`### ${escapeMarkdown(source.title)}`, body, notes].filter(Boolean).join('\n\n');
}

function gatesSection({ gates }: Report): string {
  if (gates.length === 0) return '';
  const rows = gates.map((gate) => [
    { markdown: `${OUTCOME_SIGNS[gate.verdict]} ${gate.verdict}` },
    code(gate.gate),
    text(measuredText(gate)),
    text(limitText(gate)),
    text(formatCount(gate.samples)),
    text(gate.sentence),
  ]);
  const columns = ['verdict', 'gate', 'measured', 'limit', 'samples', 'why'];
  const body = table(columns, rows, (column) => column >= 2 && column <= 4);
  return ['### Gates', body, escapeMarkdown(errorRates(gates))].filter(Boolean).join('\n\n');
}

function clustersSection({ clusters, traffic }: Report): string {
  if (clusters.length === 0) return traffic === null ? '' : '### Divergences\n\nnone';
  const columns = ['kind', 'change', 'path', 'count', 'of pairs', 'of keys', ...SIDES, 'route'];
  const rows = clusters.map((cluster) => [
    text(cluster.kind),
    text(changeText(cluster)),
    code(cluster.path),
    text(formatCount(cluster.count)),
    text(rateText(cluster)),
    text(keysText(cluster)),
    ...SIDES.map((side) => valueOf(cluster.examples[0], side)),
    code(cluster.route),
  ]);
  return [
    '### Divergences',
    table(columns, rows, (column) => column >= 3 && column <= 5),
    fold('Examples', clusters.map(clusterItems).join('\n')),
  ].join('\n\n');
}

function valueOf(example: ClusterExample | undefined, side: Side): Cell {
  return example === undefined ? text('') : code(example[side] ?? ABSENT);
}

function clusterItems(cluster: ClusterRow): string {
  const { kind, path, examples } = cluster;
  const title = `- **${escapeMarkdown(kind)}** at ${code(path).markdown}: ${KIND_MEANINGS[kind]}`;
  const items = examples.map((example) =>
    [
      `  - ${code(example.request).markdown} at ${code(example.path).markdown}`,
      `    - legacy ${code(example.legacy ?? ABSENT).markdown}`,
      `    - candidate ${code(example.candidate ?? ABSENT).markdown}`,
    ].join('\n'),
  );
  const facts = clusterFacts(cluster).map((fact) => `  - ${escapeMarkdown(fact)}`);
  return [title, ...facts, ...items].join('\n');
}

function trafficSection({ traffic }: Report): string {
  if (traffic === null) return '';
  const lines = [
    ...identityLines(traffic).map(identityText),
    ...clientFacts(traffic)
      .filter(({ name, value }) => value !== '0' || name.startsWith('failed'))
      .map(({ name, value, meaning }) => `${name} ${value} (${meaning})`),
  ];
  return `### Traffic\n\n${lines.map((line) => `- ${escapeMarkdown(line)}`).join('\n')}`;
}

function eventsSection({ events }: Report): string {
  if (events.length === 0) return '';
  const rows = events.map((event) => [
    text(sinceText(event.atMs, events)),
    text(event.kind),
    text(`${event.percent} %`),
    text(event.sentence),
  ]);
  const columns = ['time', 'event', 'at', 'what happened'];
  const body = table(columns, rows, (column) => column === 0 || column === 2);
  return fold(`Events, from ${timeText(events[0]!.atMs)} UTC`, body);
}

function listSection(title: string, sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  const items = sentences.map((sentence) => `- ${escapeMarkdown(sentence)}`).join('\n');
  return fold(title, items);
}

/** A part that opens on a click. The blank lines let Markdown in it be Markdown. */
function fold(title: string, body: string): string {
  return `<details><summary>${escapeMarkdown(title)}</summary>\n\n${body}\n\n</details>`;
}
