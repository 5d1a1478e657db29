import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandNamed, createProgram } from '../../src/cli/program.ts';
import { usageError } from '../../src/cli/usage-error.ts';

/** Sentence and hint for wrong words. */
async function told(words: string): Promise<readonly [string, string | undefined]> {
  const args = words.split(' ');
  const program = await createProgram(args);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const { message, hint } = usageError(error, commandNamed(program, args));
    return [message, hint];
  }
  throw new Error('nothing was wrong');
}

describe('wrong words', () => {
  it.each([
    ['mirror sideways', "turn is 'sideways'", 'it must be one of on, off, reset'],
    ['mirror --percent 200', "--percent is '200'", 'it must be a number from 0 to 100'],
    ['mirror --max-rate 5/m', "--max-rate is '5/m'", 'it must be a number from 0 to 1000000'],
    ['mirror --percent', '--percent has no value', 'see crossfade mirror --help'],
    ['demo --fault none', "--fault is 'none'", 'it must be one of slow, wrong, crash'],
    ['record', '--out is missing', 'see crossfade record --help'],
    ['plan simulate --rps 5', '--config is missing', 'see crossfade plan simulate --help'],
    ['frobnicate', "unknown command 'frobnicate'", 'see crossfade --help'],
    ['status x y', "'x, y' is more than status takes", 'see crossfade status --help'],
    ['generate read-states --out x --sed 1', "unknown option '--sed'", 'did you mean --seed?'],
  ])('%s', async (words, message, hint) => {
    expect(await told(words)).toEqual([message, hint]);
  });

  it('reach beyond the command line where they are right', async () => {
    // Nothing runs here: the rates were understood.
    await expect(told('mirror --max-rate 500/s --store /nowhere/x.db')).rejects.toThrow('No run');
    await expect(told('mirror --percent 50% --store /nowhere/x.db')).rejects.toThrow('No run');
  });
});

it('help of a command within a command speaks as all other help does', async () => {
  const program = await createProgram(['generate']);
  const generate = program.commands.find((command) => command.name() === 'generate')!;
  const help = generate.commands[0]!.helpInformation();
  expect(help).toContain('print help; also `crossfade help COMMAND`');
  expect(help).not.toContain('display help');
});
