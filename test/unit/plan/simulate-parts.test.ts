/** What simulated climbs are made of, held against the product's own. */
import { describe, expect, test } from 'vitest';
import { type Evidence, gateKey, NO_LATENCY, NO_SPIKES } from '../../../src/judge/evidence.ts';
import { isHeard } from '../../../src/judge/latency-proof.ts';
import { addArms, addWindow, seenIn } from '../../../src/judge/latency-windows.ts';
import { judge } from '../../../src/judge/verdict.ts';
import { countOf, quantileOf } from '../../../src/judge/windows.ts';
import { createRandom } from '../../../src/kit/random.ts';
import { LatencyHistogram } from '../../../src/measure/latency.ts';
import { Arm, exceededBy, shareAbove } from '../../../src/plan/simulate/arm.ts';
import { GateTrack } from '../../../src/plan/simulate/gate-track.ts';
import { GateViews } from '../../../src/plan/simulate/gate-views.ts';
import { isWrongAt, parseInjection, SOUND } from '../../../src/plan/simulate/injection.ts';
import { kindOf, WindowPool } from '../../../src/plan/simulate/window-pool.ts';
import { worldOf } from '../../../src/plan/simulate/world.ts';
import { ASSUMED_TRAFFIC } from '../../../src/plan/traffic.ts';
import { settled } from '../../support/configurations.ts';
import { gate } from '../../support/rollout.ts';

const SETTINGS = settled('key: { from: header, name: x-user }\nstate: shared\n');

function worldFor(pausedRequests: number) {
  return worldOf(SETTINGS, {
    seed: 3,
    ratePerSec: 2000,
    traffic: ASSUMED_TRAFFIC,
    medianUs: 2000,
    sigma: 0.5,
    pauses: pausedRequests === 0 ? null : { requests: pausedRequests, everyMs: 120_000 },
    users: 100,
  });
}

describe('an arm', () => {
  const latency = { medianUs: 2000, sigma: 0.5, slower: null };

  test('counts in the buckets of the product, and loses none', () => {
    const arm = new Arm(latency, 0);
    const counts = arm.draw(createRandom(1), 50_000, 200, 40_000);
    expect(countOf(counts)).toBe(50_200);
    expect(LatencyHistogram.fromCounts(counts).toCounts()).toEqual(counts);
  });

  test('has the quantiles of its distribution, also where the fast ones are one bucket', () => {
    const p99 = exceededBy(latency, 0.01);
    expect(p99).toBeCloseTo(2000 * Math.exp(0.5 * 2.32635), 0);
    for (const fromUs of [0, 5000]) {
      const counts = new Arm(latency, fromUs).draw(createRandom(2), 1_000_000, 0, 0);
      expect(quantileOf(counts, 0.99) / p99).toBeGreaterThan(0.98);
      expect(quantileOf(counts, 0.99) / p99).toBeLessThan(1.02);
    }
  });

  test('takes so many times as long from a value on', () => {
    const slower = { ...latency, slower: { aboveUs: exceededBy(latency, 0.02), times: 1.25 } };
    const p99 = exceededBy(latency, 0.01);
    expect(shareAbove(slower, 1.25 * p99)).toBeCloseTo(0.01, 6);
    expect(shareAbove(slower, 1000)).toBe(shareAbove(latency, 1000));
    const counts = new Arm(slower, 0).draw(createRandom(2), 500_000, 500_000, 0);
    expect(quantileOf(counts, 0.99) / (1.25 * p99)).toBeGreaterThan(0.98);
    expect(quantileOf(counts, 0.99) / (1.25 * p99)).toBeLessThan(1.02);
  });
});

/** A gate's track, and the product's evidence of the same windows; `lnCarried` of steps before. */
function both(
  text: string,
  candidate: string,
  windows: number,
  pausedRequests: number,
  lnCarried?: number,
) {
  const own = gate(text);
  const carried =
    lnCarried === undefined
      ? undefined
      : { counts: new Map(), lnHarm: new Map([[gateKey(own), lnCarried]]) };
  const world = worldFor(pausedRequests);
  const injection = parseInjection(candidate) ?? SOUND;
  const lane = { windowMs: own.windowMs, route: null, gates: [own] };
  const pool = new WindowPool({ world, injection, percent: 10, lane });
  const harmAlpha = judge([own], evidenceOf(NO_LATENCY)).gates[0]!.harmAlpha ?? 1;
  const drawn: number[] = [];
  const views = new GateViews(own, pool);
  const track = new GateTrack({ gate: own, views, drawn, harmAlpha, carried });
  const random = createRandom(5);
  let seen = NO_LATENCY;
  const steps = Array.from({ length: windows }, (_, i) => {
    const kind = pausedRequests > 0 && i % 12 === 4 ? kindOf(1, 0) : 0;
    const pooled = pool.kind(kind);
    const index = random.int(0, pooled.size - 1);
    drawn.push(kind, index);
    track.add(kind, index);
    const couldFail = track.couldFail();
    const window = pooled.window(index);
    const more = seenIn(own, window, seen);
    if (own.metric === 'latency') seen = { ...seen, arms: addArms(seen.arms, window, null) };
    seen = addWindow(own, seen, more);
    const hasFailed = judge([own], evidenceOf(seen)).outcome === 'fail';
    return { couldFail, hasFailed, isHeard: isHeard(seen.tail) };
  });
  return { own, track, seen, steps };

  function evidenceOf(latency: typeof NO_LATENCY): Evidence {
    const all = new Map([[gateKey(own), latency]]);
    const none = { counts: new Map(), resources: new Map(), spikes: NO_SPIKES };
    return { ...none, latency: all, ...(carried && { carried }) };
  }
}

const KINDS = [
  ['latency.p99.ratio < 1.05', 'sound', 200],
  ['latency.p99.ratio < 1.05', 'sound', 0],
  ['latency.p99.9.ratio < 1.10', 'p99.9 x 2', 200],
  ['latency.p99 < 6ms', 'p99 x 1.5', 0],
  ['latency.paired.p50.ratio < 1.05', 'sound', 0],
  ['latency.p99.burn < 3', 'p99 x 2', 0],
] as const;

describe('a simulated gate', () => {
  test.each(KINDS)(
    '%s has the evidence that the product has: %s, %i',
    (text, candidate, paused) => {
      const { own, track, seen } = both(text, candidate, 40, paused);
      const { signs, arms, tail, ...rest } = track.evidence();
      expect(rest).toMatchObject({ points: seen.points, pairs: seen.pairs, seconds: seen.seconds });
      expect(tail.thresholdUs).toBe(seen.tail.thresholdUs);
      expect(tail.bet).toEqual(seen.tail.bet);
      expect(tail.legacy).toEqual(seen.tail.legacy);
      expect(tail.candidate).toEqual(seen.tail.candidate);
      expect(signs!.plain.lnOver).toBe(seen.signs!.plain.lnOver);
      expect(signs!.crossed.lnWithin).toBe(seen.signs!.crossed.lnWithin);
      if (own.metric === 'latency' && paused === 0) expect(arms).toEqual(seen.arms);
    },
  );

  test.each([
    ['latency.p99.ratio < 1.05', 'p99 x 1.25', 200, undefined],
    ['latency.p99.ratio < 1.05', 'p99 x 1.25', 200, -2],
    ['latency.p99.ratio < 1.05', 'p99 x 1.25', 200, 3],
    ['latency.p99.ratio < 1.05', 'p99 x 1.15', 0, undefined],
    ['latency.p99.9.ratio < 1.10', 'p99.9 x 2', 200, undefined],
    ['latency.p99 < 6ms', 'p99 x 1.1', 200, undefined],
    ['latency.p99 < 6ms', 'p99 x 1.1', 200, 3.5],
    ['latency.p99.burn < 1.5', 'p99 x 2', 0, undefined],
  ] as const)(
    '%s is looked at whenever it fails: %s, %i, carried %s',
    (text, candidate, paused, lnCarried) => {
      const { steps } = both(text, candidate, 60, paused, lnCarried);
      const failed = steps.filter(({ hasFailed }) => hasFailed);
      expect(failed.length).toBeGreaterThan(0);
      expect(failed[0]!.couldFail).toBe(true);
      // Single requests, where they are heard, are looked at from time to time.
      expect(failed.every((step) => step.couldFail || step.isHeard)).toBe(true);
    },
  );
});

describe('what is wrong with a candidate', () => {
  test.each([
    ['sound', { kind: 'nothing' }, 'start'],
    ['p99 x 1.25', { kind: 'slower', quantile: 0.99, times: 1.25 }, 'start'],
    ['p99.9x2@live', { kind: 'slower', quantile: 0.999, times: 2 }, 'live'],
    ['mismatches 0.01% @1%', { kind: 'mismatches', rate: 0.0001 }, 1],
    ['mismatches 1e-4 @10', { kind: 'mismatches', rate: 0.0001 }, 10],
    ['errors 0.5%', { kind: 'errors', rate: 0.005 }, 'start'],
    ['pauses x 10 @1%', { kind: 'pauses', times: 10 }, 1],
  ])('is read from %s', (text, wrong, since) => {
    const injection = parseInjection(text)!;
    expect(injection.since).toBe(since);
    expect(injection.wrong.kind).toBe(wrong.kind);
    if (injection.wrong.kind === 'slower') expect(injection.wrong).toEqual(wrong);
    if ('rate' in wrong)
      expect(injection.wrong).toMatchObject({ rate: expect.closeTo(wrong.rate) });
  });

  test.each(['', 'p99', 'p99 x 1', 'p0 x 2', 'mismatches 0', 'mismatches 100%', 'sound @never'])(
    'is not read from "%s"',
    (text) => {
      expect(parseInjection(text)).toBeUndefined();
    },
  );

  test('shows from its percent on, or in live answers alone', () => {
    const fromTen = parseInjection('p99 x 2 @10%')!;
    const live = parseInjection('p99 x 2 @live')!;
    expect([1, 10, 50].map((percent) => isWrongAt(fromTen, percent, false))).toEqual([
      false,
      true,
      true,
    ]);
    expect(isWrongAt(live, 50, true)).toBe(true);
    expect(isWrongAt(live, 50, false)).toBe(false);
    expect(isWrongAt(SOUND, 50, true)).toBe(false);
  });
});
