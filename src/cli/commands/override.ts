import { Command, Option } from 'commander';
import { loadSettings } from '../../config/load.ts';
import { CrossfadeError } from '../../kit/errors.ts';
import { parseDurationMs } from '../../kit/units.ts';
import type { Side } from '../../model/exchange.ts';
import { OVERRIDE_HEADER, signOverride } from '../../proxy/fields/override.ts';
import { printJson, printLine } from '../output.ts';

interface OverrideFlags {
  readonly config: string;
  readonly side: Side;
  readonly for: string;
  readonly json?: boolean;
}

const LONGEST_MS = 30 * 86_400_000;

/** `crossfade override`: the request field by which a tester chooses the side, for a while. */
export function overrideCommand(): Command {
  return new Command('override')
    .description(
      "print the request field that sends a tester's requests to one side; they are no evidence",
    )
    .requiredOption('-c, --config <file>', 'configuration (YAML) with `overrides`')
    .addOption(
      new Option('--side <side>', 'who answers')
        .choices(['legacy', 'candidate'])
        .default('candidate'),
    )
    .option('--for <duration>', 'how long it holds, up to 30d', '1h')
    .option('--json', 'the same facts as JSON')
    .action((flags: OverrideFlags) => {
      const { overrideSecret } = loadSettings(flags.config);
      if (overrideSecret === null) {
        throw new CrossfadeError('usage', `${flags.config} allows no overrides`, {
          hint: 'add overrides: { secret: { env: CROSSFADE_OVERRIDE_SECRET } } and reload',
        });
      }
      const forMs = parseDurationMs(flags.for);
      if (forMs === undefined || forMs <= 0 || forMs > LONGEST_MS) {
        throw new CrossfadeError('usage', `--for takes up to 30d, found "${flags.for}"`, {
          hint: 'for example --for 30m or --for 8h',
        });
      }
      const untilSec = Math.floor((Date.now() + forMs) / 1000);
      const value = signOverride(overrideSecret, flags.side, untilSec);
      const until = new Date(untilSec * 1000).toISOString();
      if (flags.json === true) printJson({ header: OVERRIDE_HEADER, value, until });
      else printLine(`${OVERRIDE_HEADER}: ${value}`);
    });
}
