import { describe, expect, it } from 'vitest';
import {
  daysSeen,
  NO_PEAKS,
  observeTraffic,
  type PeakState,
  resetPeaks,
} from '../../../src/rollout/peaks.ts';

const HOUR = 60;

type ByMinute<T> = (minute: number) => T;

/** `minutes` of traffic at a rate that depends on the minute; some may not count for the hold. */
function pass(minutes: number, rate: ByMinute<number>, counts: ByMinute<boolean> = () => true) {
  let state: PeakState = NO_PEAKS;
  let countedMs = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    if (counts(minute)) countedMs += 60_000;
    const nowMs = (minute + 1) * 60_000;
    state = observeTraffic(state, nowMs, rate(minute), countedMs);
  }
  return state;
}

describe('traffic peaks', () => {
  it('count once each when they are over', () => {
    const isBusy = (minute: number): boolean => minute % (24 * HOUR) < 3 * HOUR;
    const state = pass(3 * 24 * HOUR, (minute) => (isBusy(minute) ? 1000 : 100));
    expect(state.seen).toBe(3);
    expect(resetPeaks(state).seen).toBe(0);
  });

  it('that follow within four hours are one', () => {
    const isBusy = (minute: number): boolean => minute % (2 * HOUR) < HOUR;
    expect(pass(8 * HOUR, (minute) => (isBusy(minute) ? 1000 : 100)).seen).toBe(2);
  });

  it('of level traffic count one a day', () => {
    expect(pass(49 * HOUR, () => 500).seen).toBe(2);
  });

  it('of which less than four fifths count for the hold are none', () => {
    const isBusy = (minute: number): boolean => minute % (24 * HOUR) < 3 * HOUR;
    const rate = (minute: number): number => (isBusy(minute) ? 1000 : 100);
    // On the second day nothing counts for an hour of it, on the third for a quarter of one.
    const counts = (minute: number): boolean =>
      minute < 25 * HOUR || (minute >= 26 * HOUR && (minute < 49 * HOUR || minute >= 49.25 * HOUR));
    expect(pass(3 * 24 * HOUR, rate, counts).seen).toBe(2);
  });

  it('that began at an earlier step count only if most of them lies in this one', () => {
    const isBusy = (minute: number): boolean => minute < 5 * HOUR;
    const rate = (minute: number): number => (isBusy(minute) ? 1000 : 100);
    let state = pass(4 * HOUR, rate);
    state = resetPeaks(state);
    for (let minute = 4 * HOUR; minute < 8 * HOUR; minute += 1) {
      const countedMs = (minute - 4 * HOUR + 1) * 60_000;
      state = observeTraffic(state, (minute + 1) * 60_000, rate(minute), countedMs);
    }
    expect(state.seen).toBe(0);
  });

  it('are held against the last seven days, and the days seen are told', () => {
    // One day of ten times the traffic; every day has three busy hours.
    const rate = (minute: number): number =>
      (minute < 24 * HOUR ? 10 : 1) * (minute % (24 * HOUR) < 3 * HOUR ? 1000 : 100);
    expect(pass(7 * 24 * HOUR, rate).seen).toBe(1);
    const state = pass(11 * 24 * HOUR, rate);
    expect(state.seen).toBe(4);
    expect(daysSeen(state)).toBe(7);
    expect(daysSeen(pass(36 * HOUR, rate))).toBeCloseTo(1.5, 1);
  });

  it('are not made of minutes of which nothing is known', () => {
    let state = pass(29, () => 1000);
    state = observeTraffic(state, 90 * 60_000, 1000, 0);
    expect(state.minutes).toEqual([]);
  });

  it('do not exist without traffic', () => {
    expect(pass(48 * HOUR, () => 0).seen).toBe(0);
  });
});
