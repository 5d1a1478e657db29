import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/kit/random.ts';
import { feed, PLACE, tallies } from '../support/noise-tallies.ts';

describe('the question whether the candidate differs more often', () => {
  const RUNS = 300;
  /** Twenty times what is used, so that false alarms can be counted at all. */
  const ALPHA = 0.2;

  it.each([
    { rate: 0.05, ratio: 1 },
    { rate: 0.9, ratio: 1 },
    { rate: 1, ratio: 1 },
    { rate: 0.05, ratio: 0.1 },
    { rate: 0.6, ratio: 0.1 },
  ])('is wrong no more often than said at a rate of $rate, asked twice at $ratio', (given) => {
    let alarms = 0;
    for (let seed = 0; seed < RUNS; seed += 1) {
      const one = tallies(ALPHA);
      const { rate, ratio } = given;
      feed(one, createRandom(seed), 2000, { noise: rate, judged: rate, ratio });
      if (one.verdictOf(PLACE) === 'candidate-higher') alarms += 1;
    }
    // Its place is the first of all, and has half of the chance of error.
    const expected = (RUNS * ALPHA) / 2;
    expect(alarms).toBeLessThanOrEqual(expected + 3 * Math.sqrt(expected));
  });

  it('is not misled by rates and sampling that change together', () => {
    let alarms = 0;
    for (let seed = 0; seed < RUNS; seed += 1) {
      const one = tallies(ALPHA);
      const random = createRandom(seed);
      for (let phase = 0; phase < 6; phase += 1) {
        const isBusy = phase % 2 === 1;
        const rate = isBusy ? 0.2 : 0.02;
        feed(one, random, 700, { noise: rate, judged: rate, ratio: isBusy ? 0.1 : 1 });
      }
      if (one.verdictOf(PLACE) === 'candidate-higher') alarms += 1;
    }
    const expected = (RUNS * ALPHA) / 2;
    expect(alarms).toBeLessThanOrEqual(expected + 3 * Math.sqrt(expected));
  });
});
