import { Command } from 'commander';
import { call, type ControlPoint } from '../../control/client.ts';
import { outcomeOf } from '../../judge/verdict.ts';
import { systemClock } from '../../kit/clock.ts';
import { CrossfadeError, EXIT } from '../../kit/errors.ts';
import type { RolloutEvent, Status } from '../../model/rollout.ts';
import { REPORT_FORMATS } from '../../report/render.ts';
import type { Report } from '../../report/report.ts';
import { rolloutReport } from '../../report/rollout-report.ts';
import { storedFacts } from '../../rollout/stored.ts';
import type { RolloutFile } from '../../store/rollout-store.ts';
import { type Place, placeOptions } from '../place.ts';
import {
  OUTCOME_EXIT_CODES,
  printReport,
  type ReportFlags,
  reportFormat,
} from '../report-output.ts';
import { fromRunOrStore } from '../run-or-store.ts';

/** `crossfade report [RUN]`: a rollout with its evidence, of a run or of what one has left. */
export function reportCommand(): Command {
  return placeOptions(new Command('report'))
    .description('a rollout with all its evidence, also where no run serves it any more')
    .argument('[run]', "a run's store, or its folder")
    .option('--format <format>', `${REPORT_FORMATS.join(', ')} (default terminal)`)
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write the report there; the terminal gets its own')
    .addHelpText('after', HELP)
    .action((run: string | undefined, flags: Place & ReportFlags) => report(run, flags));
}

const HELP = `
A run that serves is asked. Without one its store tells what was written last: the verdict with the
very sentences that \`crossfade status\` told with it, clusters, and the story of the rollout.

Examples:
  crossfade report                           the run whose store is ./crossfade.db
  crossfade report /var/lib/crossfade --out report.html
  crossfade report --json | jq -r '.gates[].sentence'

Exit codes: 0 every gate passes, 3 one fails or the rollout was rolled back, 4 not proved yet, 2 a
file that cannot be used, 5 neither a run nor a store, or a run that does not answer and holds it.`;

async function report(run: string | undefined, flags: Place & ReportFlags): Promise<void> {
  const format = reportFormat(flags);
  const told = await fromRunOrStore(run === undefined ? flags : { store: run }, {
    ask: reportOfRun,
    read: reportOfStore,
    hint: "Name a run's store, or its folder: crossfade report RUN.",
  });
  printReport(told, format, flags.out);
  process.exitCode = OUTCOME_EXIT_CODES[told.outcome];
}

async function reportOfRun(run: ControlPoint): Promise<Report> {
  const status = await call<Status>(run, 'GET', '/v1/status');
  type Events = { readonly events: readonly RolloutEvent[] };
  const { events } = await call<Events>(run, 'GET', '/v1/events');
  const outcome = outcomeOf(status.gates.map(({ verdict }) => verdict));
  return rolloutReport({ ...status, events, outcome }, 'told by the run, which serves');
}

function reportOfStore(file: RolloutFile, path: string): Report {
  const facts = storedFacts(file, file.missedWrites.all(), systemClock);
  if (facts !== null) return rolloutReport(facts, `told by ${path}, which no run serves`);
  throw new CrossfadeError('no-rollout', `No rollout has begun in ${path}.`, {
    hint: 'It begins with the first crossfade run on this store.',
    exitCode: EXIT.inconclusive,
  });
}
