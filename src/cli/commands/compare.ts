import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { mergeRecordings } from '../../../replay/merged.ts';
import { loadSettings } from '../../config/load.ts';
import { systemClock } from '../../kit/clock.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { type GivenInput, nameOf, readGiven, STDIN } from '../../offline/compare/answer-bytes.ts';
import {
  beginsWithHead,
  bodyAnswer,
  type GivenAnswer,
  httpAnswer,
  namedType,
  sharedType,
} from '../../offline/compare/answer-file.ts';
import { answerReport } from '../../offline/compare/answer-report.ts';
import {
  type ComparedAnswers,
  compareTwo,
  rulesFor,
} from '../../offline/compare/compare-answers.ts';
import {
  ANSWER_SIDES,
  type AnswerSide,
  compareRecordings,
} from '../../offline/compare/compare-recordings.ts';
import { contentKey } from '../../offline/content-key.ts';
import { recordedRules } from '../../offline/rejudge/rejudge.ts';
import { readRecording } from '../../recording/reader.ts';
import { createRedactor } from '../../recording/redact.ts';
import { REPORT_FORMATS } from '../../report/render.ts';
import type { Report } from '../../report/report.ts';
import {
  OUTCOME_EXIT_CODES,
  printReport,
  type ReportFlags,
  reportFormat,
} from '../report-output.ts';

interface CompareFlags extends ReportFlags {
  readonly config?: string;
  readonly route?: string;
  readonly type?: string;
  readonly http?: boolean;
  readonly side?: AnswerSide;
  readonly otherSide?: AnswerSide;
  readonly partial?: boolean;
}

/** `crossfade compare A B`: what differs between two answers, or the answers of two recordings. */
export function compareCommand(): Command {
  return new Command('compare')
    .description('compare two files with an answer each, or the answers of two recordings')
    .argument('<a>', 'stands for legacy: a file, - for standard input, or a recording')
    .argument('<b>', 'stands for the candidate, and is of the same sort')
    .option('-c, --config <file>', 'routes and rules; else those that recording A holds, or none')
    .option('--route <route>', 'of two files: whose rules, such as "GET /v1/users/:user"')
    .option('--type <type>', 'of two files: their content type; else by their names')
    .option('--http', 'the files begin with the head of the answer, as curl -is --raw saves it')
    .addOption(
      sideOption('--side <side>', 'of recordings: which answer of a request (default live)'),
    )
    .addOption(sideOption('--other-side <side>', 'the same for B alone; else as --side'))
    .option('--partial', 'of recordings: what was not compared is no reason not to pass')
    .option('--format <format>', `${REPORT_FORMATS.join(', ')} (default terminal)`)
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write the report there; the terminal gets its own')
    .addHelpText('after', HELP)
    .action((a: string, b: string, flags: CompareFlags) => compare(a, b, flags));
}

const HELP = `
Examples:
  crossfade compare old.json new.json
  curl -s https://new.example/v1/users/7 | crossfade compare old.json -
  crossfade compare old.txt new.txt --http -c crossfade.yaml --route "GET /v1/users/7"
  crossfade compare monday.crossfade tuesday.crossfade --side candidate
  crossfade compare run.crossfade run.crossfade --side legacy --other-side candidate

Exit codes: 0 alike, 3 different, 4 not compared, in whole or in part, 2 bad input.`;

function sideOption(flags: string, description: string): Option {
  return new Option(flags, description).choices(ANSWER_SIDES);
}

async function compare(a: string, b: string, flags: CompareFlags): Promise<void> {
  const format = reportFormat(flags);
  if (a === STDIN && b === STDIN) throw badOption('only one of the two can be standard input');
  const given = [await inputOf(a), await inputOf(b)] as const;
  const areRecordings = given.map(({ kind }) => kind === 'recording');
  let report: Report;
  if (areRecordings[0] === true && areRecordings[1] === true) {
    report = await twoRecordings(a, b, flags);
  } else if (areRecordings[0] === true || areRecordings[1] === true) {
    const [recording, other] = areRecordings[0] === true ? [a, b] : [b, a];
    throw new CrossfadeError(
      'mixed-inputs',
      `${nameOf(recording)} is a recording and ${nameOf(other)} is not`,
      { hint: 'give two recordings, or two files with an answer each' },
    );
  } else report = twoFiles([a, b], given, flags);
  printReport(report, format, flags.out);
  process.exitCode = OUTCOME_EXIT_CODES[report.outcome];
}

async function inputOf(path: string): Promise<GivenInput> {
  const given = await readGiven(path, LIMITS.answerFileMaxBytes);
  if (path === STDIN && given.kind === 'recording') {
    throw badOption('a recording cannot be read from standard input');
  }
  return given;
}

function badOption(message: string): CrossfadeError {
  return new CrossfadeError('bad-option', message, { hint: 'see crossfade compare --help' });
}

function twoFiles(
  paths: readonly [string, string],
  given: readonly [GivenInput, GivenInput],
  flags: CompareFlags,
): Report {
  for (const name of ['side', 'otherSide', 'partial'] as const) {
    if (flags[name] !== undefined) throw badOption(`--${OPTION_NAMES[name]} is for recordings`);
  }
  if (flags.route !== undefined && flags.config === undefined) {
    throw badOption('--route needs -c FILE, which holds the rules of the route');
  }
  if (flags.http === true && flags.type !== undefined) {
    throw badOption('--http and --type were both given: a head says its type');
  }
  const rules =
    flags.config === undefined
      ? { name: '', rules: [] }
      : rulesFor(loadSettings(flags.config), flags.route ?? null);
  const named = [namedType(paths[0]), namedType(paths[1])] as const;
  const type = flags.http === true ? null : sharedType(flags.type ?? null, ...named);
  const answerOf = (i: 0 | 1): GivenAnswer => {
    const each = given[i];
    if (each.kind !== 'answer') return 'file-too-large';
    if (flags.http === true) return httpAnswer(paths[i], each.bytes);
    return bodyAnswer(paths[i], each.bytes, type, named[i].coding);
  };
  const answers = [answerOf(0), answerOf(1)] as const;
  const [legacy, candidate] = answers;
  const compared: ComparedAnswers =
    typeof legacy === 'string' || typeof candidate === 'string'
      ? { comparison: { kind: 'not-comparable', reason: 'too-large' }, counts: [] }
      : compareTwo([legacy, candidate], rules, systemClock.wallMs());
  const names = [nameOf(paths[0]), nameOf(paths[1])] as const;
  const isHeadLikely =
    flags.http !== true &&
    given.every((each) => each.kind === 'answer' && beginsWithHead(each.bytes));
  return answerReport({ names, answers, ...compared, type, rulesOf: rules.name, isHeadLikely });
}

const OPTION_NAMES = {
  side: 'side',
  otherSide: 'other-side',
  partial: 'partial',
  route: 'route',
  type: 'type',
  http: 'http',
} as const;

async function twoRecordings(a: string, b: string, flags: CompareFlags): Promise<Report> {
  for (const name of ['route', 'type', 'http'] as const) {
    if (flags[name] !== undefined) throw badOption(`--${OPTION_NAMES[name]} is for two files`);
  }
  const { side = 'live', otherSide = side, partial = false } = flags;
  const config = flags.config === undefined ? null : loadSettings(flags.config);
  const sources = {
    a: mergeRecordings([readRecording(a)]),
    b: mergeRecordings([readRecording(b)]),
  };
  const isShown = process.stderr.isTTY;
  return await compareRecordings(sources, {
    names: namesOf(a, b),
    sides: { a: side, b: otherSide },
    looked: config ?? recordedRules(sources.a.description),
    redactor: createRedactor(contentKey([a, b])),
    areTokensAlike: realpathSync(a) === realpathSync(b),
    isPartial: partial,
    ...(isShown ? { onProgress: showProgress } : {}),
  }).finally(() => {
    if (isShown) process.stderr.write('\r\x1b[K');
  });
}

/** Their last parts, where these can be told apart. */
function namesOf(a: string, b: string): { readonly a: string; readonly b: string } {
  const names = { a: basename(a), b: basename(b) };
  if (names.a !== names.b) return names;
  return a === b ? { a: `${names.a} (A)`, b: `${names.b} (B)` } : { a, b };
}

function showProgress(pairs: number): void {
  process.stderr.write(`\r\x1b[K${pairs.toLocaleString('en-US')} pairs compared`);
}
