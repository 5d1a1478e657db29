import { describe, expect, it } from 'vitest';
import { pairedRatio } from '../../bench/isolation-ratio.ts';
import { createRandom, logNormal } from '../../src/kit/random.ts';

/** Pairs of blocks on a machine whose mood changes from pair to pair. */
function pairsOf(factor: number, count: number): (readonly [number, number])[] {
  const random = createRandom(5);
  return Array.from({ length: count }, () => {
    const mood = logNormal(random, 10_000, 0.5);
    const noise = (): number => logNormal(random, 1, 0.04);
    return [mood * noise(), mood * factor * noise()] as const;
  });
}

describe('the ratio of paired blocks', () => {
  it('is within its bounds, and those come closer with more pairs', () => {
    const few = pairedRatio(pairsOf(1, 8));
    const many = pairedRatio(pairsOf(1, 80));
    for (const { lower, ratio, upper } of [few, many]) {
      expect(lower).toBeLessThan(ratio);
      expect(ratio).toBeLessThan(upper);
    }
    expect(many.upper - many.lower).toBeLessThan(few.upper - few.lower);
    expect(many.upper).toBeLessThan(1.05);
  });

  it('finds ten per cent in spite of a machine that varies by half', () => {
    expect(pairedRatio(pairsOf(1.1, 20)).lower).toBeGreaterThan(1.05);
  });
});
