import { describe, expect, it } from 'vitest';
import { binomialTail } from '../../../src/diagnose/attribution.ts';
import { phaseTest } from '../../../src/diagnose/event-phases.ts';
import { fanOut } from '../../../src/diagnose/fan-out.ts';
import { intervalPeriod, longestChain } from '../../../src/diagnose/intervals.ts';
import { spectralPeriod } from '../../../src/diagnose/lomb-scargle.ts';
import { findSecondMode } from '../../../src/diagnose/modes.ts';
import { findShoulder } from '../../../src/diagnose/shoulder.ts';
import { createRandom, logNormal } from '../../../src/kit/random.ts';
import { LatencyHistogram } from '../../../src/measure/latency.ts';

function histogram(count: number, draw: () => number): LatencyHistogram {
  const latencies = new LatencyHistogram(2);
  for (let i = 0; i < count; i += 1) latencies.record(Math.max(1, Math.round(draw())));
  return latencies;
}

describe('the H-test', () => {
  const random = createRandom(1);
  const drifting: number[] = [];
  for (let atMs = 0; atMs < 6 * 3_600_000; atMs += 120_000 + random.int(200, 600)) {
    drifting.push(atMs);
  }
  const locked = drifting.map((_, i) => 120_000 * i + random.int(0, 100));

  it('has its power at the period that is, not at the round one', () => {
    const periodMs = (drifting.at(-1)! - drifting[0]!) / (drifting.length - 1);
    expect(phaseTest(drifting, periodMs, 20)).toBeGreaterThan(6000);
    expect(phaseTest(drifting, 120_000, 20)).toBeLessThan(500);
    expect(phaseTest(locked, 120_000, 20)).toBeGreaterThan(6000);
  });

  it('is small for what comes at random', () => {
    const events = Array.from({ length: 180 }, () => random.int(0, 21_600_000));
    expect(phaseTest(events, 120_000, 20)).toBeLessThan(20);
  });
});

describe('distances between events', () => {
  it('give the period in spite of events that were missed', () => {
    const atMs = [0, 1, 2, 4, 5, 6, 8, 9, 10, 11].map((cycle) => 120_400 * cycle + 3 * cycle);
    expect(intervalPeriod(atMs)!.periodMs).toBeCloseTo(120_403, 0);
  });

  it('chain those that keep a period, others left aside', () => {
    const kept = [0, 1, 2, 3, 4, 5, 6, 7].map((cycle) => 60_000 * cycle);
    const chain = longestChain(
      [...kept, 31_000, 200_500].toSorted((a, b) => a - b),
      60_100,
    )!;
    expect(chain.atMs).toEqual(kept);
    expect(chain.periodMs).toBeCloseTo(60_000, 6);
  });
});

describe('the spectrum', () => {
  it('finds a wave through holes', () => {
    const random = createRandom(3);
    const values = Float64Array.from({ length: 1200 }, (_, i) =>
      random.next() < 0.3 ? Number.NaN : Math.sin((2 * Math.PI * i) / 47) + random.next(),
    );
    const { periodMs, p } = spectralPeriod(values)!;
    expect(periodMs / 1000).toBeCloseTo(47, 0);
    expect(p).toBeLessThan(1e-6);
  });

  it('finds nothing in noise, nor in what is flat', () => {
    const random = createRandom(4);
    const noise = Float64Array.from({ length: 1200 }, () => random.next());
    expect(spectralPeriod(noise)!.p).toBeGreaterThan(0.001);
    expect(spectralPeriod(new Float64Array(1200))).toBeNull();
  });
});

describe('a shoulder', () => {
  const random = createRandom(5);

  it('is the share of the requests beyond the knee, and the plateau they reach', () => {
    const latencies = histogram(200_000, () => {
      const waitsUs = random.next() < 0.005 ? 96_000 * random.next() : 0;
      return logNormal(random, 1000, 0.4) + waitsUs;
    });
    const shoulder = findShoulder(latencies)!;
    expect(shoulder.massRatio).toBeGreaterThan(0.0025);
    expect(shoulder.massRatio).toBeLessThan(0.01);
    expect(shoulder.plateauUs).toBeGreaterThan(48_000);
    expect(shoulder.plateauUs).toBeLessThan(110_000);
    expect(findSecondMode(latencies.toCounts())!.massRatio).toBeCloseTo(0.005, 2);
  });

  it('is not seen in a smooth heavy tail: log-normal, exponential, Pareto', () => {
    const tails = [
      () => logNormal(random, 1000, 1.5),
      () => -2000 * Math.log(1 - random.next()),
      () => 500 * (1 - random.next()) ** (-1 / 1.2),
    ];
    for (const tail of tails) {
      const latencies = histogram(200_000, tail);
      expect(findShoulder(latencies)).toBeNull();
      expect(findSecondMode(latencies.toCounts())).toBeNull();
    }
  });
});

describe('a screen of many reads', () => {
  it('is slow less often than an even share of slow reads says, where they come together', () => {
    const calm = [1000, 1000];
    const seconds = [...Array.from({ length: 119 }, () => calm), [1000, 904, 60_000, 96]];
    const found = fanOut(seconds, 50, 10_000);
    expect(found.slowRatio).toBeCloseTo(96 / 120_000, 9);
    expect(found.screenRatio).toBeCloseTo((1 - 0.904 ** 50) / 120, 9);
    expect(found.evenRatio).toBeCloseTo(1 - (1 - 0.0008) ** 50, 9);
    expect(found.worstRatio).toBeCloseTo(1 - 0.904 ** 50, 9);
  });

  it('of nothing is not slow', () => {
    expect(fanOut([[], []], 50, 1)).toMatchObject({ slowRatio: 0, screenRatio: 0 });
  });
});

describe('the binomial tail', () => {
  it('is exact', () => {
    expect(binomialTail(2, 3, 0.5)).toBeCloseTo(0.5, 9);
    expect(binomialTail(10, 10, 0.1)).toBeCloseTo(1e-10, 15);
    expect(binomialTail(0, 5, 0.1)).toBe(1);
    expect(binomialTail(5, 5, 1)).toBe(1);
  });
});
