import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import type { Divergence, DivergenceKind } from '../../src/model/pair.ts';
import { answer } from '../support/answers.ts';

function divergences(legacy: string, candidate: string): readonly Divergence[] {
  const comparison = compareAnswers(answer(legacy), answer(candidate), [], 0);
  return comparison.kind === 'mismatched' ? comparison.divergences : [];
}

type Row = readonly [
  kind: DivergenceKind,
  legacy: string,
  candidate: string,
  path: string,
  legacyValue: string | undefined,
  candidateValue: string | undefined,
];

const ROWS: readonly Row[] = [
  ['value', '{"a":1}', '{"a":2}', '/a', '1', '2'],
  ['value', '{"a":"x"}', '{"a":"y"}', '/a', '"x"', '"y"'],
  ['value', '{"a":true}', '{"a":false}', '/a', 'true', 'false'],
  ['value', '{"a/b~c":[0,1]}', '{"a/b~c":[0,2]}', '/a~1b~0c/1', '1', '2'],
  ['value', '1', '2', 'body', '1', '2'],
  ['value', '{"a":1e400}', '{"a":1e401}', '/a', '1e400', '1e401'],
  ['value', '{"__proto__":{"x":1}}', '{"__proto__":{"x":2}}', '/__proto__/x', '1', '2'],
  ['value', '{"a":"\\ud800"}', '{"a":"\\ud801"}', '/a', '"\\ud800"', '"\\ud801"'],
  ['type', '{"a":1}', '{"a":"1"}', '/a', '1', '"1"'],
  ['type', '{"a":"x"}', '{"a":null}', '/a', '"x"', 'null'],
  ['type', '{"a":{}}', '{"a":[]}', '/a', '{}', '[]'],
  ['type', '{"a":1}', '{"a":[1]}', '/a', '1', '[1]'],
  ['missing', '{"a":1,"b":2}', '{"a":1}', '/b', '2', undefined],
  ['missing', '{"a":{"b":1}}', '{}', '/a', '{"b":1}', undefined],
  ['added', '{"a":1}', '{"a":1,"b":[0]}', '/b', undefined, '[0]'],
  ['default-or-missing', '{"a":1}', '{"a":1,"b":[]}', '/b', undefined, '[]'],
  ['default-or-missing', '{"a":0}', '{"a":null}', '/a', '0', 'null'],
  ['null-or-missing', '{"a":null}', '{}', '/a', 'null', undefined],
  ['null-or-missing', '{}', '{"a":null}', '/a', undefined, 'null'],
  ['number-format', '{"a":1.0}', '{"a":1}', '/a', '1.0', '1'],
  ['number-format', '{"a":1e2}', '{"a":100}', '/a', '1e2', '100'],
  ['negative-zero', '{"a":-0}', '{"a":0}', '/a', '-0', '0'],
  ['number-precision', '{"a":0.25}', '{"a":0.3}', '/a', '0.25', '0.3'],
  ['overflow', '{"a":65535}', '{"a":-1}', '/a', '65535', '-1'],
  [
    'value',
    '{"day":1234567890123456}',
    '{"day":1234567890123457}',
    '/day',
    '1234567890123456',
    '1234567890123457',
  ],
  ['clock-edge', '{"a":"2024-02-29"}', '{"a":"2024-03-01"}', '/a', '"2024-02-29"', '"2024-03-01"'],
  [
    'number-format',
    '{"a":0.1}',
    '{"a":0.1000000000000000055}',
    '/a',
    '0.1',
    '0.1000000000000000055',
  ],
  [
    'id-precision',
    '{"a":9007199254740993}',
    '{"a":9007199254740992}',
    '/a',
    '9007199254740993',
    '9007199254740992',
  ],
  [
    'id-precision',
    '{"id":"775792479844696084"}',
    '{"id":"775792479844696000"}',
    '/id',
    '"775792479844696084"',
    '"775792479844696000"',
  ],
  [
    'id-precision',
    '{"id":"1098765432109876543"}',
    '{"id":1098765432109876500}',
    '/id',
    '"1098765432109876543"',
    '1098765432109876500',
  ],
  [
    'value',
    '{"id":"1098765432109876543"}',
    '{"id":"1098765439999876543"}',
    '/id',
    '"1098765432109876543"',
    '"1098765439999876543"',
  ],
  [
    'type',
    '{"id":"1098765432109876543"}',
    '{"id":1098765432109876543}',
    '/id',
    '"1098765432109876543"',
    '1098765432109876543',
  ],
  [
    'timestamp-precision',
    '{"at":"2024-03-01T12:00:00.123Z"}',
    '{"at":"2024-03-01T12:00:00.000Z"}',
    '/at',
    '"2024-03-01T12:00:00.123Z"',
    '"2024-03-01T12:00:00.000Z"',
  ],
  [
    'timestamp-precision',
    '{"at":"2024-03-01T12:00:00.123456Z"}',
    '{"at":"2024-03-01T12:00:00.123Z"}',
    '/at',
    '"2024-03-01T12:00:00.123456Z"',
    '"2024-03-01T12:00:00.123Z"',
  ],
  [
    'timestamp-precision',
    '{"at":"2024-03-01T12:00:59.9996Z"}',
    '{"at":"2024-03-01T12:01:00.000Z"}',
    '/at',
    '"2024-03-01T12:00:59.9996Z"',
    '"2024-03-01T12:01:00.000Z"',
  ],
  [
    'timestamp-format',
    '{"at":"2024-03-01T12:00:00.000Z"}',
    '{"at":"2024-03-01T12:00:00+00:00"}',
    '/at',
    '"2024-03-01T12:00:00.000Z"',
    '"2024-03-01T12:00:00+00:00"',
  ],
  [
    'timestamp-format',
    '{"at":"2024-03-01T12:00:00.250Z"}',
    '{"at":1709294400250}',
    '/at',
    '"2024-03-01T12:00:00.250Z"',
    '1709294400250',
  ],
  [
    'value',
    '{"at":"2024-03-01T12:00:00.123Z"}',
    '{"at":"2024-03-01T12:00:00.456Z"}',
    '/at',
    '"2024-03-01T12:00:00.123Z"',
    '"2024-03-01T12:00:00.456Z"',
  ],
  [
    'fields-swapped',
    '{"id":"9","mention_count":3,"flags":1}',
    '{"id":"9","mention_count":1,"flags":3}',
    'body',
    '{"mention_count":3,"flags":1}',
    '{"mention_count":1,"flags":3}',
  ],
  [
    'fields-swapped',
    '{"entries":[{"id":"1"},{"mention_count":0}]}',
    '{"entries":[{"id":"1"},{"flags":0}]}',
    '/entries/1',
    '{"mention_count":0}',
    '{"flags":0}',
  ],
  ['array-order', '{"a":[1,2,3]}', '{"a":[3,1,2]}', '/a', '[1,2,3]', '[3,1,2]'],
  [
    'array-order',
    '[{"a":1,"b":2},0]',
    '[0,{"b":2,"a":1}]',
    'body',
    '[{"a":1,"b":2},0]',
    '[0,{"b":2,"a":1}]',
  ],
  ['length', '{"a":[1,2,3]}', '{"a":[1,3]}', '/a', '3 items; [1] is 2', '2 items'],
  ['length', '[]', '[{"id":"1"}]', 'body', '0 items', '1 item; [0] is {"id":"1"}'],
  ['duplicate-key', '{"o":{"a":1,"a":2}}', '{"o":{"a":2}}', '/o/a', '"a":1,"a":2', '"a":2'],
  ['duplicate-key', '{"a":1}', '{"a":1,"a":1}', '/a', '"a":1', '"a":1,"a":1'],
  ['encoding', '{"a":"caf\u00e9"}', '{"a":"caf\u00c3\u00a9"}', '/a', '"café"', '"cafÃ©"'],
  ['normal-form', '{"a":"\u00e9"}', '{"a":"e\u0301"}', '/a', '"\u00e9"', '"e\u0301"'],
  [
    'truncated',
    '{"a":"the quick brown fox jumps"}',
    '{"a":"the quick brown "}',
    '/a',
    '"the quick brown fox jumps"',
    '"the quick brown "',
  ],
];

describe('the kind of a difference', () => {
  it.each(ROWS)('is %s between %s and %s', (kind, legacy, candidate, path, a, b) => {
    expect(divergences(legacy, candidate)).toEqual([{ path, kind, legacy: a, candidate: b }]);
  });

  it('is said of each field that is not part of an exchange', () => {
    const found = divergences('{"a":1,"b":2,"c":5}', '{"a":2,"b":1,"c":6}');
    expect(found.map(({ kind, path }) => [kind, path])).toEqual([
      ['fields-swapped', 'body'],
      ['value', '/c'],
    ]);
  });

  it('is not hidden by many differences of another kind before it', () => {
    const entries = (at: (i: number) => string, last: string): string =>
      JSON.stringify({
        entries: [...Array.from({ length: 50 }, (_, i) => ({ t: at(i) })), JSON.parse(last)],
      });
    const found = divergences(
      entries((i) => `2024-03-01T12:00:00.${i + 100}Z`, '{"mention_count":3,"flags":1}'),
      entries(() => '2024-03-01T12:00:00.000Z', '{"mention_count":1,"flags":3}'),
    );
    expect(new Set(found.map((each) => each.kind))).toEqual(
      new Set(['timestamp-precision', 'fields-swapped']),
    );
    expect(found.length).toBeLessThan(10);
  });

  it.each([
    ['{"a":1,"b":2}', '{ "b": 2, "a": 1 }'],
    ['{"a":"\\u0041\\/"}', '{"a":"A/"}'],
    ['{"a":1,"a":2}', '{"a":1, "a":2}'],
    ['[]', ' [ ] '],
  ])('is none between %s and %s, which say the same', (legacy, candidate) => {
    expect(compareAnswers(answer(legacy), answer(candidate), [], 0).kind).toBe('matched');
  });
});
