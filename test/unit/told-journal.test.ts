import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { ToldJournal } from '../../src/proxy/missed/journal-port.ts';
import { missedWrite } from '../support/missed-writes.ts';

const MIB = 1_048_576;

describe('a journal that another process keeps', () => {
  it('is told of no more than a limit of bytes as long as nothing of it is on disk', () => {
    const told: number[] = [];
    const journal = new ToldJournal((seq) => {
      told.push(seq);
      return true;
    });
    const write = missedWrite({ keys: ['a'], body: 'x'.repeat(MIB) });
    const room = LIMITS.unkeptMaxBytes / MIB - 1;
    const fill = (): readonly number[] => Array.from({ length: room }, () => journal.missed(write));
    fill();
    expect(journal.missed(write)).toBe(-1);
    expect(told).toHaveLength(room);
    expect(journal.unkept()).toHaveLength(room);
    journal.kept(1);
    expect(journal.missed(write)).toBe(room + 1);
    expect(journal.missed(write)).toBe(-1);
    journal.kept(room + 1);
    expect(fill()).not.toContain(-1);
  });

  it('takes nothing where there is nobody to tell', () => {
    const journal = new ToldJournal(() => false);
    expect(journal.missed(missedWrite({ keys: ['a'] }))).toBe(-1);
    expect(journal.unkept()).toEqual([]);
  });
});
