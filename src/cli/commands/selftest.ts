import { basename } from 'node:path';
import { Command } from 'commander';
import { loadSettings } from '../../config/load.ts';
import { didYouMean } from '../../config/problems.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { DIVERGENCE_KINDS, type DivergenceKind } from '../../model/pair.ts';
import type { RecordedPair } from '../../recording/format.ts';
import { readRecording } from '../../recording/reader.ts';
import { REPORT_FORMATS } from '../../report/render.ts';
import { selfTestReport } from '../../report/selftest-report.ts';
import { parseSelfTestGate } from '../../selftest/gates.ts';
import { runSelfTest, type SelfTestOptions } from '../../selftest/selftest.ts';
import {
  OUTCOME_EXIT_CODES,
  printReport,
  type ReportFlags,
  reportFormat,
} from '../report-output.ts';

interface SelfTestFlags extends ReportFlags {
  readonly config?: string;
  readonly answers: string;
  readonly edits: string;
  readonly places?: string;
  readonly seed: string;
  readonly gate: readonly string[];
  readonly mayHide: readonly string[];
}

const NUMBER_MAX = 10_000_000;
const PLACES_DEFAULT = 1000;

/** `crossfade selftest -c FILE RECORDING`: known bugs in recorded answers, and who sees them. */
export function selftestCommand(): Command {
  return new Command('selftest')
    .description(
      'put known bugs of every kind into recorded answers: which are caught, by whom not',
    )
    .argument('[recordings...]', 'with answers, as `record` writes them')
    .option('-c, --config <file>', 'the configuration whose rules are tested')
    .option('--answers <number>', 'answers used at most, drawn over the routes', '1000')
    .option('--edits <number>', 'random edits by a mutator that knows of no kinds', '10000')
    .option('--places <number>', 'places of one kind tried in one answer (default 1000 at most)')
    .option('--seed <number>', 'another seed draws other answers and edits', '1')
    .option('--gate <gate>', 'require more, such as "selftest.caught >= 95%"', append, [])
    .option('--may-hide <kind>', 'a kind that rules may hide everywhere, on purpose', append, [])
    .option('--format <format>', `${REPORT_FORMATS.join(', ')} (default terminal)`)
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write the report there; the terminal gets its own')
    .addHelpText('after', HELP)
    .action((recordings: string[], flags: SelfTestFlags) => selftest(recordings, flags));
}

const HELP = `
Each bug goes the way of every pair: routes, rules and maps of the configuration. It passes when
every bug that was not reported is hidden by a rule, and no kind is hidden wherever it stands.

Gates, with > or >=: selftest.caught, selftest.named (as the right kind), each also of one kind
alone ("selftest.caught.id-precision >= 100%"), and selftest.random. Besides, with = none:
selftest.blinded.routes, the kinds that are hidden wherever they stand on a single route.
Nothing is sent anywhere.

Exit codes: 0 pass, 3 a gate failed, 4 nothing to judge a gate by.`;

function append(value: string, values: readonly string[]): string[] {
  return [...values, value];
}

async function selftest(recordings: readonly string[], flags: SelfTestFlags): Promise<void> {
  const format = reportFormat(flags);
  if (flags.config === undefined) {
    throw new CrossfadeError('usage', 'no configuration is given: there are no rules to test', {
      hint: 'crossfade selftest -c crossfade.yaml RECORDING',
    });
  }
  if (recordings.length === 0) {
    throw new CrossfadeError('usage', 'no recording is given: bugs are put into recorded answers', {
      hint: `record some with \`crossfade record -c ${flags.config} --out FILE\``,
    });
  }
  const options = {
    answersMax: wholeNumber('--answers', flags.answers, 1),
    edits: wholeNumber('--edits', flags.edits, 0),
    ...placesOf(flags.places),
    seed: wholeNumber('--seed', flags.seed, 0),
    gates: flags.gate.map(parseSelfTestGate),
    mayHide: new Set(flags.mayHide.map(kindOf)),
    atMs: Date.now(),
    ...(process.stderr.isTTY ? { onProgress: showProgress } : {}),
  };
  const { routes, compare, key } = loadSettings(flags.config);
  const warnings = new Set<string>();
  const open = (): AsyncIterable<RecordedPair> => readAll(recordings, warnings);
  const result = await runSelfTest(open, { routes, compare, key, ...options }).finally(() => {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  });
  const report = selfTestReport(result, {
    configuration: basename(flags.config),
    recording: recordings.map((path) => basename(path)).join(', '),
    warnings: [...warnings],
    atMs: options.atMs,
  });
  printReport(report, format, flags.out);
  process.exitCode = OUTCOME_EXIT_CODES[report.outcome];
}

/** One recording after the other; what is wrong with one is told once. */
async function* readAll(
  paths: readonly string[],
  warnings: Set<string>,
): AsyncGenerator<RecordedPair> {
  for (const path of paths) {
    const reader = readRecording(path);
    yield* reader;
    const { warning } = reader.summary;
    if (warning !== null) warnings.add(`${basename(path)}: ${warning}`);
  }
}

/** As many as are asked for; else fewer of a long answer, of which each bug takes its time. */
function placesOf(text: string | undefined): Pick<SelfTestOptions, 'placesMax' | 'placesMaxBytes'> {
  if (text !== undefined) {
    return { placesMax: wholeNumber('--places', text, 1), placesMaxBytes: Infinity };
  }
  return { placesMax: PLACES_DEFAULT, placesMaxBytes: LIMITS.selfTestPlacesMaxBytes };
}

function wholeNumber(option: string, text: string, min: number): number {
  const value = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= NUMBER_MAX) return value;
  throw new CrossfadeError('bad-option', `${option} is '${text}'`, {
    hint: `it must be a whole number from ${min} to ${NUMBER_MAX}`,
  });
}

function kindOf(text: string): DivergenceKind {
  const known = DIVERGENCE_KINDS.find((kind) => kind === text);
  if (known !== undefined) return known;
  const near = didYouMean(text, DIVERGENCE_KINDS).replace(/^[;,]\s*/, '');
  throw new CrossfadeError('bad-option', `--may-hide is '${text}', no kind of difference`, {
    hint: near === '' ? 'docs/kinds lists the kinds' : near,
  });
}

function showProgress(done: number, all: number): void {
  process.stderr.write(`\r\x1b[K${done} of ${all} answers`);
}
