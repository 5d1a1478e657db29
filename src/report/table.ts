import { styleText } from 'node:util';
import Table from 'cli-table3';
import { visible } from './escape.ts';

/** A style of `util.styleText`, kept to those the product uses. */
export type TextStyle = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface StyledCell {
  readonly text: string;
  readonly style: TextStyle;
}

export type TableCell = string | StyledCell;

export interface TableOptions {
  /** Alignment by column; `left` where none is given. */
  readonly align?: readonly ('left' | 'right')[];
  /** Characters the table may be wide; cells wrap to fit. 100 when not given. */
  readonly widthMax?: number;
  /** Colours and bold, by escape sequences; plain text when not given. */
  readonly color?: boolean;
}

const WIDTH_MAX = 100;
const GAP = '  ';
/** A word longer than this may be broken to fit. */
const WHOLE_WORD_MAX = 24;

/** `text` in `style`, or as it is where colours are not wanted. */
export function paint(text: string, style: TextStyle, color: boolean): string {
  return color ? styleText(style, text, { validateStream: false }) : text;
}

/**
 * A table for a terminal: a line of column titles, a rule, one line or more a row, no line break
 * at its end. Text is made visible (control characters escaped) and wrapped; a row with too few
 * cells is filled up. The only place that knows the table library.
 */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly TableCell[])[],
  options: TableOptions = {},
): string {
  const { align = [], color = false } = options;
  const all = [columns, ...rows.map((row) => columns.map((_, i) => row[i] ?? ''))];
  const widths = fit(all, align, options.widthMax ?? WIDTH_MAX);
  const table = new Table({
    head: lines(columns, widths, color, 'bold'),
    chars: NO_BORDER,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map((_, i) => align[i] ?? 'left'),
    colWidths: widths,
  });
  for (const row of all.slice(1)) table.push(lines(row, widths, color));
  const [head = '', ...body] = splitHead(table.toString(), columns, widths);
  const rule = paint(widths.map((width) => '─'.repeat(width)).join(GAP), 'dim', color);
  return [head, rule, ...body].map((line) => line.replace(/ +$/gm, '')).join('\n');
}

const NO_BORDER = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: GAP,
} as const;

/** The lines of the column titles (as one text), then the rest. */
function splitHead(text: string, columns: readonly string[], widths: readonly number[]): string[] {
  const height = Math.max(1, ...columns.map((title, i) => wrap(visible(title), widths[i]!).length));
  const all = text.split('\n');
  return [all.slice(0, height).join('\n'), ...all.slice(height)];
}

function lines(
  row: readonly TableCell[],
  widths: readonly number[],
  color: boolean,
  all?: TextStyle,
): string[] {
  return row.map((cell, i) => {
    const style = all ?? (typeof cell === 'string' ? undefined : cell.style);
    return wrap(textOf(cell), widths[i]!)
      .map((line) => (style === undefined || line === '' ? line : paint(line, style, color)))
      .join('\n');
  });
}

function textOf(cell: TableCell): string {
  return visible(typeof cell === 'string' ? cell : cell.text);
}

/**
 * Widths of the columns: as wide as their texts, the widest ones squeezed until all fit. Figures
 * (columns set flush right) and words stay whole, even if the table becomes wider than asked.
 */
function fit(
  rows: readonly (readonly TableCell[])[],
  align: readonly ('left' | 'right')[],
  widthMax: number,
): number[] {
  const texts = rows[0]!.map((_, i) => rows.map((row) => textOf(row[i]!)));
  const widths = texts.map((column) => Math.max(1, ...column.map(lengthOf)));
  const mins = texts.map(([title = '', ...cells], i) =>
    align[i] === 'right'
      ? Math.max(longestWord(title), ...cells.map(lengthOf))
      : Math.max(longestWord(title), ...cells.map(longestWord)),
  );
  let over = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - widthMax;
  for (; over > 0; over -= 1) {
    const spare = widths.map((width, i) => (width > mins[i]! ? width : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) break;
    widths[widest]! -= 1;
  }
  return widths;
}

function longestWord(text: string): number {
  return Math.min(WHOLE_WORD_MAX, Math.max(...text.split(' ').map(lengthOf)));
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE = /[\p{Extended_Pictographic}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff]/u;
const WIDE_FORM = /[\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Columns of a terminal that `text` fills: two for a wide character. */
function lengthOf(text: string): number {
  let length = 0;
  for (const { segment } of segmenter.segment(text)) length += widthOf(segment);
  return length;
}

function widthOf(segment: string): number {
  return segment > '\u00ff' && (WIDE.test(segment) || WIDE_FORM.test(segment)) ? 2 : 1;
}

/** `text` in lines of at most `width` columns, broken at spaces, else inside a word. */
export function wrap(text: string, width: number): string[] {
  const wrapped: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const candidate = line === '' ? word : `${line} ${word}`;
    if (lengthOf(candidate) <= width) {
      line = candidate;
      continue;
    }
    if (line !== '') wrapped.push(line);
    const parts = breakWord(word, width);
    line = parts.pop() ?? '';
    wrapped.push(...parts);
  }
  return [...wrapped, line];
}

function breakWord(word: string, width: number): string[] {
  const parts: string[] = [];
  let part = '';
  let filled = 0;
  for (const { segment } of segmenter.segment(word)) {
    const wide = widthOf(segment);
    if (filled + wide > width && part !== '') {
      parts.push(part);
      part = '';
      filled = 0;
    }
    part += segment;
    filled += wide;
  }
  return [...parts, part];
}
