import { describe, expect, test } from 'vitest';
import { keep } from '../../src/wire/kept-bytes.ts';

describe('bytes that are kept', () => {
  test('are a copy of their own, whatever comes before and after them', () => {
    const lengths = [0, 1, 1000, 4096, 4097, 16_383, 16_384, 70_000, 3000, 4000, 4096, 4096, 4096];
    const sources = lengths.map((length, i) => Buffer.alloc(length, i + 1));
    const kept = sources.map((source) => keep(source));
    for (const source of sources) source.fill(0);
    for (const [i, each] of kept.entries()) {
      expect(each.equals(Buffer.alloc(lengths[i]!, i + 1)), `${lengths[i]} bytes`).toBe(true);
    }
  });

  test('share a slab with their neighbours, and with nothing else', () => {
    const first = keep(Buffer.alloc(4096, 'a'));
    const others = Array.from({ length: 8 }, () => keep(Buffer.alloc(4096, 'b')));
    const slabs = new Set([first, ...others].map(({ buffer }) => buffer));
    expect(slabs.size).toBeLessThanOrEqual(3);
    for (const { byteLength } of slabs) expect(byteLength).toBe(16_384);
  });
});
