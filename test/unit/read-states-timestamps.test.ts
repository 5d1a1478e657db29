import { describe, expect, it } from 'vitest';
import {
  formatTimestamp,
  PIN_MAX_MS,
  PIN_MIN_MS,
  parseTimestampMs,
} from '../../src/read-states/timestamps.ts';

describe('pin timestamps', () => {
  it.each([
    ['2015-01-01T00:00:00.000Z', PIN_MIN_MS],
    ['2024-03-01T12:00:00.000Z', Date.UTC(2024, 2, 1, 12)],
    ['2024-02-29T23:59:59.999Z', Date.UTC(2024, 1, 29, 23, 59, 59, 999)],
    ['2154-05-15T07:35:11.103Z', PIN_MAX_MS],
  ])('reads %s and writes it back the same', (text, ms) => {
    expect(parseTimestampMs(text)).toBe(ms);
    expect(formatTimestamp(ms)).toBe(text);
  });

  it.each([
    ['no fraction', '2024-03-01T12:00:00Z'],
    ['two fraction digits', '2024-03-01T12:00:00.12Z'],
    ['six fraction digits', '2024-03-01T12:00:00.123456Z'],
    ['an offset', '2024-03-01T12:00:00.000+00:00'],
    ['a small z', '2024-03-01T12:00:00.000z'],
    ['a space for T', '2024-03-01 12:00:00.000Z'],
    ['space around', ' 2024-03-01T12:00:00.000Z'],
    ['a line end', '2024-03-01T12:00:00.000Z\n'],
    ['29 February of a common year', '2023-02-29T12:00:00.000Z'],
    ['31 April', '2024-04-31T12:00:00.000Z'],
    ['month 13', '2024-13-01T12:00:00.000Z'],
    ['day 0', '2024-01-00T12:00:00.000Z'],
    ['hour 24', '2024-01-01T24:00:00.000Z'],
    ['a leap second', '2016-12-31T23:59:60.000Z'],
    ['a moment before the range', '2014-12-31T23:59:59.999Z'],
    ['a moment behind the range', '2154-05-15T07:35:11.104Z'],
    ['a year of five digits', '12024-03-01T12:00:00.000Z'],
    ['nothing', ''],
  ])('refuses %s', (_name, text) => {
    expect(parseTimestampMs(text)).toBe(-1);
  });
});
