/** What both plots share: scales, ticks, marks of SVG. Pure text, no library, no script. */
import { escapeHtml } from './escape.ts';
import { latencyText } from './wording.ts';

/** The drawing area within an SVG, in its own units; y grows downwards. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Maps a value to a coordinate. */
export type Scale = (value: number) => number;

/** A coordinate with one decimal: fine enough to draw, short enough to send. */
export function at(coordinate: number): string {
  return String(Math.round(coordinate * 10) / 10);
}

/** The range of a logarithmic latency axis, microseconds, widened to whole 1-2-5 steps. */
export interface LatencyRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A range that holds every one of `valuesUs` above 0; 0.1 ms to 10 ms when there is none. */
export function latencyRange(valuesUs: Iterable<number>): LatencyRange {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const us of valuesUs) {
    if (!(us > 0) || !Number.isFinite(us)) continue;
    low = Math.min(low, us);
    high = Math.max(high, us);
  }
  if (high === 0) return { fromUs: 100, toUs: 10_000 };
  const fromUs = stepBelow(low);
  return { fromUs, toUs: Math.max(stepAbove(high), fromUs * 10) };
}

const STEPS = [1, 2, 5, 10] as const;

function stepBelow(us: number): number {
  const decade = 10 ** Math.floor(Math.log10(us));
  return decade * (STEPS.findLast((step) => step * decade <= us) ?? 1);
}

function stepAbove(us: number): number {
  const decade = 10 ** Math.floor(Math.log10(us));
  return decade * (STEPS.find((step) => step * decade >= us) ?? 10);
}

/** A logarithmic scale from the frame's bottom to its top; what lies beyond is drawn at it. */
export function latencyScale({ fromUs, toUs }: LatencyRange, frame: Frame): Scale {
  const span = Math.log(toUs / fromUs);
  return (us) => {
    const share = Math.log(Math.min(Math.max(us, fromUs), toUs) / fromUs) / span;
    return frame.bottom - share * (frame.bottom - frame.top);
  };
}

/** Every 1-2-5 step of a range; only the powers of ten where that would be a crowd. */
function latencyTicks({ fromUs, toUs }: LatencyRange): number[] {
  const steps = toUs / fromUs > 1000 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(fromUs)); 10 ** decade <= toUs; decade += 1) {
    ticks.push(...steps.map((step) => step * 10 ** decade));
  }
  return ticks.filter((us) => us >= fromUs * 0.999 && us <= toUs * 1.001);
}

/** The latency axis at the left: gridlines, labels, the unit. */
export function latencyAxis(range: LatencyRange, scale: Scale, frame: Frame): string {
  const marks = latencyTicks(range).map((us) => {
    const y = scale(us);
    return (
      line('grid', frame.left, y, frame.right, y) +
      label('tick', frame.left - 8, y + 4, 'end', tickText(us))
    );
  });
  return marks.join('') + label('axis', frame.left - 8, frame.top - 12, 'end', 'ms');
}

/** Milliseconds as short as they go: `0.5`, `20`, `1,000`. */
function tickText(us: number): string {
  return Number((us / 1000).toPrecision(3)).toLocaleString('en-US');
}

/** A straight line of class `name`. */
export function line(name: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${name}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`;
}

/** A text of class `name`, escaped; `anchor` says which end of it stands at x. */
export function label(
  name: string,
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end',
  text: string,
): string {
  const where = `x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"`;
  return `<text class="${name}" ${where}>${escapeHtml(text)}</text>`;
}

/** A path through points; a null lifts the pen. A point on its own is a line of no length. */
export function pathOf(points: readonly (readonly [x: number, y: number] | null)[]): string {
  let path = '';
  for (const [i, point] of points.entries()) {
    if (point === null) continue;
    const isFirst = i === 0 || points[i - 1] === null;
    const isAlone = isFirst && (points[i + 1] ?? null) === null;
    path += `${isFirst ? 'M' : 'L'}${at(point[0])} ${at(point[1])}${isAlone ? 'h0' : ''}`;
  }
  return path;
}

/**
 * A whole SVG that fills its column, named and described for those who do not see it. `id` must
 * be the plot's own on its page.
 */
export function svg(
  id: string,
  size: { readonly width: number; readonly height: number },
  words: { readonly title: string; readonly description: string },
  body: string,
): string {
  const { width, height } = size;
  return (
    `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-labelledby="${id}-title ${id}-desc">` +
    `<title id="${id}-title">${escapeHtml(words.title)}</title>` +
    `<desc id="${id}-desc">${escapeHtml(words.description)}</desc>${body}</svg>`
  );
}

/** `legacy p99.9: 48.1 ms`, the words of a tooltip. */
export function latencyTip(name: string, what: string, us: number): string {
  return `<title>${escapeHtml(`${name} ${what}: ${latencyText(us)}`)}</title>`;
}

/** Series beyond this many take the first colours again, with another dash. */
export const SERIES_COLORS = 6;

/** Class names that give the n-th series its colour and dash. */
export function seriesClass(index: number): string {
  return `s${index % SERIES_COLORS} d${Math.floor(index / SERIES_COLORS) % 2}`;
}
