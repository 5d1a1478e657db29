import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Evidence,
  gateKey,
  type LatencyPoint,
  NO_LATENCY,
  NO_SPIKES,
} from '../../src/judge/evidence.ts';
import { crossings, lnOver, lnWithin, signs } from '../../src/judge/sign-test.ts';
import { judge } from '../../src/judge/verdict.ts';
import { gate } from '../support/rollout.ts';

const latencyUs = fc.integer({ min: 1, max: 1_000_000 });
const points = fc.array(fc.record({ legacyUs: latencyUs, candidateUs: latencyUs }), {
  minLength: 1,
  maxLength: 60,
});

function outcomeOf(seen: readonly LatencyPoint[]): string {
  const equal = gate('latency.p99.ratio < 1', { minPairs: 0 });
  const latency = new Map([
    [gateKey(equal), { ...NO_LATENCY, points: seen, pairs: 1000, seconds: seen.length }],
  ]);
  const evidence: Evidence = {
    counts: new Map(),
    latency,
    resources: new Map(),
    spikes: NO_SPIKES,
  };
  return judge([equal], evidence).outcome;
}

function swapped(seen: readonly LatencyPoint[]): LatencyPoint[] {
  return seen.map(({ legacyUs, candidateUs }) => ({
    legacyUs: candidateUs,
    candidateUs: legacyUs,
  }));
}

describe('swapping the sides', () => {
  it('turns the outcome of every window round', () => {
    fc.assert(
      fc.property(points, (seen) => {
        const candidate = seen.map((point) => point.candidateUs);
        const legacy = seen.map((point) => point.legacyUs);
        const negated = (outcomes: readonly number[]): number[] => outcomes.map((o) => 0 - o);
        expect(negated(signs(candidate, legacy))).toEqual(
          signs(legacy, candidate).map((o) => o + 0),
        );
        expect(negated(crossings(candidate, legacy))).toEqual(
          crossings(legacy, candidate).map((o) => o + 0),
        );
      }),
      { seed: 2 },
    );
  });

  it('turns the evidence round: proof of harm is proof that all is well', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(1, 0, -1), { maxLength: 40 }), (outcomes) => {
        const other = outcomes.map((o) => (o === 0 ? 0 : o === 1 ? -1 : 1));
        // Half of what is staked on harm is the very bet on safety of the other side.
        expect(lnOver(outcomes)).toBeGreaterThanOrEqual(lnWithin(other) + Math.log(0.5) - 1e-9);
      }),
      { seed: 3 },
    );
  });

  it('never lets both sides pass, nor both fail', () => {
    fc.assert(
      fc.property(points, (seen) => {
        const one = outcomeOf(seen);
        const other = outcomeOf(swapped(seen));
        if (one !== 'inconclusive') expect(other).not.toBe(one);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('inverts the verdict when the evidence is clear', () => {
    const slow = Array.from({ length: 30 }, (_, i) => ({
      legacyUs: 1000 + i,
      candidateUs: 9000 + i,
    }));
    expect(outcomeOf(slow)).toBe('fail');
    expect(outcomeOf(swapped(slow))).toBe('pass');
  });
});
