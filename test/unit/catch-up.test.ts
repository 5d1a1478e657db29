import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { inTurn, missedWrite, stageCatchUp } from '../support/missed-writes.ts';

describe('catching up', () => {
  it('replays a key in order, one at a time, and releases it when it has caught up', () => {
    const stage = stageCatchUp();
    stage.answer = () => null;
    for (const write of inTurn(3)) stage.catchUp.missed(write);
    expect(stage.sent).toEqual(['/1']);
    stage.open.get('/1')!('done');
    expect(stage.sent).toEqual(['/1', '/2']);
    stage.open.get('/2')!('done');
    expect(stage.said).toEqual(['held a legacy']);
    stage.open.get('/3')!('done');
    expect(stage.said).toEqual(['held a legacy', 'released a']);
    expect(stage.catchUp.journal.count).toBe(0);
    expect(stage.clock.timerCount).toBe(0);
  });

  it('tries a side that cannot be reached one write at a time, less and less often', () => {
    const stage = stageCatchUp();
    stage.answer = () => 'unsent';
    for (let user = 0; user < 40; user += 1) {
      stage.catchUp.missed(missedWrite({ keys: [`u${user}`], target: `/${user}` }));
    }
    const sentAtOnce = stage.sent.length;
    stage.clock.advance(60_000);
    const tries = stage.sent.length - sentAtOnce;
    expect(sentAtOnce).toBe(1);
    expect(tries).toBeGreaterThanOrEqual(60_000 / LIMITS.replayBackoffMaxMs);
    expect(tries).toBeLessThan(60_000 / LIMITS.replayBackoffMaxMs + 10);
    stage.answer = () => 'done';
    stage.clock.advance(LIMITS.replayBackoffMaxMs);
    expect(stage.catchUp.journal.count).toBe(0);
    expect(stage.said.filter((word) => word.startsWith('released'))).toHaveLength(40);
    expect(stage.said.some((word) => word.startsWith('tainted'))).toBe(false);
  });

  it('never has more replays under way than the limit, nor two of a key', () => {
    const stage = stageCatchUp();
    stage.answer = () => null;
    for (let user = 0; user < 40; user += 1) {
      for (const write of inTurn(2, { keys: [`u${user}`] })) {
        stage.catchUp.missed({ ...write, target: `/u${user}${write.target}` });
      }
    }
    expect(stage.open.size).toBe(LIMITS.replaysInFlightMax);
    while (stage.open.size > 0) {
      const [[target, ended]] = stage.open as unknown as [[string, (end: 'done') => void]];
      stage.open.delete(target);
      ended('done');
      expect(stage.open.size).toBeLessThanOrEqual(LIMITS.replaysInFlightMax);
      const users = [...stage.open.keys()].map((each) => each.split('/')[1]);
      expect(new Set(users).size).toBe(users.length);
    }
    expect(stage.sent).toHaveLength(80);
    expect(stage.sent.indexOf('/u7/1')).toBeLessThan(stage.sent.indexOf('/u7/2'));
  });

  it('never sends a write again that is not idempotent and may have been carried out', () => {
    const stage = stageCatchUp();
    stage.answer = ({ write }) => (write.target === '/1' ? 'unknown' : 'done');
    for (const write of inTurn(2, { isIdempotent: false })) stage.catchUp.missed(write);
    stage.clock.advance(10_000);
    expect(stage.sent).toEqual(['/1', '/2']);
    expect(stage.said).toContain('tainted a shadow-unknown');
    expect(stage.said.at(-1)).toBe('released a');
  });

  it('sends an idempotent write again until its outcome is known', () => {
    const stage = stageCatchUp();
    let left = 5;
    stage.answer = () => (left-- > 0 ? 'unknown' : 'done');
    stage.catchUp.missed(missedWrite());
    stage.clock.advance(10_000);
    expect(stage.sent).toHaveLength(6);
    expect(stage.said).toEqual(['held a legacy', 'released a']);
  });

  it('gives one write up that fails again and again while others succeed', () => {
    const stage = stageCatchUp();
    stage.answer = ({ write }) => (write.target === '/poison' ? 'unknown' : 'done');
    stage.catchUp.missed(missedWrite({ keys: ['p'], target: '/poison' }));
    for (let second = 0; second < 20; second += 1) {
      stage.catchUp.missed(missedWrite({ keys: [`u${second}`] }));
      stage.clock.advance(LIMITS.replayBackoffMaxMs);
    }
    expect(stage.said).toContain('tainted p shadow-unknown');
    expect(stage.catchUp.journal.count).toBe(0);
  });

  it('marks what must not be sent twice durably before it is sent, or else waits', () => {
    const stage = stageCatchUp();
    stage.canGrant = false;
    for (const write of inTurn(2, { isIdempotent: false })) stage.catchUp.missed(write);
    stage.clock.advance(10_000);
    expect(stage.sent).toEqual([]);
    stage.canGrant = true;
    stage.clock.advance(LIMITS.replayBackoffMaxMs);
    expect(stage.granted).toEqual(['/1', '/2']);
    expect(stage.sent).toEqual(['/1', '/2']);
  });

  it('takes up where it was, but sends nothing again that may have been sent before', () => {
    const stage = stageCatchUp();
    stage.answer = () => null;
    stage.catchUp.restore(7, missedWrite({ isIdempotent: false, target: '/sent' }), true);
    stage.catchUp.restore(8, missedWrite({ isIdempotent: false, target: '/unsent' }), false);
    stage.catchUp.restore(9, missedWrite({ keys: ['b'], target: '/twice' }), true);
    stage.catchUp.missed(missedWrite({ arrivedUs: 1, endedUs: 2, target: '/new' }));
    stage.clock.advance(1);
    expect(stage.sent.toSorted()).toEqual(['/twice', '/unsent']);
    expect(stage.said).toContain('tainted a shadow-unknown');
    stage.open.get('/unsent')!('done');
    expect(stage.sent.at(-1)).toBe('/new');
  });

  it('taints the keys of a write that finds no room, and holds nothing for it', () => {
    const stage = stageCatchUp();
    const body = 'x'.repeat(LIMITS.journalMaxBytes);
    stage.catchUp.missed(missedWrite({ body }));
    expect(stage.said).toEqual(['tainted a not-mirrored', 'released a']);
  });

  it('waits for whoever can send, and for earlier writes that may still be told', () => {
    const stage = stageCatchUp({ settleMs: () => 10 });
    stage.canReplay = false;
    const [first, second] = inTurn(2);
    stage.catchUp.missed(second!);
    stage.clock.advance(1000);
    expect(stage.sent).toEqual([]);
    stage.canReplay = true;
    stage.catchUp.missed({ ...second!, keys: ['b'], target: '/b' });
    stage.catchUp.missed({ ...first!, keys: ['b'], target: '/b before' });
    stage.clock.advance(11);
    expect(stage.sent).toEqual(['/2', '/b before', '/b']);
  });

  it('sends nothing any more once it is closed', () => {
    const stage = stageCatchUp();
    stage.answer = () => 'unsent';
    stage.catchUp.missed(missedWrite());
    stage.catchUp.close();
    stage.clock.advance(10_000);
    expect(stage.sent).toEqual(['/u/a']);
    expect(stage.clock.timerCount).toBe(0);
  });
});
