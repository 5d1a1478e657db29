import { describe, expect, it } from 'vitest';
import { createNoise, type Noise, type NoiseOptions } from '../../src/compare/noise/noise.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Comparison } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import { answer, pair, rule } from '../support/answers.ts';

const ROUTE = 'GET /a';

/** A pair of answers with these bodies. */
function bodies(legacy: unknown, other: unknown, route = ROUTE) {
  return pair(answer(JSON.stringify(legacy)), answer(JSON.stringify(other)), { route });
}

const EQUAL = bodies({}, {});

class Trial {
  readonly noise: Noise;
  readonly #rules: readonly CompareRule[];

  constructor(rules: readonly CompareRule[] = [], options: NoiseOptions = {}) {
    this.noise = createNoise(options);
    this.#rules = rules;
  }

  /** Legacy's two answers to one request, so many times. */
  learn(legacy: unknown, again: unknown, times = 10): this {
    const given = bodies(legacy, again);
    for (let i = 0; i < times; i += 1) this.noise.learn(given, this.#rules);
    return this;
  }

  judge(legacy: unknown, candidate: unknown, isCounted = true): Comparison {
    return this.noise.judge(bodies(legacy, candidate), this.#rules, isCounted);
  }

  /** Until nothing is held back any more. */
  learned(): this {
    for (let i = 0; i < 3200; i += 1) this.noise.learn(EQUAL, this.#rules);
    expect(this.noise.view().routes[0]?.isLearning).toBe(false);
    return this;
  }
}

describe('noise', () => {
  it('is taken out of a comparison, and named with its place and kind', () => {
    const trial = new Trial().learn({ id: 1, a: 1 }, { id: 2, a: 1 }).learned();
    expect(trial.judge({ id: 3, a: 1 }, { id: 4, a: 1 })).toEqual({
      kind: 'ignored',
      rules: ['noise value /id'],
      hidden: [{ rule: 'noise value /id', divergences: 1 }],
    });
  });

  it('hides nothing else of the same pair', () => {
    const trial = new Trial().learn({ id: 1, a: 1 }, { id: 2, a: 1 }).learned();
    expect(trial.judge({ id: 3, a: 1 }, { id: 4, a: 2 })).toEqual({
      kind: 'mismatched',
      divergences: [{ path: '/a', kind: 'value', legacy: '1', candidate: '2' }],
      hidden: [{ rule: 'noise value /id', divergences: 1 }],
    });
  });

  it('hides no other kind at the same place', () => {
    const trial = new Trial().learn({ id: 1 }, { id: 2 }).learned();
    expect(trial.judge({ id: 1 }, { id: true }).kind).toBe('mismatched');
    expect(trial.judge({ id: 1 }, {}).kind).toBe('mismatched');
    expect(trial.judge({ id: 1 }, { id: 7 }).kind).toBe('ignored');
  });

  it('is what header fields and statuses show as well', () => {
    const noise = createNoise();
    const etag = (value: string) => answer('{}', ['etag', value]);
    const fields = (a: string, b: string) => pair(etag(a), etag(b), { route: ROUTE });
    for (let i = 0; i < 3200; i += 1) noise.learn(fields('"a"', '"b"'), []);
    const judged = noise.judge(fields('"c"', '"d"'), [], true);
    expect(judged).toMatchObject({ kind: 'ignored' });
    const failed = pair(answer('{}'), answer('{}', undefined, 500), { route: ROUTE });
    const other = noise.judge(failed, [], true);
    expect(other).toMatchObject({ kind: 'mismatched', divergences: [{ path: 'status' }] });
  });

  it('is not found among more places than one comparison tells of, but behind them', () => {
    const wide = (first: number, last: string) => {
      const fields = Array.from({ length: 60 }, (_, i) => [`field-${i}`, first + i] as const);
      return { ...Object.fromEntries(fields), last };
    };
    const trial = new Trial().learn(wide(0, 'a'), wide(1000, 'a')).learned();
    expect(trial.judge(wide(0, 'a'), wide(5000, 'a')).kind).toBe('ignored');
    expect(trial.judge(wide(0, 'a'), wide(5000, 'b'))).toMatchObject({
      kind: 'mismatched',
      divergences: [{ path: '/last' }],
    });
  });

  it('leaves what rules have explained, and their names, as they are', () => {
    const trial = new Trial([rule('ignore', '/version')]).learn({ id: 1 }, { id: 2 }).learned();
    const judged = trial.judge({ id: 1, version: 1 }, { id: 2, version: 2 });
    expect(judged).toMatchObject({ rules: ['ignore /version', 'noise value /id'] });
    expect(trial.judge({ version: 1 }, { version: 2 })).toMatchObject({
      rules: ['ignore /version'],
    });
  });

  it('is nothing where legacy has never been asked twice', () => {
    const trial = new Trial();
    for (let i = 0; i < LIMITS.noiseSilentPairsMax; i += 1) trial.judge({ a: 1 }, { a: 1 });
    expect(trial.judge({ a: 1 }, { a: 2 }).kind).toBe('mismatched');
    expect(trial.noise.view().paths).toEqual([]);
  });
});

describe('a route that is still learned', () => {
  it('holds back what legacy has not shown, and counts it', () => {
    const trial = new Trial().learn({ id: 1 }, { id: 2 }, 1);
    const held = { kind: 'not-comparable', reason: 'learning' };
    expect(trial.judge({ id: 1 }, { id: 2 })).toEqual(held);
    expect(trial.judge({ a: 1 }, { a: 2 })).toEqual(held);
    expect(trial.judge({ a: 1 }, { a: 1 }).kind).toBe('matched');
    expect(trial.noise.view().routes).toMatchObject([{ isLearning: true, heldBack: 2 }]);
  });

  it('shows what the candidate provably does more often all the same', () => {
    const trial = new Trial();
    const kinds = Array.from({ length: 200 }, () => {
      trial.learn({ a: 1 }, { a: 1 }, 1);
      return trial.judge({ a: 1 }, { a: 2 }).kind;
    });
    expect(kinds[0]).toBe('not-comparable');
    expect(kinds.at(-1)).toBe('mismatched');
    expect(trial.noise.view().routes[0]?.isLearning).toBe(true);
  });
});

describe('a pair that was judged before', () => {
  it('has noise taken out, and counts no more', () => {
    const trial = new Trial().learn({ id: 1 }, { id: 2 }).learned();
    expect(trial.judge({ id: 1 }, { id: 2 }, false).kind).toBe('ignored');
    expect(trial.noise.view().routes[0]?.judgedPairs).toBe(0);
    trial.noise.equal(ROUTE, 5);
    expect(trial.noise.view().routes[0]?.judgedPairs).toBe(5);
  });
});

describe('what was learned', () => {
  it('is as good in another thread', () => {
    const first = new Trial().learn({ id: 1, x: [1, 2] }, { id: 2, x: [2, 1] }).learned();
    const state = structuredClone(first.noise.state());
    const second = new Trial([], { state });
    expect(second.noise.view()).toEqual(first.noise.view());
    expect(second.judge({ id: 1, x: [1, 2] }, { id: 5, x: [2, 1] }).kind).toBe('ignored');
    expect(second.judge({ id: 1, x: [1, 2] }, { id: 5, x: [2, 3] }).kind).toBe('mismatched');
  });

  it('is kept for another candidate, whose own differences are counted anew', () => {
    const trial = new Trial().learn({ id: 1 }, { id: 2 }).learned();
    trial.judge({ id: 1 }, { id: 2 });
    trial.noise.begin();
    expect(trial.judge({ id: 1 }, { id: 2 }).kind).toBe('ignored');
    expect(trial.noise.view().paths).toMatchObject([{ judgedDiffering: 1, judgedPairs: 1 }]);
  });

  it('is of so many routes at most; in others everything counts', () => {
    const noise = createNoise();
    const different = (i: number) => bodies({ a: 1 }, { a: 2 }, `GET /${i}`);
    for (let i = 0; i < LIMITS.routesMax + 50; i += 1) noise.learn(different(i), []);
    expect(noise.view().routes.length).toBe(LIMITS.routesMax);
    expect(noise.judge(different(LIMITS.routesMax + 1), [], true).kind).toBe('mismatched');
  });
});
