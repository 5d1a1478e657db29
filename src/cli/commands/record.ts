import { Command } from 'commander';
import { addRunOptions, type RunFlags, run } from './run.ts';

/** `crossfade record`: as `run`, and every pair goes to a recording. */
export function recordCommand(): Command {
  return addRunOptions(new Command('record'))
    .description('run, and record requests, keys, arrival times and both answers')
    .requiredOption('--out <file>', 'where the recording goes; an existing file is never touched')
    .action((flags: RunFlags & { readonly out: string }) => run({ ...flags, record: flags.out }));
}
