import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { loadSettings } from '../../config/load.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { parseDurationMs, parseLatencyUs } from '../../kit/units.ts';
import { lengthen } from '../../plan/lengthen.ts';
import { planLadder, problemsOf } from '../../plan/plan.ts';
import {
  INJECTED,
  INJECTION_FORMS,
  type Injection,
  parseInjection,
} from '../../plan/simulate/injection.ts';
import { simulate } from '../../plan/simulate/simulate.ts';
import { worldOf, type WorldOptions } from '../../plan/simulate/world.ts';
import { hasColor, printJson, printLine } from '../output.ts';
import { type PlanFlags, rateOf, trafficFrom, unmet } from '../plan-flags.ts';
import { simulateText } from '../simulate-view.ts';

interface SimulateFlags extends PlanFlags {
  readonly runs: string;
  readonly seed: string;
  readonly candidate?: readonly string[];
  readonly median: string;
  readonly sigma?: string;
  readonly pause: string;
  readonly pauseEvery: string;
  readonly users: string;
  readonly threads?: string;
  readonly lengthen?: boolean;
}

/** `crossfade plan simulate -c FILE --rps N`: the ladder climbed a thousand times. */
export function planSimulateCommand(): Command {
  return new Command('simulate')
    .description(
      'climbs the whole ladder in simulated time, a thousand times with each of some candidates: ' +
        'how often and how soon each is caught, at which step, how many users met it, and how ' +
        'often a sound one is rolled back or kept waiting',
    )
    .option('--runs <number>', 'climbs of each candidate', '1000')
    .option('--candidate <what>', `${INJECTION_FORMS}; may be given again`, also)
    .option('--seed <number>', 'the same seed gives the same climbs', '1')
    .option('--median <time>', "legacy's median latency, where no recording tells it", '2ms')
    .option('--sigma <number>', 'deviation of the logarithm of latencies (default 0.5)')
    .option('--pause <requests>', 'requests that come while a side pauses; 0 for no pauses', '200')
    .option('--pause-every <time>', 'from one pause of a side to its next', '120s')
    .option('--users <number>', 'users, who ask alike often', '100000')
    .option('--threads <number>', 'threads (default: one for each core)')
    .option('--lengthen', 'with holds and windows as long as the gates need, if they are too short')
    .addHelpText('after', HELP)
    .action((_flags: unknown, command: Command) => run(command.optsWithGlobals<SimulateFlags>()));
}

const HELP = `
-c, --rps, --from and --json are those of \`crossfade plan\`. The judge and the rollout's decisions
are the product's own; docs/plan.md says what is assumed, and how a climb is simulated.

Examples:
  crossfade plan simulate -c crossfade.yaml --rps 5000
  crossfade plan simulate -c crossfade.yaml --rps 5000 --candidate 'p99 x 1.1 @live'
  crossfade plan simulate -c crossfade.yaml --rps 200 --lengthen

Exit codes: 0 done, 2 a gate is refused at this rate: it is named, with what to change.`;

function also(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function run(flags: SimulateFlags): Promise<void> {
  const ratePerSec = rateOf(flags.rps);
  const injections = (flags.candidate ?? INJECTED).map(injectionOf);
  const runs = whole('--runs', flags.runs, 1, LIMITS.simulatedRunsMax);
  const threads = whole('--threads', flags.threads ?? `${availableParallelism()}`, 1, 64);
  const asked = optionsOf(flags);
  const written = loadSettings(flags.config);
  const traffic = await trafficFrom(flags.from, written);
  const { settings, changes } =
    flags.lengthen === true
      ? lengthen(written, ratePerSec, traffic)
      : { settings: written, changes: [] };
  const planned = planLadder(settings, ratePerSec, traffic);
  const problems = problemsOf(planned);
  if (problems.length > 0) {
    const hint = 'change what is said, or simulate what --lengthen makes of it';
    throw unmet(planned, problems, hint);
  }
  const world = worldOf(settings, { ...asked, ratePerSec, traffic });
  const onDone = process.stderr.isTTY ? showProgress : undefined;
  const outcomes = await simulate({
    world,
    injections,
    runs,
    threads,
    ...(onDone && { onDone }),
  });
  if (onDone !== undefined) process.stderr.write('\r\x1b[K');
  const result = { world, runs, changes, outcomes };
  if (flags.json === true) printJson(result);
  else printLine(simulateText(result, hasColor()));
}

function showProgress(done: number, all: number): void {
  process.stderr.write(`\r\x1b[K${done} of ${all} climbs`);
}

function optionsOf(flags: SimulateFlags): Omit<WorldOptions, 'ratePerSec' | 'traffic'> {
  const requests = whole('--pause', flags.pause, 0, 1_000_000);
  const everyMs = parseDurationMs(flags.pauseEvery) ?? 0;
  if (everyMs < 2000) {
    throw wrong('--pause-every', flags.pauseEvery, 'a duration such as 120s, 2s or longer');
  }
  const medianUs = parseLatencyUs(flags.median) ?? 0;
  if (medianUs < 10 || medianUs > 60e6) {
    throw wrong('--median', flags.median, 'a time such as 2ms, from 0.01ms to 60s');
  }
  return {
    seed: whole('--seed', flags.seed, 0, 2 ** 31 - 1),
    medianUs,
    sigma: flags.sigma === undefined ? null : sigmaOf(flags.sigma),
    pauses: requests === 0 ? null : { requests, everyMs },
    users: whole('--users', flags.users, 1, LIMITS.simulatedUsersMax),
  };
}

function sigmaOf(text: string): number {
  const sigma = /^\d(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (sigma >= 0.05 && sigma <= 2) return sigma;
  throw wrong('--sigma', text, 'a number from 0.05 to 2');
}

function injectionOf(text: string): Injection {
  const injection = parseInjection(text);
  if (injection !== undefined) return injection;
  throw wrong('--candidate', text, INJECTION_FORMS);
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(option, text, `a whole number from ${least} to ${most}`);
}

function wrong(option: string, text: string, due: string): CrossfadeError {
  return new CrossfadeError('bad-option', `${option} is '${text}'`, { hint: `it must be ${due}` });
}
