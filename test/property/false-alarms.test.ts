/** A small edition of `npm run bench -- false-alarms`. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/kit/random.ts';
import {
  type AlarmTrial,
  alarmsMax,
  gateTrial,
  REQUEST_TRIALS,
  windowTrial,
} from '../support/alarm-trials.ts';
import { WORLDS } from '../support/alike-arms.ts';
import { QUICK_SIZE_TRIALS, sizeOf } from '../support/size-trials.ts';

const SEEDS = [1, 2, 3];

function expectFewAlarms({ names, alpha, run }: AlarmTrial, runs: number, looks: number): void {
  for (const seed of SEEDS) {
    const random = createRandom(seed);
    const seen = Array.from({ length: runs }, () => run(random, looks));
    for (const [j, name] of names.entries()) {
      const alarms = seen.filter((alarmed) => alarmed[j]).length;
      expect(alarms, `${name}, seed ${seed}`).toBeLessThanOrEqual(alarmsMax(runs, alpha));
    }
  }
}

describe('two sides that are alike', () => {
  it.each(REQUEST_TRIALS)('seldom alarm $names, looked at each second', (trial) => {
    expectFewAlarms(trial, 100, 300);
  });

  it.each(WORLDS)('seldom alarm tests on windows: $name', (world) => {
    expectFewAlarms(windowTrial(world), 100, 72);
  });

  it.each(WORLDS)('seldom alarm a latency gate: $name', (world) => {
    expectFewAlarms(gateTrial(world), 40, 60);
  });

  it('may have no more alarms than all but one in a thousand sets of runs', () => {
    expect(alarmsMax(2000, 0.01)).toBe(35);
    expect(alarmsMax(2000, 0.0001)).toBe(3);
  });
});

describe('two sides that differ', () => {
  it.each(QUICK_SIZE_TRIALS)('are told apart within 20 % of $from $unit: $name', (trial) => {
    expect(sizeOf(trial, createRandom(1))).toMatchObject({ isNear: true });
  });
});
