import { describe, expect, it } from 'vitest';
import type { Evidence, LatencyPoint } from '../../../src/judge/evidence.ts';
import { gateKey, NO_LATENCY, NO_SPIKES } from '../../../src/judge/evidence.ts';
import { judge } from '../../../src/judge/verdict.ts';
import { createRandom, normal } from '../../../src/kit/random.ts';
import type { GateResult } from '../../../src/model/rollout.ts';
import { gate } from '../../support/rollout.ts';

const P99 = gate('latency.p99.ratio < 1.25');

function evidenceOf(points: readonly LatencyPoint[], over = {}): Evidence {
  const seen = {
    ...NO_LATENCY,
    points,
    pairs: points.length * 400,
    seconds: points.length,
    ...over,
  };
  const latency = new Map([[gateKey(P99), seen]]);
  return { counts: new Map(), latency, resources: new Map(), spikes: NO_SPIKES };
}

/** With seven other gates that share the chance of a wrong failure. */
function judgeAmongEight(points: readonly LatencyPoint[]): GateResult {
  const others = Array.from({ length: 7 }, () => gate('coverage > 99%'));
  return judge([P99, ...others], evidenceOf(points)).gates[0]!;
}

const random = createRandom(5);
const usual = (us: number): number => Math.round(us * Math.exp(0.15 * normal(random)));

/** Legacy collects every six seconds: that window's p99 is a pause. */
function legacyUs(second: number): number {
  return second % 6 === 2 ? 180_000 : usual(1300);
}

/** How many windows it takes until the gate no longer says `inconclusive`. */
function windowsUntilDecided(candidateUs: () => number): { windows: number; result: GateResult } {
  const points: LatencyPoint[] = [];
  for (let second = 0; second < 40; second += 1) {
    points.push({ legacyUs: legacyUs(second), candidateUs: candidateUs() });
    const result = judgeAmongEight(points);
    if (result.verdict !== 'inconclusive') return { windows: points.length, result };
  }
  throw new Error('never decided');
}

describe('a latency gate', () => {
  it('finds a candidate that is always slow although legacy pauses, in sixteen windows', () => {
    const { windows, result } = windowsUntilDecided(() => usual(21_000));
    expect(result.verdict).toBe('fail');
    expect(windows).toBeLessThanOrEqual(16);
    expect(result.brief).toMatch(
      /^p99 ratio 1\d\.?\d? > 1.25 over 1?\d windows \(medians: 2\d\.\d ms, legacy 1\.\d\d ms\)$/,
    );
    expect(result.measured).toBeGreaterThan(10);
    expect(result.samples).toBe(windows);
  });

  it('passes a faster candidate within seven windows', () => {
    const { windows, result } = windowsUntilDecided(() => usual(800));
    expect(result.verdict).toBe('pass');
    expect(windows).toBeLessThanOrEqual(7);
    expect(result.brief).toMatch(/^p99 ratio 0\.\d+ < 1.25 over \d windows/);
  });

  it('finds a candidate that turns slow in the middle of a long step', () => {
    const points: LatencyPoint[] = [];
    for (let second = 0; second < 100; second += 1) {
      points.push({ legacyUs: legacyUs(second), candidateUs: usual(1000) });
    }
    expect(judgeAmongEight(points).verdict).toBe('pass');
    for (let second = 100; second < 140; second += 1) {
      points.push({ legacyUs: legacyUs(second), candidateUs: usual(21_000) });
    }
    expect(judgeAmongEight(points).verdict).not.toBe('pass');
  });

  it('is inconclusive without windows, without pairs, and while the proxy itself stalls', () => {
    const good = Array.from({ length: 20 }, () => ({ legacyUs: 2000, candidateUs: 1000 }));
    const verdictOf = (evidence: Evidence): string => judge([P99], evidence).gates[0]!.verdict;
    expect(verdictOf(evidenceOf(good))).toBe('pass');
    expect(verdictOf(evidenceOf([]))).toBe('inconclusive');
    expect(verdictOf(evidenceOf(good, { pairs: 100 }))).toBe('inconclusive');
    expect(verdictOf(evidenceOf(good, { seconds: 60, stalledSeconds: 40 }))).toBe('inconclusive');
    const [result] = judge([P99], evidenceOf([], { thinWindows: 12 })).gates;
    expect(result?.brief).toContain('none of 12 windows had 100 pairs');
  });

  it('says how much was left out', () => {
    const good = Array.from({ length: 20 }, () => ({ legacyUs: 2000, candidateUs: 1000 }));
    const [result] = judge([P99], evidenceOf(good, { seconds: 20, stalledSeconds: 5 })).gates;
    expect(result?.brief).toMatch(/25.0 % of the seconds left out: the proxy stalled$/);
  });

  it('fails two equal sides with pauses of their own in fewer runs than alpha', () => {
    const equal = gate('latency.p99.ratio < 1');
    let failures = 0;
    const runs = 300;
    for (let run = 0; run < runs; run += 1) {
      const phase = random.int(0, 5);
      const points: LatencyPoint[] = [];
      for (let second = 0; second < 40; second += 1) {
        points.push({ legacyUs: legacyUs(second), candidateUs: legacyUs(second + phase) });
      }
      for (let n = 5; n <= points.length; n += 5) {
        const latency = new Map([
          [gateKey(equal), { ...NO_LATENCY, points: points.slice(0, n), pairs: 1000, seconds: n }],
        ]);
        const evidence = { ...evidenceOf([]), latency };
        if (judge([equal], evidence).outcome !== 'fail') continue;
        failures += 1;
        break;
      }
    }
    expect(failures / runs).toBeLessThanOrEqual(0.05);
  });
});
