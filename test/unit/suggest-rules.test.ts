import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { suggestionsYaml } from '../../src/cli/rule-yaml.ts';
import { type Finding, type SeenPair, suggestRules } from '../../src/compare/rules/suggest.ts';
import type { DivergenceKind } from '../../src/model/pair.ts';
import { settled } from '../support/configurations.ts';

function finding(
  kind: DivergenceKind,
  path: string,
  values: readonly SeenPair[],
  route: string | null = 'GET /v1/users/:user',
): Finding {
  return { route, path, kind, pairs: 12, compared: 400, values };
}

const uuid = (digit: string): string => `"${digit}23e4567-e89b-12d3-a456-42661417400${digit}"`;

describe('a proposal', () => {
  it.each<[DivergenceKind, readonly SeenPair[], object]>([
    ['timestamp-format', [['"2024-03-01T12:00:00Z"', '1709294400']], { as: 'instant' }],
    ['number-format', [['1.0', '1']], { as: 'number' }],
    ['letter-case', [['"DE"', '"de"']], { as: 'case' }],
    ['value', [['"http://A.b/"', '"http://a.b:80"']], { as: 'url' }],
    [
      'timestamp-precision',
      [['"2024-03-01T12:00:00.123Z"', '"2024-03-01T12:00:00Z"']],
      { as: 'within', within: '1s' },
    ],
    [
      'value',
      [
        ['100', '100.5'],
        ['3', '2.99'],
      ],
      { as: 'tolerance', tolerance: '1%' },
    ],
    [
      'generated',
      [
        [uuid('1'), uuid('2')],
        [uuid('3'), uuid('4')],
      ],
      { as: 'pattern' },
    ],
    [
      'generated',
      [
        [uuid('1'), uuid('2')],
        [uuid('3'), uuid('4')],
        [uuid('1'), uuid('2')],
      ],
      { as: 'bijection' },
    ],
    [
      'array-order',
      [['[{"id":1},{"id":2}]', '[{"id":2},{"id":1}]']],
      { as: 'multiset', by: ['id'] },
    ],
    ['array-order', [['[1,2]', '[2,1]']], { as: 'multiset', by: [] }],
  ])('of %s is the narrowest form that all values fit', (kind, values, expected) => {
    const { proposals, without } = suggestRules([finding(kind, '/a', values)]);
    expect(proposals).toMatchObject([expected]);
    expect(without).toEqual([]);
  });

  it('of a field that both sides have is its presence, where nothing narrower fits', () => {
    const { proposals } = suggestRules([finding('header', 'header:etag', [['"a"', '"b"']])]);
    expect(proposals).toMatchObject([{ as: 'presence' }]);
  });

  it.each<[DivergenceKind, readonly SeenPair[]]>([
    ['status', [['200', '500']]],
    ['missing', [['1', undefined]]],
    ['type', [['1', '"1"']]],
    ['id-precision', [['1209412409644096084', '1209412409644096000']]],
    [
      'value',
      [
        ['1', '2'],
        ['"a"', '"b"'],
      ],
    ],
    ['value', [['"left"', '"right"']]],
    ['value', [['1209412409644096084', '1209412409644096085']]],
    ['value', [['"2024-03-01T12:00:00Z"', '"2024-03-02T12:00:00Z"']]],
    ['value', [[`"${'a'.repeat(20)}…`, `"${'b'.repeat(20)}…`]]],
    ['value', []],
  ])('is not made of %s that a client may notice', (kind, values) => {
    const path = kind === 'status' ? 'status' : '/a';
    const { proposals, without } = suggestRules([finding(kind, path, values)]);
    expect(proposals).toEqual([]);
    expect(without).toHaveLength(1);
  });
});

describe('the text of proposals', () => {
  const suggestions = suggestRules([
    finding('number-format', '/total', [['1.0', '1']]),
    finding('generated', '/items/*/trace id', [[uuid('1'), uuid('2')]]),
    finding('array-order', '/tags', [['[1,2]', '[2,1]']], null),
    finding('missing', '/b\u001b[2J', [['1', undefined]]),
  ]);
  const text = suggestionsYaml(suggestions, '400 compared pairs of traffic.crossfade');
  const toFill = ['TO', 'DO'].join('');

  it('is a configuration once somebody gives the reasons', () => {
    const { routes, compare } = settled(text);
    expect(routes.map((route) => route.match)).toEqual(['GET /v1/users/:user']);
    expect(routes[0]!.compare.map(({ as, path }) => [as, path])).toEqual([
      ['number', '/total'],
      ['pattern', '/items/*/trace id'],
      ['multiset', '/tags'],
    ]);
    expect(compare).toHaveLength(1);
    expect(text.split(`reason: ${toFill}`)).toHaveLength(4);
    expect(parse(text)).toHaveProperty('routes');
  });

  it('shows with each what was seen, and how often', () => {
    expect(text).toContain(
      '# number-format at /total: 12 pairs (3 %); legacy 1.0, candidate 1\n' +
        `      - { path: /total, as: number, reason: ${toFill} }`,
    );
    expect(text.split('\n')[0]).toBe(
      '# 3 rules for a person to accept, from 400 compared pairs of traffic.crossfade. ' +
        'Each needs a reason.',
    );
  });

  it('names what it has no rule for, and lets nothing out of its comment', () => {
    expect(text.split('\n').at(-1)).toBe(
      '#   missing at /b\\u{001b}[2J: 12 pairs (3 %); legacy 1, candidate nothing ' +
        'of GET /v1/users/:user',
    );
  });
});
