import { expect, test } from 'vitest';
import { formatAbout } from '../../src/kit/units.ts';

test.each([
  [1, '1 s'],
  [89_000, '89 s'],
  [120_000, '2 min'],
  [63 * 60_000, '63 min'],
  [2 * 3_600_000, '2 h'],
  [190 * 60_000, '3 h 10 min'],
  [47 * 3_600_000, '47 h'],
  [52 * 3_600_000, '2 days 4 h'],
  [400 * 86_400_000, 'years'],
])('a forecast of %i ms is about %s', (ms, text) => {
  expect(formatAbout(ms)).toBe(text);
});
