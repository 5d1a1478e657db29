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

  it('is below its upper bound, and above its lower one, in 95 of 100 trials', () => {
    const random = createRandom(7);
    const trials = 1000;
    let above = 0;
    let below = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const pairs = Array.from({ length: 8 }, () => [1, logNormal(random, 1, 0.2)] as const);
      const { lower, upper } = pairedRatio(pairs);
      if (upper < 1) above += 1;
      if (lower > 1) below += 1;
    }
    // 5 % and three standard deviations.
    expect(above).toBeLessThan(71);
    expect(below).toBeLessThan(71);
    expect(above + below).toBeGreaterThan(30);
  });

  it('is hardly moved by one block that met a pause of the machine', () => {
    const pairs = pairsOf(1, 20);
    const { upper } = pairedRatio(pairs);
    const [, other] = pairs[3]!;
    const moved = pairedRatio(pairs.with(3, [other / 20, other]));
    expect(moved.upper / upper).toBeLessThan(1.02);
  });

  it('says nothing of pairs too few to say it', () => {
    expect(pairedRatio(pairsOf(1, 2))).toMatchObject({ lower: 0, upper: Infinity, pairs: 2 });
  });

  it('finds ten per cent in spite of a machine that varies by half', () => {
    expect(pairedRatio(pairsOf(1.1, 20)).lower).toBeGreaterThan(1.05);
  });
});
