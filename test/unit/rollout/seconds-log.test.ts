import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/kit/limits.ts';
import type { CollectorReading } from '../../../src/model/collector.ts';
import type { ObservedSecond } from '../../../src/model/observed.ts';
import { EMPTY_CELL, type Summary } from '../../../src/model/window.ts';
import { SecondsLog } from '../../../src/rollout/seconds-log.ts';
import { NO_TRAFFIC } from '../../../src/rollout/traffic.ts';
import { openRolloutStore, type RolloutFile } from '../../../src/store/rollout-store.ts';
import { createSimulatedClock } from '../../support/simulated-clock.ts';

let folder = '';
let store: RolloutFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seconds-log-'));
  store = openRolloutStore(join(folder, 'crossfade.db'));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function summary(worker: number, startMs: number, loopDelayMaxUs: number): Summary {
  const cell = {
    ...EMPTY_CELL,
    route: 'r',
    liveSide: 'legacy' as const,
    pairs: 2,
    compared: 2,
    eligible: 2,
    legacy: [1000, 2],
    candidate: [500, 2],
  };
  const rest = { traffic: NO_TRAFFIC, clusters: [], tainted: [], revision: 1 };
  const ownGcMaxUs = 100 * worker;
  return {
    worker,
    startMs,
    endMs: startMs + 1000,
    cells: [cell],
    loopDelayMaxUs,
    ownGcMaxUs,
    ...rest,
  };
}

function second(startMs: number): ObservedSecond {
  const collectors = { legacyCollector: null, candidateCollector: null };
  return { startMs, pairs: 1, legacy: [1, 1], candidate: [1, 1], loopDelayMaxUs: 0, ...collectors };
}

describe('the log of seconds', () => {
  it('keeps all proxies’ latencies, the longest stall, and what a side told in that second', () => {
    const clock = createSimulatedClock();
    const warnings: unknown[] = [];
    const log = { info: () => {}, warn: (facts: unknown) => warnings.push(facts), error: () => {} };
    const reading: CollectorReading = { atMs: 0, kinds: {}, lastEndMs: null };
    const startMs = Math.ceil(clock.wallMs() / 1000) * 1000;
    const process = {
      atMs: startMs + 400,
      residentBytes: 5,
      cpuSeconds: 1,
      cacheEntries: null,
      cacheCapacity: null,
    };
    const readings = {
      legacy: () => ({ ...process, collector: { ...reading, atMs: startMs + 400 } }),
      candidate: () => null,
    };
    const options = { store: store.observed, readings, clock, log, rollout: () => 3 };
    const seconds = new SecondsLog(options);
    seconds.accept(summary(0, startMs + 30, 2000));
    seconds.accept(summary(1, startMs + 60, 7000));
    expect(store.observed.since(0, 10)).toEqual([]);
    clock.advance(2 * LIMITS.observedWriteEveryMs);
    const kept = store.observed.since(0, 10);
    expect(kept).toEqual([
      {
        startMs,
        pairs: 4,
        legacy: [1000, 4],
        candidate: [500, 4],
        loopDelayMaxUs: 7000,
        ownGcMaxUs: 100,
        legacyCollector: { ...reading, atMs: startMs + 400 },
        candidateCollector: null,
        legacyProcess: process,
      },
    ]);
    seconds.accept(summary(0, startMs + 20_030, 0));
    seconds.close();
    expect(store.observed.since(startMs + 1, 10)).toHaveLength(1);
    expect([warnings, clock.timerCount]).toEqual([[], 0]);
  });

  it('takes a summary that begins a moment before its second for that second', () => {
    const clock = createSimulatedClock();
    const readings = { legacy: () => null, candidate: () => null };
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const options = { store: store.observed, readings, clock, log, rollout: () => 1 };
    const seconds = new SecondsLog(options);
    for (const startMs of [5002, 5999, 7000, 7998]) seconds.accept(summary(0, startMs, 0));
    seconds.close();
    const kept = store.observed.since(0, 10).map(({ startMs }) => startMs);
    expect(kept).toEqual([5000, 6000, 7000, 8000]);
  });

  it('says once that a disk takes nothing, and goes on', () => {
    const clock = createSimulatedClock();
    const warnings: unknown[] = [];
    const log = { info: () => {}, warn: (facts: unknown) => warnings.push(facts), error: () => {} };
    const full = {
      write: () => {
        throw new Error('full');
      },
      since: () => [],
    };
    const readings = { legacy: () => null, candidate: () => null };
    const seconds = new SecondsLog({ store: full, readings, clock, log, rollout: () => 1 });
    for (let i = 0; i < 30; i += 1) {
      seconds.accept(summary(0, clock.wallMs(), 0));
      clock.advance(1000);
    }
    seconds.close();
    expect(warnings).toEqual([{ cause: 'full' }]);
  });
});

describe('stored seconds', () => {
  it('are those of the newest rollout, in order, from a time on, so many at most', () => {
    store.observed.write(1, [second(1000), second(2000)]);
    store.observed.write(2, [second(5000), second(3000), second(4000)]);
    expect(store.observed.since(0, 10).map(({ startMs }) => startMs)).toEqual([3000, 4000, 5000]);
    expect(store.observed.since(3001, 1).map(({ startMs }) => startMs)).toEqual([4000]);
  });

  it('are bounded: six hours, the oldest go', () => {
    const lastMs = 1000 * LIMITS.observedSecondsMax + 5000;
    store.observed.write(1, [second(1000), second(6000)]);
    store.observed.write(1, [second(lastMs)]);
    expect(store.observed.since(0, 10).map(({ startMs }) => startMs)).toEqual([6000, lastMs]);
  });
});
