import { describe, expect, it } from 'vitest';
import { DIVERGENCE_KINDS } from '../../src/model/pair.ts';
import { judgeSelfTest, type Measured, parseSelfTestGate } from '../../src/selftest/gates.ts';
import type { KindResult } from '../../src/selftest/result.ts';

const NONE = { tried: 0, caught: 0, hidden: 0, missed: 0, notCompared: 0 };

function kindResult(kind: KindResult['kind'], tried: number, caught: number): KindResult {
  const rest = { named: caught, otherNames: [], rules: [], leftOut: 0 };
  return { kind, ...NONE, tried, caught, hidden: tried - caught, ...rest };
}

const MEASURED: Measured = {
  bugs: { ...NONE, tried: 200, caught: 190, hidden: 10 },
  random: { ...NONE, tried: 100, caught: 99, hidden: 1, meaningless: 3, leftOut: 0, names: [] },
  kinds: DIVERGENCE_KINDS.map((kind) =>
    kind === 'value' ? kindResult(kind, 200, 190) : kindResult(kind, 0, 0),
  ),
  blinded: [],
};

function verdictOf(gate: string): string {
  return judgeSelfTest([parseSelfTestGate(gate)], MEASURED).at(-1)!.verdict;
}

describe('a gate of the self-test', () => {
  it.each([
    ['selftest.caught >= 95%', 'pass'],
    ['selftest.caught > 95%', 'fail'],
    ['selftest.caught>=0.96', 'fail'],
    ['selftest.caught.value >= 95%', 'pass'],
    ['selftest.named >= 100%', 'pass'],
    ['selftest.random >= 99%', 'pass'],
    ['selftest.random > 99.5%', 'fail'],
    ['selftest.caught.cookie >= 1%', 'inconclusive'],
  ])('%s: %s', (gate, verdict) => {
    expect(verdictOf(gate)).toBe(verdict);
  });

  it('may ask that no kind is hidden on a route alone', () => {
    const marks = { isAccepted: false, isNarrow: false } as const;
    const blind = { route: 'GET /a', kind: 'value', tried: 3, rules: ['r'], ...marks } as const;
    const gate = parseSelfTestGate('selftest.blinded.routes = none');
    const judged = (blinded: Measured['blinded']): string =>
      judgeSelfTest([gate], { ...MEASURED, blinded }).at(-1)!.verdict;
    expect(judged([])).toBe('pass');
    expect(judged([blind])).toBe('fail');
    expect(judged([{ ...blind, isAccepted: true }])).toBe('pass');
    // Hidden everywhere is hidden on each route as well.
    expect(judged([{ ...blind, route: null }])).toBe('fail');
    expect(judged([{ ...blind, route: null, isAccepted: true }])).toBe('pass');
    expect(judged([{ ...blind, route: null, isNarrow: true }])).toBe('pass');
  });

  it('of names fails where bugs were tried and none was caught', () => {
    const kinds = [kindResult('id-precision', 12, 0)];
    const gate = parseSelfTestGate('selftest.named.id-precision >= 90%');
    expect(judgeSelfTest([gate], { ...MEASURED, kinds }).at(-1)).toMatchObject({
      verdict: 'fail',
      samples: 12,
      sentence: expect.stringContaining('none of 12 was caught'),
    });
  });

  it.each([
    ['selftest.caught', 'expected a gate such as selftest.caught >= 95%'],
    ['selftest.cought >= 95%', 'did you mean "selftest.caught"?'],
    ['mismatch.rate > 1%', 'the metrics are selftest.caught, selftest.named, selftest.random'],
    ['selftest.caught < 95%', 'expected ">" or ">="'],
    ['selftest.caught >= 101%', 'expected a share from 0 % to 100 %'],
    ['selftest.caught >= many', 'expected a share from 0 % to 100 %'],
    ['selftest.caught.id-precison >= 1%', 'did you mean "id-precision"?'],
    ['selftest.random.value >= 1%', 'random edits have no kind'],
  ])('%s is refused in words', (gate, words) => {
    expect(() => parseSelfTestGate(gate)).toThrow(words);
  });

  it('fails where something is neither reported nor hidden, asked for or not', () => {
    const bugs = { ...MEASURED.bugs, caught: 189, missed: 1 };
    const [holes] = judgeSelfTest([], { ...MEASURED, bugs });
    expect(holes).toMatchObject({ gate: 'selftest.holes = none', verdict: 'fail', measured: 1 });
  });

  it('fails where a kind is hidden everywhere, but for one that may be', () => {
    const marks = { isAccepted: false, isNarrow: false } as const;
    const blind = { route: null, kind: 'value', tried: 3, rules: ['r'], ...marks } as const;
    const verdict = (blinded: Measured['blinded']): string =>
      judgeSelfTest([], { ...MEASURED, blinded })[1]!.verdict;
    expect(verdict([blind])).toBe('fail');
    expect(verdict([{ ...blind, isAccepted: true }])).toBe('pass');
    expect(verdict([{ ...blind, route: 'GET /a' }])).toBe('pass');
    expect(verdict([{ ...blind, isNarrow: true }])).toBe('pass');
  });
});
