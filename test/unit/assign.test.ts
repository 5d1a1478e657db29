import { describe, expect, it } from 'vitest';
import type { Assignment } from '../../src/model/assignment.ts';
import type { Side } from '../../src/model/exchange.ts';
import { Assigner, type AssignerParts, cohortSide, type Plan } from '../../src/proxy/assign.ts';
import type { Identity } from '../../src/proxy/identify/identify.ts';
import { KeyOrder } from '../../src/proxy/mirror/key-order.ts';
import { MirrorBudget } from '../../src/proxy/mirror/mirror-budget.ts';
import { signOverride } from '../../src/proxy/fields/override.ts';
import { TaintedKeys } from '../../src/proxy/missed/taint.ts';
import type { RequestHead } from '../../src/wire/message.ts';

const at = (canaryPercent: number): Assignment => ({
  epoch: 1,
  revision: 1,
  canaryPercent,
  salt: 'read-states',
  mirrorPercent: 100,
  mirrorRatePerSec: null,
  mirrorPause: '',
  mirrorBaselinePercent: 0,
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

const head = (changes: Partial<RequestHead> = {}): RequestHead => ({
  method: 'GET',
  target: '/x',
  minor: 1,
  headers: [],
  framing: { kind: 'none' },
  keepsAlive: true,
  expectsContinue: false,
  isUpgrade: false,
  takesTrailers: false,
  ...changes,
});

const assigner = (percent: number, changes: Partial<AssignerParts> = {}): Assigner =>
  new Assigner({
    assignment: () => at(percent),
    order: new KeyOrder(),
    tainted: new TaintedKeys(),
    budget: new MirrorBudget({ routes: null, nowUs: () => 0, wallMs: () => 0, random: () => 0.5 }),
    holdsWrites: () => false,
    overrideSecret: null,
    hasSeparateState: true,
    isBypass: false,
    ...changes,
  });

const plan = (
  who: Identity,
  percent: number,
  order = new KeyOrder(),
  tainted = new TaintedKeys(),
): Plan => assigner(percent, { order, tainted }).assign(who, head());

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

  it('keeps on legacy what a rollback would lose, where each side has a store of its own', () => {
    const write = identity({ isSafe: false, keys: ['user-1000'] });
    expect(cohortSide('read-states', 'user-1000', 99)).toBe('candidate');
    expect(plan(write, 99).liveSide).toBe('legacy');
    const shared = assigner(99, { hasSeparateState: false });
    expect(shared.assign(write, head()).liveSide).toBe('candidate');
  });

  it('lets a signed field choose the side, until it lapses, and never mirrors it', () => {
    const secret = 'a secret of testers';
    const chosen = (value: string) =>
      assigner(0, { overrideSecret: secret }).assign(
        identity(),
        head({ headers: ['crossfade-side', value] }),
      );
    const later = Math.floor(Date.now() / 1000) + 60;
    const signed = signOverride(secret, 'candidate', later);
    expect(chosen(signed)).toMatchObject({ liveSide: 'candidate', skip: 'override' });
    expect(chosen(signed.replace('candidate', 'legacy')).skip).toBeNull();
    expect(chosen(signOverride('another secret', 'candidate', later)).liveSide).toBe('legacy');
    expect(chosen(signOverride(secret, 'candidate', later - 120)).liveSide).toBe('legacy');
    const unsigned = assigner(0).assign(identity(), head({ headers: ['crossfade-side', signed] }));
    expect(unsigned.liveSide).toBe('legacy');
  });

  it('names the keys of which a tester overtakes copies on their way to the chosen side', () => {
    const secret = 'a secret of testers';
    const order = new KeyOrder();
    const to = (target: Side): void =>
      order.acquire({
        keys: ['user-1000'],
        isWrite: true,
        target,
        missing: 0,
        run: () => undefined,
      });
    const overtaken = (side: Side) => {
      const value = signOverride(secret, side, Math.floor(Date.now() / 1000) + 60);
      const headers = ['crossfade-side', value];
      return assigner(0, { order, overrideSecret: secret }).assign(identity(), head({ headers }))
        .overtaken;
    };
    to('candidate');
    expect(overtaken('candidate')).toEqual(['user-1000']);
    expect(overtaken('legacy')).toEqual([]);
    to('legacy');
    expect(overtaken('legacy')).toEqual(['user-1000']);
  });

  it('mirrors neither upgrades nor event streams, nor anything in safe mode', () => {
    expect(assigner(0).assign(identity(), head({ isUpgrade: true })).skip).toBe('upgrade');
    const events = head({ headers: ['Accept', 'text/event-stream'] });
    expect(assigner(0).assign(identity(), events).skip).toBe('stream');
    expect(assigner(0, { isBypass: true }).assign(identity(), head()).skip).toBe('bypass');
  });

  it('puts a write behind those of its key that wait to be replayed', () => {
    const write = identity({ isSafe: false, isMirroredWrite: true });
    const waiting = assigner(0, { holdsWrites: (keys) => keys.includes('user-1000') });
    expect(waiting.assign(write, head()).skip).toBe('journalled');
    expect(waiting.assign(identity(), head()).skip).toBeNull();
  });
});
