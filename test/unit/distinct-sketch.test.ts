import { describe, expect, it } from 'vitest';
import { DISTINCT_ERROR, DistinctSketch } from '../../src/kit/distinct-sketch.ts';

function sketchOf(count: number, prefix: string, from = 0): DistinctSketch {
  const sketch = new DistinctSketch();
  for (let i = from; i < from + count; i += 1) sketch.add(`${prefix}-${i}`);
  return sketch;
}

function both(a: DistinctSketch, b: DistinctSketch): DistinctSketch {
  const union = new DistinctSketch();
  union.addSketch(a.toText());
  union.addSketch(b.toText());
  return union;
}

describe('a sketch of distinct texts', () => {
  it.each([
    [100, 100],
    [1000, 100],
    [2560, 40],
    [10_000, 20],
    [100_000, 3],
  ])('tells %d apart with the error it states', (count, runs) => {
    const errors = Array.from({ length: runs }, (_, run) => {
      return sketchOf(count, `run-${run}`).estimate() / count - 1;
    });
    const meanSquare = errors.reduce((sum, error) => sum + error * error, 0) / runs;
    const bias = errors.reduce((sum, error) => sum + error, 0) / runs;
    expect(Math.sqrt(meanSquare)).toBeLessThan(1.3 * DISTINCT_ERROR);
    expect(Math.abs(bias)).toBeLessThan((3 * DISTINCT_ERROR) / Math.sqrt(runs));
  });

  it('counts none as none, and a few exactly', () => {
    expect(new DistinctSketch().estimate()).toBe(0);
    for (const count of [1, 2, 3, 5]) {
      expect(Math.round(sketchOf(count, 'user').estimate())).toBe(count);
    }
  });

  it('counts what comes again once', () => {
    const once = sketchOf(500, 'user');
    const again = sketchOf(500, 'user');
    for (let i = 0; i < 500; i += 1) again.add(`user-${i}`);
    expect(again.toText()).toBe(once.toText());
  });

  it('adds up without counting twice what both have seen', () => {
    const [a, b] = [sketchOf(3000, 'user'), sketchOf(3000, 'user', 1000)];
    expect(both(a, b).toText()).toBe(sketchOf(4000, 'user').toText());
    expect(both(a, b).toText()).toBe(both(b, a).toText());
    expect(both(a, a).toText()).toBe(a.toText());
  });

  it.each([0, 1, 7, 200, 340, 420, 3000])('reads back equal what it wrote of %d', (count) => {
    const sketch = sketchOf(count, 'user');
    const text = sketch.toText();
    const read = new DistinctSketch();
    read.addSketch(text);
    expect(read.toText()).toBe(text);
    expect(read.estimate()).toBe(sketch.estimate());
    expect(text.length).toBeLessThanOrEqual(1024);
    expect(text).toMatch(/^[\w-]*$/);
  });

  it('holds nothing of a text in clear', () => {
    const sketch = new DistinctSketch();
    sketch.add('ada.lovelace@example.org');
    expect(sketch.toText()).toHaveLength(3);
  });

  it.each(['', 'x', '§§§', '___'.repeat(400), '9'.repeat(1024), '\u0000'.repeat(1023)])(
    'takes any text without failing',
    (text) => {
      const sketch = new DistinctSketch();
      sketch.addSketch(text);
      expect(sketch.estimate()).toBeGreaterThanOrEqual(0);
      expect(sketch.toText().length).toBeLessThanOrEqual(1024);
    },
  );
});
