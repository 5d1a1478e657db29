import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemsIn, settled, TWO_SIDES } from '../../support/configurations.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossfade-rules-'));

beforeAll(() => {
  for (const name of ['shapes.ts', 'shapes.txt']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(rule: string): string[] {
  return problemsIn(`${TWO_SIDES}compare:\n  - { ${rule} }\n`, folder);
}

function ruleOf(rule: string): object {
  return settled(`compare: [{ ${rule} }]`, folder).compare[0]!;
}

describe('a compare rule of a file', () => {
  it.each([
    ['path: /a, as: tolerance, tolerance: 1%', { as: 'tolerance', tolerance: 0.01 }],
    ['path: /a, tolerance: 1 %', { as: 'tolerance', tolerance: 0.01, isRelative: true }],
    ['path: /a, tolerance: 0.5', { as: 'tolerance', tolerance: 0.5 }],
    ['path: /a, within: 5s', { as: 'within', withinMs: 5000 }],
    ["path: /a, pattern: '[0-9]+'", { as: 'pattern', pattern: '[0-9]+' }],
    ['path: /a, as: ignore, kind: value', { as: 'ignore', kinds: ['value'] }],
    ['path: /a, as: ignore, kind: [value, type]', { kinds: ['value', 'type'] }],
    ['path: /a/**, as: multiset, by: [id]', { as: 'multiset', by: ['id'], path: '/a/**' }],
  ])('%s is taken as meant', (text, expected) => {
    expect(ruleOf(text)).toMatchObject(expected);
  });

  it('may be a map, against the folder of the file', () => {
    expect(ruleOf('map: ./shapes.ts#flat')).toMatchObject({
      path: '',
      as: 'map',
      map: { path: join(folder, 'shapes.ts'), name: 'flat', text: './shapes.ts#flat' },
    });
  });

  it.each([
    ['path: /a', '4:5 compare[0]: expected the key "as": what is made of a difference; found none'],
    ['as: ignore', '4:5 compare[0]: expected the key "path": the place in the answer; found none'],
    [
      'path: /a, as: within',
      '4:5 compare[0]: expected the key "within": how far apart two moments may be, such as 5s; ' +
        'found none',
    ],
    [
      'path: /a, as: ignore, pattern: x',
      '4:38 compare[0].pattern: only "as: pattern" has one, found "as: ignore"',
    ],
    [
      'path: /a, as: ignore, by: [id]',
      '4:33 compare[0].by: only "as: set" and "as: multiset" have one, found "as: ignore"',
    ],
    [
      'path: /a, as: set, kind: value',
      '4:32 compare[0].kind: expected none with "as: set", which looks at all of it',
    ],
    [
      'map: ./shapes.ts#flat, path: /a',
      '4:36 compare[0].path: expected none: a map is given the whole answer',
    ],
    [
      'map: ./none.ts#flat',
      `4:12 compare[0].map: expected a file, found none at ${join(folder, 'none.ts')}`,
    ],
    [
      'map: ./shapes.txt#flat',
      '4:12 compare[0].map: expected a .ts, .mts, .js or .mjs file, found "./shapes.txt#flat"',
    ],
    [
      'map: ./shapes.ts',
      '4:12 compare[0].map: expected a module and what it exports, such as ./shapes.ts#flat, ' +
        'found "./shapes.ts"',
    ],
    [
      'path: /a, as: ignor',
      '4:21 compare[0].as: expected one of ignore, instant, number, case, url, set, multiset, ' +
        'tolerance, pattern, presence, bijection, monotonic, within, map, found "ignor"; ' +
        'did you mean "ignore"?',
    ],
    [
      `path: ${'/a'.repeat(31)}, as: ignore`,
      '4:13 compare[0].path: expected at most 30 segments, found 31',
    ],
  ])('%s is refused with its place', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each([
    ["pattern: '(?=a)b'", '"(?=a)b": '],
    ["pattern: '(a)\\1'", '"(a)\\1": '],
    ["pattern: '(a'", '"(a": '],
    [`pattern: '${'a'.repeat(501)}'`, '501 characters, at most 500 go'],
  ])('with %s is refused: no engine of linear time runs it', (text, found) => {
    const [problem = ''] = problemsOf(`path: /a, ${text}`);
    expect(problem).toMatch(/^4:26 compare\[0\]\.pattern: expected a regular expression without/);
    expect(problem).toContain(found);
  });

  it('refuses a kind that there is not', () => {
    const [problem = ''] = problemsOf('path: /a, as: ignore, kind: [valeu]');
    expect(problem).toMatch(/^4:36 compare\[0\]\.kind\[0\]: expected one of status, /);
    expect(problem).toContain('did you mean "value"?');
  });

  it('stands once for each place, form and kind, so that it can be counted', () => {
    const text = `${TWO_SIDES}compare:
  - { path: /a, as: ignore }
  - { path: /a, as: ignore, kind: value }
  - { path: /a, as: ignore }
`;
    expect(problemsIn(text)).toEqual([
      '6:5 compare[2]: expected each place, form and kind once, found what rule 0 is about again',
    ]);
  });

  it('of the top of the file holds for every route, behind its own rules', () => {
    const { routes, compare } = settled(
      `compare: [{ path: /all, as: ignore }, { map: shapes.ts#all }]
routes:
  - { match: GET /a, compare: [{ path: /own, as: ignore }] }
  - { match: GET /b, compare: [{ map: shapes.ts#own }] }
`,
      folder,
    );
    const places = routes.map((route) => route.compare.map((rule) => rule.map?.text ?? rule.path));
    expect(places).toEqual([
      ['/own', '/all', 'shapes.ts#all'],
      ['shapes.ts#own', '/all'],
    ]);
    expect(routes[0]!.compare.map((rule) => rule.route)).toEqual(['GET /a', undefined, undefined]);
    expect(compare).toHaveLength(2);
  });
});
