import { describe, expect, it } from 'vitest';
import { createLatencySeries } from '../../src/report/latency-series.ts';
import type { SecondRow } from '../../src/report/report.ts';
import {
  contrastCollections,
  contrastSentence,
  type EngineRun,
  spikeSeconds,
  storyTable,
} from '../../src/report/story.ts';
import { NOTHING } from '../../src/report/wording.ts';

function second(index: number, p999Us: number, more: Partial<SecondRow> = {}): SecondRow {
  return {
    startMs: index * 1000,
    count: 500,
    p50Us: 500,
    p99Us: 900,
    p999Us,
    maxUs: p999Us,
    hasCollection: false,
    ...more,
  };
}

const EMPTY_RUN: EngineRun = {
  name: 'legacy',
  capacity: 1000,
  counts: [],
  seconds: [],
  bytesPerEntry: null,
  rssBytes: null,
  cpuSeconds: null,
  requests: 0,
};

describe('a latency series', () => {
  it('adds the counts of several proxies into one second and keeps seconds in order', () => {
    const builder = createLatencySeries('legacy');
    builder.add(2_000, [1000, 1]);
    builder.add(1_250, [400, 3]);
    builder.add(1_000, [600, 1]);
    builder.markCollection(1_999);
    const { name, counts, seconds } = builder.finish();
    expect(name).toBe('legacy');
    expect(counts).toEqual([400, 3, 600, 1, 1000, 1]);
    expect(seconds.map(({ startMs, count }) => [startMs, count])).toEqual([
      [1_000, 4],
      [2_000, 1],
    ]);
    expect(seconds[0]).toMatchObject({ p50Us: 400, maxUs: 600, hasCollection: true });
    expect(seconds[1]).toMatchObject({ p50Us: 1000, maxUs: 1000, hasCollection: false });
  });

  it('keeps a second that held nothing but a collection, with zeros and no NaN', () => {
    const builder = createLatencySeries('legacy');
    builder.add(0, []);
    builder.markCollection(5_000);
    expect(builder.finish()).toEqual({
      name: 'legacy',
      counts: [],
      seconds: [second(5, 0, { count: 0, p50Us: 0, p99Us: 0, hasCollection: true })],
    });
  });

  it('can be finished again and says the same', () => {
    const builder = createLatencySeries('slab');
    builder.add(0, [700, 2]);
    expect(builder.finish()).toEqual(builder.finish());
  });
});

describe('spike seconds', () => {
  it('are those above five times the median and above 5 ms', () => {
    const rows = [1000, 1000, 1000, 1000, 5000, 5001, 80_000].map((us, i) => second(i, us));
    expect(spikeSeconds(rows).map((row) => row.p999Us)).toEqual([5001, 80_000]);
  });

  it('are measured against the run’s own median where that is slow', () => {
    const rows = [2000, 2000, 2000, 9999, 10_001].map((us, i) => second(i, us));
    expect(spikeSeconds(rows).map((row) => row.p999Us)).toEqual([10_001]);
  });

  it('never count a second without a request', () => {
    expect(spikeSeconds([second(0, 0, { count: 0 })])).toEqual([]);
    expect(spikeSeconds([])).toEqual([]);
  });
});

describe('the contrast in the seconds of a collection', () => {
  const collecting = { hasCollection: true };

  it('is the ratio of the medians over the same windows of both sides', () => {
    const legacy = [
      second(0, 1000),
      second(1, 80_000, collecting),
      second(2, 60_000, collecting),
      second(3, 90_000, collecting),
    ];
    const candidate = [second(0, 500), second(1, 2000), second(2, 3000), second(3, 4000)];
    const contrast = contrastCollections(legacy, candidate);
    expect(contrast).toEqual({
      windows: 3,
      legacyP999Us: 80_000,
      candidateP999Us: 3000,
      ratio: 80_000 / 3000,
    });
    expect(contrastSentence(contrast!)).toBe(
      'In the 3 seconds in which legacy collected (both sides with at least 300 pairs), the ' +
        'median p99.9 is 80.0 ms on legacy and 3.00 ms on the candidate: 26.7 times.',
    );
  });

  it('leaves out seconds with fewer than 300 pairs on either side', () => {
    const legacy = [
      second(1, 80_000, { ...collecting, count: 299 }),
      second(2, 70_000, collecting),
    ];
    const candidate = [second(1, 2000), second(2, 2000, { count: 299 })];
    expect(contrastCollections(legacy, candidate)).toBeNull();
  });

  it('does not take the candidate’s collections for legacy’s', () => {
    expect(contrastCollections([second(1, 900)], [second(1, 900, collecting)])).toBeNull();
  });
});
describe('the table of the story', () => {
  it('shows every figure of a run with its unit', () => {
    const seconds = [1000, 1000, 1000].map((us, i) => second(i, us));
    const run: EngineRun = {
      ...EMPTY_RUN,
      capacity: 400_000,
      counts: [500, 990, 1000, 9, 80_000, 1],
      seconds: [...seconds, second(3, 80_000, { hasCollection: true }), second(4, 9000)],
      bytesPerEntry: 412.34,
      rssBytes: 298 * 1024 ** 2,
      cpuSeconds: 2,
      requests: 1000,
    };
    const table = storyTable([run], null);
    expect(table.columns).toHaveLength(table.rows[0]!.length);
    expect(table.rows).toEqual([
      [
        'legacy',
        '0.50 ms',
        '0.50 ms',
        '1.00 ms',
        '80.0 ms',
        '2 of 5',
        '1 of 2',
        '412.3',
        '298.0 MiB',
        '2,000 µs',
      ],
    ]);
    expect(table.notes.at(-1)).toBe('Every engine may hold 400,000 states.');
  });

  it('shows a dash, never NaN, where nothing was measured', () => {
    const [row] = storyTable([EMPTY_RUN], null).rows;
    expect(row!.slice(1)).toEqual(Array.from({ length: 9 }, () => NOTHING));
  });

  it('puts the contrast first among the notes and names capacities that differ', () => {
    const contrast = { windows: 1, legacyP999Us: 9000, candidateP999Us: 900, ratio: 10 };
    const { notes } = storyTable(
      [EMPTY_RUN, { ...EMPTY_RUN, name: 'slab', capacity: 7 }],
      contrast,
    );
    expect(notes[0]).toMatch(/^In the 1 second in which legacy collected .*: 10\.0 times\.$/);
    expect(notes.at(-1)).toBe('States each may hold: legacy 1,000, slab 7.');
  });
});
