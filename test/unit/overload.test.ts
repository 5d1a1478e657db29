import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kit/limits.ts';
import {
  createFullness,
  levelAt,
  OVERLOAD,
  Overload,
  type OverloadLevel,
} from '../../src/proxy/overload.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';

describe('the overload ladder', () => {
  it.each([
    [0, OVERLOAD.none],
    [0.69, OVERLOAD.none],
    [0.7, OVERLOAD.compare],
    [0.8, OVERLOAD.record],
    [0.9, OVERLOAD.mirror],
    [0.95, OVERLOAD.keepAlive],
    [0.979, OVERLOAD.keepAlive],
    [0.98, OVERLOAD.accept],
    [3, OVERLOAD.accept],
  ])('gives up at %d what level %d names', (fullness, level) => {
    expect(levelAt(fullness, OVERLOAD.none)).toBe(level);
  });

  it('gives up one after the other, and new clients last', () => {
    const levels: OverloadLevel[] = [];
    let level: OverloadLevel = OVERLOAD.none;
    for (let percent = 0; percent <= 100; percent += 1) {
      const next = levelAt(percent / 100, level);
      if (next !== level) levels.push(next);
      level = next;
    }
    expect(levels).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes a level back only five hundredths below where it began', () => {
    expect(levelAt(0.86, OVERLOAD.mirror)).toBe(OVERLOAD.mirror);
    expect(levelAt(0.84, OVERLOAD.mirror)).toBe(OVERLOAD.record);
    expect(levelAt(0.66, OVERLOAD.accept)).toBe(OVERLOAD.compare);
    expect(levelAt(0.64, OVERLOAD.compare)).toBe(OVERLOAD.none);
  });

  it('is sampled twice a second by one timer, which its end takes away', () => {
    const clock = createSimulatedClock();
    let fullness = 0;
    const overload = new Overload(() => fullness, clock);
    fullness = 0.92;
    expect(overload.level).toBe(OVERLOAD.none);
    clock.advance(LIMITS.overloadSampleMs);
    expect(overload.level).toBe(OVERLOAD.mirror);
    expect(clock.timerCount).toBe(1);
    overload.close();
    expect(clock.timerCount).toBe(0);
  });
});

describe('how full a proxy is', () => {
  it('is far from its end in a process that does nothing', () => {
    const fullness = createFullness(createSimulatedClock());
    expect(fullness()).toBeGreaterThan(0);
    expect(fullness()).toBeLessThan(0.7);
  });

  it('counts a delay of the event loop that lasts, and not a single one', () => {
    const clock = createSimulatedClock();
    const fullness = createFullness(clock);
    const late = (ms: number): number => {
      clock.advance(LIMITS.overloadSampleMs + ms);
      return fullness();
    };
    const calm = late(0);
    expect(late(490)).toBeCloseTo(calm, 1);
    expect(late(0)).toBeCloseTo(calm, 1);
    expect(late(490)).toBeCloseTo(calm, 1);
    expect(late(490)).toBeCloseTo(0.98, 2);
    expect(late(0)).toBeCloseTo(calm, 1);
  });

  it('counts the buffers outside of the heap', () => {
    const clock = createSimulatedClock();
    const fullness = createFullness(clock);
    const before = fullness();
    const held = Buffer.alloc(64 * 1024 * 1024);
    expect(fullness() - before).toBeGreaterThan(0.005);
    expect(held.length).toBeGreaterThan(0);
  });
});
