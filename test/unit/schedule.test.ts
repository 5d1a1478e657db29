import { describe, expect, test } from 'vitest';
import { createSchedule, formatPace, parseRate, parseSpeed } from '../../replay/schedule.ts';

const ARRIVALS_US = [5_000_000, 5_100_000, 5_100_000, 7_000_000];

describe('a schedule', () => {
  test.each([
    ['1x', parseSpeed('1x'), [0, 100_000, 100_000, 2_000_000]],
    ['2x', parseSpeed('2x'), [0, 50_000, 50_000, 1_000_000]],
    ['0.5x', parseSpeed('0.5x'), [0, 200_000, 200_000, 4_000_000]],
    ['500/s', parseRate('500/s'), [0, 2000, 4000, 6000]],
    ['3/s', parseRate('3/s'), [0, 333_333, 666_667, 1_000_000]],
  ])('at %s sends at its own times', (_, pace, expected) => {
    const schedule = createSchedule(pace, ARRIVALS_US[0]!);
    expect(ARRIVALS_US.map((atUs, index) => schedule(index, atUs))).toEqual(expected);
  });

  test.each(['', '2', 'x', '0x', '-1x', '1e3x', '2 x', '5000x'])(
    'refuses the speed "%s"',
    (text) => {
      expect(() => parseSpeed(text)).toThrow(/expected a speed such as 2x/);
    },
  );

  test.each(['', '500', '0/s', '500/m', '-5/s', '1000000/s'])('refuses the rate "%s"', (text) => {
    expect(() => parseRate(text)).toThrow(/expected a rate such as 500\/s/);
  });

  test('is named as it was given', () => {
    expect([parseSpeed('1x'), parseSpeed('2x'), parseRate('500/s')].map(formatPace)).toEqual([
      'original speed',
      '2x',
      '500/s',
    ]);
  });
});
