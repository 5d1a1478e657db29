import { describe, expect, it } from 'vitest';
import {
  NO_PEAKS,
  observeTraffic,
  type PeakState,
  resetPeaks,
} from '../../../src/rollout/peaks.ts';

const HOUR = 60;

/** `minutes` of traffic at a rate that depends on the minute. */
function pass(minutes: number, rate: (minute: number) => number): PeakState {
  let state: PeakState = NO_PEAKS;
  for (let minute = 0; minute < minutes; minute += 1) {
    const nowMs = (minute + 1) * 60_000;
    state = observeTraffic(state, nowMs, rate(minute), nowMs);
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

  it('do not exist without traffic', () => {
    expect(pass(48 * HOUR, () => 0).seen).toBe(0);
  });
});
