/**
 * The report as one HTML file: no script, no font, no image, nothing from elsewhere. Its
 * content security policy allows its own style sheet, by hash, and nothing else, so that even
 * a value that escaped its escaping could not act.
 */
import { createHash } from 'node:crypto';
import type { GateOutcome, GateResult, RolloutEvent } from '../model/rollout.ts';
import { escapeHtml } from './escape.ts';
import { clustersSection, trafficSection } from './html-evidence.ts';
import { STYLE } from './html-style.ts';
import { quantilePlot } from './quantile-plot.ts';
import type { LatencySeries, Report, ReportTable } from './report.ts';
import { secondsPlot } from './seconds-plot.ts';
import {
  clientFacts,
  errorRates,
  formatCount,
  headline,
  isNumericColumn,
  latencyTable,
  limitText,
  measuredText,
  mismatchText,
  OUTCOME_WORDS,
  plural,
  sinceText,
  timeText,
} from './wording.ts';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The report as a self-contained HTML document. */
export function renderHtml(report: Report): string {
  const title = escapeHtml(report.title);
  const sections = [
    verdictSection(report),
    tiles(report),
    warnings(report.warnings),
    ...report.tables.map((table) => section(table.title, tableBlock(table))),
    plots(report.latency),
    gatesSection(report.gates),
    clustersSection(report),
    trafficSection(report.traffic),
    eventsSection(report.events),
    contextSection(report.context),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${OUTCOME_WORDS[report.outcome]}: ${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<div class="brand">${BRAND}Crossfade</div>
<h1>${title}</h1>
</header>
${sections.filter((part) => part !== '').join('\n')}
<footer>All times are UTC. This file is complete: it loads nothing and runs nothing.</footer>
</main>
</body>
</html>
`;
}

const BRAND =
  '<svg viewBox="0 0 30 18" aria-hidden="true"><path class="a" d="M0 2h8l14 14H0z"/>' +
  '<path class="b" d="M30 2h-8L8 16h22z"/></svg>';

const SIGNS: Readonly<Record<GateOutcome, string>> = {
  pass: 'M14 24.5l7 7 13-15',
  fail: 'M16 16l16 16M32 16L16 32',
  inconclusive: 'M24 13v12l8 5',
};

function section(title: string, body: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${body}</section>`;
}

function verdictSection(report: Report): string {
  const { outcome } = report;
  const sign =
    '<svg viewBox="0 0 48 48" aria-hidden="true" class="pill-sign">' +
    `<circle class="sign" cx="24" cy="24" r="21"/><path class="sign" d="${SIGNS[outcome]}"/></svg>`;
  return (
    `<section class="verdict ${outcome}" aria-label="verdict"><span class="word">${sign}</span>` +
    `<div><div class="word">${OUTCOME_WORDS[outcome]}</div>` +
    `<p>${escapeHtml(headline(report))}</p></div></section>`
  );
}

/** The few figures one reads first. */
function tiles({ traffic, events, outcome }: Report): string {
  const shown: string[] = [];
  const last = events.at(-1);
  if (last !== undefined) {
    shown.push(tile('traffic on the candidate', `${last.percent} %`, `after ${last.kind}`, false));
  }
  if (traffic !== null) {
    const { mismatched, compared, received } = traffic;
    const of = `of ${plural(received, 'request')}`;
    shown.push(tile('pairs compared', formatCount(compared), of, false));
    const share = mismatchText(traffic).replace(/^\d[\d,]* /, '');
    shown.push(
      tile('mismatched', formatCount(mismatched), share, outcome !== 'pass' && mismatched > 0),
    );
    const [failed, , rescued] = clientFacts(traffic);
    shown.push(tile(failed!.name, failed!.value, failed!.meaning, traffic.failedSafe > 0));
    if (traffic.rescued > 0) {
      shown.push(tile(rescued!.name, rescued!.value, rescued!.meaning, false));
    }
  }
  return shown.length === 0 ? '' : `<dl class="tiles">${shown.join('')}</dl>`;
}

function tile(name: string, value: string, meaning: string, isBad: boolean): string {
  return (
    `<div class="tile${isBad ? ' bad' : ''}"><dt>${escapeHtml(name)}</dt>` +
    `<dd>${escapeHtml(value)}</dd><dd>${escapeHtml(meaning)}</dd></div>`
  );
}

function warnings(sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `<section class="warnings"><h2>Warnings</h2><ul>${items(sentences)}</ul></section>`;
}

function items(sentences: readonly string[]): string {
  return sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('');
}

function tableBlock(table: ReportTable): string {
  const alignment = table.columns.map((_, i) => (isNumericColumn(table, i) ? 'num short' : ''));
  const rows = table.rows.map((row) =>
    table.columns.map((_, i) => ({ html: escapeHtml(row[i] ?? ''), name: alignment[i]! })),
  );
  const notes = table.notes.length === 0 ? '' : `<ul class="notes">${items(table.notes)}</ul>`;
  return tableHtml(table.columns, alignment, rows) + notes;
}

interface HtmlCell {
  readonly html: string;
  /** Class of the cell; '' for none. */
  readonly name: string;
}

/** A table whose first column names its rows. */
function tableHtml(
  columns: readonly string[],
  names: readonly string[],
  rows: readonly (readonly HtmlCell[])[],
): string {
  const head = columns.map((column, i) => element('th', names[i]!, escapeHtml(column), 'col'));
  const body = rows.map((row) =>
    row.map((cell, i) => element(i === 0 ? 'th' : 'td', cell.name, cell.html, 'row')).join(''),
  );
  return (
    `<div class="scroll"><table><thead><tr>${head.join('')}</tr></thead><tbody>` +
    `${body.map((row) => `<tr>${row}</tr>`).join('')}</tbody></table></div>`
  );
}

function element(tag: 'th' | 'td', name: string, html: string, scope: 'col' | 'row'): string {
  const attributes = `${name && ` class="${name}"`}${tag === 'th' ? ` scope="${scope}"` : ''}`;
  return `<${tag}${attributes}>${html}</${tag}>`;
}

function plots(series: readonly LatencySeries[]): string {
  const table = latencyTable(series);
  if (table === null) return '';
  const figures = `<div class="scroll">${quantilePlot(series)}</div>${tableBlock(table)}`;
  const overTime = series.some(({ seconds }) => seconds.length > 0)
    ? section('Percentiles over time', `<div class="scroll">${secondsPlot(series)}</div>`)
    : '';
  return section('Latency by quantile', figures) + overTime;
}

function gatesSection(gates: readonly GateResult[]): string {
  if (gates.length === 0) return '';
  const names = ['', '', 'num short', 'num short', 'num short', ''];
  const rows = gates.map((gate) => [
    { html: `<code>${escapeHtml(gate.gate)}</code>`, name: '' },
    { html: pill(gate.verdict, gate.verdict), name: '' },
    { html: escapeHtml(measuredText(gate)), name: 'num short' },
    { html: escapeHtml(limitText(gate)), name: 'num short' },
    { html: formatCount(gate.samples), name: 'num short' },
    { html: escapeHtml(gate.sentence), name: 'why' },
  ]);
  const columns = ['gate', 'verdict', 'measured', 'limit', 'samples', 'why'];
  const rates = errorRates(gates);
  const note = rates === '' ? '' : `<p class="quiet">${escapeHtml(rates)}</p>`;
  return section('Gates', tableHtml(columns, names, rows) + note);
}

function pill(text: string, name: string): string {
  return `<span class="pill${name && ` ${name}`}">${escapeHtml(text)}</span>`;
}

/** What a kind of event means for the rollout, as a colour. */
const EVENT_COLORS: Readonly<Record<string, GateOutcome>> = {
  advance: 'pass',
  complete: 'pass',
  rollback: 'fail',
  hold: 'inconclusive',
  warning: 'inconclusive',
};

function eventsSection(events: readonly RolloutEvent[]): string {
  if (events.length === 0) return '';
  const names = ['short time', '', '', ''];
  const rows = events.map((event) => [
    { html: timeHtml(event.atMs, events), name: 'short time' },
    { html: pill(event.kind, EVENT_COLORS[event.kind] ?? ''), name: '' },
    { html: percentHtml(event.percent), name: 'short' },
    { html: escapeHtml(event.sentence), name: 'why' },
  ]);
  const columns = ['time', 'event', 'on the candidate', 'what happened'];
  const since = `<p class="quiet">From ${timeText(events[0]!.atMs)} UTC.</p>`;
  return section('What happened', since + tableHtml(columns, names, rows));
}

function timeHtml(atMs: number, events: readonly RolloutEvent[]): string {
  return `<span title="${timeText(atMs)} UTC">${sinceText(atMs, events)}</span>`;
}

function percentHtml(percent: number): string {
  const width = Number.isFinite(percent) ? Math.min(Math.max(percent, 0), 100) : 0;
  return (
    `${escapeHtml(String(percent))} %<svg class="share" viewBox="0 0 100 6" ` +
    'preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="6"/>' +
    `<rect class="part" width="${width}" height="6"/></svg>`
  );
}

function contextSection(context: readonly string[]): string {
  if (context.length === 0) return '';
  return section('How it was measured', `<ul class="context">${items(context)}</ul>`);
}
