import type { CommanderError } from 'commander';
import { CrossfadeError } from '../kit/errors.ts';

/** A sentence of commander's, and ours for it: what is wrong, and what it should be instead. */
type Wording = readonly [theirs: RegExp, ours: string, hint: string];

const WORDINGS: readonly Wording[] = [
  [/^option '(?:-\w, )?(--[\w-]+).*' argument missing$/, '$1 has no value', ''],
  [
    /^option '(?:-\w, )?(--[\w-]+).*' argument '(.*)' is invalid\. Allowed choices are (.+)\.$/,
    "$1 is '$2'",
    'it must be one of $3',
  ],
  [/^option '(?:-\w, )?(--[\w-]+).*' argument '(.*)' is invalid\. (.+)$/, "$1 is '$2'", '$3'],
  [
    /^command-argument value '(.*)' is invalid for argument '(.+)'\. Allowed choices are (.+)\.$/,
    "$2 is '$1'",
    'it must be one of $3',
  ],
  [/^required option '(?:-\w, )?(--[\w-]+).*' not specified$/, '$1 is missing', ''],
  [/^missing required argument '(.+)'$/, '$1 is missing', ''],
  [
    /^too many arguments for '(.+)'\. Expected (\d+) .* got (\d+): (.+)\.$/,
    "'$4' is more than $1 takes",
    '',
  ],
];

/** What commander found wrong, said as every other error is; `command`: whose help to see. */
export function usageError(error: CommanderError, command: string): CrossfadeError {
  const [sentence = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const meant = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(suggestion ?? '')?.[1];
  const wording = WORDINGS.find(([theirs]) => theirs.test(sentence));
  const [theirs = /$/, ours = '', told = ''] = wording ?? [];
  const expected = told === '' ? '' : sentence.replace(theirs, told);
  const hint = meant === undefined ? expected || `see ${command} --help` : `did you mean ${meant}?`;
  const message = wording === undefined ? sentence : sentence.replace(theirs, ours);
  return new CrossfadeError('usage', message, { hint, cause: error });
}
