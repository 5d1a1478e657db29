import {
  at,
  type Frame,
  label,
  latencyAxis,
  type LatencyRange,
  latencyRange,
  latencyScale,
  line,
  pathOf,
  type Scale,
  seriesClass,
  svg,
} from './plot-axes.ts';
import { escapeHtml } from './escape.ts';
import type { LatencySeries, SecondRow } from './report.ts';
import { clockText, formatCount, latencyText, plural } from './wording.ts';

const WIDTH = 960;
const PANEL_HEIGHT = 200;
const PANEL_GAP = 62;
const BOTTOM = 28;
const TOP = 66;
/** Columns of a panel: longer runs show several seconds in one. */
const COLUMNS_MAX = 400;

/** One column of a panel: a second, or the worst of several. */
interface Column extends SecondRow {
  /** Seconds since the start of the series. */
  readonly offset: number;
}

interface Panel {
  readonly name: string;
  readonly className: string;
  readonly columns: readonly Column[];
  readonly startMs: number;
  readonly collections: number;
}

const LINES = [
  ['max', 'maxUs'],
  ['p99.9', 'p999Us'],
  ['p99', 'p99Us'],
  ['p50', 'p50Us'],
] as const;

/**
 * Percentiles of every second, a panel a series on the same axes, as an inline SVG. Seconds in
 * which the side collected are bands; a second without a request breaks the lines. Runs longer
 * than 400 seconds show the worst of several seconds in one column, and say so.
 */
export function secondsPlot(series: readonly LatencySeries[]): string {
  const shown = series.filter(({ seconds }) => seconds.length > 0);
  const lengthS = Math.max(1, ...shown.map(({ seconds }) => lengthOf(seconds)));
  const perColumn = Math.ceil(lengthS / COLUMNS_MAX);
  const panels = shown.map((one) => panelOf(one, series.indexOf(one), perColumn));
  const range = latencyRange(
    (function* values(): Generator<number> {
      for (const { columns } of panels) {
        for (const column of columns) if (column.count > 0) yield* [column.p50Us, column.maxUs];
      }
    })(),
  );
  const height = TOP + panels.length * (PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP + BOTTOM;
  const body = panels.map((panel, index) => {
    const top = TOP + index * (PANEL_HEIGHT + PANEL_GAP);
    const frame: Frame = { left: 64, right: WIDTH - 28, top, bottom: top + PANEL_HEIGHT };
    return drawPanel(panel, frame, range, lengthS, perColumn);
  });
  const description = panels.map(
    ({ name, columns, collections }) =>
      `${name}: collections in ${plural(collections, 'second')}, highest latency ` +
      `${latencyText(Math.max(0, ...columns.map((column) => column.maxUs)))}.`,
  );
  return svg(
    'seconds',
    { width: WIDTH, height: Math.max(height, TOP) },
    { title: 'Percentiles over time', description: description.join(' ') || 'No latency.' },
    legend() + body.join(''),
  );
}

function lengthOf(seconds: readonly SecondRow[]): number {
  return (seconds.at(-1)!.startMs - seconds[0]!.startMs) / 1000 + 1;
}

function panelOf(series: LatencySeries, index: number, perColumn: number): Panel {
  const startMs = series.seconds[0]!.startMs;
  const columns = new Map<number, Column>();
  for (const row of series.seconds) {
    const offset = Math.floor((row.startMs - startMs) / 1000 / perColumn) * perColumn;
    const before = columns.get(offset);
    columns.set(offset, before === undefined ? { ...row, offset } : worst(before, row));
  }
  return {
    name: series.name,
    className: seriesClass(index),
    columns: [...columns.values()],
    startMs,
    collections: series.seconds.filter((row) => row.hasCollection).length,
  };
}

function worst(column: Column, row: SecondRow): Column {
  return {
    offset: column.offset,
    startMs: column.startMs,
    count: column.count + row.count,
    p50Us: Math.max(column.p50Us, row.p50Us),
    p99Us: Math.max(column.p99Us, row.p99Us),
    p999Us: Math.max(column.p999Us, row.p999Us),
    maxUs: Math.max(column.maxUs, row.maxUs),
    hasCollection: column.hasCollection || row.hasCollection,
  };
}

function drawPanel(
  panel: Panel,
  frame: Frame,
  range: LatencyRange,
  lengthS: number,
  perColumn: number,
): string {
  const x: Scale = (second) => frame.left + (second / lengthS) * (frame.right - frame.left);
  const y = latencyScale(range, frame);
  const { columns } = panel;
  const wide = (frame.right - frame.left) * (perColumn / lengthS);
  const box = (column: Column, name: string, tip: string): string =>
    `<rect class="${name}" x="${at(x(column.offset))}" y="${at(frame.top)}" ` +
    `width="${at(wide)}" height="${at(frame.bottom - frame.top)}">${tip}</rect>`;
  const bands = columns.filter((column) => column.hasCollection);
  const lines = LINES.map(([name, field]) => {
    const points = curvePoints(columns, perColumn).map((column) =>
      column === null ? null : ([x(column.offset + perColumn / 2), y(column[field])] as const),
    );
    return `<path class="curve ${lineClass(name)}" d="${pathOf(points)}"/>`;
  });
  return [
    `<g class="${panel.className}">`,
    ...bands.map((column) => box(column, 'band', '')),
    latencyAxis(range, y, frame),
    timeAxis(x, frame, lengthS),
    panelTitle(panel, frame, perColumn),
    ...lines,
    ...columns.map((column) => box(column, 'hit', tipOf(panel.name, column, perColumn))),
    '</g>',
  ].join('');
}

/** The columns with requests in order, a null wherever the lines must break. */
function curvePoints(columns: readonly Column[], perColumn: number): (Column | null)[] {
  const points: (Column | null)[] = [];
  let before: Column | undefined;
  for (const column of columns) {
    if (column.count === 0) continue;
    if (before !== undefined && column.offset - before.offset > perColumn) points.push(null);
    points.push(column);
    before = column;
  }
  return points;
}

function lineClass(name: string): string {
  return `l-${name.replace('.', '')}`;
}

function panelTitle(panel: Panel, frame: Frame, perColumn: number): string {
  const collections =
    panel.collections === 0
      ? 'no collection'
      : `collections in ${plural(panel.collections, 'second')}`;
  const scale = perColumn === 1 ? '' : `; each point is the worst of ${perColumn} s`;
  const words = `${collections}, from ${clockText(panel.startMs)} UTC${scale}`;
  return (
    `<text class="legend" x="${at(frame.left)}" y="${at(frame.top - 12)}">` +
    `<tspan class="name">${escapeHtml(panel.name)}</tspan>` +
    `<tspan class="quiet" dx="10">${escapeHtml(words)}</tspan></text>`
  );
}

function tipOf(name: string, column: Column, perColumn: number): string {
  const until = perColumn === 1 ? '' : ` to ${column.offset + perColumn} s`;
  const words = [
    `${name}, second ${column.offset}${until} (${clockText(column.startMs)} UTC)`,
    plural(column.count, 'request'),
    ...(column.count === 0
      ? []
      : LINES.map(([what, field]) => `${what} ${latencyText(column[field])}`).reverse()),
    ...(column.hasCollection ? ['collection'] : []),
  ];
  return `<title>${escapeHtml(words.join(', '))}</title>`;
}

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

function timeAxis(x: Scale, frame: Frame, lengthS: number): string {
  const step = TIME_STEPS_S.find((s) => lengthS / s <= 12) ?? Math.ceil(lengthS / 12);
  let ticks = '';
  for (let second = 0; second <= lengthS; second += step) {
    const text = timeTick(second);
    ticks += line('tickmark', x(second), frame.bottom, x(second), frame.bottom + 5);
    ticks += label('tick', x(second), frame.bottom + 19, 'middle', text);
  }
  return line('base', frame.left, frame.bottom, frame.right, frame.bottom) + ticks;
}

function timeTick(second: number): string {
  if (second < 120) return `${second} s`;
  return second % 3600 === 0 ? `${formatCount(second / 3600)} h` : `${Math.round(second / 60)} min`;
}

function legend(): string {
  const entries = [...LINES].reverse().map(([name], i) => {
    const left = 64 + i * 90;
    return (
      `<line class="curve ${lineClass(name)}" x1="${left}" y1="16" x2="${left + 26}" y2="16"/>` +
      label('legend', left + 34, 20, 'start', name)
    );
  });
  const left = 64 + LINES.length * 90;
  return (
    `<g class="neutral">${entries.join('')}<rect class="band" x="${left}" y="7" width="26" ` +
    `height="18"/>${label('legend', left + 34, 20, 'start', 'second with a collection')}</g>`
  );
}
