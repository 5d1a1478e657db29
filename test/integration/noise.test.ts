/**
 * Noise on a service that is nothing but noise, by its real answers and with seeds. The whole
 * of it, 20,000 pairs for each question: CROSSFADE_NOISE=full npx vitest run --project
 * integration test/integration/noise.test.ts
 */
import { describe, expect, it } from 'vitest';
import { NOISE_LIMITS } from '../../src/compare/noise/path-tally.ts';
import type { Divergence } from '../../src/model/pair.ts';
import { LEGACY, NoisyTraffic, TWICE_AS_NOISY } from '../support/noisy-service.ts';

const IS_FULL = process.env['CROSSFADE_NOISE'] === 'full';
const LEARNING_PAIRS = 20_000;
const FOUND_WITHIN_PAIRS = 20_000;
const AFTER_PAIRS = IS_FULL ? 20_000 : 700;
const RUNS = 20;
/** Learned in less than a tenth of the time: to within 1 %, not 0.1 %. */
const QUICK = IS_FULL ? {} : { limits: { ...NOISE_LIMITS, unknownRatio: 0.01 } };

function placesOf(divergences: readonly Divergence[]): string[] {
  return divergences.map(({ path, kind }) => `${kind} ${path.replaceAll(/\d+/g, '*')}`);
}

describe('a service with a random id, a moment and a shuffled array in each answer', {
  timeout: 900_000,
}, () => {
  it('has no mismatch once it is learned, and hardly anything was held back', () => {
    const traffic = new NoisyTraffic(1);
    const { pairs, held } = traffic.learn(LEGACY);
    expect(pairs).toBeLessThanOrEqual(LEARNING_PAIRS);
    expect(held).toBeLessThan(100);
    const { counts } = traffic.run(IS_FULL ? 20_000 : 2000, LEGACY);
    expect(counts.mismatched).toBe(0);
    expect(counts['not-comparable']).toBe(0);
    const { paths, arrays } = traffic.noise.view();
    expect(arrays).toMatchObject([{ path: '/items', by: ['sku'], verdict: 'noise' }]);
    const noisy = paths.filter(({ verdict }) => verdict === 'noise').map(({ path }) => path);
    expect([...new Set(noisy)].sort()).toEqual([
      '/items/*/token',
      '/request_id',
      '/served_at',
      '/stock',
    ]);
  });

  it('shows a change in one in 1,000 answers, inside an element, at its place', () => {
    const traffic = new NoisyTraffic(2, LEGACY, QUICK);
    traffic.learn(LEGACY);
    const { mismatches, firstAt } = traffic.run(IS_FULL ? FOUND_WITHIN_PAIRS : 6000, {
      ...LEGACY,
      price: 0.001,
    });
    expect(firstAt).not.toBeNull();
    expect(mismatches.length).toBeGreaterThan(1);
    for (const { divergences } of mismatches) {
      expect(placesOf(divergences)).toEqual(['value /items/*/price']);
      const [{ legacy, candidate }] = divergences as [Divergence];
      expect(Number(candidate) - Number(legacy)).toBe(1);
    }
  });

  it('finds a field that is noise at 5 % and twice as frequent on the candidate', () => {
    const traffic = new NoisyTraffic(3, LEGACY, QUICK);
    traffic.learn(LEGACY);
    const before = traffic.run(IS_FULL ? 20_000 : 3000, LEGACY);
    expect(before.counts.mismatched).toBe(0);
    const { mismatches, firstAt } = traffic.run(
      FOUND_WITHIN_PAIRS / (IS_FULL ? 1 : 2),
      TWICE_AS_NOISY,
    );
    expect(firstAt).toBeLessThan(FOUND_WITHIN_PAIRS);
    expect(placesOf(mismatches[0]!.divergences)).toEqual(['value /stock']);
    const stock = traffic.noise.view().paths.find(({ path }) => path === '/stock');
    expect(stock?.verdict).toBe('candidate-higher');
  });

  it('finds a candidate that has an order of its own', () => {
    const legacy = { ...LEGACY, sorted: 0.95 };
    const traffic = new NoisyTraffic(4, legacy, QUICK);
    traffic.learn(legacy);
    expect(traffic.run(1000, legacy).counts.mismatched).toBe(0);
    const { mismatches, firstAt } = traffic.run(1000, { ...LEGACY, sorted: 0 });
    expect(firstAt).toBeLessThan(500);
    expect(placesOf(mismatches[0]!.divergences)).toEqual(['array-order /items']);
  });

  it(`finds nothing in ${RUNS} runs of legacy against itself, but for one at most`, () => {
    let finds = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const traffic = new NoisyTraffic(100 + run, LEGACY, QUICK);
      traffic.learn(LEGACY);
      const { counts } = traffic.run(AFTER_PAIRS, LEGACY);
      if (counts.mismatched > 0) finds += 1;
    }
    expect(finds).toBeLessThanOrEqual(1);
  });

  it('learns from one request in ten as well', () => {
    const traffic = new NoisyTraffic(5, LEGACY, QUICK);
    traffic.run(IS_FULL ? LEARNING_PAIRS : 5000, LEGACY, 0.1);
    expect(traffic.noise.view().routes[0]?.isLearning).toBe(false);
    expect(traffic.run(2000, LEGACY, 0.1).counts.mismatched).toBe(0);
    const { mismatches } = traffic.run(4000, { ...LEGACY, price: 0.001 }, 0.1);
    expect(mismatches.length).toBeGreaterThan(0);
  });
});
