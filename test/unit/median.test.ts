import { describe, expect, it } from 'vitest';
import { median, spreadAround } from '../../src/kit/median.ts';

describe('the median', () => {
  it('is the middle value, the mean of two where the number is even, and null of none', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNull();
  });

  it('has a spread that no single value can move far', () => {
    expect(spreadAround([9, 10, 11, 12, 1000], 11)).toBeCloseTo(1.4826, 6);
    expect(spreadAround([], 3)).toBe(0);
  });
});
