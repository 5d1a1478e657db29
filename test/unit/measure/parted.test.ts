import { describe, expect, it } from 'vitest';
import { thresholdAt, THRESHOLDS, thresholdsBelow } from '../../../src/kit/threshold-grid.ts';
import { createRandom, logNormal } from '../../../src/kit/random.ts';
import { Accumulator } from '../../../src/measure/accumulate.ts';
import { marginsOf, PartedTally } from '../../../src/measure/parted.ts';
import { gate } from '../../support/rollout.ts';

describe('the grid of thresholds', () => {
  it('has eight to each doubling, and a value exceeds those below it', () => {
    expect(thresholdsBelow(1)).toBe(0);
    expect(thresholdsBelow(64)).toBe(0);
    expect(thresholdsBelow(65)).toBe(1);
    expect(thresholdsBelow(128)).toBe(8);
    expect(thresholdsBelow(129)).toBe(9);
    expect(thresholdsBelow(1e15)).toBe(THRESHOLDS);
    expect(thresholdAt(128)).toBe(8);
    expect(thresholdAt(139)).toBe(8);
    expect(thresholdAt(10)).toBe(0);
  });
});

describe('pairs apart', () => {
  it('are those of which one side alone is over a threshold, at every threshold', () => {
    const random = createRandom(3);
    const pairs = Array.from({ length: 500 }, () => ({
      legacy: Math.ceil(logNormal(random, 2000, 1)),
      candidate: Math.ceil(logNormal(random, 2500, 1)),
    }));
    const margin = 1.25;
    const tally = new PartedTally(margin);
    for (const { legacy, candidate } of pairs) tally.add(legacy, candidate);
    const { more, less } = tally.take();
    const upTo = (counts: readonly number[], last: number): number =>
      counts.reduce((sum, each, i) => sum + (i % 2 === 1 && counts[i - 1]! <= last ? each : 0), 0);
    for (const at of [0, 20, 40, 50, 60]) {
      const threshold = 64 * 2 ** (at / 8);
      const over = (us: number): boolean => us > threshold;
      const isMore = pairs.filter((p) => over(p.candidate) && !over(p.legacy * margin));
      const isLess = pairs.filter((p) => !over(p.candidate) && over(p.legacy * margin));
      expect(upTo(more, at)).toBe(isMore.length);
      expect(upTo(less, at)).toBe(isLess.length);
    }
    expect(tally.take()).toEqual({ margin, more: [], less: [] });
  });

  it('are told for each margin that a gate has, and eight at most', () => {
    const ratio = (limit: number) => gate(`latency.p99.ratio < ${limit}`);
    expect(marginsOf([ratio(1.05), ratio(1.05), gate('latency.p99 < 5ms'), ratio(2)])).toEqual([
      1.05, 2,
    ]);
    expect(marginsOf(Array.from({ length: 20 }, (_, i) => ratio(1 + i / 10)))).toHaveLength(8);
  });

  it('are in the cells of a second, with the ratios within pairs', () => {
    const count = new Accumulator([1]);
    const times = { hasLegacyFailed: false, hasCandidateFailed: false, isTimed: true };
    count.legs('GET /x', 'legacy', { legacyUs: 1000, candidateUs: 2000, ...times });
    count.legs('GET /x', 'legacy', { legacyUs: 1000, candidateUs: 500, ...times });
    count.legs('GET /x', 'legacy', { legacyUs: 1000, candidateUs: 900, ...times, isTimed: false });
    const [cell] = count.takeCells();
    expect(cell).toMatchObject({ pairs: 3, ratios: [500, 1, 2000, 1] });
    expect(cell!.parted).toEqual([{ margin: 1, more: [32, 1, 40, -1], less: [24, 1, 32, -1] }]);
    expect(count.takeCells()).toEqual([]);
  });
});
