/** What is said of each gate of the grammar: the value, the limit, how much, what it may err by. */
import { describe, expect, it } from 'vitest';
import {
  type Evidence,
  gateKey,
  type LatencyEvidence,
  NO_LATENCY,
  NO_SPIKES,
  NO_TAIL,
} from '../../../src/judge/evidence.ts';
import { judge } from '../../../src/judge/verdict.ts';
import type { GateResult } from '../../../src/model/rollout.ts';
import { NO_COUNTS, type PairCounts } from '../../../src/model/window.ts';
import { gate } from '../../support/rollout.ts';

const HOUR_MS = 3_600_000;

function ask(text: string, over: Partial<Evidence>, gateOver = {}): GateResult {
  const none = { counts: new Map(), latency: new Map(), resources: new Map(), spikes: NO_SPIKES };
  const evidence = { ...none, elapsedMs: HOUR_MS, ...over };
  return judge([gate(text, { windowMs: 10_000, ...gateOver })], evidence, 5).gates[0]!;
}

function counted(text: string, counts: Partial<PairCounts>, over = {}): string {
  return ask(text, { counts: new Map([['GET /x', { ...NO_COUNTS, ...counts }]]) }, over).sentence;
}

function timed(text: string, seen: Partial<LatencyEvidence>): string {
  return ask(text, { latency: new Map([[text, { ...NO_LATENCY, ...seen }]]) }).sentence;
}

function windows(count: number, candidateUs: number, legacyUs = 1000): Partial<LatencyEvidence> {
  const points = Array.from({ length: count }, () => ({ candidateUs, legacyUs }));
  return { points, pairs: 400 * count, seconds: 10 * count };
}

const MISMATCH = 'mismatch.rate < 0.1%';
const ERRORS = 'errors.ratio < 2';
const P99 = 'latency.p99.ratio < 1.05';
const OPEN = 'chance of a wrong pass 5 %, of a wrong failure 0.2 %';
const PASS = 'chance of a wrong pass 5 %';
const FAIL = 'chance of a wrong failure 0.2 %';
const GUARD = 'a guard, which states no chance of error';

describe('a gate that passes', () => {
  it.each([
    [
      counted('mismatch.rate < 0.001%', { compared: 309_833 }),
      'mismatch rate 0 % < 0.001 %: 0 of 309,833 pairs; with 95 % certainty at most 0.001 %; ' +
        PASS,
    ],
    [
      counted(ERRORS, { pairs: 9000, candidateOnlyErrors: 1 }),
      `errors ratio: 1 against 0 errors in 9,000 pairs, limit 2; only harm is looked for, ${FAIL}`,
    ],
    [
      timed(P99, windows(30, 1000)),
      'p99 ratio 1 < 1.05 over 30 windows ' +
        '(medians: 1.00 ms, legacy 1.00 ms); with 95 % certainty between ' +
        `1 and 1; ${PASS}`,
    ],
    [
      timed('latency.p99 < 50ms', windows(30, 1000, 50_000)),
      'p99 1.00 ms < 50.0 ms over 30 windows; with 95 % certainty between 1.00 ms and 1.00 ms; ' +
        PASS,
    ],
    [
      timed('latency.paired.p50.ratio < 1.05', windows(30, 1000)),
      "p50 of the pairs' ratios 1 < 1.05 over 30 windows; with 95 % certainty between 1 and 1; " +
        PASS,
    ],
  ])('%#: says by what, where it lies, and the chance that it is wrong', (said, words) => {
    expect(said).toBe(words);
  });
});

describe('a gate that fails', () => {
  it.each([
    [
      counted(MISMATCH, { compared: 1000, mismatched: 60 }),
      'mismatch rate 6 % > 0.1 %: 60 of 1,000 pairs; with 95 % certainty between 3.9 % and ' +
        `9.19 %; ${FAIL}`,
    ],
    [
      counted(ERRORS, { pairs: 9000, candidateOnlyErrors: 90, legacyOnlyErrors: 9 }),
      'errors ratio 10 > 2: 90 against 9 errors in 9,000 pairs; with 95 % certainty between 3.99 ' +
        `and 39; ${FAIL}`,
    ],
    [
      counted('coverage > 99%', { eligible: 1000, compared: 800 }),
      'coverage 80.0 % < 99.0 %: 800 of 1,000 pairs; with 95 % certainty between 74.6 % and ' +
        `83.8 %; ${FAIL}`,
    ],
    [
      timed(P99, windows(30, 1100)),
      'p99 ratio 1.1 > 1.05 over 30 windows ' +
        '(medians: 1.10 ms, legacy 1.00 ms); with 95 % certainty ' +
        `between 1.1 and 1.1; ${FAIL}`,
    ],
  ])('%#: says by what, where it lies, and the chance that it is wrong', (said, words) => {
    expect(said).toBe(words);
  });
});

const THREE = timed(P99, windows(3, 990));
const BURNING = [{ liveSide: 'legacy', pairs: 1000, legacy: 10, candidate: 200 }] as const;

describe('a gate that is inconclusive', () => {
  it.each([
    [
      counted('mismatch.rate < 0.001%', { compared: 100_000 }),
      'mismatch rate 0 % < 0.001 %: 0 of 100,000 pairs, not proved yet; with 95 % certainty at ' +
        `most 0.0031 %; ${OPEN}; a pass takes 209,833 more pairs if none of them mismatches, ` +
        'expected in about 2 h 6 min at this rate',
    ],
    [
      counted(MISMATCH, { compared: 10_000, mismatched: 8 }),
      'mismatch rate 0.08 % < 0.1 %: 8 of 10,000 pairs, not proved yet; with 95 % certainty ' +
        `between 0.0116 % and 0.219 %; ${OPEN}; a pass takes 426,061 more pairs if the rate ` +
        'stays as it is, expected in about 42 h 36 min at this rate',
    ],
    [
      counted(MISMATCH, { compared: 10_000, mismatched: 13 }),
      'mismatch rate 0.13 % > 0.1 %: 13 of 10,000 pairs, not proved yet; with 95 % certainty ' +
        `between 0.0341 % and 0.3 %; ${OPEN}; a pass takes 19,982 more pairs if none of them ` +
        'mismatches',
    ],
    [
      counted(MISMATCH, {}, { route: 'GET /x' }),
      `mismatch rate on GET /x: 0 of 0 pairs, limit 0.1 %; ${OPEN}; a pass takes 3,097 more ` +
        'pairs if none of them mismatches',
    ],
    [
      counted('errors.excess < 0.01%', { pairs: 9000, candidateOnlyErrors: 1 }),
      'candidate-only errors 0.0111 % > 0.01 %: 1 of 9,000 pairs, not proved yet; with 95 % ' +
        `certainty at most 0.0869 %; ${OPEN}; a pass takes 69,252 more pairs if none of them ` +
        'fails on the candidate alone, expected in about 7 h 42 min at this rate',
    ],
    [
      counted(ERRORS, { pairs: 200, candidateOnlyErrors: 1 }),
      `errors ratio: 1 against 0 errors in 200 pairs, limit 2; only harm is looked for, ${FAIL}; ` +
        'a pass takes 100 more pairs, expected in about 30 min at this rate',
    ],
    [
      counted('coverage > 99%', { eligible: 2000, compared: 1990 }),
      'coverage 99.5 % > 99.0 %: 1,990 of 2,000 pairs, not proved yet; with 95 % certainty ' +
        `between 98.7 % and 99.9 %; ${OPEN}; a pass takes 2,110 more pairs if the rate stays as ` +
        'it is, expected in about 63 min at this rate',
    ],
    [
      THREE,
      'p99 ratio 0.99 < 1.05 over 3 windows, not proved yet ' +
        '(medians: 0.99 ms, legacy 1.00 ms); too ' +
        `little yet to bound it; ${OPEN}; a pass takes 2 more windows of 10 s, expected in ` +
        'about 20 s at this rate',
    ],
    [
      timed(P99, windows(3, 1100)),
      'p99 ratio 1.1 > 1.05 over 3 windows, not proved yet ' +
        '(medians: 1.10 ms, legacy 1.00 ms); too little ' +
        `yet to bound it; ${OPEN}; no pass while it is beyond the limit`,
    ],
    [
      timed(P99, { ...windows(30, 1000), stalledSeconds: 200 }),
      'p99 ratio 1 < 1.05 over 30 windows, not proved yet ' +
        '(medians: 1.00 ms, legacy 1.00 ms), 66.7 % of ' +
        'the seconds left out: the proxy stalled; with 95 % certainty between 1 and 1; ' +
        `${OPEN}; no pass while the proxy stalls in more than 50.0 % of the seconds`,
    ],
    [
      timed(P99, { pairs: 90, thinWindows: 4 }),
      'p99 ratio: 90 pairs in 0 windows, limit 1.05, none of 4 windows had 100 pairs of one live ' +
        `side, so a longer window would help; ${OPEN}; a pass takes at least 210 more pairs, ` +
        'expected in about 2 h 20 min at this rate',
    ],
  ])('%#: says what is missing, and when it is expected as things go', (said, words) => {
    expect(said).toBe(words);
  });

  it('tells the measured value before there are as many pairs as the gate asks for', () => {
    const few = { latency: new Map([[P99, { ...NO_LATENCY, ...windows(6, 990) }]]) };
    const { verdict, measured, samples, sentence } = ask(P99, few, { minPairs: 10_000 });
    expect({ verdict, measured, samples }).toEqual({
      verdict: 'inconclusive',
      measured: 0.99,
      samples: 6,
    });
    expect(sentence).toMatch(
      /^p99 ratio 0.99 < 1.05 over 6 windows \(2,400 of 10,000 pairs\), not /,
    );
    const over = { latency: new Map([[P99, { ...NO_LATENCY, ...windows(60, 2000) }]]) };
    const worse = ask(P99, over, { minPairs: 100_000 });
    expect([worse.verdict, worse.measured]).toEqual(['inconclusive', 2]);
    const burning = 'latency.p99.burn < 10';
    const tail = { ...NO_TAIL, thresholdUs: 900, recent: [BURNING] };
    const seen = new Map([[burning, { ...NO_LATENCY, ...windows(4, 990), tail }]]);
    const burn = ask(burning, { latency: seen }, { minPairs: 100_000 });
    expect([burn.verdict, burn.measured?.toFixed(3)]).toEqual(['inconclusive', '20.000']);
  });

  it('has foreseen rightly how many windows it takes', () => {
    expect(THREE).toContain('takes 2 more windows');
    expect(timed(P99, windows(4, 990))).toContain('takes 1 more window of');
    expect(timed(P99, windows(5, 990))).not.toContain('not proved');
  });

  it('names what binds: the windows that its test takes, or the pairs that it asks for', () => {
    const missing = (minPairs: number): string | undefined => {
      const latency = new Map([[P99, { ...NO_LATENCY, ...windows(3, 990) }]]);
      return ask(P99, { latency }, { minPairs }).missing;
    };
    // 400 pairs a window, and two more windows for the test.
    expect(missing(1300)).toMatch(/^a pass takes 2 more windows of 10 s, /);
    expect(missing(2000)).toMatch(/^a pass takes 2 more windows of 10 s, /);
    expect(missing(2001)).toMatch(/^a pass takes 801 more pairs, expected in about 40 min /);
    expect(timed(P99, windows(5, 990))).not.toContain('not proved');
  });

  it('has foreseen rightly how many pairs it takes', () => {
    expect(counted('mismatch.rate < 0.001%', { compared: 309_832 })).toContain('takes 1 more pair');
    const steady = { compared: 436_061, mismatched: 0.0008 * 436_061 };
    expect(counted(MISMATCH, steady)).not.toContain('not proved');
  });

  it('forecasts nothing where no more is to come', () => {
    const text = 'mismatch.rate < 0.001%';
    const counts = new Map([['GET /x', { ...NO_COUNTS, compared: 100_000 }]]);
    const { sentence } = judge([gate(text)], {
      counts,
      latency: new Map(),
      resources: new Map(),
      spikes: NO_SPIKES,
    }).gates[0]!;
    expect(sentence).toMatch(/a pass takes 209,833 more pairs if none of them mismatches$/);
  });
});

describe('guards', () => {
  const over = [[{ liveSide: 'legacy', pairs: 1000, legacy: 10, candidate: 12 }]] as const;
  const worst = { p99Us: 40_000, usualUs: 2000 };
  const spikes = { ...NO_SPIKES, seconds: 30, quietSeconds: 20, spikes: 1, worst };

  it.each([
    [
      timed('latency.p99.burn < 10', windows(1, 1000)),
      `p99 burn: 0 of 12 windows, limit 10, the first 3 windows set the bar; ${GUARD}; a pass ` +
        'takes 14 more windows of 10 s, expected in about 2 min at this rate',
    ],
    [
      timed('latency.p99.burn < 10', {
        ...windows(1, 1000),
        tail: { ...NO_TAIL, thresholdUs: 900, recent: over },
      }),
      "p99 burn 1.2 < 10 in 1 of 12 windows, not proved yet, 1.2 in the newest (over legacy's " +
        `first 0.90 ms); ${GUARD}; a pass takes 11 more windows of 10 s, expected in about 2 min ` +
        'at this rate',
    ],
    [
      // Time is judged by whole windows, and seconds at once.
      ask('candidate.spikes = none', { spikes, elapsedMs: 20_000 }).sentence,
      'candidate spikes: 1 in 30 seconds, limit none, worst p99 40.0 ms where 2.00 ms is usual; ' +
        `${GUARD}; a pass takes 30 s more without a spike, expected in about 30 s at this rate`,
    ],
    [
      // Ten of the seconds so far had too few answers for a p99 of their own.
      ask('candidate.spikes = none', { spikes, elapsedMs: 40_000 }).sentence,
      'candidate spikes: 1 in 30 seconds, limit none, worst p99 40.0 ms where 2.00 ms is usual; ' +
        `${GUARD}; a pass takes 30 s more without a spike, expected in about 40 s at this rate`,
    ],
  ])('%#: say that they state no chance of error', (said, words) => expect(said).toBe(words));
});

describe('gates on resources', () => {
  const points = (count: number, candidateCpu: number) =>
    Array.from({ length: count }, (_, i) => ({
      startMs: i,
      legacyBytes: 100,
      candidateBytes: 50,
      legacyCpu: 1,
      candidateCpu,
    }));
  const said = (text: string, count: number, candidateCpu = 1): string =>
    ask(text, { resources: new Map([[10_000, points(count, candidateCpu)]]) }).sentence;

  it('say what they are made of, and what is missing', () => {
    expect(said('memory.ratio < 1.0', 30)).toMatch(
      /^memory ratio 0.5 < 1 .*with 95 % certainty between 0.5 and 0.5; chance of a wrong pass/,
    );
    expect(said('memory.ratio < 1.0', 0)).toMatch(/: 0 of 5 windows with .*, limit 1; .*; a pass /);
    expect(said('cpu.ratio < 1.0', 6, 1.1)).toMatch(/^cpu ratio 1.1 > 1 .*beyond the limit/);
  });
});

describe('a gate on resources with fewer windows than prove anything', () => {
  const told = (text: string, count: number, candidateBytes = 50): GateResult => {
    const points = Array.from({ length: count }, (_, i) => ({
      startMs: i,
      legacyBytes: 100,
      candidateBytes,
      legacyCpu: 1,
      candidateCpu: 0.8,
    }));
    return ask(text, { resources: new Map([[10_000, points]]) }, { alpha: 0.9 });
  };

  it('tells what has been measured so far, without bounds', () => {
    const { verdict, measured, interval, samples, sentence } = told('memory.ratio < 1.0', 2);
    expect([verdict, measured, interval, samples]).toEqual(['inconclusive', 0.5, undefined, 2]);
    expect(sentence).toMatch(
      /^memory ratio 0.5 < 1 over 2 windows, not proved yet; too little yet to bound it; /,
    );
    expect(sentence).toMatch(/takes 3 more windows of 10 s, expected in about 30 s at this rate$/);
    expect(told('cpu.ratio < 1.0', 4)).toMatchObject({ measured: 0.8, verdict: 'inconclusive' });
    expect(told('cpu.ratio < 1.0', 5).verdict).toBe('pass');
  });

  it('neither passes nor fails, and says that it is beyond the limit', () => {
    const over = told('memory.ratio < 1.0', 4, 5000);
    expect([over.verdict, over.measured]).toEqual(['inconclusive', 50]);
    expect(over.sentence).toMatch(/^memory ratio 50 > 1 over 4 windows, .* beyond the limit$/);
  });
});

describe('mismatches by key', () => {
  const said = (mismatched: number): string => {
    const counts = new Map([['GET /x', { ...NO_COUNTS, compared: 20_000, mismatched: 12 }]]);
    return ask(MISMATCH, { counts, keys: { compared: 4000, mismatched } }).sentence;
  };

  it('are told beside those by pair: one user may have made all of them', () => {
    expect(said(1)).toContain('; by key about 1 of about 4,000 since the build began, at most 0.');
    const [one, twelve] = [1, 12].map((keys) => /began, at most ([\d.]+) %/.exec(said(keys))?.[1]);
    expect(Number(one)).toBeLessThan(Number(twelve));
    expect(ask(MISMATCH, { keys: { compared: 0, mismatched: 0 } }).sentence).not.toContain(
      'by key',
    );
  });
});

describe('the words of a gate', () => {
  it('are of what was known when it was judged, whenever they are read', () => {
    const counts = new Map([['GET /x', { ...NO_COUNTS, compared: 3000 }]]);
    const judged = ask(MISMATCH, { counts });
    counts.set('GET /x', { ...NO_COUNTS, compared: 9000, mismatched: 900 });
    expect(judged.sentence).toContain('0 of 3,000 pairs');
  });

  it('are all there in JSON, with what is missing and when it is expected', () => {
    const counts = new Map([['GET /x', { ...NO_COUNTS, compared: 3000 }]]);
    const told = JSON.parse(JSON.stringify(ask(MISMATCH, { counts }))) as GateResult;
    expect(Object.keys(told)).toEqual([
      'gate',
      'verdict',
      'measured',
      'interval',
      'limit',
      'samples',
      'alpha',
      'harmAlpha',
      'missing',
      'expectedInMs',
      'brief',
      'sentence',
      'onFail',
    ]);
    expect(told.expectedInMs).toBe(Math.ceil((97 / 3000) * HOUR_MS));
    expect(told.sentence).toContain(told.missing);
  });
});

describe('a gate of one route', () => {
  it('names it', () => {
    const key = gateKey(gate(P99, { route: 'GET /x' }));
    const latency = new Map([[key, { ...NO_LATENCY, ...windows(30, 1000) } as LatencyEvidence]]);
    expect(ask(P99, { latency }, { route: 'GET /x' }).brief).toMatch(
      /^p99 ratio 1 < 1.05 on GET \/x over 30 windows/,
    );
  });
});
