import { Command } from 'commander';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { runAsPublished } from '../../pauses/as-published.ts';
import { runModel } from '../../pauses/model.ts';
import { type ModelFlags, seedsOf, settingsOf } from '../model-flags.ts';
import { modelText } from '../model-view.ts';
import { hasColor, printJson, printLine } from '../output.ts';
import { publishedText } from '../published-view.ts';

const PUBLISHED_SEEDS = 50;
/** What goes with --as-published. */
const FREE = new Set(['asPublished', 'seed', 'seeds', 'json']);

/** `crossfade model`: what a runtime's pauses do to the requests that queue behind them. */
export function modelCommand(): Command {
  return new Command('model')
    .description(
      'a runtime whose collections stop or slow one server, and requests that arrive by the ' +
        'clock: what they wait, and what a load test in a closed loop would report',
    )
    .option('--runtime <name>', 'beam, go or none', 'beam')
    .option('--heap <size>', 'heap of one user', '8MB')
    .option('--heaps <kind>', 'fixed, growing, or skewed: 0.1 % a thousand times the rest', 'fixed')
    .option('--users <number>', 'heaps; on Go all in one (default 1, skewed 1000)')
    .option('--growth <size>', 'what a growing heap gains an hour (default: as --heap)')
    .option('--age <time>', 'how old the process is, with growing heaps', '0')
    .option('--cost <ms>', 'milliseconds a MB of heap takes to collect (default beam 12, go 1)')
    .option('--period <time>', 'from one full collection to the next', '120s')
    .option('--rate <number>', 'requests a second', '500')
    .option('--service <time>', 'what a request takes without a queue', '1.8ms')
    .option('--deviation <time>', 'standard deviation of that (default a sixth)')
    .option('--requests <number>', 'requests of one run', '200000')
    .option('--clients <number>', 'connections of the closed loop', '10')
    .option('--window <time>', 'length of the windows shown', '10s')
    .option('--seed <number>', 'the same seed gives the same figures', '1')
    .option('--seeds <number>', 'runs, with this seed and the next ones (default 1)')
    .option('--as-published', 'the published BEAM program to the letter, and what it gives')
    .option('--json', 'print facts for machines')
    .addHelpText('after', HELP)
    .action((flags: ModelFlags, command: Command) => model(flags, command));
}

const HELP = `
Nothing is measured here: docs/model.md says what the model assumes, and what it leaves out.

Examples:
  crossfade model --runtime beam --heap 8MB --rate 500
  crossfade model --runtime go --heap 1GB --rate 500
  crossfade model --heaps skewed --heap 8KB --window 1s
  crossfade model --heaps growing --heap 2MB --growth 1MB --age 6h
  crossfade model --as-published --seeds 20`;

function model(flags: ModelFlags, command: Command): void {
  if (flags.asPublished === true) {
    refuseOthers(command);
    const { seed, seeds } = seedsOf(flags, PUBLISHED_SEEDS);
    const result = withProgress(seeds, (onRun) => runAsPublished(seed, seeds, onRun));
    if (flags.json === true) printJson(result);
    else printLine(publishedText(result, hasColor()));
    return;
  }
  const settings = settingsOf(flags);
  const { seed, seeds } = seedsOf(flags, 1);
  if (settings.requests * seeds > LIMITS.modelRequestsMax) {
    throw new CrossfadeError(
      'bad-option',
      `${seeds} runs of ${settings.requests} requests are too many`,
      { hint: `all runs together may have ${LIMITS.modelRequestsMax} requests` },
    );
  }
  const result = withProgress(seeds, (onRun) => runModel(settings, seed, seeds, onRun));
  if (flags.json === true) printJson(result);
  else printLine(modelText(result, hasColor()));
}

function withProgress<Result>(seeds: number, run: (onRun?: OnRun) => Result): Result {
  if (!process.stderr.isTTY || seeds === 1) return run();
  const result = run((done) => process.stderr.write(`\r\x1b[K${done} of ${seeds} runs`));
  process.stderr.write('\r\x1b[K');
  return result;
}

type OnRun = (done: number) => void;

/** The published program has its own figures: another option would do nothing. */
function refuseOthers(command: Command): void {
  const given = command.options.find(
    (option) =>
      !FREE.has(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given === undefined) return;
  throw new CrossfadeError('bad-option', `${given.long} does not go with --as-published`, {
    hint: 'the published program sets its own; only --seed, --seeds and --json go with it',
  });
}
