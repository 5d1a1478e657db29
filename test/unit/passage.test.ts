import { describe, expect, it } from 'vitest';
import type { Side } from '../../src/model/exchange.ts';
import { Passage, type PassageStart } from '../../src/proxy/passage.ts';
import type { Leg } from '../../src/wire/leg.ts';

const ARRIVED_US = 1000;

/** A leg that was written at 1,100 by the burst of number 7, and is over at 2,000. */
function leg(changes: Partial<Leg> = {}): Leg {
  const times = { startedUs: 1050, sentUs: 1100, burst: 7, finishedUs: 2000 };
  return { ...times, outcome: 'answered', answer: () => null, ...changes } as Leg;
}

/** Latencies of a pair whose live leg is {@link leg}. */
function latencies(liveSide: Side, shadow: Partial<Leg>, live: Partial<Leg> = {}): number[] {
  const start = { inbound: { arrivedUs: ARRIVED_US }, plan: { liveSide }, body: null };
  const passage = new Passage(start as unknown as PassageStart);
  passage.live = leg(live);
  passage.shadow = leg(shadow);
  const shadowSide = liveSide === 'legacy' ? 'candidate' : 'legacy';
  return [liveSide, shadowSide].map((side) => passage.exchangeOf(side as Side).latencyUs);
}

describe('the latency of a pair', () => {
  it.each(['legacy', 'candidate'] as const)(
    'is alike where the shadow took as long, but was written later, with %s live',
    (liveSide) => {
      expect(latencies(liveSide, { sentUs: 1140, finishedUs: 2040 })).toEqual([1000, 1000]);
    },
  );

  it('holds what the shadow took longer from its own writing on', () => {
    expect(latencies('legacy', { sentUs: 1140, finishedUs: 2240 })).toEqual([1000, 1200]);
  });

  it('holds what a shadow waited for a connection, or a live side for its own', () => {
    const late = { sentUs: 1900, burst: 9, finishedUs: 2800 };
    expect(latencies('legacy', late)).toEqual([1000, 1800]);
    expect(latencies('legacy', {}, late)).toEqual([1800, 1000]);
  });

  it('counts from the arrival alone where a body streams to the live side', () => {
    const streamed = { sentUs: 0, burst: -1, finishedUs: 2500 };
    expect(latencies('legacy', { sentUs: 1900, finishedUs: 2600 }, streamed)).toEqual([1500, 1600]);
  });
});
