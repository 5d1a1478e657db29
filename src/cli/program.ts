import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { codeOf } from '../kit/errors.ts';
import type { VerbName } from './commands/verbs.ts';

/** One command as the help lists it. */
export interface CommandEntry {
  readonly name: string;
  /** Heading it stands under in the help. */
  readonly group: string;
  readonly summary: string;
  /** Loads the command's own module, so that help and errors come quickly. */
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of the help. A new command is one file and one row. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'demo',
    group: 'Run:',
    summary: 'the whole story in about a minute, nothing to configure',
    load: async () => (await import('./commands/demo.ts')).demoCommand(),
  },
  {
    name: 'run',
    group: 'Run:',
    summary: 'proxy and controller: -c FILE, or --legacy URL --candidate URL',
    load: async () => (await import('./commands/run.ts')).runCommand(),
  },
  {
    name: 'preflight',
    group: 'Run:',
    summary: 'what would change with the proxy in front: -c FILE, or the two URLs',
    load: async () => (await import('./commands/preflight.ts')).preflightCommand(),
  },
  {
    name: 'status',
    group: 'Rollout:',
    summary: 'where it stands, why, what it waits for',
    load: async () => (await import('./commands/status.ts')).statusCommand(),
  },
  verb('hold', 'stay at this percent; gates go on being judged'),
  verb('resume', 'climb on from here; after a rollback, from 0 %'),
  verb('promote', 'take the next step though gates are inconclusive'),
  verb('approve', 'give the approval that a step waits for'),
  verb('rollback', 'to the safe target now, and stay there'),
  verb('begin', 'a new candidate build: old evidence sealed, back to 0 %'),
  {
    name: 'reload',
    group: 'Rollout:',
    summary: 'the configuration read anew, without losing a connection',
    load: async () => (await import('./commands/reload.ts')).reloadCommand(),
  },
  {
    name: 'mirror',
    group: 'Rollout:',
    summary: 'how much is mirrored: on, off (ends all of it at once), --percent, --max-rate',
    load: async () => (await import('./commands/mirror.ts')).mirrorCommand(),
  },
  {
    name: 'rules',
    group: 'Comparison:',
    summary: 'what each compare rule hid; suggest: rules for what differs',
    load: async () => (await import('./commands/rules.ts')).rulesCommand(),
  },
  {
    name: 'compare',
    group: 'Comparison:',
    summary: 'two files with an answer each, or two recordings: what differs',
    load: async () => (await import('./commands/compare.ts')).compareCommand(),
  },
  {
    name: 'rejudge',
    group: 'Comparison:',
    summary: 'recorded pairs under new rules, and what that changes: -c FILE',
    load: async () => (await import('./commands/rejudge.ts')).rejudgeCommand(),
  },
  {
    name: 'selftest',
    group: 'Comparison:',
    summary: 'known bugs in recorded answers: which kinds are caught, which rule hides which',
    load: async () => (await import('./commands/selftest.ts')).selftestCommand(),
  },
  {
    name: 'override',
    group: 'Testing:',
    summary: "the signed field that sends a tester's requests to one side",
    load: async () => (await import('./commands/override.ts')).overrideCommand(),
  },
  {
    name: 'replay',
    group: 'Recordings:',
    summary: 'send a recording to both sides, compare, exit by the verdict',
    load: async () => (await import('./commands/replay.ts')).replayCommand(),
  },
  {
    name: 'record',
    group: 'Recordings:',
    summary: 'run, and record every pair: --out FILE',
    load: async () => (await import('./commands/record.ts')).recordCommand(),
  },
  {
    name: 'generate',
    group: 'Recordings:',
    summary: 'a seeded workload as a recording',
    load: async () => (await import('./commands/generate.ts')).generateCommand(),
  },
  {
    name: 'report',
    group: 'Evidence:',
    summary: 'a rollout with all its evidence, also where no run serves it any more',
    load: async () => (await import('./commands/report.ts')).reportCommand(),
  },
  {
    name: 'plan',
    group: 'Evidence:',
    summary: 'what each gate finds and in how long, before the climb: -c FILE --rps N',
    load: async () => (await import('./commands/plan.ts')).planCommand(),
  },
  {
    name: 'diagnose',
    group: 'Evidence:',
    summary: 'why the tail is what it is: a run, or a recording of pairs',
    load: async () => (await import('./commands/diagnose.ts')).diagnoseCommand(),
  },
  {
    name: 'model',
    group: 'Evidence:',
    summary: "what a runtime's pauses do to a queue, open and closed loop: --runtime beam|go|none",
    load: async () => (await import('./commands/model.ts')).modelCommand(),
  },
  {
    name: 'read-states',
    group: 'Service:',
    summary: 'the built-in Read States service: --engine legacy|slab',
    load: async () => (await import('./commands/read-states.ts')).readStatesCommand(),
  },
];

function verb(name: VerbName, summary: string): CommandEntry {
  return {
    name,
    group: 'Rollout:',
    summary,
    load: async () => (await import('./commands/verbs.ts')).verbCommand(name, summary),
  };
}

/** The program with the command that `args` names loaded whole and all others by name. */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('crossfade')
    .description('Run two implementations on the same traffic and fade from one to the other.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; also `crossfade help COMMAND`')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError()
    .addHelpCommand(
      new Command('help')
        .argument('[command]')
        .description('print the help of a command')
        .helpGroup('Help:'),
    );
  const words = args.filter((word) => !word.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  for (const entry of COMMANDS) {
    const command = entry.name === wanted ? await entry.load() : new Command(entry.name);
    command.summary(entry.summary).helpGroup(entry.group).copyInheritedSettings(program);
    for (const inner of command.commands) inner.copyInheritedSettings(command);
    program.addCommand(command);
  }
  return program;
}

/** The command that `args` name, as it is called: `crossfade plan simulate`. */
export function commandNamed(program: Command, args: readonly string[]): string {
  const names = [program.name()];
  let command: Command | undefined = program;
  for (const word of args) {
    command = command.commands.find((inner) => inner.name() === word);
    if (command === undefined) break;
    names.push(command.name());
  }
  return names.join(' ');
}

/** Beside the sources when they run directly, one folder further up when they were built. */
function packageVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const file: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (typeof file === 'object' && file !== null && 'version' in file) {
        return String(file.version);
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}
