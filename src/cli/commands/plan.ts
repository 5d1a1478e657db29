import { Command } from 'commander';
import { loadSettings } from '../../config/load.ts';
import { planLadder, problemsOf } from '../../plan/plan.ts';
import { hasColor, printJson, printLine } from '../output.ts';
import { type PlanFlags, rateOf, trafficFrom, unmet } from '../plan-flags.ts';
import { planText } from '../plan-view.ts';
import { planSimulateCommand } from './plan-simulate.ts';

/** `crossfade plan -c FILE --rps N`: what the ladder's gates find, and in how long. */
export function planCommand(): Command {
  return new Command('plan')
    .description(
      'what regression each gate of each step can detect, and in how long, at a rate of ' +
        'requests; refuses gates that the hold of their step does not surely bring to a pass',
    )
    .requiredOption('-c, --config <file>', 'the configuration whose ladder and gates are planned')
    .requiredOption('--rps <number>', 'requests a second')
    .option('--from <recording>', 'the mix of routes, and how latencies spread, as recorded')
    .option('--json', 'print facts for machines')
    .addHelpText('after', HELP)
    .addCommand(planSimulateCommand())
    .action((flags: PlanFlags) => plan(flags));
}

const HELP = `
Nothing is sent anywhere: the tests of the gates are asked about evidence as it is expected.
docs/plan.md says how to read the tables.

Examples:
  crossfade plan -c crossfade.yaml --rps 5000
  crossfade plan -c crossfade.yaml --rps 200 --from monday.crossfade
  crossfade plan simulate -c crossfade.yaml --rps 5000

Exit codes: 0 every gate can pass in its step's hold, 2 one is refused: it is named, with its step,
what a run would see of it, and what to change.`;

const HINT = 'a hold has to bring what its gates need: change what is said, and plan again';

async function plan(flags: PlanFlags): Promise<void> {
  const ratePerSec = rateOf(flags.rps);
  const settings = loadSettings(flags.config);
  const traffic = await trafficFrom(flags.from, settings);
  const planned = planLadder(settings, ratePerSec, traffic);
  const problems = problemsOf(planned);
  if (flags.json === true) printJson({ ...planned, problems });
  else printLine(planText(planned, settings.gates, hasColor()));
  if (problems.length > 0) throw unmet(planned, problems, HINT);
}
