import { describe, expect, test } from 'vitest';
import { BEAM_MINOR } from '../../../src/pauses/beam.ts';
import { createCollector } from '../../../src/pauses/collector.ts';
import { GO_CYCLE } from '../../../src/pauses/go.ts';
import { allHeapsMb, heapMb, type HeapSettings, largeHeaps } from '../../../src/pauses/heaps.ts';
import { loadOf } from '../../../src/pauses/load.ts';
import { publishedQueue } from '../../../src/pauses/as-published.ts';
import type { ModelSettings } from '../../../src/pauses/settings.ts';

const BASE = publishedQueue({ serviceMs: 1.8, deviationMs: 0.3 });
/** Chances of which none ever comes true. */
const NEVER = { next: () => 0.999, int: (min: number) => min };

function heaps(over: Partial<HeapSettings>): HeapSettings {
  return { ...BASE.heaps, ...over };
}

function collector(over: Partial<ModelSettings>, random = NEVER) {
  return createCollector({ ...BASE, ...over }, random);
}

describe('heaps', () => {
  test('fixed ones are always of one size', () => {
    const fixed = heaps({ users: 3 });
    expect([heapMb(fixed, 0, 0), heapMb(fixed, 2, 9e9), allHeapsMb(fixed, 9e9)]).toEqual([
      8, 8, 24,
    ]);
  });

  test('growing ones gain by the hour, from the age at which the run begins', () => {
    const growing = heaps({ kind: 'growing', growthBytesPerHour: 2e6, ageMs: 3_600_000 });
    expect(heapMb(growing, 0, 0)).toBe(10);
    expect(heapMb(growing, 0, 1_800_000)).toBe(11);
  });

  test.each([1000, 1499, 1501, 2000, 5000])('of %i skewed ones one in a thousand is large', (n) => {
    const skewed = heaps({ kind: 'skewed', bytes: 8000, users: n });
    const sizes = Array.from({ length: n }, (_, user) => heapMb(skewed, user, 0));
    expect(sizes.filter((size) => size === 8)).toHaveLength(largeHeaps(n));
    expect(sizes.filter((size) => size === 0.008)).toHaveLength(n - largeHeaps(n));
    expect(largeHeaps(n)).toBe(Math.round(n / 1000 - 1e-9));
    expect(allHeapsMb(skewed, 0)).toBeCloseTo(
      sizes.reduce((sum, size) => sum + size, 0),
      9,
    );
  });
});

describe('the BEAM', () => {
  test('a sweep is paid for by the first request that begins after it has fallen due', () => {
    const beam = collector({});
    expect(beam.finishMs(120_000, 2)).toBe(120_002);
    expect(beam.finishMs(120_003, 2)).toBe(120_101);
    expect(beam.finishMs(120_101, 2)).toBe(120_103);
    expect(beam.finishMs(240_003, 2)).toBe(240_005);
    expect(beam.finishMs(240_004, 2)).toBe(240_102);
    expect([beam.collections, beam.longestMs]).toEqual([2, 96]);
  });

  test('each user has a sweep of its own, and their times are spread over the period', () => {
    const beam = collector({ heaps: heaps({ users: 4 }) });
    const paid = [29_999, 30_001, 60_001, 90_001, 120_001, 150_000, 150_002].map(
      (atMs) => beam.finishMs(atMs, 0) - atMs,
    );
    expect(paid).toEqual([0, 96, 96, 96, 96, 0, 96]);
  });

  test('after a long silence all that are due are swept at once, each once', () => {
    const beam = collector({ heaps: heaps({ users: 3 }) });
    expect(beam.finishMs(900_000, 1)).toBe(900_001 + 3 * 96);
    expect(beam.finishMs(900_300, 1)).toBe(900_301);
  });

  test('a minor collection comes by chance and takes its time', () => {
    const draws = [BEAM_MINOR.ratio * 0.99, 0.5, BEAM_MINOR.ratio];
    const beam = collector({}, { ...NEVER, next: () => draws.shift()! });
    expect(beam.finishMs(0, 2)).toBeCloseTo(2.125, 9);
    expect(beam.finishMs(10, 2)).toBe(12);
  });
});

describe('Go', () => {
  // 1 GB at 1 ms a MB: from 120,000 a stop of 0.12 ms, 1,000 ms of marking, a stop of 0.51 ms.
  const go = () => collector({ runtime: 'go', costMsPerMb: 1, heaps: heaps({ bytes: 1e9 }) });
  const { firstStopMs, lastStopMs, markShare } = GO_CYCLE;
  const markedMs = 120_000 + firstStopMs + 1000;

  test('work outside of a collection takes what it takes', () => {
    expect(go().finishMs(119_990, 10)).toBe(120_000);
  });

  test('work that a collection begins in stands still and then goes on slower', () => {
    expect(go().finishMs(119_995, 8)).toBeCloseTo(120_000 + firstStopMs + 3 / (1 - markShare), 6);
  });

  test('work during the marking takes a third longer', () => {
    expect(go().finishMs(120_500, 3)).toBeCloseTo(120_504, 6);
  });

  test('work that outlives a collection waits for its last stop too', () => {
    expect(go().finishMs(markedMs - 4, 5)).toBeCloseTo(markedMs + lastStopMs + 2, 6);
  });

  test('work through a whole collection loses what marking and stops take', () => {
    const all = firstStopMs + 1000 * markShare + lastStopMs;
    expect(go().finishMs(119_000, 2000)).toBeCloseTo(121_000 + all, 6);
  });

  test('the next collection begins a period after the end of the last', () => {
    const slow = go();
    const secondMs = markedMs + lastStopMs + 120_000;
    expect(slow.finishMs(secondMs - 5, 5)).toBeCloseTo(secondMs, 6);
    expect(slow.collections).toBe(1);
    expect(slow.finishMs(secondMs - 1, 2)).toBeCloseTo(
      secondMs + firstStopMs + 1 / (1 - markShare),
      6,
    );
    expect([slow.collections, slow.longestMs]).toEqual([2, expect.closeTo(1000.63, 6)]);
  });
});

describe('the load', () => {
  test('counts requests and collections', () => {
    expect(loadOf(BASE).requestsRatio).toBeCloseTo(0.9, 12);
    // 96 ms in 120 s, and 0.125 ms in one of 200 of 500 requests a second.
    expect(loadOf(BASE).collectionsRatio).toBeCloseTo(0.0008 + 0.0003125, 12);
    expect(loadOf({ ...BASE, runtime: 'none' }).collectionsRatio).toBe(0);
  });

  test('counts of a concurrent collection only what it takes', () => {
    const go = { ...BASE, runtime: 'go' as const, costMsPerMb: 1, heaps: heaps({ bytes: 1e9 }) };
    expect(loadOf(go).collectionsRatio).toBeCloseTo(250.63 / 121_000.63, 9);
  });

  test('counts heaps as large as they are at the end of the run', () => {
    const growing = heaps({ kind: 'growing', growthBytesPerHour: 72e6, ageMs: 0 });
    const { collectionsRatio } = loadOf({ ...BASE, heaps: growing });
    expect(collectionsRatio).toBeCloseTo((16 * 12) / 120_000 + 0.0003125, 9);
  });
});
