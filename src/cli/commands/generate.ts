import { Command } from 'commander';
import { generateRecording } from '../../../replay/generate.ts';
import {
  createReadStatesWorkload,
  READ_STATES_DEFAULTS,
} from '../../../replay/generate-read-states.ts';
import { READ_STATES_KEY, READ_STATES_ROUTES } from '../../../replay/read-states-routes.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { LIMITS } from '../../kit/limits.ts';
import { parseDurationMs } from '../../kit/units.ts';
import { printJson, printLine } from '../output.ts';

interface GenerateFlags {
  readonly out: string;
  readonly seed: string;
  readonly duration: string;
  readonly rate: string;
  readonly users: string;
  readonly channels: string;
  readonly json?: boolean;
}

/** `crossfade generate WORKLOAD`: writes a made-up workload as a recording. */
export function generateCommand(): Command {
  const command = new Command('generate').description('write a made-up workload as a recording');
  command.addCommand(readStatesWorkloadCommand());
  return command;
}

function readStatesWorkloadCommand(): Command {
  const { users, channels } = READ_STATES_DEFAULTS;
  return new Command('read-states')
    .description(
      'screens, single reads, lists, acks, pins and mentions of the Read States service; ' +
        'to be replayed against two sides with empty stores',
    )
    .requiredOption('--out <file>', 'the recording to write; must not exist')
    .option('--seed <number>', 'the same seed makes the same requests', '42')
    .option('--duration <time>', 'how much traffic to make', '60s')
    .option('--rate <number>', 'requests per second on average', '500')
    .option('--users <number>', 'users', String(users))
    .option('--channels <number>', 'channels', String(channels))
    .option('--json', 'print facts for machines')
    .action((flags: GenerateFlags) => generateReadStates(flags));
}

function generateReadStates(flags: GenerateFlags): void {
  const seed = wholeNumber('--seed', flags.seed, 0, 2 ** 31 - 1);
  const ratePerSec = wholeNumber('--rate', flags.rate, 1, 100_000);
  const users = wholeNumber('--users', flags.users, 1, 10_000_000);
  const channels = wholeNumber('--channels', flags.channels, 1, 10_000_000);
  const durationMs = parseDurationMs(flags.duration);
  if (durationMs === undefined || durationMs === 0) {
    throw new CrossfadeError('bad-option', `--duration is '${flags.duration}'`, {
      hint: 'it must be a duration such as 60s or 5m',
    });
  }
  const origin =
    `generate read-states --seed ${seed} --duration ${flags.duration} --rate ${ratePerSec} ` +
    `--users ${users} --channels ${channels}; begins on empty stores`;
  const workload = createReadStatesWorkload({ seed, ratePerSec, users, channels });
  const made = generateRecording(flags.out, workload, {
    durationMs,
    maxBytes: LIMITS.recordingMaxBytes,
    description: { startedAtMs: 0, origin, key: READ_STATES_KEY, routes: READ_STATES_ROUTES },
  });
  if (flags.json === true) printJson({ file: flags.out, ...made });
  else {
    const { requests, writes, keys } = made;
    printLine(`${flags.out}: ${requests} requests (${writes} writes) of ${keys} users`);
  }
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CrossfadeError('bad-option', `${option} is '${text}'`, {
    hint: `it must be a whole number from ${min} to ${max}`,
  });
}
