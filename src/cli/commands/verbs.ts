import { Command } from 'commander';
import type { Status } from '../../model/rollout.ts';
import { call } from '../../control/client.ts';
import { type Place, placeOptions, rolloutAt } from '../place.ts';
import { printJson, printLine } from '../output.ts';

/** What an operator can tell a rollout to do. */
export type VerbName = 'hold' | 'resume' | 'promote' | 'approve' | 'rollback' | 'begin';

interface VerbFlags extends Place {
  readonly reason?: string;
  readonly label?: string;
  readonly json?: boolean;
}

/** `crossfade hold` and its sisters: one sentence to the rollout, and what has become of it. */
export function verbCommand(name: VerbName, summary: string): Command {
  const command = placeOptions(new Command(name).description(summary));
  if (name === 'begin') command.requiredOption('--label <build>', 'the new candidate build');
  return command
    .option('--reason <text>', 'why, for the event log')
    .option('--json', 'print the status that follows as JSON')
    .action(async (flags: VerbFlags) => {
      await act(name, flags);
    });
}

async function act(name: VerbName, flags: VerbFlags): Promise<void> {
  const { reason = '', label } = flags;
  const body = label === undefined ? { reason } : { reason, label };
  const status: Status = await call(rolloutAt(flags), 'POST', `/v1/${name}`, body);
  if (flags.json === true) {
    printJson(status);
    return;
  }
  const { rollout } = status;
  printLine(`${rollout.label}: ${rollout.phase} at ${rollout.percent} %. ${rollout.reason}`);
  for (const waiting of rollout.waitingFor) printLine(`waiting for: ${waiting}`);
}
