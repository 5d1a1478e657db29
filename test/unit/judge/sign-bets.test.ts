import { describe, expect, it } from 'vitest';
import { SignBets, signsOf, WindowSigns } from '../../../src/judge/sign-bets.ts';
import { crossings, lnOver, lnWithin, signs } from '../../../src/judge/sign-test.ts';
import { createRandom, normal } from '../../../src/kit/random.ts';

const ALLOWANCE = 1.05;
/** More than what nothing is worth, and soon there. */
const WORTH = 100;

/** Windows of a candidate that is worse by so many deviations, rounded so that some are equal. */
function windowsOf(count: number, worse: number, rounded = Math.round) {
  const random = createRandom(count + 1);
  const about = (shift: number): number => rounded(1000 * Math.exp(0.1 * (normal(random) + shift)));
  return Array.from({ length: count }, () => ({ legacyUs: about(0), candidateUs: about(worse) }));
}

describe('bets that go on from window to window', () => {
  it.each([0, 0.5, 3, -1])(
    'are worth what all windows are at once, %s deviations worse',
    (worse) => {
      for (const count of [0, 1, 2, 3, 4, 10, 100, 1300]) {
        const windows = windowsOf(count, worse);
        const candidate = windows.map(({ candidateUs }) => candidateUs);
        const allowed = windows.map(({ legacyUs }) => legacyUs * ALLOWANCE);
        const { plain, crossed } = signsOf(windows, ALLOWANCE);
        expect(plain.lnOver).toBeCloseTo(lnOver(signs(candidate, allowed)), 9);
        expect(plain.lnWithin).toBeCloseTo(lnWithin(signs(candidate, allowed)), 9);
        expect(crossed.lnOver).toBeCloseTo(lnOver(crossings(candidate, allowed)), 9);
        expect(crossed.lnWithin).toBeCloseTo(lnWithin(crossings(candidate, allowed)), 9);
      }
    },
  );

  it.each([0, 0.5])('tell what is equal, also of roots, %s deviations worse', (worse) => {
    // Of both live sides' buckets the geometric mean, which no double holds.
    const bucketed = (us: number): number => Math.sqrt(32 * Math.round(us / 32) * 1024);
    for (const count of [3, 10, 300]) {
      const windows = windowsOf(count, worse, bucketed);
      const candidate = windows.map(({ candidateUs }) => candidateUs);
      const legacy = windows.map(({ legacyUs }) => legacyUs);
      const { crossed } = signsOf(windows, 1);
      expect(crossed.lnOver).toBeCloseTo(lnOver(crossings(candidate, legacy)), 9);
      expect(crossed.lnWithin).toBeCloseTo(lnWithin(crossings(candidate, legacy)), 9);
    }
  });

  it.each([
    [4992, 5056],
    [5024, 5056],
  ])('say nothing of a candidate that is always the root of %d times %d', (one, other) => {
    const us = Math.sqrt(one * other);
    const windows = Array.from({ length: 40 }, (_, i) => {
      return { candidateUs: us, legacyUs: i > 10 && i % 2 === 1 ? 0.99 * us : us };
    });
    expect(signsOf(windows, 1).crossed.lnWithin).toBeCloseTo(0, 9);
  });

  it.each([0.97, 1, 1.03, 1.2])('know whether they are worth so much: %f', (times) => {
    const random = createRandom(7);
    let told = new WindowSigns();
    const found = { plain: new Set<boolean>(), crossed: new Set<boolean>() };
    for (let i = 0; i < 2000; i += 1) {
      // Good for a while and bad for a while.
      const slower = i % 400 < 40 ? 1.1 * times : times;
      const windowUs = (): number => Math.round(1000 * Math.exp(0.1 * normal(random)));
      told.add(slower * windowUs(), 1000 * Math.exp(0.05 * normal(random)));
      if (i % 100 === 20) told = new WindowSigns(told);
      for (const which of ['plain', 'crossed'] as const) {
        const isWorth = told[which].isOverWorth(WORTH);
        expect(isWorth).toBe(Math.exp(told[which].lnOver) >= WORTH);
        found[which].add(isWorth);
      }
    }
    expect([found.plain.size, found.crossed.size]).toEqual([2, 2]);
  });

  it.each([0, 30, 100])('know of what is staked after %i good windows', (good) => {
    const bets = new SignBets();
    let asked = 0;
    for (let i = 0; i < good; i += 1) bets.add(-1);
    for (let i = 0; i < 60; i += 1) {
      bets.add(1);
      const copy = bets.copy();
      // One that is asked now and then has more to remember.
      const isWorth = Math.exp(bets.lnOver) >= WORTH;
      expect(copy.isOverWorth(WORTH)).toBe(isWorth);
      if (isWorth) asked += 1;
    }
    expect(asked).toBeGreaterThan(20);
  });

  it('go on apart from a copy', () => {
    const one = signsOf(windowsOf(20, 0), ALLOWANCE);
    const other = new WindowSigns(one);
    const was = one.plain.lnOver;
    other.add(2000, 1000);
    expect(one.plain.lnOver).toBe(was);
    one.add(2000, 1000);
    expect(other.plain.lnOver).toBe(one.plain.lnOver);
    expect(other.crossed.lnOver).toBe(one.crossed.lnOver);
  });
});
