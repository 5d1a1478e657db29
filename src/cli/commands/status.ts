import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import type { Status } from '../../model/rollout.ts';
import { call } from '../../control/client.ts';
import { hasColor, printJson, printLine } from '../output.ts';
import { type Place, placeOptions, rolloutAt } from '../place.ts';
import { renderStatus } from '../status-view.ts';

const WATCH_PERIOD_MS = 1000;
const CLEAR = '\u001b[2J\u001b[H';

interface StatusFlags extends Place {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** `crossfade status`: where the rollout stands, why, what it waits for, and the evidence. */
export function statusCommand(): Command {
  return placeOptions(new Command('status'))
    .description('where the rollout stands, why, and what it waits for')
    .option('-w, --watch', 'again every second, until Ctrl-C')
    .option('--json', 'the same facts as JSON; with --watch one object a line')
    .action(async (flags: StatusFlags) => {
      if (flags.watch === true) await watch(flags);
      else if (flags.json === true) printJson(await fetchStatus(flags));
      else printLine(renderStatus(await fetchStatus(flags), hasColor()));
    });
}

function fetchStatus(flags: StatusFlags): Promise<Status> {
  return call(rolloutAt(flags), 'GET', '/v1/status');
}

/** Ends when its reader has gone. A terminal is cleared between two views; a file is not. */
async function watch(flags: StatusFlags): Promise<void> {
  const isTerminal = process.stdout.isTTY;
  while (process.stdout.writable) {
    const status = await fetchStatus(flags);
    if (flags.json === true) printLine(JSON.stringify(status));
    else printLine(`${isTerminal ? CLEAR : ''}${renderStatus(status, hasColor())}`);
    await pause(WATCH_PERIOD_MS);
  }
}
