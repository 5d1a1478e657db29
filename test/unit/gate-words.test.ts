import { describe, expect, it } from 'vitest';
import { judge } from '../../src/judge/verdict.ts';
import type { GateResult } from '../../src/model/rollout.ts';
import { errorRates, limitText, measuredText } from '../../src/report/wording.ts';
import { gatherEvidence } from '../../src/rollout/evidence.ts';
import { gate } from '../support/rollout.ts';

const RESULT: GateResult = {
  gate: 'latency.p99.ratio < 1.05',
  verdict: 'pass',
  measured: 1.02,
  limit: 1.05,
  samples: 12,
  sentence: '',
  onFail: 'hold',
};

describe('a measured value', () => {
  it('comes with the interval that it lies in', () => {
    expect(measuredText(RESULT)).toBe('1.02');
    expect(measuredText({ ...RESULT, interval: [0.98, 1.06] })).toBe('1.02, 0.98 to 1.06');
    expect(measuredText({ ...RESULT, interval: [0.98, null] })).toBe('1.02, 0.98 or more');
    expect(measuredText({ ...RESULT, measured: null })).not.toContain('1.02');
  });

  it('is a time where the limit is one', () => {
    const time = { ...RESULT, gate: 'latency.p99 < 50ms', measured: 12_345, limit: 50_000 };
    expect(measuredText(time)).toBe('12.3 ms');
    expect(limitText(time)).toBe('< 50.0 ms');
  });
});

describe('what gates may err by', () => {
  const gates = [gate('coverage > 99%'), gate('mismatch.rate < 1%', { alpha: 0.01 })];

  it('is told gate by gate, and the chance of a wrong failure is shared by a whole climb', () => {
    const judged = judge(gates, gatherEvidence(gates, []), 5).gates;
    expect(judged.map(({ alpha, harmAlpha }) => [alpha, harmAlpha])).toEqual([
      [0.05, 0.001],
      [0.01, 0.001],
    ]);
    expect(errorRates(judged)).toBe(
      'Chance of error, however often one looks: 1 % to 5 % that a gate passes wrongly; that ' +
        'any fails wrongly 0.2 % a step, of which a gate has 0.1 %.',
    );
    expect(errorRates([RESULT])).toBe('');
  });

  it('is not told of guards, which take no share of it either', () => {
    const guarded = [...gates, gate('candidate.spikes = none'), gate('latency.p99.burn < 9')];
    const judged = judge(guarded, gatherEvidence(guarded, []), 5).gates;
    expect(judged.map(({ alpha, harmAlpha }) => [alpha, harmAlpha])).toEqual([
      [0.05, 0.001],
      [0.01, 0.001],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('is no larger for a wrong failure than for a wrong pass', () => {
    const strict = [gate('coverage > 99%', { alpha: 0.001 })];
    expect(judge(strict, gatherEvidence(strict, [])).gates[0]!.harmAlpha).toBe(0.001);
  });
});
