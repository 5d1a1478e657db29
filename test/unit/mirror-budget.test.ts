import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/kit/random.ts';
import { isBaselineSecond } from '../../src/measure/baseline-seconds.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { Identity } from '../../src/proxy/identify/identify.ts';
import { MirrorBudget } from '../../src/proxy/mirror/mirror-budget.ts';

const ASSIGNMENT: Assignment = {
  epoch: 1,
  revision: 1,
  canaryPercent: 0,
  salt: 'salt',
  mirrorPercent: 100,
  mirrorRatePerSec: null,
  mirrorPause: '',
  mirrorBaselinePercent: 0,
  mirrorRevision: 0,
  comparePercent: 100,
  safeTarget: 0,
};

const read = (route: string, key: string | null): Identity => ({
  route: { name: route, settings: null },
  isSafe: true,
  isMirroredWrite: false,
  keys: key === null ? [] : [key],
  hasManyKeys: false,
  hasTooManyKeys: false,
});
const WRITE: Identity = { ...read('POST /ack', 'user-1'), isSafe: false, isMirroredWrite: true };

function setup(routes: readonly string[] | null = null) {
  const now = { us: 0, wallMs: 0 };
  const random = createRandom(7);
  const budget = new MirrorBudget({
    routes,
    nowUs: () => now.us,
    wallMs: () => now.wallMs,
    random: () => random.next(),
  });
  return { budget, now };
}

/** Sum of (observed - expected)² / expected over what was mirrored and not, by route. */
function chiSquare(mirrored: readonly number[], totals: readonly number[]): number {
  const share = sum(mirrored) / sum(totals);
  return totals.reduce((chi, total, route) => {
    const expected = total * share;
    const square = (mirrored[route]! - expected) ** 2;
    return chi + square / expected + square / (total - expected);
  }, 0);
}

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

/** Of chi-square with three degrees of freedom: one in a thousand lies above. */
const CHI_SQUARE_3_999 = 16.27;
const ROUTES = ['GET /a', 'GET /b', 'GET /c', 'GET /d'];

describe('the mirror budget', () => {
  it('mirrors the share of the keys, and raising it only adds keys', () => {
    const { budget } = setup();
    const keys = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
    const mirrored = (percent: number): ReadonlySet<string> =>
      new Set(
        keys.filter(
          (key) =>
            budget.skip(read('GET /a', key), { ...ASSIGNMENT, mirrorPercent: percent }) === null,
        ),
      );
    const [none, ten, forty, all] = [mirrored(0), mirrored(10), mirrored(40), mirrored(100)];
    expect([none.size, all.size]).toEqual([0, keys.length]);
    expect(ten.size / keys.length).toBeCloseTo(0.1, 2);
    expect(forty.size / keys.length).toBeCloseTo(0.4, 2);
    expect([...ten].every((key) => forty.has(key))).toBe(true);
  });

  it('gives every route the same share, with keys and without', () => {
    const { budget } = setup();
    const assignment = { ...ASSIGNMENT, mirrorPercent: 25 };
    for (const hasKey of [true, false]) {
      const mirrored = [0, 0, 0, 0];
      const totals = [0, 0, 0, 0];
      for (let i = 0; i < 40_000; i += 1) {
        const route = (i * 7) % 4;
        totals[route]! += 1;
        const identity = read(ROUTES[route]!, hasKey ? `user-${i}` : null);
        if (budget.skip(identity, assignment) === null) mirrored[route]! += 1;
      }
      expect(chiSquare(mirrored, totals)).toBeLessThan(CHI_SQUARE_3_999);
    }
  });

  it('keeps the rate and gives every route the same share of it, though they come in turn', () => {
    const { budget, now } = setup();
    const assignment = { ...ASSIGNMENT, mirrorRatePerSec: 500 };
    const mirrored = [0, 0, 0, 0];
    const totals = [0, 0, 0, 0];
    // 2,000 a second, the routes strictly one after the other: a bare bucket favours one.
    for (let i = 0; i < 40_000; i += 1) {
      now.us += 500;
      const reason = budget.skip(read(ROUTES[i % 4]!, `user-${i}`), assignment);
      if (now.us < 2_000_000) continue;
      totals[i % 4]! += 1;
      if (reason === null) mirrored[i % 4]! += 1;
      else expect(reason).toBe('rate');
    }
    expect(sum(mirrored) / 18).toBeGreaterThan(450);
    expect(sum(mirrored) / 18).toBeLessThanOrEqual(505);
    expect(chiSquare(mirrored, totals)).toBeLessThan(CHI_SQUARE_3_999);
  });

  it('never lets more through than the rate, however many come at once', () => {
    const { budget, now } = setup();
    const assignment = { ...ASSIGNMENT, mirrorRatePerSec: 100 };
    let mirrored = 0;
    for (let second = 0; second < 5; second += 1) {
      now.us = second * 1_000_000;
      for (let i = 0; i < 10_000; i += 1) {
        if (budget.skip(read('GET /a', `user-${i}`), assignment) === null) mirrored += 1;
      }
    }
    expect(mirrored).toBeLessThanOrEqual(5 * 10 + 10);
  });

  it('leaves out nothing while fewer come than the rate', () => {
    const { budget, now } = setup();
    const assignment = { ...ASSIGNMENT, mirrorRatePerSec: 100 };
    for (let i = 0; i < 1000; i += 1) {
      now.us += 12_500;
      expect(budget.skip(read('GET /a', null), assignment)).toBeNull();
    }
  });

  it('mirrors the reads of the routes named alone', () => {
    const { budget } = setup(['GET /a']);
    expect(budget.skip(read('GET /a', null), ASSIGNMENT)).toBeNull();
    expect(budget.skip(read('GET /b', null), ASSIGNMENT)).toBe('route');
  });

  it('leaves out a declared write only when mirroring is paused', () => {
    const { budget } = setup(['GET /a']);
    const tight = {
      ...ASSIGNMENT,
      mirrorPercent: 0,
      mirrorRatePerSec: 0.001,
      mirrorBaselinePercent: 50,
    };
    for (let i = 0; i < 100; i += 1) expect(budget.skip(WRITE, tight)).toBeNull();
    expect(budget.skip(WRITE, { ...tight, mirrorPause: 'a person' })).toBe('paused');
  });

  it('mirrors nothing in baseline seconds, which the salt chooses', () => {
    const { budget, now } = setup();
    const assignment = { ...ASSIGNMENT, mirrorBaselinePercent: 5 };
    let baseline = 0;
    for (let second = 0; second < 2000; second += 1) {
      now.wallMs = second * 1000 + 500;
      const reason = budget.skip(read('GET /a', null), assignment);
      expect(reason).toBe(isBaselineSecond('salt', second, 5) ? 'baseline' : null);
      if (reason === 'baseline') baseline += 1;
    }
    expect(baseline).toBe(100);
  });
});

describe('baseline seconds', () => {
  it('are one of each block, elsewhere in each, and others under another salt', () => {
    const places = Array.from({ length: 50 }, (_, block) =>
      Array.from({ length: 20 }, (__, i) => isBaselineSecond('a', block * 20 + i, 5)),
    );
    expect(places.every((block) => block.filter(Boolean).length === 1)).toBe(true);
    expect(new Set(places.map((block) => block.indexOf(true))).size).toBeGreaterThan(10);
    const other = places.map((_, block) =>
      Array.from({ length: 20 }, (__, i) => isBaselineSecond('b', block * 20 + i, 5)).indexOf(true),
    );
    expect(other).not.toEqual(places.map((block) => block.indexOf(true)));
  });

  it('are one of two at 50 %, and none at 0 %', () => {
    const half = Array.from({ length: 200 }, (_, second) => isBaselineSecond('a', second, 50));
    for (let i = 0; i < 200; i += 2) expect(half[i]).not.toBe(half[i + 1]);
    expect(isBaselineSecond('a', 5, 0)).toBe(false);
  });
});
