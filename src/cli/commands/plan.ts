import { Command } from 'commander';
import { loadSettings } from '../../config/load.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import type { Settings } from '../../model/settings.ts';
import { type Plan, planLadder, type PlanProblem, problemsOf, subjectOf } from '../../plan/plan.ts';
import { ASSUMED_TRAFFIC, type PlanTraffic, trafficOf } from '../../plan/traffic.ts';
import { visible } from '../../report/escape.ts';
import { readRecording } from '../../recording/reader.ts';
import { hasColor, printJson, printLine } from '../output.ts';
import { planText } from '../plan-view.ts';

interface PlanFlags {
  readonly config: string;
  readonly rps: string;
  readonly from?: string;
  readonly json?: boolean;
}

const RPS_MAX = 10_000_000;

/** `crossfade plan -c FILE --rps N`: what the ladder's gates find, and in how long. */
export function planCommand(): Command {
  return new Command('plan')
    .description(
      'what regression each gate of each step can detect, and in how long, at a rate of ' +
        'requests; refuses gates that cannot be met in the hold of their step',
    )
    .requiredOption('-c, --config <file>', 'the configuration whose ladder and gates are planned')
    .requiredOption('--rps <number>', 'requests a second')
    .option('--from <recording>', 'the mix of routes, and how latencies spread, as recorded')
    .option('--json', 'print facts for machines')
    .addHelpText('after', HELP)
    .action((flags: PlanFlags) => plan(flags));
}

const HELP = `
Nothing is sent anywhere: the tests of the gates are asked about evidence as it is expected.
docs/plan.md says how to read the tables.

Examples:
  crossfade plan -c crossfade.yaml --rps 5000
  crossfade plan -c crossfade.yaml --rps 200 --from monday.crossfade

Exit codes: 0 every gate can be met, 2 one cannot: it is named, with its step and what to change.`;

async function plan(flags: PlanFlags): Promise<void> {
  const ratePerSec = rateOf(flags.rps);
  const settings = loadSettings(flags.config);
  const traffic = await trafficFrom(flags.from, settings);
  const planned = planLadder(settings, ratePerSec, traffic);
  const problems = problemsOf(planned);
  if (flags.json === true) printJson({ ...planned, problems });
  else printLine(planText(planned, settings.gates, hasColor()));
  if (problems.length > 0) throw unmet(planned, problems);
}

async function trafficFrom(from: string | undefined, settings: Settings): Promise<PlanTraffic> {
  if (from === undefined) return ASSUMED_TRAFFIC;
  const reader = readRecording(from);
  const traffic = await trafficOf(reader, settings);
  const { warning } = reader.summary;
  if (warning !== null) process.stderr.write(`crossfade: warning: ${warning}\n`);
  if (traffic.requests > 0) return traffic;
  throw new CrossfadeError('recording-empty', `the recording ${from} holds no request`, {
    hint: 'record some traffic, or leave --from out',
  });
}

function unmet({ ratePerSec }: Plan, problems: readonly PlanProblem[]): CrossfadeError {
  const lines = problems.map((problem) => {
    const { step, why, mend } = problem;
    return `\n  at ${step} %, ${visible(subjectOf(problem))}: ${why}. Mend: ${mend}`;
  });
  const isOfGates = problems.every(({ gate }) => gate !== null);
  const each = isOfGates ? 'gate' : 'condition';
  const gates = problems.length === 1 ? `1 ${each}` : `${problems.length} ${each}s`;
  return new CrossfadeError(
    'gates-unmet',
    `${gates} cannot be met at ${ratePerSec} requests a second:${lines.join('')}`,
    { hint: 'a hold has to bring what its gates need: change what is said, and plan again' },
  );
}

function rateOf(text: string): number {
  const rate = /^\d{1,8}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (rate > 0 && rate <= RPS_MAX) return rate;
  throw new CrossfadeError('bad-option', `--rps is '${text}'`, {
    hint: `it must be requests a second, above 0 and at most ${RPS_MAX}`,
  });
}
