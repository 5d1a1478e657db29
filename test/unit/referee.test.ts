import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { MISMATCHED, Refereed, WRITE } from '../support/refereed.ts';

describe('a read that differed', () => {
  it('is asked again on both sides as a shadow is, and is a race when gone and overlapped', () => {
    const { sides, judge, answer, rulings, referee } = new Refereed();
    judge({ overlap: WRITE });
    expect([sides.legacy.last.request, sides.candidate.last.request]).toEqual([
      { side: 'legacy', role: 'shadow' },
      { side: 'candidate', role: 'shadow' },
    ]);
    expect(rulings).toEqual([]);
    expect(referee.outstanding).toBe(1);
    answer('same', 'same');
    expect(rulings).toEqual(['raced']);
    expect(referee.outstanding).toBe(0);
    const races = referee.takeRaces();
    expect(races).toEqual([{ route: 'GET /u/:user/x', key: 'digest of k', atMs: 9, write: WRITE }]);
    expect(referee.takeRaces()).toEqual([]);
  });

  it('is a mismatch when gone without a write that overlapped, and no race', () => {
    const { judge, answer, rulings, referee } = new Refereed();
    judge();
    answer('same', 'same');
    expect(rulings).toEqual(['gone']);
    expect(referee.counts()).toMatchObject({ asked: 1, gone: 1, goneWithoutWrite: 1 });
    expect(referee.takeRaces()).toEqual([]);
  });

  it.each([WRITE, null])('is real when still there, overlapped by %o', (overlap) => {
    const { judge, answer, verdict, rulings, referee, offered } = new Refereed();
    judge({ overlap });
    answer('one', 'other');
    expect(rulings).toEqual([]);
    expect(offered[0]).toMatchObject({ compare: true, record: false, isTainted: true });
    expect(offered[0]!.id).toBeLessThan(0);
    verdict(MISMATCHED);
    expect(rulings).toEqual(['mismatched']);
    expect(referee.counts()).toMatchObject({ asked: 1, gone: 0, stillThere: 1 });
  });

  it('is gone when a rule excuses what is left', () => {
    const { judge, answer, verdict, rulings } = new Refereed();
    judge({ overlap: WRITE });
    answer('one', 'other');
    verdict({ kind: 'ignored', rules: ['a rule'] });
    expect(rulings).toEqual(['raced']);
  });

  it.each([429, 500, 502])('is real where a side answers %i: no race explains that', (status) => {
    const { judge, rulings, asked } = new Refereed();
    judge({ overlap: WRITE, status });
    expect(rulings).toEqual(['mismatched']);
    expect(asked()).toBe(0);
  });

  it('is not asked again where its route says so', () => {
    const { judge, rulings, asked, referee } = new Refereed();
    judge({ isOff: true });
    expect(rulings).toEqual(['mismatched']);
    expect(asked()).toBe(0);
    expect(referee.counts()).toMatchObject({ asked: 0, unchecked: {} });
  });
});

describe('a write that differed', () => {
  it.each([
    [null, 'mismatched'],
    [WRITE, 'race-unchecked'],
  ] as const)('is never asked again: overlapped by %o it is %s', (overlap, ruling) => {
    const { judge, rulings, asked } = new Refereed();
    judge({ isSafe: false, overlap });
    expect(rulings).toEqual([ruling]);
    expect(asked()).toBe(0);
  });
});

describe('a key with two writes under way at once', () => {
  const disordered = () => {
    const s = new Refereed();
    const first = s.order.liveBegins(['k'], 'legacy', WRITE);
    const second = s.order.liveBegins(['k', 'j'], 'legacy', WRITE);
    s.order.liveEnds(['k'], first);
    s.order.liveEnds(['k', 'j'], second);
    return s;
  };

  it('is tainted when it still differs: nobody knows which came first', () => {
    const { judge, answer, verdict, rulings, added } = disordered();
    judge({ keys: ['k', 'j'] });
    answer('one', 'other');
    verdict(MISMATCHED);
    expect(rulings).toEqual(['write-order']);
    expect(added).toEqual(['k overtaken']);
  });

  it('is not when it does not differ any more', () => {
    const { judge, answer, rulings, added } = disordered();
    judge();
    answer('same', 'same');
    expect(rulings).toEqual(['write-order']);
    expect(added).toEqual([]);
  });

  it('is tainted when a later write of it differs', () => {
    const { judge, rulings, added } = disordered();
    judge({ isSafe: false });
    expect(rulings).toEqual(['write-order']);
    expect(added).toEqual(['k overtaken']);
  });

  it('explains nothing of other keys, nor of keys that have agreed since', () => {
    const { judge, answer, verdict, rulings, added, referee } = disordered();
    judge({ keys: ['j'] });
    answer('one', 'other');
    verdict(MISMATCHED);
    referee.agreed(['k']);
    judge();
    answer('one', 'other');
    verdict(MISMATCHED);
    expect(rulings).toEqual(['mismatched', 'mismatched']);
    expect(added).toEqual([]);
  });

  it('is what it is however long after', () => {
    const { judge, answer, verdict, rulings } = disordered();
    judge({ arrivedAtMs: WRITE.atMs + 86_400_000 });
    answer('one', 'other');
    verdict(MISMATCHED);
    expect(rulings).toEqual(['write-order']);
  });
});

describe('the moment it is asked', () => {
  it('comes when no live write of its key is under way', () => {
    const { judge, order, asked, look } = new Refereed();
    const write = order.liveBegins(['k'], 'legacy', WRITE);
    judge({ overlap: WRITE });
    look();
    expect(asked()).toBe(0);
    order.liveEnds(['k'], write);
    look();
    expect(asked()).toBe(1);
  });

  it('comes when no shadow write of its key waits, and none that was missed', () => {
    const { judge, order, asked, look, state } = new Refereed();
    const copy = { keys: ['k'], isWrite: true, target: 'candidate', missing: 0, run() {} } as const;
    const task = { ...copy };
    order.acquire(task);
    state.open.add('k');
    judge({ overlap: WRITE });
    look();
    order.release(task);
    look();
    expect(asked()).toBe(0);
    state.open.clear();
    look();
    expect(asked()).toBe(1);
  });

  it('is at once for a read of a key that is quiet, whatever other keys do', () => {
    const { judge, order, asked } = new Refereed();
    order.liveBegins(['other'], 'legacy', WRITE);
    judge();
    expect(asked()).toBe(1);
  });

  it('never comes for a key whose writes do not end: it gives up', () => {
    const { judge, order, clock, rulings, unchecked, asked } = new Refereed();
    order.liveBegins(['k'], 'legacy', WRITE);
    judge({ overlap: WRITE });
    judge();
    clock.advance(LIMITS.refereeWaitMaxMs + LIMITS.refereeLookMs);
    expect(rulings).toEqual(['race-unchecked', 'mismatched']);
    expect(unchecked()).toEqual({ 'never-quiet': 2 });
    expect(asked()).toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  it('comes again when a write came in between, and then no more', () => {
    const { judge, order, answer, rulings, unchecked, asked, look } = new Refereed();
    judge({ overlap: WRITE });
    for (let tries = 1; tries <= LIMITS.refereeTriesMax; tries += 1) {
      expect(asked()).toBe(tries);
      const write = order.liveBegins(['k'], 'legacy', WRITE);
      order.liveEnds(['k'], write);
      answer('old', 'new');
      look();
    }
    expect(rulings).toEqual(['race-unchecked']);
    expect(unchecked()).toEqual({ 'never-quiet': 1 });
    expect(order.size).toBe(0);
  });

  it('does not come for a key that is tainted by then', () => {
    const { judge, order, state, look, rulings, unchecked, asked } = new Refereed();
    const write = order.liveBegins(['k'], 'legacy', WRITE);
    judge({ overlap: WRITE });
    order.liveEnds(['k'], write);
    state.tainted.add('k');
    look();
    expect(rulings).toEqual(['race-unchecked']);
    expect(unchecked()).toEqual({ tainted: 1 });
    expect(asked()).toBe(0);
  });
});
