import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { WriteTurns } from '../../src/proxy/missed/write-turns.ts';

function stage(...writes: readonly (readonly [name: string, ...keys: string[]])[]) {
  const told: string[] = [];
  const turns = new WriteTurns<string>((write) => void told.push(write));
  for (const [name, ...keys] of writes) turns.begins(name, keys);
  return { turns, told };
}

describe('a missed write', () => {
  it('is told of behind every earlier one of its keys, whose fate may be known later', () => {
    const { turns, told } = stage(['1', 'a'], ['2', 'b'], ['3', 'a', 'b'], ['4', 'b'], ['5', 'c']);
    turns.missed('4', 0);
    turns.missed('3', 0);
    turns.missed('5', 0);
    expect(told).toEqual(['5']);
    turns.missed('2', 0);
    expect(told).toEqual(['5', '2']);
    turns.missed('1', 0);
    expect(told).toEqual(['5', '2', '1', '3', '4']);
    expect(turns.size).toBe(0);
  });

  it('waits no longer for one that its shadow has', () => {
    const { turns, told } = stage(['1', 'a'], ['2', 'a'], ['3', 'a']);
    turns.missed('3', 0);
    turns.done('2');
    turns.done('1');
    expect(told).toEqual(['3']);
    expect(turns.size).toBe(0);
  });

  it('is not kept for its turn beyond the limit of bytes, and stands in nobody’s way', () => {
    const { turns, told } = stage(['1', 'a'], ['2', 'a'], ['3', 'a'], ['4', 'a']);
    expect(turns.missed('2', LIMITS.shadowBytesMax)).toBe(true);
    expect(turns.missed('3', 1)).toBe(false);
    turns.missed('1', 0);
    expect(turns.missed('4', LIMITS.shadowBytesMax)).toBe(true);
    expect(told).toEqual(['1', '2', '4']);
    expect(turns.size).toBe(0);
  });

  it('of which nobody knew before is told of at once', () => {
    const { turns, told } = stage();
    expect(turns.missed('1', 0)).toBe(true);
    expect(told).toEqual(['1']);
  });
});
