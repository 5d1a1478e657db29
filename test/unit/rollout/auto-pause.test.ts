import { describe, expect, it } from 'vitest';
import { createRandom, logNormal } from '../../../src/kit/random.ts';
import { isBaselineSecond } from '../../../src/measure/baseline-seconds.ts';
import { LatencyHistogram } from '../../../src/measure/latency.ts';
import { type Cell, EMPTY_CELL, type TrafficCounts } from '../../../src/model/window.ts';
import { MirrorControl } from '../../../src/rollout/mirror-control.ts';
import { NO_TRAFFIC } from '../../../src/rollout/traffic.ts';
import { first } from '../../../src/rollout/verbs.ts';
import { settingsOf, summaryOf } from '../../support/rollout.ts';
import { createSimulatedClock } from '../../support/simulated-clock.ts';

interface Load {
  perSec: number;
  /** Median of legacy's latency, and what mirroring multiplies it with. */
  medianUs: number;
  slowdown: number;
  failing: number;
  failingMirrored: number;
}

/** Legacy under load, mirrored as the control says: every second drawn anew from its model. */
function setup(over: Partial<Load> = {}) {
  const clock = createSimulatedClock();
  const random = createRandom(11);
  const autoPause = { p99Ratio: 1.25, errorsExcessRatio: 0.01 };
  const mirror = { percent: 100, maxRatePerSec: null, routes: null, autoPause };
  const settings = settingsOf({ mirror });
  const control = new MirrorControl(
    settings,
    first({ label: 'b', salt: 'salt', proof: '' }, 0),
    clock,
  );
  const load: Load = {
    perSec: 400,
    medianUs: 2000,
    slowdown: 1,
    failing: 0,
    failingMirrored: 0,
    ...over,
  };
  const notes: string[] = [];
  const percents = new Set<number>();
  let traffic: TrafficCounts = NO_TRAFFIC;
  let mirroredSeconds = 0;
  const second = (): void => {
    const startMs = clock.wallMs();
    const isMirrored = !isBaselineNow(control, startMs);
    if (isMirrored) mirroredSeconds += 1;
    percents.add(control.assignment().mirrorBaselinePercent);
    const live = new LatencyHistogram();
    const factor = isMirrored ? load.slowdown : 1;
    for (let i = 0; i < load.perSec; i += 1) {
      live.record(Math.round(logNormal(random, load.medianUs * factor, 0.5)));
    }
    const failed = Math.round(load.perSec * (isMirrored ? load.failingMirrored : load.failing));
    traffic = {
      ...traffic,
      received: traffic.received + load.perSec,
      failedSafe: traffic.failedSafe + failed,
    };
    clock.advance(1000);
    const cell = { ...NO_CELL, live: live.toCounts() };
    control.accept(summaryOf({ startMs, endMs: startMs + 1000, traffic, cells: [cell] }));
    control.tick((sentence) => notes.push(sentence));
  };
  const run = (seconds: number): void => {
    for (let i = 0; i < seconds; i += 1) second();
  };
  /** Until it is paused; answers the seconds it took, `max` when it never was. */
  const untilPaused = (max: number): number => {
    let seconds = 0;
    for (; seconds < max && control.pause === ''; seconds += 1) second();
    return seconds;
  };
  return {
    control,
    load,
    notes,
    percents,
    run,
    untilPaused,
    get mirroredSeconds() {
      return mirroredSeconds;
    },
  };
}

const NO_CELL: Cell = {
  ...EMPTY_CELL,
  route: 'GET /x',
  liveSide: 'legacy',
};

/** As every proxy does: nothing is mirrored in a baseline second or a pause. */
function isBaselineNow(control: MirrorControl, wallMs: number): boolean {
  const { mirrorPause, mirrorBaselinePercent } = control.assignment();
  if (mirrorPause !== '') return true;
  return isBaselineSecond('salt', Math.floor(wallMs / 1000), mirrorBaselinePercent);
}

describe('pausing because legacy suffers', () => {
  it('never happens to a mirror that does no harm, and leaves one second of twenty alone', () => {
    const model = setup();
    model.run(3600);
    expect(model.notes).toEqual([]);
    expect(model.mirroredSeconds / 3600).toBeGreaterThan(0.9);
  });

  it('happens within three minutes when mirroring slows legacy, and says by how much', () => {
    const model = setup();
    model.run(300);
    model.load.slowdown = 1.6;
    expect(model.untilPaused(180)).toBeLessThan(180);
    expect(model.notes).toHaveLength(1);
    const [note] = model.notes;
    expect(note).toMatch(
      /^Mirroring paused for 1m: legacy's own p99 is [\d.]+ ms with mirroring, /,
    );
    expect(note).toMatch(
      /, [\d.]+ ms without: ratio 1\.[3-9]\d > 1\.25 over \d+ answers with and /,
    );
    expect(note).toMatch(/ and \d+ without, 3 windows in a row$/);
    expect(model.control.assignment().mirrorPause).toContain('ratio');
    expect(model.control.status()).toMatchObject({ pausedBy: 'auto-pause' });
  });

  it('happens when requests fail only while mirroring is on', () => {
    const model = setup();
    model.run(300);
    model.load.failingMirrored = 0.03;
    expect(model.untilPaused(180)).toBeLessThan(180);
    expect(model.notes[0]).toContain(
      '3 % of the live answers fail with mirroring, 0 % without: 3 % more > 1 %',
    );
  });

  it('does not happen when legacy gets slower or fails by itself, but is looked into', () => {
    const model = setup();
    model.run(300);
    model.load.medianUs = 6000;
    model.load.failing = 0.05;
    model.load.failingMirrored = 0.05;
    model.run(900);
    expect(model.notes).toEqual([]);
    expect([...model.percents]).toEqual([5, 50]);
  });

  it('waits for as many answers as a p99 takes where there are few', () => {
    const model = setup({ perSec: 8 });
    model.run(1800);
    model.load.slowdown = 3;
    const seconds = model.untilPaused(1800);
    expect(seconds).toBeGreaterThan(180);
    expect(seconds).toBeLessThan(1800);
    model.load.slowdown = 1;
    const calm = setup({ perSec: 8 });
    calm.run(7200);
    expect(calm.notes).toEqual([]);
  });

  it('lasts a minute, then twice as long each time, half an hour at most', () => {
    const model = setup({ slowdown: 2 });
    const lengths: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      expect(model.untilPaused(600)).toBeLessThan(600);
      lengths.push(/paused for (\w+)/.exec(model.notes.at(-1)!)![1]!);
      while (model.control.pause !== '') model.run(1);
      expect(model.notes.at(-1)).toBe(`Mirroring is tried again after ${lengths.at(-1)}`);
    }
    expect(lengths).toEqual(['1m', '2m', '4m', '8m', '16m', '30m', '30m']);
  });

  it('begins at a minute again after half an hour without harm', () => {
    const model = setup({ slowdown: 2 });
    model.untilPaused(600);
    model.load.slowdown = 1;
    model.run(60 + 2000);
    model.load.slowdown = 2;
    model.untilPaused(600);
    expect(model.notes.at(-1)).toContain('paused for 1m');
  });

  it('is off, and no second is left alone, where it is not configured', () => {
    const clock = createSimulatedClock();
    const control = new MirrorControl(
      settingsOf(),
      first({ label: 'b', salt: 'salt', proof: '' }, 0),
      clock,
    );
    expect(control.assignment().mirrorBaselinePercent).toBe(0);
    clock.advance(60_000);
    expect(control.tick(() => undefined)).toBe(false);
  });
});

describe('the rate of the mirror', () => {
  it('is shared by the proxies', () => {
    const mirror = { percent: 50, maxRatePerSec: 200, routes: null, autoPause: null };
    const settings = settingsOf({ mirror, workers: 4 });
    const control = new MirrorControl(
      settings,
      first({ label: 'b', salt: 'salt', proof: '' }, 0),
      createSimulatedClock(),
    );
    expect(control.assignment()).toMatchObject({ mirrorPercent: 50, mirrorRatePerSec: 50 });
    expect(control.status()).toMatchObject({ percent: 50, maxRatePerSec: 200 });
  });
});
