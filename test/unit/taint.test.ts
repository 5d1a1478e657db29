import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { TaintedKeys } from '../../src/proxy/missed/taint.ts';

function taintedAt(nowUs: number): TaintedKeys {
  return new TaintedKeys(() => nowUs);
}

describe('tainted keys', () => {
  it('counts each key once, by its lasting reason or else as journalled', () => {
    const tainted = taintedAt(1);
    tainted.add('a', 'legacy', 'shadow-unknown');
    tainted.held.kept([
      ['a', 'legacy'],
      ['b', 'candidate'],
    ]);
    expect(tainted.count).toBe(2);
    expect(tainted.countBy()).toEqual({ 'shadow-unknown': 1, journalled: 1 });
    expect(tainted.truthOf('b')).toBe('candidate');
    tainted.held.released(['a', 'b'], 0);
    expect(tainted.countBy()).toEqual({ 'shadow-unknown': 1 });
    tainted.lift([['a', 2]]);
    expect(tainted.count).toBe(0);
    expect(tainted.countBy()).toEqual({});
  });

  it('holds a key as long as a write is under way, untold to the journal, or kept by it', () => {
    const { held } = taintedAt(1);
    held.begins(['a'], 'legacy');
    held.begins(['a'], 'legacy');
    held.ends(['a'], 4);
    held.released(['a'], 4);
    expect(held.has('a')).toBe(true);
    held.ends(['a'], 5);
    held.released(['a'], 4);
    expect(held.has('a')).toBe(true);
    held.kept([['a', 'legacy']]);
    held.released(['a'], 5);
    expect(held.has('a')).toBe(false);
    expect(held.size).toBe(0);
  });

  it('tells of a key tainted anew, so that a read of before lifts it nowhere', () => {
    const tainted = taintedAt(0);
    tainted.add('a', 'legacy', 'live-unknown', 10);
    tainted.add('a', 'legacy', 'shadow-unknown', 30);
    expect(tainted.takeFresh()).toEqual([
      ['a', 'legacy', 'live-unknown', 10],
      ['a', 'legacy', 'live-unknown', 30],
    ]);
    tainted.lift([['a', 20]]);
    expect(tainted.has('a')).toBe(true);
    tainted.verified(['a'], 31);
    expect(tainted.has('a')).toBe(false);
  });

  it('does not tell again what it was told', () => {
    const tainted = taintedAt(0);
    tainted.restore([['a', 'candidate', 'overtaken', 5]]);
    tainted.restore([['a', 'candidate', 'overtaken', 9]]);
    expect(tainted.takeFresh()).toEqual([]);
    tainted.lift([['a', 9]]);
    expect(tainted.truthOf('a')).toBe('candidate');
  });

  it('judges no key once it cannot know them all', () => {
    const tainted = taintedAt(1);
    for (let i = 0; i <= LIMITS.taintedKeysMax; i += 1) tainted.add(`k${i}`, 'legacy', 'overtaken');
    expect(tainted.count).toBe(LIMITS.taintedKeysMax + 1);
    expect(tainted.has('never seen')).toBe(true);
    expect([tainted.takeOverflow(), tainted.takeOverflow()]).toEqual([1, 0]);
    tainted.forgetOverflow();
    expect(tainted.has('never seen')).toBe(false);
    expect(tainted.has('k0')).toBe(true);
  });

  it('excludes a key that may lack a write, and none whose writes may be in another order', () => {
    const tainted = taintedAt(1);
    tainted.add('a', 'legacy', 'overtaken');
    tainted.add('b', 'legacy', 'shadow-unknown');
    const excludesAny = (...keys: string[]) => tainted.excludesAny(keys);
    const isOvertakenAny = (...keys: string[]) => tainted.isOvertakenAny(keys);
    expect([excludesAny('a'), excludesAny('b'), excludesAny('a', 'b')]).toEqual([
      false,
      true,
      true,
    ]);
    expect([isOvertakenAny('a'), isOvertakenAny('b'), isOvertakenAny('c')]).toEqual([
      true,
      false,
      false,
    ]);
    tainted.held.begins(['a'], 'legacy');
    expect([excludesAny('a'), isOvertakenAny('a')]).toEqual([true, false]);
  });
});
