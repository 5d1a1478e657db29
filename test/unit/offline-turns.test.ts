import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../src/model/pair.ts';
import { needsOrder, needsOrderAnywhere, withoutOrdered } from '../../src/offline/rejudge/order.ts';
import { recordedRules } from '../../src/offline/rejudge/rejudge.ts';
import { rejudgeSentence } from '../../src/offline/rejudge/rejudge-words.ts';
import { pairsOf, TurnTally } from '../../src/offline/rejudge/turns.ts';
import { rule } from '../support/answers.ts';
import { routeOf } from '../support/offline.ts';

const MATCHED: Comparison = { kind: 'matched' };
const MISMATCHED: Comparison = { kind: 'mismatched', divergences: [] };
const LOST: Comparison = { kind: 'not-comparable', reason: 'map-failed' };

function ignored(...rules: readonly string[]): Comparison {
  return { kind: 'ignored', rules };
}

type Step = readonly [before: Comparison, after: Comparison, pairs: number];

function tallyOf(...steps: readonly Step[]): TurnTally {
  const tally = new TurnTally();
  for (const [before, after, pairs] of steps) {
    for (let i = 0; i < pairs; i += 1) tally.add(before, after, 1000 + i);
  }
  return tally;
}

describe('turns', () => {
  it('are counted by verdict, rule and reason, and add up whoever counted them', () => {
    const steps: readonly Step[] = [
      [MATCHED, MATCHED, 4],
      [MISMATCHED, ignored('x'), 3],
      [MISMATCHED, ignored('x', 'y'), 2],
      [ignored('z'), MISMATCHED, 1],
      [MISMATCHED, LOST, 1],
    ];
    const sum = new TurnTally();
    for (const step of steps) sum.absorb(tallyOf(step).turns());
    sum.single();
    const whole = tallyOf(...steps);
    whole.single();
    expect(sum.turns()).toEqual(whole.turns());
    expect(sum.turns()).toMatchObject({
      records: 12,
      single: 1,
      notComparableBefore: {},
      notComparableAfter: { 'map-failed': 1 },
      lost: 1,
      excused: [
        { rule: 'x', pairs: 5, alone: 3 },
        { rule: 'y', pairs: 2, alone: 0 },
      ],
      exposed: [{ rule: 'z', pairs: 1, alone: 1 }],
      firstMs: 1000,
      lastMs: 1003,
    });
    expect(pairsOf(sum.turns(), null, null)).toBe(11);
    expect(pairsOf(sum.turns(), 'mismatched', null)).toBe(6);
  });
});

describe('what is lost', () => {
  it('was comparable before, or fails in a map now', () => {
    const away: Comparison = { kind: 'not-comparable', reason: 'unavailable' };
    const steps: readonly (readonly [...Step, lost: number])[] = [
      [MATCHED, away, 2, 2],
      [ignored('x'), LOST, 3, 3],
      [LOST, LOST, 4, 4],
      [away, LOST, 1, 1],
      [away, away, 5, 0],
      [LOST, MATCHED, 1, 0],
      [LOST, away, 1, 0],
    ];
    for (const [before, after, pairs, lost] of steps) {
      expect(tallyOf([before, after, pairs]).turns().lost).toBe(lost);
    }
  });
});

describe('the first sentence', () => {
  it.each<readonly [Step[], string]>([
    [[[MISMATCHED, LOST, 1]], 'none of 1 mismatch is gone; 1 is not comparable any more.'],
    [
      [
        [MISMATCHED, LOST, 2],
        [MISMATCHED, MISMATCHED, 1],
        [ignored('x'), LOST, 1],
      ],
      'none of 3 mismatches is gone; 2 are not comparable any more; 1 other pair cannot be ' +
        'compared.',
    ],
    [[[MATCHED, MATCHED, 3]], 'nothing that was mismatched before has changed: nothing was.'],
    [[[MISMATCHED, MISMATCHED, 1]], 'the one mismatch stays.'],
    [[[MISMATCHED, MISMATCHED, 1200]], 'all 1,200 mismatches stay.'],
    [[[MISMATCHED, ignored('x'), 1]], '1 of 1 mismatch is gone: 1 by "x".'],
    [
      [
        [MISMATCHED, ignored('x'), 1200],
        [MISMATCHED, MISMATCHED, 6],
        [ignored('z'), MISMATCHED, 3],
      ],
      '1,200 of 1,206 mismatches are gone: 1,200 by "x"; 3 are new, hidden before: 3 by "z".',
    ],
    [
      [
        [MISMATCHED, ignored('a', 'b', 'c', 'd', 'e'), 2],
        [MISMATCHED, LOST, 1],
      ],
      '2 of 3 mismatches are gone: 2 by "a", 2 by "b", 2 by "c", and by 2 other rules; 1 is not ' +
        'comparable any more.',
    ],
  ])('of %#', (steps, words) => {
    expect(rejudgeSentence(tallyOf(...steps).turns())).toBe(`Under the new rules ${words}`);
  });

  it('says where there is nothing to compare', () => {
    const tally = new TurnTally();
    expect(rejudgeSentence(tally.turns())).toBe('There is no recorded pair.');
    tally.single();
    expect(rejudgeSentence(tally.turns())).toBe(
      'No pair has two answers: 1 request recorded without.',
    );
  });
});

describe('the rules of a recording', () => {
  const general = rule('ignore', '/all');
  const own = rule('ignore', '/own', { route: 'GET /a' });
  const other = rule('ignore', '/other');
  const description = { startedAtMs: 0, origin: '', key: null };

  it('hold for requests of no route where every route has them', () => {
    const routes = [routeOf('GET /a', [own, { ...general }]), routeOf('GET /b', [{ ...general }])];
    const { compare, routes: found } = recordedRules({ ...description, routes });
    expect(compare).toEqual([general]);
    expect(found.map((route) => route.compare)).toEqual([[own, general], [general]]);
    expect(found[0]!.compare[1]).toBe(found[1]!.compare[0]);
  });

  it('stay with their route where another has them not', () => {
    const routes = [routeOf('GET /a', [other]), routeOf('GET /b')];
    const { compare, routes: found } = recordedRules({ ...description, routes });
    expect([compare, found[0]!.compare, found[1]!.compare]).toEqual([[], [other], []]);
    expect(recordedRules({ ...description, routes: [] }).compare).toEqual([]);
  });
});

describe('pairs are judged in order', () => {
  it('where a rule remembers earlier ones, or is a map that may be switched off', () => {
    for (const as of ['bijection', 'monotonic', 'map'] as const) {
      expect(needsOrder([rule('ignore', '/a'), rule(as, '/b')])).toBe(true);
    }
    expect(needsOrder([rule('ignore', '/a'), rule('pattern', '/b', { pattern: 'x' })])).toBe(false);
  });

  it('of those routes alone', () => {
    const free = routeOf('GET /free', [rule('ignore', '/a')]);
    const bound = routeOf('GET /bound', [rule('bijection', '/id')]);
    const looked = { routes: [free, bound], compare: [], key: null };
    expect(needsOrderAnywhere(looked)).toBe(true);
    const left = withoutOrdered(looked);
    expect(left.routes[0]).toBe(free);
    expect(left.routes[1]!.compare).toEqual([]);
    expect(needsOrderAnywhere(left)).toBe(false);
  });
});
