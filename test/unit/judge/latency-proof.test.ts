import { describe, expect, it } from 'vitest';
import { type LatencyEvidence, NO_LATENCY } from '../../../src/judge/evidence.ts';
import { prove } from '../../../src/judge/latency-proof.ts';
import { addArms, addWindow, seenIn } from '../../../src/judge/latency-windows.ts';
import { medianInterval } from '../../../src/judge/quantile-interval.ts';
import { mergeSummaries } from '../../../src/judge/windows.ts';
import { binomial, createRandom, type Random } from '../../../src/kit/random.ts';
import type { Side } from '../../../src/model/exchange.ts';
import { type Cell, EMPTY_CELL, type HistogramCounts } from '../../../src/model/window.ts';
import { gate, summaryOf } from '../../support/rollout.ts';

const P99 = gate('latency.p99.ratio < 1.25');

function cell(liveSide: Side, legacy: HistogramCounts, candidate: HistogramCounts): Cell {
  return {
    ...EMPTY_CELL,
    route: 'GET /x',
    liveSide,
    legacy,
    candidate,
  };
}

/** A thousand latencies: `slow` of them take ten times as long. */
function with1000(slow: number, us = 1000): HistogramCounts {
  return [us, 1000 - slow, us * 10, slow];
}

/** The evidence after windows of these cells. */
function after(windows: Windows, of = P99): LatencyEvidence {
  let evidence = NO_LATENCY;
  for (const cells of windows) {
    const window = mergeSummaries([summaryOf({ cells })], 0, 1000);
    const seen = seenIn(of, window, evidence);
    evidence = { ...evidence, arms: addArms(evidence.arms, window, of.route) };
    evidence = addWindow(of, evidence, seen);
  }
  return evidence;
}

type Windows = readonly (readonly Cell[])[];

function times(count: number, cells: (i: number) => readonly Cell[]): Windows {
  return Array.from({ length: count }, (_, i) => cells(i));
}

describe('the threshold', () => {
  it("is legacy's quantile in the first three windows; what is over it is counted later", () => {
    const first = times(3, () => [cell('legacy', with1000(20), with1000(0))]);
    expect(after(first.slice(0, 2)).tail.thresholdUs).toBeNull();
    expect(after(first).tail).toMatchObject({ thresholdUs: 10_000, recent: [] });
    const slower = cell('legacy', [20_000, 7, 1000, 993], [12_000, 300, 13_000, 700]);
    const sorted = cell('legacy', [1000, 993, 20_000, 7], [12_000, 300, 13_000, 700]);
    expect(slower.legacy).not.toEqual(sorted.legacy);
    const { tail } = after([...first, [sorted]]);
    // The candidate may take 1.25 times as long: 12 ms is not over 12.5 ms.
    expect(tail.recent).toEqual([[{ liveSide: 'legacy', pairs: 1000, legacy: 7, candidate: 700 }]]);
    expect(tail.bet).toMatchObject({ windows: 1, sum: 1 });
    expect(tail.legacy).toMatchObject({ over: 7, count: 1000 });
    expect(tail.thresholdUs).toBe(10_000);
  });

  it('leaves out a live side with too few pairs', () => {
    const few = cell('candidate', [1000, 50], [90_000, 50]);
    const windows = times(5, () => [cell('legacy', with1000(20), with1000(20)), few]);
    expect(
      after(windows)
        .tail.recent.flat()
        .map(({ liveSide }) => liveSide),
    ).toEqual(['legacy', 'legacy']);
  });
});

describe('the proof', () => {
  function independent(random: Random, share: number): HistogramCounts {
    return with1000(binomial(random, 1000, share));
  }

  it('hears single requests where these are slow each for itself', () => {
    const random = createRandom(4);
    const windows = times(60, () => [
      cell('legacy', independent(random, 0.005), independent(random, 0.005)),
      cell('candidate', independent(random, 0.005), independent(random, 0.03)),
    ]);
    const { design, lnHarm } = prove(P99, after(windows));
    expect(design).toBeLessThan(1.5);
    // Sixty windows alone are worth 60 ln 2.
    expect(lnHarm).toBeGreaterThan(60);
  });

  it('does not hear them where slow requests come in bursts', () => {
    const random = createRandom(4);
    const burst = (i: number): number => (i % 12 === 5 ? 200 : 0);
    const windows = times(60, (i) => [
      cell('legacy', independent(random, 0.005), independent(random, 0.005)),
      cell('candidate', independent(random, 0.005), with1000(5 + burst(i))),
    ]);
    const { design, lnHarm } = prove(P99, after(windows));
    expect(design).toBeGreaterThan(5);
    expect(lnHarm).toBeLessThan(Math.log(100));
  });

  it('bets on by how much the candidate is worse', () => {
    // Worse in four windows of ten, better by a hair in six: signs would call that a pass.
    const windows = times(200, (i) => [cell('legacy', with1000(5), with1000(i % 10 < 4 ? 30 : 4))]);
    const { tail } = after(windows, gate('latency.p99.ratio < 1'));
    expect(tail.bet.lnWorse).toBeGreaterThan(10);
  });

  it("bounds the median of the windows' ratios", () => {
    const windows = times(100, (i) => [cell('legacy', with1000(0), with1000(0, 900 + i * 2))]);
    const { points } = after(windows);
    const ratios = points.map(({ candidateUs, legacyUs }) => candidateUs / legacyUs);
    const interval = medianInterval(ratios, P99.alpha);
    expect(interval.lower).toBeGreaterThan(0.95);
    expect(interval.lower).toBeLessThan(1);
    expect(interval.upper).toBeGreaterThan(1);
    expect(interval.upper).toBeLessThan(1.05);
  });
});

describe('live answers', () => {
  it('are those of the live legs, of windows in which both sides had some', () => {
    const legacyLive = cell('legacy', [10, 500], [20, 500]);
    const candidateLive = cell('candidate', [30, 300], [40, 300]);
    expect(after([[legacyLive], [legacyLive, candidateLive]]).arms).toEqual({
      legacy: [10, 500],
      candidate: [40, 300],
    });
  });
});
