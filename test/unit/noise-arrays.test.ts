import { describe, expect, it } from 'vitest';
import { createNoise, type Noise } from '../../src/compare/noise/noise.ts';
import { NOISE_LIMITS } from '../../src/compare/noise/path-tally.ts';
import type { Comparison } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import { answer, pair, rule } from '../support/answers.ts';

const ROUTE = 'GET /a';

function bodies(legacy: unknown, other: unknown) {
  return pair(answer(JSON.stringify(legacy)), answer(JSON.stringify(other)), { route: ROUTE });
}

/** Legacy twice, `pairs` times: `make` gives an answer for its number, another each time. */
function learnedFrom(
  make: (nth: number) => unknown,
  pairs = 220,
  rules: readonly CompareRule[] = [],
): Noise {
  const noise = createNoise({ limits: { ...NOISE_LIMITS, unknownRatio: 0.05 } });
  for (let i = 0; i < pairs; i += 1) {
    noise.learn(bodies(make(2 * i), make(2 * i + 1)), rules);
  }
  return noise;
}

function judge(noise: Noise, legacy: unknown, candidate: unknown): Comparison {
  return noise.judge(bodies(legacy, candidate), [], true);
}

/** The elements, turned by so many places. */
function turned<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

const ITEMS = [
  { title: 'x', id: 'a', price: 10 },
  { title: 'y', id: 'b', price: 10 },
  { title: 'x', id: 'c', price: 12 },
];

describe('an array whose order legacy does not keep', () => {
  const noise = learnedFrom((nth) => ({
    items: turned(ITEMS, nth).map((item, i) => ({ ...item, token: `${nth}-${i}` })),
  }));

  it('has its elements found by a field that is unique in both and stays', () => {
    expect(noise.view().arrays).toMatchObject([{ path: '/items', by: ['id'] }]);
  });

  it('is compared without order, and what is noise in its elements with it', () => {
    const legacy = { items: ITEMS.map((item) => ({ ...item, token: 'p' })) };
    const candidate = { items: turned(ITEMS, 2).map((item) => ({ ...item, token: 'q' })) };
    expect(judge(noise, legacy, candidate)).toMatchObject({ kind: 'ignored' });
  });

  it('shows a change in one element, at its place', () => {
    const other = turned(ITEMS, 1).map((item) => (item.id === 'c' ? { ...item, price: 13 } : item));
    const found = judge(noise, { items: ITEMS }, { items: other });
    expect(found).toMatchObject({
      divergences: [{ path: '/items/2/price', kind: 'value', legacy: '12', candidate: '13' }],
    });
  });

  it('shows an element that is missing, and one that was added', () => {
    const other = [...ITEMS.slice(1), { title: 'z', id: 'd', price: 1 }];
    const found = judge(noise, { items: ITEMS }, { items: other });
    const kinds = found.kind === 'mismatched' ? found.divergences.map(({ kind }) => kind) : [];
    expect(kinds.sort()).toEqual(['added', 'missing']);
  });
});

describe('what elements are known by', () => {
  it('is the fields that stay, all together, where none is unique', () => {
    const items = [
      { channel: 1, type: 'a' },
      { channel: 1, type: 'b' },
      { channel: 2, type: 'a' },
      { channel: 2, type: 'b' },
    ];
    const noise = learnedFrom((nth) => turned(items, nth).map((item) => ({ ...item, at: nth })));
    expect(noise.view().arrays).toMatchObject([{ path: 'body', by: ['channel', 'type'] }]);
    expect(judge(noise, items, turned(items, 3)).kind).toBe('ignored');
  });

  it('is their value where they are no objects', () => {
    const noise = learnedFrom((nth) => ({ tags: turned(['a', 'b', 'c', 'c'], nth) }));
    expect(noise.view().arrays).toMatchObject([{ path: '/tags', by: [] }]);
    expect(judge(noise, { tags: ['a', 'b', 'c', 'c'] }, { tags: ['c', 'b', 'c', 'a'] }).kind).toBe(
      'ignored',
    );
    expect(judge(noise, { tags: ['a', 'b', 'c', 'c'] }, { tags: ['a', 'b', 'b', 'c'] }).kind).toBe(
      'mismatched',
    );
  });

  it('is another field when the first one proves not to be unique', () => {
    const noise = learnedFrom((nth) => ({
      items: turned(
        [
          { name: 'a', at: 1 },
          { name: Math.floor(nth / 2) % 10 === 9 ? 'a' : 'b', at: 2 },
          { name: 'c', at: 3 },
        ],
        nth,
      ),
    }));
    expect(noise.view().arrays).toMatchObject([{ path: '/items', by: ['at'] }]);
  });

  it('is learned in arrays within arrays too', () => {
    const noise = learnedFrom((nth) => ({
      items: turned(ITEMS, nth).map((item) => ({
        ...item,
        tags: turned(['a', 'b', item.id], nth),
      })),
    }));
    const { arrays } = noise.view();
    expect(arrays.map(({ path, by }) => [path, by])).toEqual([
      ['/items', ['id']],
      ['/items/*/tags', []],
    ]);
  });
});

describe('an array whose order legacy keeps', () => {
  it('is compared in its order, whatever is noise in its elements', () => {
    const noise = learnedFrom((nth) => ({ items: ITEMS.map((item) => ({ ...item, at: nth })) }));
    expect(noise.view().arrays).toEqual([]);
    const legacy = { items: ITEMS };
    expect(judge(noise, legacy, { items: turned(ITEMS, 1) }).kind).toBe('mismatched');
    expect(judge(noise, { items: ITEMS.map((item) => ({ ...item, at: 1 })) }, legacy).kind).toBe(
      'mismatched',
    );
  });

  it('is left to a rule that says how it is compared', () => {
    const rules = [rule('multiset', '/items', { by: ['price'] })];
    const noise = learnedFrom((nth) => ({ items: turned(ITEMS, nth) }), 50, rules);
    expect(noise.view().arrays).toEqual([]);
  });
});
