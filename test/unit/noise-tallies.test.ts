import { describe, expect, it } from 'vitest';
import { NOISE_LIMITS } from '../../src/compare/noise/path-tally.ts';
import { createRandom } from '../../src/kit/random.ts';
import { feed, PLACE, tallies } from '../support/noise-tallies.ts';

describe('the question whether the candidate differs more often', () => {
  it.each([
    { noise: 0.05, judged: 0.1, ratio: 1, within: 3000 },
    { noise: 0.5, judged: 0.75, ratio: 1, within: 1500 },
    { noise: 0.01, judged: 0.02, ratio: 1, within: 16_000 },
    { noise: 0.05, judged: 0.1, ratio: 0.2, within: 10_000 },
    { noise: 0, judged: 0.001, ratio: 1, within: 20_000 },
  ])('is answered for $judged against $noise within $within pairs', ({ within, ...rates }) => {
    for (let seed = 0; seed < 5; seed += 1) {
      const one = tallies();
      feed(one, createRandom(seed), within, rates);
      expect(one.verdictOf(PLACE)).toBe('candidate-higher');
    }
  });

  it('is answered as well when all was well for a long time before', () => {
    const one = tallies();
    const random = createRandom(7);
    feed(one, random, 100_000, { noise: 0.05, judged: 0.05, ratio: 1 });
    expect(one.verdictOf(PLACE)).toBe('noise');
    feed(one, random, 5000, { noise: 0.05, judged: 0.1, ratio: 1 });
    expect(one.verdictOf(PLACE)).toBe('candidate-higher');
  });
});

describe('the question whether a place is noise', () => {
  it('is answered within a few pairs that show it, and never by one', () => {
    const one = tallies();
    for (let i = 0; i < 20; i += 1) one.learn([]);
    one.learn([PLACE]);
    expect(one.verdictOf(PLACE)).toBe('learning');
    for (let i = 0; i < 4; i += 1) one.learn([PLACE]);
    expect(one.verdictOf(PLACE)).toBe('noise');
  });

  it('is denied to what legacy shows once in 20,000 pairs', () => {
    const one = tallies();
    for (let i = 0; i < 60_000; i += 1) one.learn(i % 20_000 === 0 ? [PLACE] : []);
    expect(one.verdictOf(PLACE)).toBe('unproven');
  });

  it('takes the kinds that random values show by chance together, and no others', () => {
    const one = tallies();
    for (let i = 0; i < 10; i += 1) one.learn([{ path: '/a', kind: 'generated' }]);
    expect(one.verdictOf({ path: '/a', kind: 'timestamp-precision' })).toBe('noise');
    expect(one.verdictOf({ path: '/a', kind: 'type' })).toBe('learning');
    expect(one.verdictOf({ path: '/b', kind: 'generated' })).toBe('learning');
  });

  it('leaves a kind of its own frequency on the candidate to be found', () => {
    const one = tallies();
    for (let i = 0; i < 600; i += 1) {
      one.learn([{ path: '/at', kind: 'value' }]);
      one.judge([{ path: '/at', kind: i < 300 ? 'value' : 'timestamp-precision' }]);
    }
    expect(one.verdictOf({ path: '/at', kind: 'value' })).toBe('noise');
    expect(one.verdictOf({ path: '/at', kind: 'timestamp-precision' })).toBe('candidate-higher');
  });
});

describe('learning a route', () => {
  it('ends when pairs of legacy with itself have shown nothing new for long enough', () => {
    const one = tallies();
    let pairs = 0;
    while (one.state.isLearning) {
      one.learn([]);
      pairs += 1;
    }
    // Zero in 3,097: below one in 1,000 at 95 %.
    expect(pairs).toBe(3097);
  });

  it('ends in any case, however few such pairs there are', () => {
    const one = tallies();
    one.learn([]);
    for (let i = 0; i < NOISE_LIMITS.learningPairsMax; i += 1) {
      expect(one.state.isLearning).toBe(true);
      one.judge([]);
    }
    expect(one.state.isLearning).toBe(false);
  });

  it('ends soon where legacy is never asked twice', () => {
    const one = tallies();
    one.judge([], 2000);
    expect(one.state.isLearning).toBe(false);
    one.learn([]);
    expect(one.state.isLearning).toBe(true);
  });

  it('stays bounded, and keeps room for what legacy shows', () => {
    const one = tallies();
    for (let i = 0; i < 10_000; i += 1) one.judge([{ path: `/x${i}`, kind: 'value' }]);
    expect(one.state.tallies.size).toBeLessThanOrEqual(128);
    for (let i = 0; i < 10; i += 1) one.learn([PLACE]);
    expect(one.verdictOf(PLACE)).toBe('noise');
  });
});

describe('another candidate', () => {
  it('is judged anew against what is known of legacy', () => {
    const one = tallies();
    const random = createRandom(3);
    feed(one, random, 3000, { noise: 0.05, judged: 0.3, ratio: 1 });
    expect(one.verdictOf(PLACE)).toBe('candidate-higher');
    one.forgetCandidate();
    expect(one.verdictOf(PLACE)).toBe('noise');
    expect(one.state.judgedPairs).toBe(0);
    feed(one, random, 3000, { noise: 0.05, judged: 0.05, ratio: 1 });
    expect(one.verdictOf(PLACE)).toBe('noise');
    feed(one, random, 3000, { noise: 0.05, judged: 0.3, ratio: 1 });
    expect(one.verdictOf(PLACE)).toBe('candidate-higher');
  });
});
