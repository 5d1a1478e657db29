import { Command } from 'commander';
import { call } from '../../control/client.ts';
import type { Reloaded } from '../../control/routes.ts';
import { printJson, printLine } from '../output.ts';
import { type Place, placeOptions, rolloutAt } from '../place.ts';

/** Longer than every proxy may take to start, twice: a reload may wait for another. */
const RELOAD_MAX_MS = 60_000;

interface ReloadFlags extends Place {
  readonly json?: boolean;
}

/** `crossfade reload`: the run reads its configuration anew; a wrong one changes nothing. */
export function reloadCommand(): Command {
  return placeOptions(new Command('reload'))
    .description(
      'The run reads the file anew that it was started with, checks it whole, and replaces its ' +
        'proxies on the same socket. As SIGHUP to `crossfade run` does.',
    )
    .option('--json', 'print what has changed as JSON')
    .action(async (flags: ReloadFlags) => {
      const path = '/v1/reload';
      const done: Reloaded = await call(rolloutAt(flags), 'POST', path, {}, RELOAD_MAX_MS);
      if (flags.json === true) printJson(done);
      else printLine(`${done.sentence}. ${proxies(done.workers)}`);
    });
}

function proxies(count: number): string {
  return count === 1 ? '1 proxy serves.' : `${count} proxies serve.`;
}
