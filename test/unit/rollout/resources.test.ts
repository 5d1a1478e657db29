import { describe, expect, it } from 'vitest';
import { NO_SPIKES } from '../../../src/judge/evidence.ts';
import { judge } from '../../../src/judge/verdict.ts';
import { type ResourceSample, ResourceWindows } from '../../../src/rollout/resources.ts';
import { type Cell, EMPTY_CELL, type Summary } from '../../../src/model/window.ts';
import { gate, summaryOf } from '../../support/rollout.ts';

const WINDOW_MS = 5000;
const BYTES = 1e6;

/** A second in which `live` requests came for one side, of which so many were mirrored. */
function second(liveSide: Cell['liveSide'], live: number, pairs: number): Summary {
  const cell: Cell = {
    ...EMPTY_CELL,
    route: 'GET /x',
    liveSide,
    pairs,
    compared: pairs,
    eligible: pairs,
    live: [500, live],
  };
  return summaryOf({ cells: [cell] });
}

/** CPU of each window, legacy's and the candidate's; both use a millisecond a request. */
function cpuOf(summary: Summary, legacyPerSec: number, candidatePerSec: number): number[][] {
  const windows = new ResourceWindows([WINDOW_MS]);
  windows.reset(0);
  const sample = (i: number, perSec: number): ResourceSample => ({
    atMs: 1000 * i,
    residentBytes: BYTES,
    cpuSeconds: (i * perSec) / 1000,
  });
  for (let i = 0; i <= 20; i += 1) {
    windows.add({
      legacy: () => sample(i, legacyPerSec),
      candidate: () => sample(i, candidatePerSec),
    });
    windows.count(summary);
  }
  return windows.take().map(({ point }) => [point.legacyCpu!, point.candidateCpu!]);
}

describe('windows of a resource gate', () => {
  it('are another list with each one more, so that a gate that has seen one is judged anew', () => {
    const windows = new ResourceWindows([WINDOW_MS]);
    windows.reset(0);
    const gates = [gate('memory.ratio < 1.0', { windowMs: WINDOW_MS })];
    const verdicts = [4, 5, 6, 7, 8].map((count) => {
      for (let i = 0; i <= count; i += 1) {
        const of = (residentBytes: number): ResourceSample => {
          return { atMs: WINDOW_MS * i, residentBytes, cpuSeconds: null };
        };
        windows.add({ legacy: () => of(2 * BYTES), candidate: () => of(BYTES) });
      }
      const resources = windows.view();
      const none = { counts: new Map(), latency: new Map(), spikes: NO_SPIKES };
      const judged = judge(gates, { ...none, resources });
      return judged.gates.map(({ samples, verdict }) => [samples, verdict]);
    });
    expect(verdicts.flat()).toEqual([
      [4, 'inconclusive'],
      [5, 'pass'],
      [6, 'pass'],
      [7, 'pass'],
      [8, 'pass'],
    ]);
  });
});

describe('CPU in the windows of a resource gate', () => {
  it.each(['legacy', 'candidate'] as const)(
    'is that of a request, however few of those that %s answers are mirrored',
    (liveSide) => {
      const [live, shadow] = [1000, 100];
      const perSec = liveSide === 'legacy' ? ([live, shadow] as const) : ([shadow, live] as const);
      const windows = cpuOf(second(liveSide, live, shadow), ...perSec);
      expect(windows).toHaveLength(4);
      for (const cpu of windows.flat()) expect(cpu).toBeCloseTo(0.001, 9);
    },
  );

  it('says nothing of a side that got no requests', () => {
    const windows = cpuOf(second('legacy', 1000, 0), 1000, 1);
    expect(windows.map(([, candidate]) => candidate)).toEqual([null, null, null, null]);
  });
});
