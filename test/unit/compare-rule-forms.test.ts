import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import type { Comparison, DivergenceKind } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import { answer, rule } from '../support/answers.ts';

function compareBodies(legacy: string, candidate: string, rules: readonly CompareRule[]): string[] {
  return summary(compareAnswers(answer(legacy), answer(candidate), rules, 0));
}

function summary(comparison: Comparison): string[] {
  if (comparison.kind !== 'mismatched') return [comparison.kind];
  return comparison.divergences.map(({ kind, path }) => `${kind} ${path}`);
}

/** Whether the rule excuses that `/a` is this on legacy and that on the candidate; both ways. */
function isExcused(legacy: string, candidate: string, given: CompareRule): boolean {
  const [a, b] = [`{"a":${legacy}}`, `{"a":${candidate}}`];
  const there = compareBodies(a, b, [given]);
  const back = compareBodies(b, a, [given]);
  expect([there[0] === 'ignored', there.length]).toEqual([back[0] === 'ignored', back.length]);
  return there[0] === 'ignored';
}

const text = (value: string): string => JSON.stringify(value);

describe('a rule of the form', () => {
  it.each<[string, CompareRule, string, string]>([
    ['instant', rule('instant', '/a'), text('2024-03-01T12:00:00Z'), '1709294400'],
    ['number', rule('number', '/a'), '1.0', '1'],
    ['number', rule('number', '/a'), text('9007199254740993'), '9007199254740993'],
    ['case', rule('case', '/a'), text('DE'), text('de')],
    ['url', rule('url', '/a'), text('HTTP://A.example:80/%7eb/../c'), text('http://a.example/c')],
    ['url', rule('url', '/a'), text('/a/./b?x=%41'), text('/a/b?x=A')],
    ['tolerance', rule('tolerance', '/a', { tolerance: 0.01, isRelative: true }), '100', '101'],
    ['tolerance', rule('tolerance', '/a', { tolerance: 2 }), '-1', '1'],
    ['pattern', rule('pattern', '/a', { pattern: '[0-9a-f]{4}' }), text('00ff'), text('beef')],
    ['pattern', rule('pattern', '/a', { pattern: '\\d+' }), '12', '13'],
    ['presence', rule('presence', '/a'), '1', text('x')],
    ['presence', rule('presence', '/a'), '{"b":1}', '{"b":2,"c":[1]}'],
    ['bijection', rule('bijection', '/a'), text('a-1'), '7'],
    ['monotonic', rule('monotonic', '/a'), '7', '8'],
    ['within', rule('within', '/a', { withinMs: 5000 }), '1709294400', '1709294404'],
    ['ignore', rule('ignore', '/a'), 'true', '[1]'],
  ])('%s excuses what it is for', (_form, given, legacy, candidate) => {
    expect(isExcused(legacy, candidate, given)).toBe(true);
  });

  it.each<[string, CompareRule, string, string]>([
    ['instant', rule('instant', '/a'), text('2024-03-01T12:00:00Z'), '1709294401'],
    ['number', rule('number', '/a'), '9007199254740993', '9007199254740992'],
    ['number', rule('number', '/a'), text('1.x'), '1'],
    ['case', rule('case', '/a'), text('DE'), text('dk')],
    ['case', rule('case', '/a'), text('1'), '1'],
    [
      'url',
      rule('url', '/a'),
      text('http://a.example/?x=1&y=2'),
      text('http://a.example/?y=2&x=1'),
    ],
    ['url', rule('url', '/a'), text('http://a.example/%2f'), text('http://a.example//')],
    ['tolerance', rule('tolerance', '/a', { tolerance: 0.01, isRelative: true }), '100', '102'],
    ['tolerance', rule('tolerance', '/a', { tolerance: 0.01, isRelative: true }), '0', '0.001'],
    ['tolerance', rule('tolerance', '/a', { tolerance: 2 }), text('1'), '1'],
    ['tolerance', rule('tolerance', '/a', { tolerance: 2 }), '1e999', '-1e999'],
    ['pattern', rule('pattern', '/a', { pattern: '[0-9a-f]{4}' }), text('00ff'), text('00ffx')],
    ['pattern', rule('pattern', '/a', { pattern: '\\d+' }), '12', text('12')],
    ['pattern', rule('pattern', '/a', { pattern: '(' }), text('('), text('((')],
    ['bijection', rule('bijection', '/a'), text('a-1'), 'null'],
    ['bijection', rule('bijection', '/a'), text('a-1'), '["a-1"]'],
    ['monotonic', rule('monotonic', '/a'), text('x'), text('y')],
    ['within', rule('within', '/a', { withinMs: 5000 }), '1709294400', '1709294406'],
    ['within', rule('within', '/a', { withinMs: 5000 }), text('soon'), text('later')],
  ])('%s excuses nothing else', (_form, given, legacy, candidate) => {
    expect(isExcused(legacy, candidate, given)).toBe(false);
  });

  it.each(['presence', 'bijection', 'instant', 'number', 'case', 'url', 'within'] as const)(
    '%s tells of what only one side has',
    (as) => {
      expect(compareBodies('{"a":"x","b":1}', '{"b":1}', [rule(as, '/a')])).toEqual(['missing /a']);
      expect(compareBodies('{"b":1}', '{"a":"x","b":1}', [rule(as, '/a')])).toEqual(['added /a']);
    },
  );
});

describe('the path of a rule', () => {
  it.each<[path: string, place: string]>([
    ['/**/id', '{"id":1}'],
    ['/**/id', '{"a":[{"b":{"id":1}}]}'],
    ['/a/**', '{"a":{"b":[1]}}'],
    ['/a/**/id', '{"a":{"id":1}}'],
    ['/**/b/*/id', '{"a":{"b":{"c":{"id":1}}}}'],
    ['/**', '[[1]]'],
  ])('%s reaches into %s', (path, body) => {
    const other = body.replace('1', '2');
    expect(compareBodies(body, other, [rule('ignore', path)])).toEqual(['ignored']);
    expect(compareBodies(body, other, [rule('tolerance', path, { tolerance: 1 })])).toEqual([
      'ignored',
    ]);
  });

  it.each<[path: string, place: string]>([
    ['/**/id', '{"a":{"ids":1}}'],
    ['/a/**/id', '{"b":{"id":1}}'],
    ['/**/b/*/id', '{"b":{"id":1}}'],
    ['/a/**/b', '{"a":[1]}'],
  ])('%s does not reach into %s', (path, body) => {
    const other = body.replace('1', '2');
    expect(compareBodies(body, other, [rule('ignore', path)])[0]).toMatch(/^value /);
  });

  it('costs one step a value, however deep it stands', () => {
    const deep = (leaf: number): string => `${'['.repeat(500)}${leaf}${']'.repeat(500)}`;
    const wide = (leaf: number): string =>
      `${'['.repeat(400)}${Array.from({ length: 1000 }, () => leaf).join(',')}${']'.repeat(400)}`;
    const rules = Array.from({ length: 20 }, (_, i) => rule('tolerance', `/**/0/**/${i % 2}`));
    expect(compareBodies(deep(1), deep(2), [rule('ignore', '/**/0')])).toEqual(['ignored']);
    expect(compareBodies(wide(1), wide(2), rules)[0]).toMatch(/^value /);
  });
});

describe('a rule for some kinds alone', () => {
  const only = (...kinds: DivergenceKind[]): { readonly kinds: DivergenceKind[] } => ({ kinds });

  it('excuses those and leaves the rest', () => {
    const rules = [rule('ignore', '/a', only('value'))];
    expect(compareBodies('{"a":1}', '{"a":2}', rules)).toEqual(['ignored']);
    expect(compareBodies('{"a":1}', '{"a":"x"}', rules)).toEqual(['type /a']);
    expect(compareBodies('{"a":1,"b":1}', '{"b":1}', rules)).toEqual(['missing /a']);
  });

  it('reaches what is in the place as well', () => {
    const rules = [rule('ignore', '/a', only('value'))];
    expect(compareBodies('{"a":[{"b":1}]}', '{"a":[{"b":2}]}', rules)).toEqual(['ignored']);
    expect(compareBodies('{"a":[{"b":1}]}', '{"a":[{"b":null}]}', rules)).toEqual(['type /a/0/b']);
    expect(compareBodies('[1]', '[2]', [rule('ignore', '', only('value'))])).toEqual(['ignored']);
    expect(compareBodies('[1]', '[2]', [rule('ignore', 'body', only('value'))])).toEqual([
      'ignored',
    ]);
  });

  it('narrows other forms too', () => {
    const rules = [rule('tolerance', '/a', { tolerance: 5, ...only('value') })];
    expect(compareBodies('{"a":1}', '{"a":2}', rules)).toEqual(['ignored']);
    expect(compareBodies('{"a":1.0}', '{"a":1}', rules)).toEqual(['number-format /a']);
  });

  it('counts each divergence that it hides', () => {
    const rules = [rule('ignore', '/**', only('value'))];
    const comparison = compareAnswers(answer('[1,1,"a"]'), answer('[2,2,1]'), rules, 0);
    expect(comparison).toMatchObject({
      kind: 'mismatched',
      divergences: [{ kind: 'type', path: '/2' }],
      hidden: [{ rule: 'ignore(value) /**', divergences: 2 }],
    });
  });
});

describe('a rule for a field', () => {
  function compareFields(legacy: string, candidate: string, given: CompareRule): string {
    const [a, b] = [legacy, candidate].map((value) => answer('{}', ['x-field', value]));
    return compareAnswers(a!, b!, [given], 0).kind;
  }

  it.each<[CompareRule, string, string]>([
    [rule('presence', 'header:x-field'), 'a', 'b'],
    [rule('pattern', 'header:X-Field', { pattern: '"\\w+"' }), '"a"', '"b"'],
    [rule('pattern', 'header:x-field', { pattern: '\\w+' }), '1', 'b'],
    [rule('tolerance', 'header:x-field', { tolerance: 5 }), '10', '12'],
    [rule('case', 'header:x-field'), 'A', 'a'],
    [rule('url', 'header:x-field'), '/a/../b', '/b'],
    [
      rule('within', 'header:x-field', { withinMs: 1000 }),
      'Fri, 01 Mar 2024 12:00:00 GMT',
      'Fri, 01 Mar 2024 12:00:01 GMT',
    ],
    [rule('multiset', 'header:x-field'), 'a, b', 'b,a'],
    [rule('set', 'header:x-field'), 'a, b, a', 'b, a'],
    [rule('bijection', 'header:x-field'), 'a', 'b'],
  ])('excuses what its form allows', (given, legacy, candidate) => {
    expect(compareFields(legacy, candidate, given)).toBe('ignored');
  });

  it.each<[CompareRule, string, string]>([
    [rule('pattern', 'header:x-field', { pattern: '"\\w+"' }), '"a"', 'b'],
    [rule('tolerance', 'header:x-field', { tolerance: 5 }), '10', '16'],
    [rule('multiset', 'header:x-field'), 'a, b, a', 'b, a'],
    [rule('presence', 'header:x-other'), 'a', 'b'],
    [rule('presence', 'trailer:x-field'), 'a', 'b'],
  ])('and nothing else', (given, legacy, candidate) => {
    expect(compareFields(legacy, candidate, given)).toBe('mismatched');
  });

  it('tells of a field that only one side has, but where it is ignored', () => {
    const [legacy, candidate] = [answer('{}', ['x-field', 'a']), answer('{}', [])];
    const kindUnder = (given: CompareRule): string =>
      compareAnswers(legacy, candidate, [given], 0).kind;
    expect(kindUnder(rule('presence', 'header:x-field'))).toBe('mismatched');
    expect(kindUnder(rule('ignore', 'header:x-field'))).toBe('ignored');
  });

  it('may let statuses of one class pass', () => {
    const rules = [rule('pattern', 'status', { pattern: '2..' })];
    expect(compareAnswers(answer('{}', [], 200), answer('{}', [], 204), rules, 0).kind).toBe(
      'ignored',
    );
    expect(compareAnswers(answer('{}', [], 200), answer('{}', [], 404), rules, 0).kind).toBe(
      'mismatched',
    );
  });
});

describe('patterns', () => {
  const slow = '(a+)+$';
  const long = 'a'.repeat(50_000);

  it('cannot be made to hang by what they look at', () => {
    const rules = [rule('pattern', '/a', { pattern: slow })];
    const [a, b] = [`{"a":"${long}"}`, `{"a":"${long}a"}`];
    expect(compareBodies(a, b, rules)).toEqual(['ignored']);
    expect(compareBodies(a, `{"a":"${long}!"}`, rules)).toHaveLength(1);
    expect(compareBodies(a, `{"a":"${long}!"}`, rules)).not.toEqual(['ignored']);
  });

  it('look at so much of one pair and no more: the rest is told', () => {
    const rules = [rule('pattern', '/*', { pattern: slow })];
    const list = (end: string): string =>
      JSON.stringify(Array.from({ length: 20 }, (_, i) => `${long}${'a'.repeat(i)}${end}`));
    const comparison = compareAnswers(answer(list('a')), answer(list('aa')), rules, 0);
    expect(comparison).toMatchObject({ kind: 'mismatched', hidden: [{ divergences: 10 }] });
  });
});

describe('what rules hid', () => {
  it('is told of a mismatched pair as well, each rule by its name', () => {
    const rules = [
      rule('ignore', '/a', { route: 'GET /x' }),
      rule('tolerance', '/b/*', { tolerance: 1 }),
      rule('ignore', '/never'),
    ];
    const [legacy, candidate] = ['{"a":{"x":1},"b":[1,5],"c":1}', '{"a":{"x":2},"b":[2,6],"c":2}'];
    expect(compareAnswers(answer(legacy), answer(candidate), rules, 0)).toMatchObject({
      kind: 'mismatched',
      divergences: [{ path: '/c' }],
      hidden: [
        { rule: 'GET /x ignore /a', divergences: 1 },
        { rule: 'tolerance /b/*', divergences: 2 },
      ],
    });
  });

  it('is nothing where the rule has expired', () => {
    const rules = [rule('ignore', '/a', { until: '2024-01-31' })];
    const at = Date.parse('2024-02-01T00:00:00Z');
    const [legacy, candidate] = [answer('{"a":1}'), answer('{"a":2}')];
    expect(compareAnswers(legacy, candidate, rules, at - 1)).toHaveProperty('hidden');
    expect(compareAnswers(legacy, candidate, rules, at)).not.toHaveProperty('hidden');
  });
});
