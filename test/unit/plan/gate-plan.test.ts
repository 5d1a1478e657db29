import { expect, test } from 'vitest';
import { NO_SPIKES } from '../../../src/judge/evidence.ts';
import { judge } from '../../../src/judge/verdict.ts';
import { carriedAfter, judgesOf } from '../../../src/plan/gate-plan.ts';
import { settled } from '../../support/configurations.ts';
import { NO_COUNTS } from '../../../src/model/window.ts';

test.each([
  ['the first step', {}],
  ['a later one', { carried: carriedAfter(1000, 'GET /a') }],
])('a gate of %s answers as it does among all gates of a climb', (_which, before) => {
  const { gates } = settled(
    'gates: [mismatch.rate < 1%, candidate.spikes = none, errors.excess < 1%, errors.ratio < 2]',
  );
  const steps = 5;
  const asks = judgesOf(gates, steps);
  const verdicts = new Set<string>();
  for (let wrong = 0; wrong <= 80; wrong += 1) {
    const counts = {
      ...NO_COUNTS,
      pairs: 2000,
      eligible: 2000,
      compared: 2000,
      mismatched: wrong,
      candidateOnlyErrors: wrong,
      legacyOnlyErrors: 3,
    };
    const evidence = {
      counts: new Map([['GET /a', counts]]),
      latency: new Map(),
      resources: new Map(),
      spikes: NO_SPIKES,
      ...before,
    };
    const together = judge(gates, evidence, steps).gates.map(({ verdict }) => verdict);
    expect(asks.map((ask) => ask(evidence))).toEqual(together);
    for (const verdict of together) verdicts.add(verdict);
  }
  expect([...verdicts].sort()).toEqual(['fail', 'inconclusive', 'pass']);
});
