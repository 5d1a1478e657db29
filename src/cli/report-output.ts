/** How commands that end in a report take its form from their options, print it, and exit. */
import { writeFileSync } from 'node:fs';
import { CrossfadeError, EXIT, messageOf } from '../kit/errors.ts';
import type { GateOutcome } from '../model/rollout.ts';
import { REPORT_FORMATS, type ReportFormat, renderReport } from '../report/render.ts';
import type { Report } from '../report/report.ts';
import { hasColor } from './output.ts';

/** Options of every command that ends in a report. */
export interface ReportFlags {
  readonly format?: string;
  readonly json?: boolean;
  readonly out?: string;
}

/** What the process ends with, by the report's outcome. */
export const OUTCOME_EXIT_CODES: Readonly<Record<GateOutcome, number>> = {
  pass: EXIT.pass,
  fail: EXIT.gateFailed,
  inconclusive: EXIT.inconclusive,
};

const FORMAT_BY_ENDING: Readonly<Record<string, ReportFormat>> = {
  json: 'json',
  md: 'markdown',
  html: 'html',
};

/** As asked for; else by the ending of the report's file; else for a terminal. */
export function reportFormat({ format, json, out }: ReportFlags): ReportFormat {
  if (format === undefined) {
    if (json === true) return 'json';
    return FORMAT_BY_ENDING[out?.split('.').at(-1) ?? ''] ?? 'terminal';
  }
  const known = REPORT_FORMATS.find((each) => each === format);
  if (known !== undefined) return known;
  throw new CrossfadeError('bad-option', `unknown format '${format}'`, {
    hint: `formats are ${REPORT_FORMATS.join(', ')}`,
  });
}

/** Warnings on stderr, the report on stdout; to `out` where that is given, and for people here. */
export function printReport(report: Report, format: ReportFormat, out: string | undefined): void {
  for (const warning of report.warnings) process.stderr.write(`crossfade: warning: ${warning}\n`);
  const options = { color: hasColor(), widthMax: process.stdout.columns ?? 100 };
  if (out === undefined) {
    process.stdout.write(renderReport(report, format, options));
    return;
  }
  try {
    writeFileSync(out, renderReport(report, format));
  } catch (error) {
    throw new CrossfadeError('report-unwritable', `cannot write ${out}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  process.stdout.write(`${renderReport(report, 'terminal', options)}\nReport: ${out}\n`);
}
