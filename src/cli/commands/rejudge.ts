import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { Command } from 'commander';
import { contentKey } from '../../offline/content-key.ts';
import { recordedRules, rejudge } from '../../offline/rejudge/rejudge.ts';
import { rejudgeReport } from '../../offline/rejudge/rejudge-report.ts';
import { loadSettings } from '../../config/load.ts';
import { systemClock } from '../../kit/clock.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { readRecording } from '../../recording/reader.ts';
import { REPORT_FORMATS } from '../../report/render.ts';
import {
  OUTCOME_EXIT_CODES,
  printReport,
  type ReportFlags,
  reportFormat,
} from '../report-output.ts';

interface RejudgeFlags extends ReportFlags {
  readonly config: string;
  readonly before?: string;
  readonly workers?: string;
}

/** `crossfade rejudge RECORDING… -c FILE`: what other rules would have made of recorded pairs. */
export function rejudgeCommand(): Command {
  return new Command('rejudge')
    .description('compare every recorded pair again under new rules, and say what changed')
    .argument('<recordings...>', 'recordings that hold both answers, as `record` writes them')
    .requiredOption('-c, --config <file>', 'configuration with the new rules and routes')
    .option('--before <file>', 'configuration with the old rules; else as each recording says')
    .option('--workers <n>', 'threads (default: one for each core)')
    .option('--format <format>', `${REPORT_FORMATS.join(', ')} (default terminal)`)
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write the report there; the terminal gets its own')
    .addHelpText('after', HELP)
    .action((files: string[], flags: RejudgeFlags) => run(files, flags));
}

const HELP = `
Nothing is sent and nothing is written: try a rule on what was recorded before it is in force.

Examples:
  crossfade rejudge monday.crossfade -c crossfade.yaml
  crossfade rejudge run.crossfade run-2.crossfade -c new.yaml --before old.yaml
  crossfade rejudge monday.crossfade -c crossfade.yaml --json | jq '.facts.excused'

Exit codes: 0 nothing is mismatched under the new rules, 3 something is, 4 nothing could be
compared, or not all that could be before, 2 a file that cannot be used.`;

async function run(files: readonly string[], flags: RejudgeFlags): Promise<void> {
  const format = reportFormat(flags);
  const threads = threadsOf(flags.workers);
  const after = loadSettings(flags.config);
  const before = flags.before === undefined ? null : loadSettings(flags.before);
  const readers = files.map((file) => readRecording(file));
  const isShown = process.stderr.isTTY;
  const outcome = await rejudge(readers, {
    after: { routes: after.routes, compare: after.compare, key: after.key },
    before: before && { routes: before.routes, compare: before.compare, key: before.key },
    threads,
    redactKey: contentKey(files),
    ...(isShown ? { onProgress: showProgress } : {}),
  }).finally(() => {
    if (isShown) process.stderr.write('\r\x1b[K');
  });
  const report = rejudgeReport({
    name: files.map((file) => basename(file)).join(', '),
    outcome,
    before:
      before === null ? readers.map(({ description }) => recordedRules(description)) : [before],
    after,
    beforeName: flags.before === undefined ? 'as recorded' : basename(flags.before),
    afterName: basename(flags.config),
    nowMs: systemClock.wallMs(),
    warnings: readers.flatMap(({ summary }) => (summary.warning === null ? [] : [summary.warning])),
  });
  printReport(report, format, flags.out);
  process.exitCode = OUTCOME_EXIT_CODES[report.outcome];
}

function threadsOf(text: string | undefined): number {
  if (text === undefined) return Math.min(availableParallelism(), LIMITS.rejudgeThreadsMax);
  const threads = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (threads >= 1 && threads <= LIMITS.rejudgeThreadsMax) return threads;
  throw new CrossfadeError('bad-option', `--workers is '${text}'`, {
    hint: `it must be a number of threads from 1 to ${LIMITS.rejudgeThreadsMax}`,
  });
}

function showProgress(records: number): void {
  process.stderr.write(`\r\x1b[K${records.toLocaleString('en-US')} pairs looked at again`);
}
