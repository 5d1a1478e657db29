import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/judge/verdict.ts';
import { binomial, createRandom } from '../../../src/kit/random.ts';
import {
  type Cell,
  EMPTY_CELL,
  type HistogramCounts,
  type Summary,
} from '../../../src/model/window.ts';
import { type ClosedWindow, StepEvidence } from '../../../src/rollout/evidence.ts';
import { gate, summaryOf } from '../../support/rollout.ts';

const GATES = [
  gate('latency.p99.ratio < 1.5', { windowMs: 2000 }),
  gate('latency.p95.ratio < 1.2', { windowMs: 5000, route: 'GET /x' }),
];

const random = createRandom(9);

function latencies(): HistogramCounts {
  const slow = binomial(random, 400, 0.02);
  return [1000, 400 - slow, 3000 + random.int(0, 50) * 32, slow];
}

function cell(liveSide: Cell['liveSide']): Cell {
  return {
    ...EMPTY_CELL,
    route: 'GET /x',
    liveSide,
    pairs: 400,
    compared: 400,
    eligible: 400,
    legacy: latencies(),
    candidate: latencies(),
  };
}

function second(i: number): Summary {
  const cells = [cell('legacy'), cell('candidate')];
  return summaryOf({ startMs: i * 1000, endMs: (i + 1) * 1000, cells });
}

/** What a store holds: every closed window, and the rest as of the newest one. */
function throughStore<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe('the evidence of a step', () => {
  it('is the same after a restart, to the last digit, and goes on alike', () => {
    const before = new StepEvidence(GATES);
    const after = new StepEvidence(GATES);
    const closed: ClosedWindow[] = [];
    for (let i = 0; i < 60; i += 1) {
      before.add(second(i));
      closed.push(...before.close((i + 1) * 1000));
    }
    after.restore(0, throughStore(before.parts()), throughStore(closed), []);
    expect(after.view()).toEqual(before.view());
    expect(judge(GATES, after.view())).toEqual(judge(GATES, before.view()));
    for (let i = 60; i < 90; i += 1) {
      const next = second(i);
      for (const evidence of [before, after]) {
        evidence.add(next);
        evidence.close((i + 1) * 1000);
      }
    }
    expect(judge(GATES, after.view())).toEqual(judge(GATES, before.view()));
    expect(before.parts().arms).toHaveLength(2);
  });
});
