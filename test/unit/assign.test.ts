import { describe, expect, it } from 'vitest';
import type { Assignment } from '../../src/model/assignment.ts';
import { assign, cohortSide } from '../../src/proxy/assign.ts';
import type { Identity } from '../../src/proxy/identify.ts';
import { KeyOrder } from '../../src/proxy/key-order.ts';
import { TaintedKeys } from '../../src/proxy/taint.ts';

const at = (canaryPercent: number): Assignment => ({
  epoch: 1,
  revision: 1,
  canaryPercent,
  salt: 'read-states',
  mirrorPercent: 100,
  mirrorRatePerSec: null,
  mirrorPause: '',
  mirrorControlPercent: 0,
  mirrorRevision: 0,
  comparePercent: 100,
  safeTarget: 0,
});

const identity = (changes: Partial<Identity> = {}): Identity => ({
  route: { name: 'GET /x', settings: null },
  isSafe: true,
  isMirroredWrite: false,
  keys: ['user-1000'],
  hasManyKeys: false,
  hasTooManyKeys: false,
  ...changes,
});

const plan = (
  who: Identity,
  percent: number,
  order = new KeyOrder(),
  tainted = new TaintedKeys(),
) => assign(who, at(percent), true, order, tainted);

describe('assignment', () => {
  it('puts the documented share of keys into the cohort, and only ever adds to it', () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `user-${i}`);
    const inCohort = (percent: number) =>
      keys.filter((key) => cohortSide('read-states', key, percent) === 'candidate');
    const [one, ten, fifty] = [inCohort(1), inCohort(10), inCohort(50)];
    expect([one.length, ten.length, fifty.length]).toEqual([979, 10_059, 49_953]);
    const tenSet = new Set(ten);
    const fiftySet = new Set(fifty);
    expect(one.every((key) => tenSet.has(key))).toBe(true);
    expect(ten.every((key) => fiftySet.has(key))).toBe(true);
  });

  it('serves everything from legacy at 0 % and from the candidate at 100 %', () => {
    expect(plan(identity(), 0).liveSide).toBe('legacy');
    expect(plan(identity({ keys: [] }), 100).liveSide).toBe('candidate');
  });

  it('keeps requests without a key, or with many, on legacy below 100 %', () => {
    expect(plan(identity({ keys: [] }), 99).liveSide).toBe('legacy');
    expect(plan(identity({ keys: ['a', 'b'], hasManyKeys: true }), 99).liveSide).toBe('legacy');
    expect(plan(identity({ hasManyKeys: true }), 100).liveSide).toBe('candidate');
  });

  it('never mirrors a write that its route does not declare', () => {
    expect(plan(identity({ isSafe: false }), 0).skip).toBe('write');
    expect(plan(identity({ isSafe: false, isMirroredWrite: true }), 0).skip).toBeNull();
  });

  it('does not judge a tainted key and keeps it on the side that has every write', () => {
    const tainted = new TaintedKeys();
    tainted.add('user-1000', 'legacy', 'not-mirrored');
    const kept = plan(identity(), 99, new KeyOrder(), tainted);
    expect(kept).toMatchObject({ liveSide: 'legacy', isJudged: false });
  });

  it('moves a key to the candidate only when its shadow writes have arrived there', () => {
    const order = new KeyOrder();
    const write = {
      keys: ['user-1000'],
      isWrite: true,
      target: 'candidate' as const,
      missing: 0,
      run() {},
    };
    order.acquire(write);
    expect(plan(identity(), 99, order).liveSide).toBe('legacy');
    order.release(write);
    expect(plan(identity(), 99, order).liveSide).toBe('candidate');
  });

  it('moves a key back to legacy at once and does not judge what overtakes a write', () => {
    const order = new KeyOrder();
    order.acquire({ keys: ['user-1000'], isWrite: true, target: 'legacy', missing: 0, run() {} });
    const back = plan(identity(), 0, order);
    expect(back).toMatchObject({ liveSide: 'legacy', isJudged: false, overtaken: ['user-1000'] });
  });
});
