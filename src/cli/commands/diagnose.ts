import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';
import { type Diagnosis, diagnose } from '../../diagnose/diagnosis.ts';
import { tracesOfRecording } from '../../diagnose/from-recording.ts';
import { traceOfSeconds } from '../../diagnose/from-seconds.ts';
import { parseGcTrace } from '../../diagnose/gctrace.ts';
import { parsePerformanceEntries } from '../../diagnose/performance-entries.ts';
import type { CollectionFeed, Trace } from '../../diagnose/trace.ts';
import { CrossfadeError, EXIT, messageOf } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { pathKind, unreadablePath } from '../../kit/path-kind.ts';
import { parseDurationMs } from '../../kit/units.ts';
import type { Side } from '../../model/exchange.ts';
import { looksLikeRecording } from '../../recording/format.ts';
import { readRecording } from '../../recording/reader.ts';
import { counterEvidence, diagnosisTables } from '../../report/diagnosis-tables.ts';
import { visible } from '../../report/escape.ts';
import { wrap } from '../../report/table.ts';
import { renderReportTable } from '../../report/terminal.ts';
import { observedSeconds } from '../observed-seconds.ts';
import { hasColor, printJson, printLine } from '../output.ts';
import { type Place, placeOptions } from '../place.ts';

interface DiagnoseFlags extends Place {
  readonly legacyGc?: string;
  readonly candidateGc?: string;
  readonly legacyStarted?: string;
  readonly candidateStarted?: string;
  readonly instance?: string;
  readonly reads: string;
  readonly slow?: string;
  readonly json?: boolean;
}

/** `crossfade diagnose [RUN|RECORDING…]`: why the tail is what it is. */
export function diagnoseCommand(): Command {
  return placeOptions(new Command('diagnose'))
    .description('why the tail is what it is: spikes, their period, their cause, what follows')
    .argument('[sources...]', "a run's store, or recordings of pairs; several: one an instance")
    .option('--legacy-gc <file>', "legacy's collections: gctrace lines, or JSON")
    .option('--candidate-gc <file>', "the candidate's")
    .option(
      '--legacy-started <time>',
      'when the process of its gctrace began: 2026-11-20T14:03:00Z',
    )
    .option('--candidate-started <time>', 'the same of the candidate')
    .option('--instance <header>', "field of legacy's answers that names the instance")
    .option('--reads <number>', 'reads that a screen waits for', '50')
    .option('--slow <time>', "from when on a read is slow (default: far above legacy's median)")
    .option('--json', 'the same facts as JSON')
    .addHelpText('after', HELP)
    .action((sources: string[], flags: DiagnoseFlags) => run(sources, flags));
}

const HELP = `
A run keeps its last six hours, and what each side's metrics say of its collections. A recording
holds both answers of each request, as \`record\` writes them.

Examples:
  crossfade diagnose                              the run whose store is ./crossfade.db
  crossfade diagnose monday.crossfade --legacy-gc gc.log --legacy-started 2026-11-20T14:03:00Z
  crossfade diagnose a.db b.db c.db --json

Exit codes: 0 decided, 4 undecided, or too short or too thin to tell, 2 a file that cannot be
used, 5 a run that does not answer.`;

const READS_MAX = 100_000;

async function run(sources: readonly string[], flags: DiagnoseFlags): Promise<void> {
  const reads = /^\d{1,6}$/.test(flags.reads) ? Number(flags.reads) : 0;
  if (reads < 1 || reads > READS_MAX) {
    throw badOption('--reads', flags.reads, `a number from 1 to ${READS_MAX}`);
  }
  const slowMs = flags.slow === undefined ? null : parseDurationMs(flags.slow);
  if (slowMs === undefined || slowMs === 0) {
    throw badOption('--slow', flags.slow ?? '', 'a duration such as 50ms');
  }
  const traces = withFeeds(await tracesOf(sources, flags), flags);
  const found = diagnose(traces, { reads, slowUs: slowMs === null ? null : 1000 * slowMs });
  if (flags.json === true) printJson({ ...found, against: counterEvidence(found) });
  else printLine(textOf(found));
  process.exitCode = found.decision.floor === 'undecided' ? EXIT.inconclusive : EXIT.pass;
}

function badOption(name: string, given: string, expected: string): CrossfadeError {
  return new CrossfadeError('bad-option', `${name} is '${given}'`, {
    hint: `it must be ${expected}`,
  });
}

async function tracesOf(
  sources: readonly string[],
  flags: DiagnoseFlags,
): Promise<readonly Trace[]> {
  if (sources.length === 0) return [traceOfSeconds(await observedSeconds(flags))];
  const traces: Trace[] = [];
  for (const source of sources) {
    const instance = sources.length === 1 ? '' : basename(source);
    if (isRecording(source)) traces.push(...(await recorded(source, instance, flags)));
    else traces.push(traceOfSeconds(await observedSeconds({ store: source }), instance));
  }
  return traces;
}

function isRecording(path: string): boolean {
  if (pathKind(path) !== 'file') return false;
  try {
    return looksLikeRecording(readFileSync(path).subarray(0, 8));
  } catch (error) {
    throw unreadablePath(path, error);
  }
}

async function recorded(
  path: string,
  instance: string,
  flags: DiagnoseFlags,
): Promise<readonly Trace[]> {
  const reader = readRecording(path);
  const { startedAtMs } = reader.description;
  const instanceHeader = flags.instance?.toLowerCase() ?? null;
  const traces = await tracesOfRecording(reader, { startedAtMs, instanceHeader });
  const { warning } = reader.summary;
  if (warning !== null) process.stderr.write(`crossfade: warning: ${warning}\n`);
  return traces.map((trace) => ({
    ...trace,
    instance: [instance, trace.instance].filter((name) => name !== '').join(' '),
  }));
}

function withFeeds(traces: readonly Trace[], flags: DiagnoseFlags): readonly Trace[] {
  const legacy = feedOf('legacy', flags.legacyGc, flags.legacyStarted);
  const candidate = feedOf('candidate', flags.candidateGc, flags.candidateStarted);
  if (legacy !== null && traces.length > 1) {
    throw new CrossfadeError(
      'usage',
      `--legacy-gc is one instance's, and there are ${traces.length}`,
      {
        hint: 'diagnose that instance alone',
      },
    );
  }
  return traces.map(({ feeds, ...trace }) => ({
    ...trace,
    feeds: { legacy: legacy ?? feeds.legacy, candidate: candidate ?? feeds.candidate },
  }));
}

function feedOf(
  side: Side,
  path: string | undefined,
  started: string | undefined,
): CollectionFeed | null {
  if (path === undefined) return null;
  const text = readText(path);
  const entries = parsePerformanceEntries(text);
  if (entries !== null) return entries;
  const startedAtMs = started === undefined ? null : Date.parse(started);
  if (startedAtMs !== null && Number.isNaN(startedAtMs)) {
    throw badOption(`--${side}-started`, started ?? '', 'a time such as 2026-11-20T14:03:00Z');
  }
  const { feed, unread, unreadCount } = parseGcTrace(text, startedAtMs ?? 0);
  if (feed.cycles.length === 0) {
    throw new CrossfadeError('gc-unreadable', `${path} holds no collections that can be read`, {
      hint:
        unread[0] === undefined
          ? 'gctrace lines, or JSON: performance entries of type gc with their timeOrigin'
          : `such lines are not known: ${visible(unread[0])}`,
    });
  }
  if (startedAtMs === null) {
    throw new CrossfadeError('usage', `${path} counts from its process's start`, {
      hint: `say when that was: --${side}-started 2026-11-20T14:03:00Z`,
    });
  }
  if (unreadCount > 0) {
    process.stderr.write(
      `crossfade: warning: ${unreadCount} lines of ${path} could not be read, such as ` +
        `${visible(unread[0] ?? '')}\n`,
    );
  }
  return feed;
}

function readText(path: string): string {
  try {
    const bytes = statSync(path).size;
    if (bytes > LIMITS.collectionFileMaxBytes) throw new Error(`it has ${bytes} bytes`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CrossfadeError('gc-unreadable', `${path} cannot be read: ${messageOf(error)}`, {
      hint: `it must be a text of at most ${LIMITS.collectionFileMaxBytes} bytes`,
      cause: error,
    });
  }
}

function textOf(found: Diagnosis): string {
  const widthMax = process.stdout.columns ?? 100;
  const options = { color: hasColor(), widthMax };
  const lines = (text: string, indent = 0): string =>
    wrap(visible(text), widthMax - indent).join(`\n${' '.repeat(indent)}`);
  const against = counterEvidence(found).map((each) => `- ${lines(each, 2)}`);
  return [
    lines(found.sentence),
    ...diagnosisTables(found).map((table) => renderReportTable(table, options)),
    ...(against.length === 0 ? [] : [`What speaks against it\n${against.join('\n')}`]),
    lines(found.decision.reason),
  ].join('\n\n');
}
