import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { Status } from '../../model/rollout.ts';
import { call } from '../../control/client.ts';
import { printJson, printLine } from '../output.ts';
import { type Place, placeOptions, rolloutAt } from '../place.ts';

interface MirrorFlags extends Place {
  readonly percent?: number;
  readonly maxRate?: number;
  readonly reason?: string;
  readonly json?: boolean;
}

/** `crossfade mirror`: how much is mirrored, while it runs; `off` ends all of it at once. */
export function mirrorCommand(): Command {
  return placeOptions(
    new Command('mirror').description(
      'Changes how much is mirrored, on every proxy, until it is changed again. Off gives up ' +
        'every copy under way and closes the connections to the shadow at once; live traffic ' +
        'goes on. Reset goes back to the configuration.',
    ),
  )
    .addArgument(new Argument('[turn]', 'on, off or reset').choices(['on', 'off', 'reset']))
    .addOption(
      new Option('--percent <share>', 'share of the keys, 0 to 100').argParser(
        numberUpTo(100, /\s*%$/),
      ),
    )
    .addOption(
      new Option('--max-rate <rate>', 'copies a second, all proxies: 500 or 500/s').argParser(
        numberUpTo(1_000_000, /\s*\/\s*s$/),
      ),
    )
    .option('--reason <text>', 'why, for the event log')
    .option('--json', 'print the status that follows as JSON')
    .action(async (turn: string | undefined, flags: MirrorFlags) => {
      const { percent = null, maxRate = null, reason = '' } = flags;
      const body = { turn: turn ?? null, percent, maxRatePerSec: maxRate, reason };
      const status: Status = await call(rolloutAt(flags), 'POST', '/v1/mirror', body);
      if (flags.json === true) printJson(status);
      else printLine(sentenceOf(status));
    });
}

function sentenceOf({ mirror }: Status): string {
  const { percent, maxRatePerSec, pause } = mirror;
  if (pause !== '') return `mirroring is off: ${pause}`;
  const rate = maxRatePerSec === null ? '' : `, at most ${maxRatePerSec} a second`;
  return `mirroring ${percent} % of the keys${rate}`;
}

/** With or without the unit that a configuration would have. */
function numberUpTo(max: number, unit: RegExp): (text: string) => number {
  return (text) => {
    const digits = text.replace(unit, '');
    const value = Number(digits);
    if (digits.trim() === '' || !(value >= 0 && value <= max)) {
      throw new InvalidArgumentError(`it must be a number from 0 to ${max}`);
    }
    return value;
  };
}
