import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/compare/compare.ts';
import type { Comparison } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import { answer, rule } from '../support/answers.ts';

function compare(legacy: string, candidate: string, rules: CompareRule[], atMs = 0): Comparison {
  return compareAnswers(answer(legacy), answer(candidate), rules, atMs);
}

function kinds(comparison: Comparison): string[] {
  if (comparison.kind !== 'mismatched') return [comparison.kind];
  return comparison.divergences.map(({ kind, path }) => `${kind} ${path}`);
}

describe('a compare rule', () => {
  it('explains a difference, and is then named', () => {
    const comparison = compare('{"version":1}', '{"version":2}', [rule('ignore', '/version')]);
    expect(comparison).toEqual({
      kind: 'ignored',
      rules: ['ignore /version'],
      hidden: [{ rule: 'ignore /version', divergences: 1 }],
    });
  });

  it('is not named where there was nothing to explain', () => {
    const rules = [rule('ignore', '/a'), rule('set', '/b'), rule('tolerance', '/c')];
    const comparison = compare('{"a":{"x":1},"b":[1],"c":1}', '{"c":1,"b":[1],"a":{"x":1}}', rules);
    expect(comparison.kind).toBe('matched');
  });

  it('fits with * any one segment and never more', () => {
    const rules = [rule('ignore', '/*/version')];
    expect(kinds(compare('[{"version":1}]', '[{"version":2}]', rules))).toEqual(['ignored']);
    expect(kinds(compare('{"version":1}', '{"version":2}', rules))).toEqual(['value /version']);
    expect(kinds(compare('[[{"version":1}]]', '[[{"version":2}]]', rules))).toEqual([
      'value /0/0/version',
    ]);
  });

  it('reads ~1 and ~0 in its path as / and ~', () => {
    const rules = [rule('ignore', '/a~1b~0c')];
    expect(kinds(compare('{"a/b~c":1}', '{"a/b~c":2}', rules))).toEqual(['ignored']);
  });

  it('ignores a field that one side lacks, and a whole subtree', () => {
    const rules = [rule('ignore', '/a')];
    expect(kinds(compare('{"a":{"b":[1]}}', '{}', rules))).toEqual(['ignored']);
    expect(kinds(compare('{"a":{"b":[1]}}', '{"a":{"b":[2],"c":0}}', rules))).toEqual(['ignored']);
  });

  it('leaves the rest of the answer compared', () => {
    const comparison = compare('{"a":1,"b":1}', '{"a":2,"b":2}', [rule('ignore', '/a')]);
    expect(kinds(comparison)).toEqual(['value /b']);
  });

  it('holds through its last day and not beyond', () => {
    const rules = [rule('ignore', '/a', { until: '2027-01-31' })];
    const at = (atMs: number): string[] => kinds(compare('{"a":1}', '{"a":2}', rules, atMs));
    expect(at(Date.parse('2027-01-31T23:59:59.999Z'))).toEqual(['ignored']);
    expect(at(Date.parse('2027-02-01T00:00:00.000Z'))).toEqual(['value /a']);
  });

  it('compares a set by its key fields, whatever the order', () => {
    const rules = [rule('set', '/entries', { by: ['type', 'id'] })];
    const legacy = '{"entries":[{"type":0,"id":"1","n":1},{"type":1,"id":"1","n":2}]}';
    const moved = '{"entries":[{"type":1,"id":"1","n":2},{"type":0,"id":"1","n":1}]}';
    const changed = '{"entries":[{"type":1,"id":"1","n":2},{"type":0,"id":"1","n":7}]}';
    expect(compare(legacy, moved, rules)).toMatchObject({
      kind: 'ignored',
      hidden: [{ rule: 'set /entries', divergences: 1 }],
    });
    expect(kinds(compare(legacy, changed, rules))).toEqual(['value /entries/0/n']);
  });

  it('says which elements of a multiset are missing or added, each as often as it stands', () => {
    const rules = [rule('multiset', '/a')];
    expect(kinds(compare('{"a":[1,2,2]}', '{"a":[3,2,1]}', rules))).toEqual([
      'missing /a/2',
      'added /a/0',
    ]);
  });

  it('takes the elements of a set for one however often they stand there', () => {
    const rules = [rule('set', '/a')];
    expect(kinds(compare('{"a":[1,2,2]}', '{"a":[2,1]}', rules))).toEqual(['ignored']);
    expect(kinds(compare('{"a":[1,2,2]}', '{"a":[3,2,1]}', rules))).toEqual(['added /a/0']);
    const keyed = [rule('set', '/a', { by: ['id'] })];
    const twice = '{"a":[{"id":1,"n":1},{"id":1,"n":2}]}';
    expect(kinds(compare(twice, '{"a":[{"id":1,"n":1}]}', keyed))).toEqual(['value /a/1/n']);
  });

  it('allows numbers their tolerance and not more', () => {
    const rules = [rule('tolerance', '/a', { tolerance: 0.1 })];
    expect(kinds(compare('{"a":0.3}', '{"a":0.4}', rules))).toEqual(['ignored']);
    expect(kinds(compare('{"a":0.3}', '{"a":0.41}', rules))).toEqual(['value /a']);
    expect(kinds(compare('{"a":0.3}', '{"a":"0.3"}', rules))).toEqual(['type /a']);
  });

  it('holds integers beyond 2^53 to their tolerance exactly', () => {
    const rules = [rule('tolerance', '/a', { tolerance: 1 })];
    const [low, next, far] = ['9007199254740992', '9007199254740993', '9007199254740994'];
    expect(kinds(compare(`{"a":${low}}`, `{"a":${next}}`, rules))).toEqual(['ignored']);
    expect(kinds(compare(`{"a":${low}}`, `{"a":${far}}`, rules))).toEqual(['value /a']);
  });

  it('takes timestamps for equal only when they name the same instant', () => {
    const rules = [rule('instant', '/a')];
    const compared = (a: string, b: string): string[] =>
      kinds(compare(JSON.stringify({ a }), JSON.stringify({ a: b }), rules));
    expect(compared('2024-03-01T12:00:00.000Z', '2024-03-01T13:00:00+01:00')).toEqual(['ignored']);
    expect(compared('2024-03-01T12:00:00.120Z', '2024-03-01T12:00:00.12Z')).toEqual(['ignored']);
    expect(compared('2024-03-01T12:00:00.123Z', '2024-03-01T12:00:00Z')).toEqual([
      'timestamp-precision /a',
    ]);
  });

  it('reaches status, headers and body by name', () => {
    const legacy = answer('{}', ['etag', '"a"'], 200);
    const candidate = answer('[]', ['etag', '"b"'], 201);
    const rules = [rule('ignore', 'status'), rule('ignore', 'header:ETag'), rule('ignore', 'body')];
    expect(compareAnswers(legacy, candidate, rules, 0)).toMatchObject({
      kind: 'ignored',
      rules: ['ignore status', 'ignore header:etag', 'ignore body'],
    });
    expect(compareAnswers(legacy, candidate, rules.slice(0, 2), 0).kind).toBe('mismatched');
  });
});
