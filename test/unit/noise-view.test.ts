import { describe, expect, it } from 'vitest';
import { noiseSection } from '../../src/cli/noise-view.ts';
import { withRates } from '../../src/compare/noise/rates.ts';
import { mergeNoise } from '../../src/compare/noise/view.ts';
import type { NoiseView, NoisyPath } from '../../src/model/noise.ts';
import { noiseTable } from '../../src/report/noise-table.ts';

const STOCK: NoisyPath = {
  route: 'GET /a',
  path: '/stock',
  kind: 'value',
  noisePairs: 2000,
  noiseDiffering: 100,
  judgedPairs: 20_000,
  judgedDiffering: 2000,
  verdict: 'candidate-higher',
};

const VIEW: NoiseView = {
  routes: [
    { route: 'GET /a', noisePairs: 2000, judgedPairs: 20_000, isLearning: false, heldBack: 12 },
  ],
  paths: [STOCK, { ...STOCK, path: '/\u001b[2J', verdict: 'noise' }],
  arrays: [
    {
      route: 'GET /a',
      path: '/items',
      by: ['sku'],
      noisePairs: 1990,
      noiseMoved: 1890,
      judgedPairs: 19_000,
      judgedMoved: 18_000,
      verdict: 'noise',
    },
  ],
};

describe('noise of several proxies', () => {
  it('adds up, with the gravest of their verdicts', () => {
    const quiet = { ...STOCK, verdict: 'noise', judgedDiffering: 1000 } as const;
    const other: NoiseView = { ...VIEW, paths: [quiet] };
    const merged = mergeNoise([VIEW, other]);
    expect(merged.paths[0]).toEqual({
      ...STOCK,
      noisePairs: 4000,
      noiseDiffering: 200,
      judgedPairs: 40_000,
      judgedDiffering: 3000,
    });
    expect(merged.routes).toMatchObject([{ noisePairs: 4000, heldBack: 24 }]);
    expect(merged.arrays).toMatchObject([{ by: ['sku'], noiseMoved: 3780 }]);
  });
});

describe('what is shown of noise', () => {
  it('is both rates with their intervals, in which they lie', () => {
    for (const { noise, judged } of withRates(VIEW).paths) {
      expect(noise.ratio).toBe(0.05);
      expect(noise.lower).toBeGreaterThan(0.03);
      expect(noise.upper).toBeLessThan(0.07);
      expect(judged.lower).toBeLessThan(0.1);
      expect(judged.upper).toBeGreaterThan(0.1);
    }
  });

  it('is a row for each place, and what was held back', () => {
    const table = noiseTable(withRates(VIEW));
    expect(table?.rows.map((row) => row.slice(0, 2))).toEqual([
      ['no order', 'array-order /items, elements known by sku'],
      ['candidate higher', 'value /stock'],
      ['noise', 'value /\u001b[2J'],
    ]);
    expect(table?.rows[1]?.[2]).toMatch(/^5 % \(\d.* % to \d.* %\) of 2,000$/);
    expect(table?.notes[0]).toContain('12 held back');
  });

  it('moves no cursor, and is nothing where nobody asks', () => {
    expect(noiseSection(withRates(VIEW), false)).not.toContain('\u001b');
    expect(noiseSection(undefined, false)).toBe('');
    const none = { ...VIEW, routes: [], paths: [], arrays: [] };
    expect(noiseSection(withRates(none), false)).toBe('');
  });
});
