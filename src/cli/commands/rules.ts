import { basename } from 'node:path';
import { Command } from 'commander';
import { mergeRecordings } from '../../../replay/merged.ts';
import { findingsIn, type LookedAt } from '../../../replay/recorded-findings.ts';
import { type Finding, suggestRules } from '../../compare/rules/suggest.ts';
import { loadSettings } from '../../config/load.ts';
import { call } from '../../control/client.ts';
import type { ClusterRow } from '../../model/cluster.ts';
import type { Status } from '../../model/rollout.ts';
import { unmatchedMethod } from '../../model/route-name.ts';
import { readRecording } from '../../recording/reader.ts';
import { rulesTable } from '../../report/rules-table.ts';
import { renderReportTable } from '../../report/terminal.ts';
import { plural } from '../../report/wording.ts';
import { hasColor, printJson, printLine } from '../output.ts';
import { type Place, placeOptions, rolloutAt } from '../place.ts';
import { suggestionsYaml } from '../rule-yaml.ts';

interface RulesFlags extends Place {
  readonly json?: boolean;
}

interface SuggestFlags extends RulesFlags {
  readonly from?: readonly string[];
}

/** `crossfade rules`: what each compare rule hid; `suggest`: rules for what differs. */
export function rulesCommand(): Command {
  return placeOptions(new Command('rules'))
    .description(
      'Lists the compare rules of a run with what each has hidden, which have expired and which ' +
        'were never used.',
    )
    .option('--json', 'the same facts as JSON')
    .action(async (flags: RulesFlags) => {
      const { rules } = await fetchStatus(flags);
      if (flags.json === true) printJson({ rules });
      else printLine(listed(rules));
    })
    .addCommand(suggestCommand());
}

function suggestCommand(): Command {
  return placeOptions(new Command('suggest'))
    .description('proposes rules for what differs, each with its evidence; writes no file')
    .option('--from <file...>', 'recordings; else the divergences of the run')
    .option('--json', 'the same facts as JSON')
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      await suggest(command.optsWithGlobals<SuggestFlags>());
    });
}

const HELP = `
Prints YAML to be copied into the configuration, once somebody has looked at the examples and
given the reason. Nothing is proposed for what a client may notice: a status, a missing field,
another type, an id that lost its digits. A recording shows every value; a run a few of each.`;

function fetchStatus(place: Place): Promise<Status> {
  return call(rolloutAt(place), 'GET', '/v1/status');
}

function listed(rules: Status['rules']): string {
  const table = rulesTable(rules);
  if (table === null) return 'The configuration has no compare rules.';
  const widthMax = process.stdout.columns ?? 100;
  return renderReportTable(table, { color: hasColor(), widthMax });
}

async function suggest(flags: SuggestFlags): Promise<void> {
  const { findings, source } = await lookAt(flags);
  const suggestions = suggestRules(findings);
  if (flags.json === true) printJson({ source, ...suggestions });
  else printLine(suggestionsYaml(suggestions, source));
}

async function lookAt(
  flags: SuggestFlags,
): Promise<{ readonly findings: readonly Finding[]; readonly source: string }> {
  const { from = [], config } = flags;
  if (from.length === 0) {
    const { clusters, rollout } = await fetchStatus(flags);
    return { findings: findingsOf(clusters), source: `the run of ${rollout.label}` };
  }
  const recordings = mergeRecordings(from.map((file) => readRecording(file)));
  const { description } = recordings;
  const looked: LookedAt =
    config === undefined ? { ...description, compare: [] } : loadSettings(config);
  const { findings, compared } = await findingsIn(recordings, looked);
  for (const warning of recordings.warnings) {
    process.stderr.write(`crossfade: warning: ${warning}\n`);
  }
  const names = from.map((file) => basename(file)).join(', ');
  return { findings, source: `${plural(compared, 'compared pair')} of ${names}` };
}

/** Clusters of one place and kind together, whatever happened to the values. */
function findingsOf(clusters: readonly ClusterRow[]): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const { countedAs, path, kind, count, rate, examples } of clusters) {
    const name = JSON.stringify([countedAs, path, kind]);
    const known = found.get(name);
    const values = examples.map(
      ({ legacy, candidate }) => [legacy ?? undefined, candidate ?? undefined] as const,
    );
    found.set(name, {
      route: unmatchedMethod(countedAs) === null ? countedAs : null,
      path,
      kind,
      pairs: (known?.pairs ?? 0) + count,
      compared: rate?.compared ?? null,
      values: [...(known?.values ?? []), ...values],
    });
  }
  return [...found.values()].sort((a, b) => b.pairs - a.pairs);
}
