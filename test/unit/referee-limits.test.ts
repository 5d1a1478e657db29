import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import { OVERLOAD } from '../../src/proxy/overload.ts';
import { MISMATCHED, Refereed, WRITE } from '../support/refereed.ts';

describe('a question without an answer', () => {
  it.each(['timeout', 'refused', 'reset'] as const)('decides nothing: %s', (outcome) => {
    const { judge, sides, rulings, unchecked, order } = new Refereed();
    judge({ overlap: WRITE });
    sides.candidate.last.fail(outcome);
    expect(sides.legacy.last.outcome).toBe('aborted');
    expect(rulings).toEqual(['race-unchecked']);
    expect(unchecked()).toEqual({ failed: 1 });
    expect(order.size).toBe(0);
  });

  it('decides nothing when a side is unavailable, though both are alike', () => {
    const { judge, sides, unchecked } = new Refereed();
    judge();
    sides.legacy.last.answers('no', 503);
    sides.candidate.last.answers('no', 503);
    expect(unchecked()).toEqual({ failed: 1 });
  });

  it('is cut when its answer is longer than what is kept', () => {
    const { judge, sides, unchecked } = new Refereed();
    judge();
    sides.candidate.last.announces(LIMITS.captureMaxBytes + 1);
    expect(sides.candidate.last.outcome).toBe('too-large');
    expect(unchecked()).toEqual({ 'too-large': 1 });
  });

  it('is asked once more where a kept connection was closed just then', () => {
    const { judge, sides, answer, rulings, look, referee } = new Refereed();
    judge({ overlap: WRITE });
    sides.candidate.last.isReused = true;
    sides.candidate.last.fail('reset');
    look();
    answer('same', 'same');
    expect(rulings).toEqual(['raced']);
    expect(referee.counts().asked).toBe(1);
  });

  it('opens the breaker when it happens again and again, and a probe closes it', () => {
    const { judge, sides, clock, answer, unchecked, rulings } = new Refereed();
    for (let i = 0; i < LIMITS.breakerFailuresMax; i += 1) {
      judge({ overlap: WRITE });
      sides.legacy.last.fail('timeout');
    }
    judge({ overlap: WRITE });
    expect(unchecked()).toEqual({ failed: LIMITS.breakerFailuresMax, 'breaker-open': 1 });
    clock.advance(LIMITS.breakerOpenMinMs);
    judge({ overlap: WRITE });
    judge({ overlap: WRITE, keys: ['other'] });
    expect(sides.legacy.legs).toHaveLength(LIMITS.breakerFailuresMax + 1);
    answer('same', 'same');
    clock.advance(LIMITS.refereeLookMs);
    answer('same', 'same');
    expect(rulings.slice(-2)).toEqual(['raced', 'raced']);
  });
});

describe('room for questions', () => {
  it('is for so many at once, the rest behind them', () => {
    const { judge, asked, answer, look, rulings } = new Refereed();
    const count = LIMITS.refereeInFlightMax + 2;
    for (let i = 0; i < count; i += 1) judge({ overlap: WRITE, keys: [`k${i}`] });
    expect(asked()).toBe(LIMITS.refereeInFlightMax);
    answer('same', 'same');
    look();
    expect(asked()).toBe(LIMITS.refereeInFlightMax + 1);
    expect(rulings).toHaveLength(1);
  });

  it('is for so many a second, and from half of it for overlapped ones alone', () => {
    const { judge, answer, rulings, unchecked, clock } = new Refereed();
    const burst = LIMITS.refereeRatePerSec / 2;
    for (let i = 0; i < burst; i += 1) {
      judge();
      if (rulings.length <= i) answer('same', 'same');
    }
    expect(unchecked()).toEqual({ busy: burst / 2 });
    for (let i = 0; i < burst / 2; i += 1) {
      judge({ overlap: WRITE });
      answer('same', 'same');
    }
    judge({ overlap: WRITE });
    expect(rulings.at(-1)).toBe('race-unchecked');
    clock.advance(1000);
    judge({ overlap: WRITE });
    answer('same', 'same');
    expect(rulings.at(-1)).toBe('raced');
  });

  it('is bounded by the bytes of what would be sent', () => {
    const { judge, order, unchecked } = new Refereed();
    order.liveBegins(['k'], 'legacy', WRITE);
    const body = Buffer.alloc(LIMITS.refereeBytesMax / 2);
    judge({ overlap: WRITE, body });
    judge({ overlap: WRITE, body });
    expect(unchecked()).toEqual({ busy: 1 });
  });

  it('is given by chance from half of it on', () => {
    const { judge, order, unchecked, state } = new Refereed();
    order.liveBegins(['k'], 'legacy', WRITE);
    judge({ overlap: WRITE, body: Buffer.alloc(LIMITS.refereeBytesMax * 0.75) });
    state.draw = 0.4;
    judge({ overlap: WRITE });
    expect(unchecked()).toEqual({ busy: 1 });
    state.draw = 0.6;
    judge({ overlap: WRITE });
    expect(unchecked()).toEqual({ busy: 1 });
  });

  it('is none for an answer that was not kept whole', () => {
    const { judge, rulings, unchecked } = new Refereed();
    judge({ isWhole: false, overlap: WRITE });
    expect(rulings).toEqual(['race-unchecked']);
    expect(unchecked()).toEqual({ 'too-large': 1 });
  });

  it('is none when the analyst has none', () => {
    const { judge, answer, state, rulings, unchecked } = new Refereed();
    state.hasRoom = false;
    judge({ overlap: WRITE });
    answer('one', 'other');
    expect(rulings).toEqual(['race-unchecked']);
    expect(unchecked()).toEqual({ busy: 1 });
  });
});

describe('a stop', () => {
  /** One compared, one asked, one that waits for its key. */
  const underWay = () => {
    const s = new Refereed();
    s.judge({ overlap: WRITE, keys: ['a'] });
    s.answer('one', 'other');
    s.judge({ overlap: WRITE, keys: ['b'] });
    s.order.liveBegins(['c'], 'legacy', WRITE);
    s.judge({ keys: ['c'] });
    expect(s.referee.outstanding).toBe(3);
    return s;
  };

  it('by the kill switch gives up everything at once, and lets nothing new in', () => {
    const { referee, rulings, unchecked, sides, clock, judge, verdict, order } = underWay();
    referee.setPaused(true);
    expect(rulings).toHaveLength(3);
    expect(rulings.toSorted()).toEqual(['mismatched', 'race-unchecked', 'race-unchecked']);
    expect(referee.outstanding).toBe(0);
    expect(sides.legacy.last.outcome).toBe('aborted');
    expect(order.isQuiet(['a', 'b'])).toBe(true);
    judge({ keys: ['d'] });
    expect(unchecked()).toEqual({ paused: 4 });
    verdict(MISMATCHED);
    expect(rulings).toHaveLength(4);
    expect(clock.timerCount).toBe(0);
    referee.setPaused(false);
    judge({ keys: ['d'] });
    expect(referee.outstanding).toBe(1);
  });

  it('by overload cuts what is under way within a look', () => {
    const { referee, state, look, sides, unchecked, judge } = underWay();
    state.level = OVERLOAD.compare;
    look();
    expect(sides.candidate.last.outcome).toBe('aborted');
    expect(unchecked()).toEqual({ overload: 2 });
    expect(referee.outstanding).toBe(1);
    judge({ keys: ['d'] });
    expect(unchecked()).toEqual({ overload: 3 });
  });

  it('by the breaker of the mirror cuts what is under way within a look', () => {
    const { referee, state, look, sides, unchecked } = underWay();
    state.isLeftAlone = true;
    look();
    expect(sides.legacy.last.outcome).toBe('aborted');
    expect(unchecked()).toEqual({ 'breaker-open': 2 });
    expect(referee.outstanding).toBe(1);
  });
});
