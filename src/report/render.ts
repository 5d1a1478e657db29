import { renderHtml } from './html.ts';
import { renderJson } from './json.ts';
import { renderMarkdown } from './markdown.ts';
import type { Report } from './report.ts';
import { renderTerminal, type TerminalOptions } from './terminal.ts';

export const REPORT_FORMATS = ['terminal', 'json', 'markdown', 'html'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * The report as one text that ends with a line break. All formats print the same facts, the
 * same report gives the same text, and whatever came from traffic is inert in each of them.
 * `options` concern the terminal alone.
 */
export function renderReport(
  report: Report,
  format: ReportFormat,
  options: TerminalOptions = {},
): string {
  return RENDERERS[format](report, options);
}

const RENDERERS: Readonly<
  Record<ReportFormat, (report: Report, options: TerminalOptions) => string>
> = {
  terminal: renderTerminal,
  json: renderJson,
  markdown: renderMarkdown,
  html: renderHtml,
};
