import { LatencyHistogram } from '../measure/latency.ts';
import {
  type Frame,
  label,
  latencyAxis,
  latencyRange,
  latencyScale,
  latencyTip,
  line,
  pathOf,
  type Scale,
  seriesClass,
  svg,
  at,
} from './plot-axes.ts';
import { escapeHtml } from './escape.ts';
import type { LatencySeries } from './report.ts';
import { formatCount, latencyText } from './wording.ts';

const WIDTH = 960;
const HEIGHT = 400;
const LEGEND_ROW = 22;
const LEGEND_COLUMNS = 2;
/** Characters of a name in the legend; the whole name is its tooltip. */
const LEGEND_NAME_MAX = 26;

/** Decades of the x axis: log10 of 1/(1-q) from 0 (0 %) to 4 (99.99 %). */
const DECADES = 4;
/** Points a decade at which the curve is read. */
const POINTS_PER_DECADE = 80;

const TICKS: readonly (readonly [quantile: number, text: string])[] = [
  [0, '0 %'],
  [0.5, '50 %'],
  [0.9, '90 %'],
  [0.99, '99 %'],
  [0.999, '99.9 %'],
  [0.9999, '99.99 %'],
];

/** Where a curve carries a mark with its value as tooltip. */
const MARKS: readonly (readonly [quantile: number, text: string])[] = [
  [0.5, 'p50'],
  [0.9, 'p90'],
  [0.99, 'p99'],
  [0.999, 'p99.9'],
  [0.9999, 'p99.99'],
];

interface Curve {
  readonly name: string;
  readonly histogram: LatencyHistogram;
  readonly className: string;
  /** Beyond this decade one sample is more than the share that is left. */
  readonly endDecade: number;
}

/**
 * Latency by quantile, a line a series, as an inline SVG: x is log 1/(1-q), so that each nine
 * takes the same room; y is logarithmic. A line ends where its sample ends: n latencies know
 * nothing beyond the quantile 1 - 1/n. Source: Gil Tene, HdrHistogram percentile plots.
 */
export function quantilePlot(series: readonly LatencySeries[]): string {
  const curves = series.map(curveOf).filter((curve) => curve.histogram.count > 0);
  const legendRows = Math.ceil(curves.length / LEGEND_COLUMNS);
  const top = 34 + legendRows * LEGEND_ROW;
  const frame: Frame = { left: 64, right: WIDTH - 28, top, bottom: top + HEIGHT - 90 };
  const range = latencyRange(
    curves.flatMap(({ histogram, endDecade }) => [
      histogram.quantileUs(0),
      histogram.quantileUs(quantileAt(endDecade)),
    ]),
  );
  const y = latencyScale(range, frame);
  const x: Scale = (decade) => frame.left + (decade / DECADES) * (frame.right - frame.left);
  const body = [
    latencyAxis(range, y, frame),
    quantileAxis(x, frame),
    ...curves.map((curve) => drawCurve(curve, x, y)),
    ...curves.map((curve, index) => legendEntry(curve, index)),
  ].join('');
  const description = curves.map(({ name, histogram }) => {
    const p50 = latencyText(histogram.quantileUs(0.5));
    const p999 = latencyText(histogram.quantileUs(0.999));
    return `${name}: p50 ${p50}, p99.9 ${p999}, max ${latencyText(histogram.maxUs)}.`;
  });
  return svg(
    'quantiles',
    { width: WIDTH, height: frame.bottom + 54 },
    { title: 'Latency by quantile', description: description.join(' ') || 'No latency.' },
    body,
  );
}

function curveOf(series: LatencySeries, index: number): Curve {
  const histogram = LatencyHistogram.fromCounts(series.counts, 3);
  const endDecade = Math.min(DECADES, Math.log10(Math.max(histogram.count, 1)));
  return { name: series.name, histogram, className: seriesClass(index), endDecade };
}

function quantileAt(decade: number): number {
  return 1 - 10 ** -decade;
}

function decadeOf(quantile: number): number {
  return -Math.log10(1 - quantile);
}

function quantileAxis(x: Scale, frame: Frame): string {
  const ticks = TICKS.map(([quantile, text]) => {
    const left = x(decadeOf(quantile));
    const anchor = quantile === 0.9999 ? 'end' : 'middle';
    return (
      line('grid', left, frame.top, left, frame.bottom) +
      label('tick', anchor === 'end' ? left + 20 : left, frame.bottom + 20, anchor, text)
    );
  });
  const middle = (frame.left + frame.right) / 2;
  return (
    ticks.join('') +
    label('axis', middle, frame.bottom + 44, 'middle', 'share of requests at least this fast')
  );
}

function drawCurve({ name, histogram, className, endDecade }: Curve, x: Scale, y: Scale): string {
  const points: [number, number][] = [];
  const last = Math.max(1, Math.ceil(endDecade * POINTS_PER_DECADE));
  for (let i = 0; i <= last; i += 1) {
    const decade = Math.min(i / POINTS_PER_DECADE, endDecade);
    points.push([x(decade), y(histogram.quantileUs(quantileAt(decade)))]);
  }
  const marks = MARKS.filter(([quantile]) => decadeOf(quantile) <= endDecade + 1e-9).map(
    ([quantile, text]) => {
      const us = histogram.quantileUs(quantile);
      const where = `cx="${at(x(decadeOf(quantile)))}" cy="${at(y(us))}"`;
      return (
        `<g class="mark">${latencyTip(name, text, us)}` +
        `<circle class="hit" ${where} r="14"/><circle class="dot" ${where} r="3.5"/></g>`
      );
    },
  );
  return (
    `<g class="${className}"><path class="curve" d="${pathOf(withoutRuns(points))}"/>` +
    `${marks.join('')}</g>`
  );
}

/** The points without those in the middle of a level run, which draw nothing. */
function withoutRuns(points: readonly [number, number][]): [number, number][] {
  return points.filter(
    ([, y], i) => at(points[i - 1]?.[1] ?? -1) !== at(y) || at(points[i + 1]?.[1] ?? -1) !== at(y),
  );
}

function legendEntry({ name, histogram, className }: Curve, index: number): string {
  const left = 64 + (index % LEGEND_COLUMNS) * ((WIDTH - 92) / LEGEND_COLUMNS);
  const middle = 16 + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW;
  const chars = Array.from(name);
  const short =
    chars.length <= LEGEND_NAME_MAX ? name : `${chars.slice(0, LEGEND_NAME_MAX - 1).join('')}…`;
  const count = `${formatCount(histogram.count)} requests, max ${latencyText(histogram.maxUs)}`;
  return (
    `<g class="${className}"><title>${escapeHtml(name)}</title>` +
    `<line class="curve" x1="${at(left)}" y1="${at(middle)}" x2="${at(left + 26)}" ` +
    `y2="${at(middle)}"/>` +
    `<text class="legend" x="${at(left + 34)}" y="${at(middle + 4)}">${escapeHtml(short)}` +
    `<tspan class="quiet" dx="10">${escapeHtml(count)}</tspan></text></g>`
  );
}
