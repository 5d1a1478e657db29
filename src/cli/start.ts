/** Runs the command that the words of this process name. Importing it begins. */
import { CommanderError } from 'commander';
import { codeOf, EXIT } from '../kit/errors.ts';
import { reportError } from './output.ts';
import { commandNamed, createProgram } from './program.ts';
import { usageError } from './usage-error.ts';

async function main(args: readonly string[]): Promise<number | undefined> {
  let command = 'crossfade';
  try {
    const program = await createProgram(args);
    command = commandNamed(program, args);
    if (args.length === 0) {
      program.outputHelp();
      return EXIT.pass;
    }
    await program.parseAsync([...args], { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.pass;
    // A command that needs another word has printed its help already.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const isJson = args.includes('--json') || /--format[= ]json/.test(args.join(' '));
    return reportError(
      error instanceof CommanderError ? usageError(error, command) : error,
      isJson,
    );
  }
}

// A reader that has gone (`crossfade status | head`) is no reason to fail: `run` goes on.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error;
  });
}

const exitCode = await main(process.argv.slice(2));
if (exitCode !== undefined) process.exitCode = exitCode;
