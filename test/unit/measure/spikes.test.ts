import { describe, expect, it } from 'vitest';
import {
  NO_SPIKE_STATE,
  observeSecond,
  resetSpikes,
  type SpikeState,
} from '../../../src/measure/spikes.ts';

function watch(
  seconds: readonly (readonly [legacyMs: number, candidateMs: number])[],
  from: SpikeState = NO_SPIKE_STATE,
): SpikeState {
  return seconds.reduce(
    (state, [legacyMs, candidateMs]) =>
      observeSecond(state, {
        legacyCount: 400,
        legacyP99Us: legacyMs * 1000,
        candidateCount: 400,
        candidateP99Us: candidateMs * 1000,
      }),
    from,
  );
}

const calm = Array.from({ length: 10 }, () => [2, 2] as const);

describe('spikes', () => {
  it('are seconds far above what is usual for the candidate', () => {
    const state = watch([...calm, [2, 60], [2, 2], [2, 60]]);
    expect(state).toMatchObject({ spikes: 2, shared: 0, quietSeconds: 0 });
    expect(state.worst).toEqual({ p99Us: 60_000, usualUs: 2000 });
  });

  it('of legacy alone are none of the candidate', () => {
    const state = watch([...calm, [200, 2], [200, 2]]);
    expect(state).toMatchObject({ spikes: 0, legacySpikes: 2, shared: 0 });
  });

  it('that both sides have at once are charged to neither', () => {
    expect(watch([...calm, [200, 60], [2, 60], [2, 2]])).toMatchObject({ spikes: 0, shared: 2 });
  });

  it('are not found before it is known what is usual', () => {
    expect(
      watch([
        [2, 500],
        [2, 500],
        [2, 2],
      ]),
    ).toMatchObject({ spikes: 0, seconds: 0 });
  });

  it('are not found in a side that is slow all the time, nor five times nothing', () => {
    expect(watch(Array.from({ length: 30 }, () => [2, 80] as const)).spikes).toBe(0);
    expect(watch([...calm, [2, 11]]).spikes).toBe(0);
  });

  it('begin anew with a step, what is usual stays known', () => {
    const state = watch([[2, 60]], resetSpikes(watch([...calm, [2, 60]])));
    expect(state).toMatchObject({ spikes: 1, seconds: 1 });
  });
});
