import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.ts';
import { problemsIn, TWO_SIDES } from '../../support/configurations.ts';

describe('what a file is told', () => {
  it.each([
    ['', 'nothing'],
    ['# nothing yet\n', 'nothing'],
    ['- 1', 'a list'],
  ])('asks only for what it has to have: %j', (text, found) => {
    expect(problemsIn(text)).toEqual([
      `1:1 : expected the keys legacy and candidate, found ${found}`,
    ]);
  });

  it('names a key that stands there twice', () => {
    const twice = `${TWO_SIDES}workers: 1\n"workers": 2\n`;
    expect(problemsIn(twice)).toEqual(['4:1 : expected each key once, found "workers" again']);
    expect(problemsIn(`${TWO_SIDES}limits: { head: 8KiB, head: 9KiB }\n`)).toEqual([
      '3:23 : expected each key once, found "head" again',
    ]);
  });

  it.each([
    ['rescue: on', 'rescue: expected off or { after: 1s }, found "on"'],
    ['rescue: true', 'rescue: expected off or { after: 1s }, found true'],
    ['rescue: [1]', 'rescue: expected off or { after: 1s }, found a list'],
    [
      'mirror: { autoPause: on }',
      'mirror.autoPause: expected off or { p99: 1.5, errors: 0.1% }, found "on"',
    ],
    [
      'state: shared\nkey: { from: jwt, claim: sub }',
      'key.claim: expected a JSON Pointer such as /sub, found "sub"',
    ],
  ])('shows what could stand there: %s', (line, problem) => {
    expect(problemsIn(TWO_SIDES + line).map((text) => text.replace(/^\S+ /, ''))).toEqual([
      problem,
    ]);
  });

  it('says that a folder is no file', () => {
    expect(() => loadSettings(tmpdir())).toThrow(`cannot read ${tmpdir()}: it is a folder`);
  });
});
