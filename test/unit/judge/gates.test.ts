import { describe, expect, it } from 'vitest';
import { type Evidence, NO_SPIKES } from '../../../src/judge/evidence.ts';
import { judge } from '../../../src/judge/verdict.ts';
import type { GateResult } from '../../../src/model/rollout.ts';
import { NO_COUNTS, type PairCounts } from '../../../src/model/window.ts';
import { gate } from '../../support/rollout.ts';

function evidenceOf(counts: Partial<PairCounts>, over: Partial<Evidence> = {}): Evidence {
  return {
    counts: new Map([['GET /x', { ...NO_COUNTS, ...counts }]]),
    latency: new Map(),
    resources: new Map(),
    spikes: NO_SPIKES,
    ...over,
  };
}

function ask(text: string, evidence: Evidence, over = {}): GateResult {
  return judge([gate(text, over)], evidence).gates[0]!;
}

describe('mismatch.rate', () => {
  it('passes with a certificate when nothing mismatched in enough pairs', () => {
    const result = ask('mismatch.rate < 0.001%', evidenceOf({ compared: 309_833 }));
    expect(result).toMatchObject({
      verdict: 'pass',
      measured: 0,
      limit: 0.00001,
      samples: 309_833,
    });
    expect(result.brief).toBe('mismatch rate 0 % < 0.001 %: 0 of 309,833 pairs');
  });

  it('is inconclusive with too little evidence and says how far it is', () => {
    const few = ask('mismatch.rate < 0.001%', evidenceOf({ compared: 299 }));
    expect(few.verdict).toBe('inconclusive');
    expect(few.brief).toBe('mismatch rate 0 % < 0.001 %: 0 of 299 pairs, not proved yet');
    const some = ask('mismatch.rate < 0.001%', evidenceOf({ compared: 3000 }));
    expect(some.verdict).toBe('inconclusive');
    expect(some.brief).toBe('mismatch rate 0 % < 0.001 %: 0 of 3,000 pairs, not proved yet');
  });

  it('fails when the lower bound is above the limit, not at the first mismatch', () => {
    const one = evidenceOf({ compared: 1000, mismatched: 1 });
    expect(ask('mismatch.rate < 0.1%', one).verdict).toBe('inconclusive');
    const many = evidenceOf({ compared: 1000, mismatched: 60 });
    const result = ask('mismatch.rate < 0.1%', many);
    expect(result.verdict).toBe('fail');
    expect(result.brief).toBe('mismatch rate 6 % > 0.1 %: 60 of 1,000 pairs');
  });

  it('looks at its route alone when it has one', () => {
    const counts = new Map([
      ['GET /bad', { ...NO_COUNTS, compared: 1000, mismatched: 500 }],
      ['GET /good', { ...NO_COUNTS, compared: 10_000 }],
    ]);
    const evidence = { ...evidenceOf({}), counts };
    expect(ask('mismatch.rate < 0.1%', evidence, { route: 'GET /good' }).verdict).toBe('pass');
    const bad = ask('mismatch.rate < 0.1%', evidence, { route: 'GET /bad' });
    expect(bad.verdict).toBe('fail');
    expect(bad.brief).toMatch(/ on GET \/bad: /);
  });
});

describe('errors', () => {
  it('excess counts what the candidate alone failed, of all pairs', () => {
    const dead = evidenceOf({ pairs: 400, candidateOnlyErrors: 400 });
    expect(ask('errors.excess < 0.01%', dead).verdict).toBe('fail');
    const both = evidenceOf({ pairs: 40_000, bothErrors: 20_000 });
    expect(ask('errors.excess < 0.01%', both).verdict).toBe('pass');
  });

  it('ratio only ever proves harm', () => {
    const equal = evidenceOf({ pairs: 9000, candidateOnlyErrors: 90, legacyOnlyErrors: 90 });
    expect(ask('errors.ratio < 1.5', equal).verdict).toBe('pass');
    const worse = evidenceOf({ pairs: 9000, candidateOnlyErrors: 300, legacyOnlyErrors: 30 });
    expect(ask('errors.ratio < 1.5', worse).verdict).toBe('fail');
    const [lower = 0, upper] = ask('errors.ratio < 1.5', equal).interval ?? [];
    expect([lower < 1, (upper ?? 0) > 1, lower * (upper ?? 0)]).toEqual([
      true,
      true,
      expect.closeTo(1, 6),
    ]);
    expect(ask('errors.ratio < 1.5', evidenceOf({ pairs: 9000 })).interval).toEqual([0, null]);
    expect(ask('errors.ratio < 1.5', evidenceOf({ pairs: 9000 })).verdict).toBe('pass');
    expect(ask('errors.ratio < 1.5', evidenceOf({ pairs: 10 })).verdict).toBe('inconclusive');
  });
});

describe('coverage', () => {
  it('passes, fails and waits by bounds on what was not compared', () => {
    const of = (compared: number, eligible: number): GateResult =>
      ask('coverage > 99%', evidenceOf({ compared, eligible }));
    expect(of(1000, 1000)).toMatchObject({ verdict: 'pass', measured: 1, onFail: 'hold' });
    expect(of(800, 1000)).toMatchObject({ verdict: 'fail', measured: 0.8 });
    expect(of(1978, 2000).verdict).toBe('inconclusive');
    expect(of(800, 1000).brief).toBe('coverage 80.0 % < 99.0 %: 800 of 1,000 pairs');
  });
});

describe('memory.ratio and cpu.ratio', () => {
  const point = (legacyBytes: number | null, candidateBytes: number) => ({
    startMs: 0,
    legacyBytes,
    candidateBytes,
    legacyCpu: 0.5,
    candidateCpu: 0.2,
  });
  const resources = (points: readonly ReturnType<typeof point>[]): Evidence =>
    evidenceOf({}, { resources: new Map([[1000, points]]) });

  it('pass below, fail above, wait without metrics', () => {
    const below = resources(Array.from({ length: 6 }, () => point(100, 30)));
    expect(ask('memory.ratio < 1.0', below)).toMatchObject({ verdict: 'pass', measured: 0.3 });
    expect(ask('cpu.ratio < 1.0', below)).toMatchObject({ verdict: 'pass', measured: 0.4 });
    const above = resources(Array.from({ length: 20 }, () => point(100, 150)));
    expect(ask('memory.ratio < 1.0', above).brief).toBe('memory ratio 1.5 > 1 over 20 windows');
    expect(ask('memory.ratio < 1.0', above).verdict).toBe('fail');
    const silent = resources(Array.from({ length: 20 }, () => point(null, 150)));
    expect(ask('memory.ratio < 1.0', silent)).toMatchObject({
      verdict: 'inconclusive',
      measured: null,
    });
    expect(ask('memory.ratio < 1.0', silent).brief).toContain('0 of 5 windows');
  });

  it('wait for the last half hour without a window over the limit, and say how long', () => {
    const windows = (over: number): Evidence =>
      resources(Array.from({ length: 200 }, (_, i) => point(100, i === over ? 120 : 30)));
    expect(ask('memory.ratio < 1.0', windows(150)).verdict).toBe('inconclusive');
    expect(ask('memory.ratio < 1.0', windows(150)).sentence).toContain('1,751 more windows');
  });

  it('wait for a cache that still fills, and say when it is expected to be full', () => {
    const filling = (from: number, to: number, candidateBytes: number): Evidence => {
      const at = (i: number): number => from + ((to - from) * i) / 599;
      return resources(
        Array.from({ length: 600 }, (_, i) => {
          return { ...point(100, candidateBytes), startMs: 1000 * i, legacyFill: at(i) };
        }),
      );
    };
    for (const bytes of [30, 300]) {
      const half = ask('memory.ratio < 1.0', filling(0, 0.5, bytes));
      expect(half).toMatchObject({ verdict: 'inconclusive', samples: 0 });
      expect(half.sentence).toMatch(/legacy's cache still fills: it is 50.0 % full, exp.* 10 min/);
    }
    expect(ask('memory.ratio < 1.0', filling(0.99, 1, 30)).verdict).toBe('pass');
    expect(ask('memory.ratio < 1.0', filling(0.99, 1, 300)).verdict).toBe('fail');
  });

  it('take a cache that has stopped to grow for one that has what it needs', () => {
    const still = Array.from({ length: 2400 }, (_, i) => {
      return { ...point(100, 30), startMs: 1000 * i, candidateFill: 0.4 };
    });
    expect(ask('memory.ratio < 1.0', resources(still)).verdict).toBe('pass');
    const early = ask('memory.ratio < 1.0', resources(still.slice(0, 1200)));
    expect(early).toMatchObject({ verdict: 'inconclusive' });
    expect(early.sentence).toMatch(
      /candidate's cache still fills: it is 40.0 % full, exp.* 10 min/,
    );
  });

  it('never fail by what two processes of one program differ by, however long', () => {
    const steady = (candidateBytes: number): string =>
      ask(
        'memory.ratio < 1.0',
        resources(Array.from({ length: 500 }, () => point(100, candidateBytes))),
      ).verdict;
    expect([101, 107, 112].map(steady)).toEqual(['inconclusive', 'inconclusive', 'fail']);
  });
});

describe('candidate.spikes', () => {
  const spiking = (spikes: number, legacySpikes: number): GateResult => {
    const worst = { p99Us: 40_000, usualUs: 2000 };
    const seen = { ...NO_SPIKES, seconds: 900, spikes, legacySpikes, shared: 1, worst };
    return ask('candidate.spikes = none', evidenceOf({}, { spikes: seen }));
  };

  it('passes after quiet windows and fails at the eleventh spike where legacy has none', () => {
    const quiet = { ...NO_SPIKES, seconds: 6, quietSeconds: 6 };
    expect(ask('candidate.spikes = none', evidenceOf({}, { spikes: quiet })).verdict).toBe('pass');
    expect(spiking(10, 0).verdict).toBe('inconclusive');
    const result = spiking(11, 0);
    expect(result.verdict).toBe('fail');
    expect(result.brief).toBe(
      'candidate spikes: 11 in 900 seconds, limit none, worst p99 40.0 ms where 2.00 ms is ' +
        'usual, 1 more on both sides at once',
    );
    const early = { ...NO_SPIKES, seconds: 2, quietSeconds: 2 };
    expect(ask('candidate.spikes = none', evidenceOf({}, { spikes: early })).verdict).toBe(
      'inconclusive',
    );
  });

  it('does not fail a candidate that spikes as often as legacy does', () => {
    expect(spiking(1440, 1440).verdict).toBe('inconclusive');
    expect(spiking(1440, 1440).brief).toContain(', 1,440 of legacy alone');
    expect(spiking(60, 10).verdict).toBe('fail');
  });
});

describe('a verdict', () => {
  it('fails with any gate, passes with all, and passes without gates', () => {
    const evidence = evidenceOf({ compared: 2000, pairs: 2000, eligible: 2000, mismatched: 200 });
    const gates = [gate('mismatch.rate < 0.5%'), gate('errors.excess < 0.5%')];
    expect(judge(gates, evidence).outcome).toBe('fail');
    expect(judge(gates.slice(1), evidence).outcome).toBe('pass');
    expect(judge([...gates.slice(1), gate('latency.p99.ratio < 1')], evidence).outcome).toBe(
      'inconclusive',
    );
    expect(judge([], evidence)).toEqual({ outcome: 'pass', gates: [] });
  });
});
