import { describe, expect, it } from 'vitest';
import { type EvidenceWindow, NO_LATENCY } from '../../../src/judge/evidence.ts';
import { seenIn } from '../../../src/judge/latency-windows.ts';
import { addHistograms, mergeSummaries, quantileOf } from '../../../src/judge/windows.ts';
import { LatencyHistogram } from '../../../src/measure/latency.ts';
import type { Side } from '../../../src/model/exchange.ts';
import { type Cell, EMPTY_CELL, type HistogramCounts } from '../../../src/model/window.ts';
import { gate, summaryOf } from '../../support/rollout.ts';

function cell(liveSide: Side, legacy: HistogramCounts, candidate: HistogramCounts): Cell {
  return {
    ...EMPTY_CELL,
    route: 'GET /x',
    liveSide,
    legacy,
    candidate,
  };
}

/** The quantile of both sides, as a gate sees it. */
function pointOf(window: EvidenceWindow, quantile: string, route: string | null = null) {
  return seenIn(gate(`latency.${quantile}.ratio < 2`, { route }), window, NO_LATENCY).point;
}

describe('a window', () => {
  it('adds up the summaries of all proxies without loss', () => {
    const one = new LatencyHistogram();
    const two = new LatencyHistogram();
    const both = new LatencyHistogram();
    for (let i = 1; i <= 500; i += 1) {
      const us = (i * 7919) % 90_000;
      (i % 2 === 0 ? one : two).record(us);
      both.record(us);
    }
    const sum = addHistograms(one.toCounts(), two.toCounts());
    expect(sum).toEqual(both.toCounts());
    for (const quantile of [0.5, 0.9, 0.99, 0.999]) {
      const own = quantileOf(sum, quantile);
      expect(Math.abs(own / both.quantileUs(quantile) - 1)).toBeLessThan(0.02);
    }
  });

  it('leaves a second in which the proxy stalled out of both sides alike, and counts it', () => {
    const calm = summaryOf({ cells: [cell('legacy', [100, 200], [100, 200])] });
    const stalled = summaryOf({
      cells: [cell('legacy', [90_000, 200], [90_000, 200])],
      loopDelayMaxUs: 180_000,
    });
    const window = mergeSummaries([calm, stalled], 0, 2000);
    expect(window).toMatchObject({ seconds: 2, stalledSeconds: 1 });
    expect(pointOf(window, 'p99')).toEqual({ legacyUs: 100, candidateUs: 100 });
  });

  it('takes the geometric mean of both orders where both have enough pairs', () => {
    const window = mergeSummaries(
      [
        summaryOf({
          cells: [
            cell('legacy', [1000, 200], [4000, 200]),
            cell('candidate', [1000, 200], [1000, 200]),
          ],
        }),
      ],
      0,
      1000,
    );
    const point = pointOf(window, 'p50');
    expect(point?.candidateUs).toBeCloseTo(2000, 6);
    expect(point?.legacyUs).toBeCloseTo(1000, 6);
  });

  it('takes the order that has enough pairs, and none where neither has', () => {
    const few = cell('candidate', [9, 5], [9, 5]);
    const window = mergeSummaries(
      [summaryOf({ cells: [cell('legacy', [1000, 200], [2000, 200]), few] })],
      0,
      1000,
    );
    expect(pointOf(window, 'p50')?.candidateUs).toBeCloseTo(2000, 6);
    expect(pointOf(mergeSummaries([summaryOf({ cells: [few] })], 0, 1000), 'p50')).toBeNull();
    expect(pointOf(window, 'p50', 'GET /other')).toBeNull();
  });

  it('reads quantiles by nearest rank', () => {
    expect(quantileOf([10, 999, 20, 1], 0.999)).toBe(10);
    expect(quantileOf([10, 998, 20, 2], 0.999)).toBe(20);
    expect(quantileOf([], 0.5)).toBe(0);
  });
});
