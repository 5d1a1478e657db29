import { describe, expect, it } from 'vitest';
import { splitProblem } from '../../../src/judge/share-check.ts';
import { LIMITS } from '../../../src/kit/limits.ts';
import { KeySample } from '../../../src/measure/key-sample.ts';
import type { RolloutState } from '../../../src/model/rollout.ts';
import { cohortSide } from '../../../src/proxy/assign.ts';
import { Gathering } from '../../../src/rollout/gathering.ts';
import { KeyShares } from '../../../src/rollout/key-shares.ts';
import { first } from '../../../src/rollout/verbs.ts';
import { summaryOf } from '../../support/rollout.ts';
import { createSimulatedClock } from '../../support/simulated-clock.ts';

/** A proxy's sample of so many users, split at `percent`. */
function sampleOf(users: number, percent: number, sample = new KeySample()): KeySample {
  for (let i = 0; i < users; i += 1) {
    const key = `user-${i}`;
    sample.add(key, cohortSide('read-states', key, percent));
  }
  return sample;
}

describe('the check of the split', () => {
  it('finds nothing where keys are split as they should be, however they are sampled', () => {
    for (const percent of [1, 10, 50]) {
      for (const users of [100, 20_000]) {
        const shares = new KeyShares();
        shares.accept(sampleOf(users, percent).take()!);
        expect(shares.problem(percent)).toBe('');
      }
    }
  });

  it('finds a split that is not what it should be, and says both', () => {
    const shares = new KeyShares();
    shares.accept(sampleOf(400, 50).take()!);
    expect(shares.problem(10)).toMatch(
      /^\d\d\.\d % of 400 sampled keys are live on the candidate, not 10.0 %: the traffic is not/,
    );
    expect(splitProblem(60, 60, 50)).not.toBe('');
    expect(splitProblem(0, 0, 50)).toBe('');
  });

  it('has nothing to check at 0 and at 100 %', () => {
    expect(splitProblem(5, 10, 0)).toBe('');
    expect(splitProblem(5, 10, 100)).toBe('');
  });

  it('counts a key once, on the candidate where it has ever been', () => {
    const shares = new KeyShares();
    for (let i = 0; i < 50; i += 1) shares.accept({ legacy: [1, 2], candidate: [3] });
    shares.accept({ legacy: [3], candidate: [1] });
    expect(shares.problem(50)).toBe('');
    for (let id = 4; id < 100; id += 1) shares.accept({ legacy: [], candidate: [id] });
    expect(shares.problem(50)).toContain(' of 99 sampled keys');
  });

  it('goes on after a restart from what was counted, until as many keys were seen again', () => {
    const before = new KeyShares();
    before.accept(sampleOf(400, 50).take()!);
    const problem = before.problem(10);
    expect(problem).not.toBe('');
    const after = new KeyShares(before.counts);
    expect(after.problem(10)).toBe(problem);
    expect(after.counts).toEqual(before.counts);
    after.accept(sampleOf(399, 10).take()!);
    expect(after.problem(10)).toBe(problem);
    after.accept({ legacy: [-1], candidate: [] });
    expect(after.problem(10)).toBe('');
    expect(after.counts.keys).toBe(400);
  });

  it('is of the step: a restart takes it up, another step begins anew', () => {
    const state = first({ label: 'build-1', salt: 'salt', proof: '' }, 1_000_000);
    const gathering = new Gathering([], createSimulatedClock(), []);
    gathering.accept(summaryOf({ placed: sampleOf(400, 50).take()! }), state);
    const problem = gathering.splitProblem(10);
    expect(problem).not.toBe('');
    const taken = (next: RolloutState): string => {
      const after = new Gathering([], createSimulatedClock(), []);
      const progress = gathering.progress(state, next, null);
      after.restore({ state: next, progress, windows: [], resources: [] }, next);
      return after.splitProblem(10);
    };
    expect(taken(state)).toBe(problem);
    expect(taken({ ...state, revision: state.revision + 1 })).toBe('');
  });

  it('is bounded, however many keys there are', () => {
    const sample = sampleOf(50_000, 10);
    const { legacy, candidate } = sample.take()!;
    expect(legacy.length + candidate.length).toBeLessThanOrEqual(2 * LIMITS.sampledKeysPerSecond);
    expect(legacy.length + candidate.length).toBeGreaterThanOrEqual(LIMITS.sampledKeysPerSecond);
    expect(sample.take()).toBeUndefined();
    // The sample stays the same keys: another second brings none that were left out before.
    const again = sampleOf(50_000, 10, sample).take()!;
    const known = new Set([...legacy, ...candidate]);
    expect(again.legacy.every((id) => known.has(id))).toBe(true);
    const shares = new KeyShares();
    for (let id = 0; id < 100_000; id += 1) shares.accept({ legacy: [id], candidate: [] });
    expect(shares.problem(50)).toContain(`${(16_384).toLocaleString('en-US')} sampled keys`);
  });
});
