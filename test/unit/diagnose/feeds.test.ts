import { describe, expect, it } from 'vitest';
import { parseGcTrace } from '../../../src/diagnose/gctrace.ts';
import { metricsFeed } from '../../../src/diagnose/metrics-feed.ts';
import { parsePerformanceEntries } from '../../../src/diagnose/performance-entries.ts';
import type { CollectorReading } from '../../../src/model/collector.ts';

const START_MS = 1_700_000_000_000;

describe('gctrace', () => {
  const lines = [
    'gc 1 @0.120s 0%: 0.018+1.1+0.003 ms clock, 0.14+0.35/1.0/2.5+0.026 ms cpu, 4->4->0 MB, ' +
      '5 MB goal, 0 MB stacks, 0 MB globals, 8 P',
    'gc 2 @120.500s 0%: 0.02+240+0.01 ms clock, 0.1+1/60/120+0.1 ms cpu, 60->62->55 MB, ' +
      '110 MB goal, 0 MB stacks, 0 MB globals, 8 P',
    'gc 3 @130.000s 0%: 0.02+90+0.01 ms clock, 0.1+1/60/120+0.1 ms cpu, 60->62->55 MB, ' +
      '110 MB goal, 8 P (forced)',
    'gc 4 @270.000s 0%: 0.02+90+0.01 ms clock, 0.1+1/60/120+0.1 ms cpu, 108->112->55 MB, ' +
      '110 MB goal, 8 P',
  ];

  it('tells timer cycles from forced ones and from those that the heap asked for', () => {
    const { feed, unreadCount } = parseGcTrace(lines.join('\n'), START_MS);
    expect(feed.cycles.map(({ kind }) => kind)).toEqual(['heap', 'timer', 'forced', 'heap']);
    expect(unreadCount).toBe(0);
  });

  it('makes a cycle last for all its phases, and says nothing of a pause', () => {
    const { feed } = parseGcTrace(lines[1]!, START_MS);
    const [cycle] = feed.cycles;
    expect(cycle!.startMs).toBe(START_MS + 120_500);
    expect(cycle!.endMs - cycle!.startMs).toBeCloseTo(240.03, 3);
    expect(cycle!.pauseMs).toBeNull();
  });

  it('reads on over other lines, lines run together, more phases, and cut lines', () => {
    const text = [
      '2026/11/20 14:03:00 listening on :8080',
      `panic? ${lines[0]!}`,
      'scvg: inuse: 12, idle: 51, sys: 63, released: 0, consumed: 63 (MB)',
      'gc 9 @1.5s 1%: 0.1+0.2+3.0+0.4+0.1 ms clock, more to come\r',
      'gc 10 @1.9s 1%: 0.1+',
      'gc 11 @x.9s',
    ];
    const { feed, unread, unreadCount } = parseGcTrace(text.join('\n'), START_MS);
    expect(feed.cycles).toHaveLength(2);
    expect(feed.cycles[1]!.endMs - feed.cycles[1]!.startMs).toBeCloseTo(3.8, 3);
    expect([unreadCount, unread]).toEqual([1, ['gc 10 @1.9s 1%: 0.1+']]);
  });

  it('never calls a forced cycle one of the timer, however long it was quiet', () => {
    const { feed } = parseGcTrace(lines[2]!, START_MS);
    expect(feed.cycles[0]!.kind).toBe('forced');
  });
});

describe('performance entries', () => {
  it('are times from the origin of their process', () => {
    const text = JSON.stringify({
      timeOrigin: START_MS,
      entries: [
        { name: 'gc', startTime: 2000, duration: 90, detail: { kind: 4, flags: 4 } },
        { name: 'gc', startTime: 1000, duration: 1.5, detail: { kind: 1, flags: 0 } },
        { name: 'gc' },
      ],
    });
    expect(parsePerformanceEntries(text)!.cycles).toEqual([
      { startMs: START_MS + 1000, endMs: START_MS + 1001.5, pauseMs: 1.5, kind: 'minor' },
      { startMs: START_MS + 2000, endMs: START_MS + 2090, pauseMs: 90, kind: 'forced' },
    ]);
  });

  it('may be spans by the wall clock', () => {
    const spans = [{ startMs: 5, endMs: 9, kind: 'major', isForced: false }, null, 3];
    const { cycles } = parsePerformanceEntries(JSON.stringify(spans))!;
    expect(cycles).toEqual([{ startMs: 5, endMs: 9, pauseMs: 4, kind: 'major' }]);
  });

  it('are not read out of anything else', () => {
    for (const text of ['', 'gc 1 @0.1s', '{}', '[{"a":1}]', '[{"startTime":1,"duration":2}]']) {
      expect(parsePerformanceEntries(text)).toBeNull();
    }
  });
});

describe('counters of collections', () => {
  function reading(atS: number, count: number, over: Partial<CollectorReading> = {}) {
    const kinds = { major: { count, pausedMs: 100 * count } };
    return { atMs: START_MS + 1000 * atS, kinds, lastEndMs: null, ...over };
  }

  it('are cycles between the two readings that differ', () => {
    const feed = metricsFeed([reading(0, 3), reading(1, 3), reading(2, 5)])!;
    expect(feed.cycles).toEqual([
      { startMs: START_MS + 1000, endMs: START_MS + 2000, pauseMs: 200, kind: 'major' },
    ]);
  });

  it('are told more exactly where the process says when its last one ended', () => {
    const lastEndMs = START_MS + 1950;
    const feed = metricsFeed([reading(1, 3), reading(2, 4, { lastEndMs })])!;
    expect(feed.cycles[0]).toMatchObject({ startMs: START_MS + 1000, endMs: lastEndMs });
  });

  it('say nothing over a restart, nor over a long silence', () => {
    expect(metricsFeed([reading(0, 9), reading(1, 1)])!.cycles).toEqual([]);
    expect(metricsFeed([reading(0, 9), reading(60, 12)])!.cycles).toEqual([]);
    expect(metricsFeed([])).toBeNull();
  });
});
