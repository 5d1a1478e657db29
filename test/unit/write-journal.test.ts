import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { WriteJournal } from '../../src/proxy/missed/write-journal.ts';
import { inTurn, missedWrite } from '../support/missed-writes.ts';

const readyOf = (journal: WriteJournal) =>
  [...journal.ready('candidate'), ...journal.ready('legacy')].map(({ write }) => write.target);

/** Takes out whatever is ready, one after the other. */
function drain(journal: WriteJournal): readonly string[] {
  const order: string[] = [];
  for (;;) {
    const [next] = [...journal.ready('candidate'), ...journal.ready('legacy')];
    if (next === undefined) return order;
    order.push(next.write.target);
    journal.begin(next);
    journal.remove(next);
  }
}

describe('the journal of missed writes', () => {
  it('gives out the writes of a key in the order of their arrival, however they are told', () => {
    const journal = new WriteJournal();
    const writes = inTurn(5);
    for (const i of [3, 0, 4, 2, 1]) {
      expect(journal.add(i, writes[i]!, 0)!.unordered).toEqual([]);
    }
    expect(drain(journal)).toEqual(['/1', '/2', '/3', '/4', '/5']);
    expect(journal.count).toBe(0);
    expect(journal.bytes).toBe(0);
    expect(journal.heldKeys()).toEqual([]);
  });

  it('has one write of a key ready at a time, and the keys apart', () => {
    const journal = new WriteJournal();
    const [first, second] = inTurn(2);
    journal.add(1, first!, 0);
    journal.add(2, second!, 0);
    journal.add(3, { ...second!, keys: ['b'], target: '/b' }, 0);
    expect(readyOf(journal)).toEqual(['/1', '/b']);
    const [entry] = journal.ready('candidate');
    journal.begin(entry!);
    expect(readyOf(journal)).toEqual(['/b']);
    journal.again(entry!);
    expect(readyOf(journal)).toEqual(['/b', '/1']);
  });

  it('keeps a write of many keys behind the writes of each', () => {
    const journal = new WriteJournal();
    const [a, b, both, after] = inTurn(4);
    journal.add(1, { ...a!, keys: ['a'] }, 0);
    journal.add(2, { ...b!, keys: ['b'] }, 0);
    journal.add(3, { ...both!, keys: ['a', 'b', 'a'] }, 0);
    journal.add(4, { ...after!, keys: ['b'] }, 0);
    expect(readyOf(journal)).toEqual(['/1', '/2']);
    expect(drain(journal)).toEqual(['/1', '/2', '/3', '/4']);
  });

  it('says which keys are drained as their last write goes', () => {
    const journal = new WriteJournal();
    const [first, second] = inTurn(2);
    const one = journal.add(1, { ...first!, keys: ['a', 'b'] }, 0)!;
    journal.add(2, { ...second!, keys: ['a'] }, 0);
    expect(one.fresh).toEqual(['a', 'b']);
    expect(journal.remove(one.entry)).toEqual(['b']);
    expect(journal.has('a')).toBe(true);
    expect(journal.heldKeys()).toEqual([['a', 'legacy']]);
  });

  it.each([
    ['two that overlapped on the live side', { arrivedUs: 15, endedUs: 30 }],
    ['one that raced with another that is not here', { arrivedUs: 50, endedUs: 60, isRaced: true }],
    ['one that the other side has', { arrivedUs: 50, endedUs: 60, truth: 'candidate' as const }],
  ])('does not claim to know the order of %s', (_, changes) => {
    const journal = new WriteJournal();
    expect(journal.add(1, missedWrite(), 0)!.unordered).toEqual([]);
    expect(journal.add(2, missedWrite(changes), 0)!.unordered).toEqual(['a']);
    expect(journal.count).toBe(2);
  });

  it('never puts a write before one that is under way, and says so', () => {
    const journal = new WriteJournal();
    const [first, second] = inTurn(2);
    const { entry } = journal.add(2, second!, 0)!;
    journal.begin(entry);
    expect(journal.add(1, first!, 0)!.unordered).toEqual(['a']);
    expect(readyOf(journal)).toEqual([]);
    journal.remove(entry);
    expect(readyOf(journal)).toEqual(['/1']);
  });

  it('takes neither more writes nor more bytes than its limits', () => {
    const journal = new WriteJournal();
    const body = 'x'.repeat(LIMITS.journalMaxBytes / 4);
    for (let id = 1; id <= 3; id += 1)
      expect(journal.add(id, missedWrite({ body }), 0)).not.toBe(null);
    expect(journal.add(4, missedWrite({ body }), 0)).toBe(null);
    expect(journal.count).toBe(3);
    expect(journal.bytes).toBeLessThanOrEqual(LIMITS.journalMaxBytes);
    const many = new WriteJournal();
    for (let id = 1; id <= LIMITS.journalEntriesMax; id += 1) {
      many.add(id, missedWrite({ keys: [`k${id}`] }), 0);
    }
    expect(many.count).toBe(LIMITS.journalEntriesMax);
    expect(many.add(0, missedWrite(), 0)).toBe(null);
  });
});
