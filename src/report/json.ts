import { escapeJson } from './escape.ts';
import type { Report } from './report.ts';

/** Names the shape of the JSON report; another shape gets another number. */
export const REPORT_SCHEMA = 'crossfade.report/1';

/**
 * The whole report as JSON, `schema` first, the fields of {@link Report} in their order. What is
 * not a finite number is null. Characters without a shape are `\u` escapes, so that the text
 * can be printed on a terminal. Ends with a line break.
 */
export function renderJson(report: Report): string {
  const { title, context, outcome, traffic, gates, clusters } = report;
  const { events, tables, latency, warnings, headline, facts } = report;
  const ordered = {
    schema: REPORT_SCHEMA,
    title,
    ...(headline === undefined ? {} : { headline }),
    outcome,
    context,
    warnings,
    traffic,
    gates,
    clusters,
    events,
    tables,
    latency,
    ...(facts === undefined ? {} : { facts }),
  };
  return `${escapeJson(JSON.stringify(ordered, null, 2))}\n`;
}
