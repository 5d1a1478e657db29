import { describe, expect, it } from 'vitest';
import { compareExchanges } from '../../src/compare/compare.ts';
import { RuleMemory } from '../../src/compare/rules/memory.ts';
import type { Pair } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import { answer, exchange, pair, rule } from '../support/answers.ts';

/** Pairs of one analyst: whether `/a` was excused of each, in their order. */
function analyst(rules: readonly CompareRule[], max?: number) {
  const memory = new RuleMemory(max);
  let arrivedAtMs = 0;
  return (legacy: string, candidate: string, changes: Partial<Pair> = {}): boolean => {
    arrivedAtMs += 1000;
    const [a, b] = [answer(`{"a":${legacy}}`), answer(`{"a":${candidate}}`)];
    const given = pair(a, b, { arrivedAtMs, ...changes });
    return compareExchanges(given, rules, memory).kind === 'ignored';
  };
}

describe('a bijection', () => {
  const rules = [rule('bijection', '/a')];

  it('lets ids differ as long as each has one partner', () => {
    const isExcused = analyst(rules);
    expect(isExcused('"a"', '"x"')).toBe(true);
    expect(isExcused('"b"', '"y"')).toBe(true);
    expect(isExcused('"a"', '"x"')).toBe(true);
  });

  it('tells of a second partner on either side', () => {
    const isExcused = analyst(rules);
    expect(isExcused('"a"', '"x"')).toBe(true);
    expect(isExcused('"a"', '"y"')).toBe(false);
    expect(isExcused('"b"', '"x"')).toBe(false);
    expect(isExcused('"b"', '"y"')).toBe(true);
  });

  it('holds for all pairs of a rule, whatever their route, and for each rule apart', () => {
    const isExcused = analyst([rule('bijection', '/a'), rule('bijection', '/b')]);
    expect(isExcused('"a"', '"x"')).toBe(true);
    expect(isExcused('"a"', '"y"', { route: 'GET /other' })).toBe(false);
    const memory = new RuleMemory();
    const kindOf = (legacy: string, candidate: string): string =>
      compareExchanges(
        pair(answer(legacy), answer(candidate)),
        [rule('bijection', '/a'), rule('bijection', '/b')],
        memory,
      ).kind;
    expect(kindOf('{"a":"1","b":"1"}', '{"a":"x","b":"y"}')).toBe('ignored');
  });

  it('looks at the elements of one answer together', () => {
    const memory = new RuleMemory();
    const kindOf = (legacy: string, candidate: string): string =>
      compareExchanges(
        pair(answer(legacy), answer(candidate)),
        [rule('bijection', '/*/id')],
        memory,
      ).kind;
    expect(kindOf('[{"id":1},{"id":2}]', '[{"id":7},{"id":7}]')).toBe('mismatched');
  });

  it('tells numbers from texts, and long values by their digest', () => {
    const isExcused = analyst(rules);
    const long = (end: string): string => JSON.stringify(`${'x'.repeat(1000)}${end}`);
    expect(isExcused(long('a'), '"1"')).toBe(true);
    expect(isExcused(long('b'), '1')).toBe(true);
    expect(isExcused(long('b'), '"1"')).toBe(false);
  });

  it('forgets what was not used for longest, and so holds only so much', () => {
    const isExcused = analyst(rules, 4);
    expect(isExcused('"a"', '"x"')).toBe(true);
    expect(isExcused('"b"', '"y"')).toBe(true);
    expect(isExcused('"a"', '"x"')).toBe(true);
    expect(isExcused('"c"', '"z"')).toBe(true);
    expect(isExcused('"a"', '"y"')).toBe(false);
    expect(isExcused('"b"', '"q"')).toBe(true);
  });
});

describe('a monotonic value', () => {
  const rules = [rule('monotonic', '/a')];

  it('may differ while it goes down on neither side', () => {
    const isExcused = analyst(rules);
    expect(isExcused('1', '101')).toBe(true);
    expect(isExcused('1', '101')).toBe(true);
    expect(isExcused('2', '101')).toBe(true);
    expect(isExcused('3', '205')).toBe(true);
  });

  it.each([
    ['legacy', '4', '9'],
    ['candidate', '6', '7'],
  ])('tells of a fall of %s, once', (_side, legacy, candidate) => {
    const isExcused = analyst(rules);
    expect(isExcused('5', '8')).toBe(true);
    expect(isExcused(legacy, candidate)).toBe(false);
    expect(isExcused(legacy, candidate)).toBe(true);
  });

  it('is one for each key and each route', () => {
    const isExcused = analyst(rules);
    expect(isExcused('5', '8')).toBe(true);
    expect(isExcused('1', '2', { key: 'another' })).toBe(true);
    expect(isExcused('1', '2', { route: 'GET /other' })).toBe(true);
    expect(isExcused('1', '2')).toBe(false);
  });

  it('may be a moment, or a text of digits beyond what a double holds', () => {
    const isExcused = analyst(rules);
    expect(isExcused('"9007199254740992"', '"2024-03-01T12:00:00.5Z"')).toBe(true);
    expect(isExcused('"9007199254740993"', '"2024-03-01T12:00:00.6Z"')).toBe(true);
    expect(isExcused('"9007199254740992"', '"2024-03-01T12:00:00.7Z"')).toBe(false);
    expect(isExcused('"9007199254740993"', '"2024-03-01T12:00:00.1Z"')).toBe(false);
  });

  it('has no order among requests that overlapped', () => {
    const isExcused = analyst(rules);
    const lasting = (arrivedAtMs: number, ms: number): Partial<Pair> => {
      const long = (side: 'legacy' | 'candidate', value: string) => ({
        ...exchange(side, answer(`{"a":${value}}`)),
        latencyUs: ms * 1000,
      });
      return { arrivedAtMs, legacy: long('legacy', '7'), candidate: long('candidate', '70') };
    };
    expect(isExcused('7', '70', lasting(10_000, 500))).toBe(true);
    expect(isExcused('6', '60', { arrivedAtMs: 10_200 })).toBe(true);
    expect(isExcused('6', '60', { arrivedAtMs: 10_600 })).toBe(false);
  });
});
