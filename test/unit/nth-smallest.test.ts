import { expect, it } from 'vitest';
import { nthSmallest } from '../../src/kit/nth-smallest.ts';
import { createRandom } from '../../src/kit/random.ts';

it('is what sorting finds at every rank, equal values included', () => {
  const random = createRandom(2);
  for (let count = 1; count < 40; count += 1) {
    const values = Array.from({ length: count }, () => random.int(0, count));
    const sorted = values.toSorted((a, b) => a - b);
    for (let rank = 1; rank <= count; rank += 1) {
      expect(nthSmallest(Float64Array.from(values), rank)).toBe(sorted[rank - 1]);
    }
  }
});

it('of a rank that there is not is no number', () => {
  expect(nthSmallest(Float64Array.of(1, 2), 0)).toBeNaN();
  expect(nthSmallest(Float64Array.of(1, 2), 3)).toBeNaN();
});
