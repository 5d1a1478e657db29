import { describe, expect, it } from 'vitest';
import { traceOfSeconds } from '../../../src/diagnose/from-seconds.ts';
import { type Resources, resourcesOf } from '../../../src/diagnose/resources.ts';
import type { ObservedSecond } from '../../../src/model/observed.ts';
import type { ProcessReading } from '../../../src/model/process-reading.ts';
import { resourceTable } from '../../../src/report/resource-table.ts';
import { START_MS } from '../../support/traces.ts';

const SECONDS = 300;

type Told = Partial<ProcessReading>;

/** Five minutes of 100 pairs a second; what each side tells of itself in second i. */
function resources(legacy: (i: number) => Told, candidate: (i: number) => Told): Resources | null {
  const nothing = {
    residentBytes: null,
    cpuSeconds: null,
    cacheEntries: null,
    cacheCapacity: null,
  };
  const seconds = Array.from({ length: SECONDS }, (_, i): ObservedSecond => {
    const startMs = START_MS + 1000 * i;
    const atMs = startMs + 300;
    const kinds = {
      major: { count: Math.floor(i / 60), pausedMs: 600 * Math.floor(i / 60) },
      minor: { count: i, pausedMs: 0 },
    };
    return {
      startMs,
      pairs: 100,
      legacy: [1000, 100],
      candidate: [1000, 100],
      loopDelayMaxUs: 0,
      legacyCollector: { atMs, kinds, lastEndMs: null },
      candidateCollector: null,
      legacyProcess: { atMs, ...nothing, ...legacy(i) },
      candidateProcess: { atMs, ...nothing, ...candidate(i) },
    };
  });
  return resourcesOf(traceOfSeconds(seconds));
}

describe('both processes side by side', () => {
  const found = resources(
    (i) => ({ residentBytes: 2e8 + i, cpuSeconds: 40 + 0.5 * i, cacheEntries: 5e5 }),
    (i) => ({ residentBytes: 5e7, cpuSeconds: 0.1 * i, cacheEntries: 5e5, cacheCapacity: 1e6 }),
  )!;

  it('tell memory by entry, CPU by pair, collections by minute, and time standing still', () => {
    expect(found.legacy.bytesPerEntry).toBeCloseTo(400, 2);
    expect(found.legacy.cores).toBeCloseTo(0.5);
    expect(found.legacy.cpuUsPerPair).toBeCloseTo(5000);
    // One minor a second; of the major ones, one a minute, four fall between the readings.
    expect(found.legacy.collectionsPerMin).toBeCloseTo((299 + 4) / (299 / 60));
    expect(found.legacy.pausedRatio).toBeCloseTo(2.4 / 299);
    expect(found.candidate).toMatchObject({ collectionsPerMin: null, pausedRatio: null });
  });

  it('tell the ratios, with an interval over windows of ten seconds', () => {
    expect(found.memory!.ratio).toBeCloseTo(0.25, 5);
    expect(found.memory!.interval.lower).toBeGreaterThan(0.2499);
    expect(found.cpu).toMatchObject({ windows: 29 });
    expect(found.cpu!.interval.upper).toBeCloseTo(0.2);
    const { rows, notes } = resourceTable(found);
    expect(rows[1]).toContain('50.0 %');
    expect(notes[0]).toContain('CPU 0.200 (95 %: 0.200 to 0.200, over 29 windows of 10 s)');
  });

  it('begin anew with a process that has taken the place of another', () => {
    const anew = resources(
      (i) => ({ cpuSeconds: i < 200 ? 0.5 * i : 0.25 * (i - 200) }),
      () => ({}),
    )!;
    expect(anew.legacy.cores).toBeCloseTo(0.25);
    expect([anew.memory, anew.cpu]).toEqual([null, null]);
    expect(resourceTable(anew).notes[0]).toContain('memory not told by both');
  });

  it('are nothing where no process tells anything', () => {
    expect(resourcesOf({ ...traceOfSeconds([]), instance: '' })).toBeNull();
  });
});
