import { describe, expect, it } from 'vitest';
import { type Diagnosis, diagnose } from '../../../src/diagnose/diagnosis.ts';
import type { Cycle, Trace } from '../../../src/diagnose/trace.ts';
import { createRandom, exponentialUs } from '../../../src/kit/random.ts';
import {
  clockPauses,
  type Pause,
  START_MS,
  timerPauses,
  type TraceOptions,
  traceOf,
} from '../../support/traces.ts';

const OPTIONS = { reads: 50, slowUs: null };
const TWENTY_MINUTES = 1290;

function found(...traces: readonly TraceOptions[]): Diagnosis {
  return diagnose(traces.map(traceOf), OPTIONS);
}

function cyclesOf(pauses: readonly Pause[], kind = 'timer'): readonly Cycle[] {
  return pauses.map(({ atMs, lengthMs }) => ({
    startMs: atMs,
    endMs: atMs + lengthMs,
    pauseMs: lengthMs,
    kind,
  }));
}

function legacyFeed(cycles: readonly Cycle[]): Trace['feeds'] {
  return {
    legacy: { source: 'gctrace', precisionMs: 1, isBracketed: false, cycles },
    candidate: null,
  };
}

describe('a timer of two minutes that drifts', () => {
  it.each([1, 2, 3])('is found to half a percent within ten periods, seed %i', (seed) => {
    const random = createRandom(seed);
    const lengthMs = (): number => random.int(200, 600);
    const pauses = timerPauses('legacy', 120_000, lengthMs, TWENTY_MINUTES);
    const { instances, decision, sentence } = found({ seconds: TWENTY_MINUTES, pauses, seed });
    const { legacy, candidate } = instances[0]!;
    const trueMs = (pauses.at(-1)!.atMs - pauses[0]!.atMs) / (pauses.length - 1);
    expect(Math.abs(legacy.period!.periodMs / trueMs - 1)).toBeLessThan(0.005);
    expect(legacy.period!.isProven).toBe(true);
    expect(legacy.cause).toBe('runtime-timer');
    expect(candidate.cause).toBe('none');
    expect(sentence).toMatch(/^legacy pauses \d+ ms every 120\.[2-6] s, as a two-minute timer/);
    expect(sentence).toContain('the candidate shows no such spikes');
    // Without a word of its collections it is likely, and no more.
    expect(decision.floor).toBe('undecided');
  });

  it('is legacy’s collections where it tells of them, and a rewrite is justified', () => {
    const pauses = timerPauses('legacy', 120_000, () => 96, TWENTY_MINUTES);
    const feeds = legacyFeed(cyclesOf(pauses));
    const options = { seconds: TWENTY_MINUTES, pauses, feeds, ratePerSec: 300 };
    const { instances, decision, sentence } = found(options);
    const { legacy } = instances[0]!;
    expect(legacy.cause).toBe('collector');
    expect(legacy.attribution).toMatchObject({ inCycles: 10, spikes: 10, against: [] });
    expect(legacy.attribution!.lift).toBeGreaterThan(20);
    expect(legacy.attribution!.p).toBeLessThan(1e-9);
    expect(legacy.attribution!.epochP).toBeLessThan(0.01);
    expect(sentence).toMatch(
      /^legacy pauses 9\d\.\d ms every 120\.[01] s, in step with its collec/,
    );
    expect(decision.floor).toBe('runtime');
  });

  it('keeps its period where seconds are missing, told by the spectrum as well', () => {
    const gaps = new Set(Array.from({ length: 70 }, (_, i) => 17 * i + 3));
    const pauses = timerPauses('legacy', 60_000, () => 300, TWENTY_MINUTES);
    const { legacy } = found({ seconds: TWENTY_MINUTES, pauses, gaps }).instances[0]!;
    expect(Math.abs(legacy.period!.periodMs / 60_300 - 1)).toBeLessThan(0.005);
    const methods = legacy.methods.map(({ method, isAgreeing }) => [method, isAgreeing]);
    expect(methods).toContainEqual(['spectrum', true]);
  });

  it('keeps its period where something small is slow in the seconds before', () => {
    const pauses = timerPauses('legacy', 20_000, () => 550, 210);
    const early = pauses.slice(0, 3).map(({ side, atMs }) => ({ side, atMs: atMs - 1500 }));
    const small = early.map((each) => ({ ...each, lengthMs: 200 }));
    const { legacy } = found({ seconds: 210, pauses: [...pauses, ...small] }).instances[0]!;
    expect(Math.abs(legacy.period!.periodMs / 20_550 - 1)).toBeLessThan(0.005);
  });
});

describe('a job on the clock', () => {
  it('is told from a timer by its want of drift', () => {
    const pauses = clockPauses('legacy', 120_000, 400, TWENTY_MINUTES);
    const { instances, decision, sentence } = found({ seconds: TWENTY_MINUTES, pauses });
    const { legacy } = instances[0]!;
    expect(legacy.period!.periodMs).toBeCloseTo(120_000, -1);
    expect(legacy.origin!.kind).toBe('clock');
    expect(sentence).toContain('locked to the clock as a job is (3 s into each 2m)');
    expect(decision.floor).toBe('workload');
  });

  it('is not called one while a timer would not yet have drifted', () => {
    const pauses = clockPauses('legacy', 120_000, 120, TWENTY_MINUTES);
    const { legacy } = found({ seconds: TWENTY_MINUTES, pauses }).instances[0]!;
    expect(legacy.origin!.kind).toBe('undecided');
    expect(legacy.cause).toBe('periodic');
  });

  it('is found however long its period, up to three hours', () => {
    const seconds = 6 * 3600;
    const pauses = clockPauses('legacy', 2_400_000, 900, seconds, 600_000);
    const { legacy } = found({ seconds, pauses, ratePerSec: 60 }).instances[0]!;
    expect(legacy.period).toMatchObject({ isProven: true });
    expect(Math.abs(legacy.period!.periodMs / 2_400_000 - 1)).toBeLessThan(0.005);
    expect(legacy.methods.filter(({ isAgreeing }) => isAgreeing).length).toBeGreaterThanOrEqual(2);
  });

  it('is told sooner where arrivals are known to the millisecond', () => {
    const clock = clockPauses('legacy', 20_000, 96, 260);
    expect(found({ seconds: 260, pauses: clock, isExact: true }).instances[0]!.legacy.cause).toBe(
      'clock',
    );
    const timer = timerPauses('legacy', 20_000, () => 96, 260);
    const { legacy } = found({ seconds: 260, pauses: timer, isExact: true }).instances[0]!;
    expect(legacy.origin!.kind).toBe('timer');
  });
});

describe('spikes that are nobody’s own', () => {
  it('are shared where both sides have them, whatever the collector did', () => {
    const pauses = timerPauses('both', 60_000, () => 300, TWENTY_MINUTES);
    const feeds = legacyFeed(cyclesOf(pauses));
    const { instances, decision, sentence } = found({ seconds: TWENTY_MINUTES, pauses, feeds });
    expect(instances[0]!.legacy.cause).toBe('shared');
    expect(instances[0]!.candidate.cause).toBe('shared');
    expect(instances[0]!.legacy.attribution!.isAttributed).toBe(false);
    expect(sentence).toContain('both sides pause');
    expect(decision.floor).toBe('workload');
  });

  it('are shared where all instances have them at once, and their own where they do not', () => {
    const at = (firstMs: number, seed: number, instance: string): TraceOptions => {
      const pauses = timerPauses('legacy', 60_000, () => 400, TWENTY_MINUTES, firstMs);
      return { seconds: TWENTY_MINUTES, pauses, seed, instance };
    };
    const together = found(at(20_000, 1, 'a'), at(20_000, 2, 'b'));
    expect(together.phases).toBe('together');
    expect(together.sentence).toContain('all instances at once');
    expect(together.decision.floor).toBe('workload');
    const apart = found(at(20_000, 1, 'a'), at(47_000, 2, 'b'));
    expect(apart.phases).toBe('apart');
    expect(apart.sentence).toContain('on each instance');
    expect(apart.decision.floor).toBe('undecided');
  });
});

describe('the harness’s own stalls', () => {
  const stalls = new Map([
    [300, 1_000_000],
    [301, 1_000_000],
    [900, 1_000_000],
  ]);
  const stopped: readonly Pause[] = [...stalls.keys()].map((second) => ({
    side: 'both',
    atMs: START_MS + 1000 * second,
    lengthMs: 1000,
  }));

  it('are left out of both sides, and reported', () => {
    const { instances, sentence } = found({ seconds: TWENTY_MINUTES, pauses: stopped, stalls });
    const { legacy, candidate, stalls: counted } = instances[0]!;
    expect(counted).toMatchObject({ stalled: 3, behind: 4, of: TWENTY_MINUTES, isTooMuch: false });
    expect([legacy.events, candidate.events]).toEqual([[], []]);
    expect(sentence).toMatch(/^legacy shows no spikes in 21 min; nor does the candidate/);
  });

  it('would be called shared if they were not known', () => {
    const { legacy } = found({ seconds: TWENTY_MINUTES, pauses: stopped }).instances[0]!;
    expect(legacy.cause).toBe('shared');
  });

  it('decide nothing away: beyond one second in a hundred what follows must hold with them', () => {
    const many = new Map(Array.from({ length: 20 }, (_, i) => [50 * i + 7, 40_000]));
    const calm = found({ seconds: TWENTY_MINUTES, stalls: many });
    expect(calm.sentence).toMatch(
      /^On a machine short of time \(the harness itself stalled in 20 of 1290 seconds\): legacy /,
    );
    expect(calm.decision.floor).toBe('workload');
    expect(calm.decision.reason).toMatch(
      /stalled in 20 of 1290 seconds; with them it is the same\.$/,
    );
    // Pauses of legacy's in those very seconds: without them it looks calm.
    const pauses = [...many.keys()].map((second): Pause => {
      return { side: 'legacy', atMs: START_MS + 1000 * second, lengthMs: 900 };
    });
    const hidden = found({ seconds: TWENTY_MINUTES, stalls: many, pauses });
    expect(hidden.sentence).toMatch(/^In doubt, on a machine short of time \(.*\): legacy shows /);
    expect(hidden.decision.floor).toBe('undecided');
    expect(hidden.decision.reason).toContain('with them it would be otherwise');
  });

  it('leave nothing to decide on where there are too many', () => {
    const all = new Map(Array.from({ length: 300 }, (_, i) => [4 * i, 40_000]));
    const { sentence, decision } = found({ seconds: TWENTY_MINUTES, stalls: all });
    expect(sentence).toMatch(/^In doubt, on a machine short of time /);
    expect(decision.floor).toBe('undecided');
    expect(decision.reason).toContain('so short of time');
  });

  it('make no difference where there are a few among many real pauses', () => {
    const pauses = timerPauses('legacy', 20_000, () => 300, 300);
    const feeds = legacyFeed(cyclesOf(pauses));
    const few = new Map([13, 55, 56, 170, 213].map((second) => [second, 30_000]));
    const { decision, instances } = found({ seconds: 300, pauses, feeds, stalls: few });
    expect(instances[0]!.legacy.cause).toBe('collector');
    expect(decision.floor).toBe('runtime');
  });

  it('in a second with a collection are kept, and counted apart', () => {
    const pauses = timerPauses('legacy', 120_000, () => 96, TWENTY_MINUTES);
    const onOneMachine = new Map(
      pauses.map(({ atMs }) => [Math.floor((atMs - START_MS) / 1000), 30_000]),
    );
    const feeds = legacyFeed(cyclesOf(pauses));
    const { instances } = found({
      seconds: TWENTY_MINUTES,
      pauses,
      feeds,
      stalls: onOneMachine,
    });
    const { legacy, stalls: counted } = instances[0]!;
    expect(counted).toMatchObject({ stalled: 0, coinciding: 10, eventsWithout: 0 });
    expect(legacy.cause).toBe('collector');
  });

  it('are left out in a second with a collection as well where they lasted far longer', () => {
    const pauses = timerPauses('legacy', 120_000, () => 96, TWENTY_MINUTES);
    const [first] = pauses;
    const stoppedThen = new Map([[Math.floor((first!.atMs - START_MS) / 1000), 1_000_000]]);
    const feeds = legacyFeed(cyclesOf(pauses));
    const options = { seconds: TWENTY_MINUTES, pauses, feeds, stalls: stoppedThen };
    const { stalls: counted } = found(options).instances[0]!;
    expect(counted).toMatchObject({ stalled: 1, coinciding: 0, behind: 2 });
  });

  it('are not kept for collections that happen all the time', () => {
    const all = Array.from({ length: TWENTY_MINUTES }, (_, i): Pause => {
      return { side: 'legacy', atMs: START_MS + 1000 * i, lengthMs: 1 };
    });
    const feeds = legacyFeed(cyclesOf(all, 'minor'));
    const options = { seconds: TWENTY_MINUTES, pauses: stopped, stalls, feeds };
    expect(found(options).instances[0]!.stalls).toMatchObject({ stalled: 3, coinciding: 0 });
  });
});

describe('no period', () => {
  it.each([1, 2, 3])('is found in random bursts, seed %i', (seed) => {
    const random = createRandom(seed);
    const pauses: Pause[] = [];
    for (let atMs = START_MS; atMs < START_MS + 1000 * TWENTY_MINUTES; ) {
      atMs += 5000 + exponentialUs(random, 1 / 30) / 1000;
      pauses.push({ side: 'legacy', atMs, lengthMs: 200 });
    }
    const { instances, sentence } = found({ seconds: TWENTY_MINUTES, pauses, seed });
    const { legacy } = instances[0]!;
    expect(legacy.events.length).toBeGreaterThan(8);
    expect(legacy.cause).toBe('irregular');
    expect(sentence).toContain('without a period');
  });

  it('and no spike is found in calm traffic, nor in a tail that is heavy all the time', () => {
    const calm = found({ seconds: TWENTY_MINUTES });
    expect(calm.instances[0]!.legacy).toMatchObject({ cause: 'none', shoulder: null });
    expect(calm.decision.floor).toBe('workload');
    const heavy = found({ seconds: TWENTY_MINUTES, sigma: 1.3 }).instances[0]!.legacy;
    expect(heavy).toMatchObject({ cause: 'none', shoulder: null, secondMode: null });
  });

  it('is ruled out by a short calm', () => {
    const { decision } = found({ seconds: 300 });
    expect(decision.floor).toBe('undecided');
    expect(decision.reason).toContain('16 min');
  });
});

describe('what cannot be diagnosed', () => {
  it.each([
    ['trace-empty', { seconds: 0 }],
    ['trace-too-short', { seconds: 40 }],
    ['trace-too-thin', { seconds: 300, ratePerSec: 20 }],
  ])('is said: %s', (code, options) => {
    expect(() => found(options)).toThrow(expect.objectContaining({ code, exitCode: 4 }));
  });
});
