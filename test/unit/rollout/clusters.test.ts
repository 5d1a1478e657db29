import { describe, expect, it } from 'vitest';
import { ClusterTable } from '../../../src/compare/cluster.ts';
import { DistinctSketch } from '../../../src/kit/distinct-sketch.ts';
import { LIMITS } from '../../../src/kit/limits.ts';
import { Accumulator } from '../../../src/measure/accumulate.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import type { Divergence, Pair } from '../../../src/model/pair.ts';
import type { RoutePairs } from '../../../src/model/window.ts';
import { clusterRows } from '../../../src/rollout/cluster-rows.ts';
import { Gathering } from '../../../src/rollout/gathering.ts';
import { RouteTotals } from '../../../src/rollout/route-totals.ts';
import { whichSideChanged } from '../../../src/rollout/side-changes.ts';
import { first } from '../../../src/rollout/verbs.ts';
import { answer, pair } from '../../support/answers.ts';
import { summaryOf } from '../../support/rollout.ts';
import { createSimulatedClock } from '../../support/simulated-clock.ts';

const one = pair(answer('1'), answer('2'));
const ROUTE = one.route;

function found(
  pairs: readonly Partial<Pair>[],
  divergence: Partial<Divergence> = {},
): readonly Cluster[] {
  const table = new ClusterTable((_name, value) => value);
  for (const changes of pairs) {
    const given = {
      path: '/a',
      kind: 'value',
      legacy: '1',
      candidate: '2',
      ...divergence,
    } as const;
    table.add({ ...one, ...changes }, [given]);
  }
  return table.clusters();
}

function compared(route: string, count: number, keys = 0): RoutePairs {
  const sketch = new DistinctSketch();
  for (let i = 0; i < keys; i += 1) sketch.add(`user-${i}`);
  return { route, compared: count, keys: sketch.toText() };
}

function totalsOf(...routes: readonly RoutePairs[]): RouteTotals {
  const totals = new RouteTotals();
  totals.accept(routes);
  return totals;
}

function times(count: number, changes: (i: number) => Partial<Pair> = () => ({})): Partial<Pair>[] {
  return Array.from({ length: count }, (_, i) => changes(i));
}

describe('the rows of clusters', () => {
  // Vectors of the interval: 50 of 100 and 3 of 100,000 at alpha 0.05, c 125.005610.
  it.each([
    [50, 100, 0.31607, 0.68393],
    [3, 100_000, 1.122e-7, 1.4421e-4],
  ])('give %d of %d pairs the interval that may be looked at any time', (k, n, lower, upper) => {
    const [row] = clusterRows(found(times(k)), totalsOf(compared(ROUTE, n)));
    expect(row?.rate).toMatchObject({ compared: n, ratio: k / n });
    expect(row?.rate?.lower).toBeCloseTo(lower, lower < 0.01 ? 10 : 4);
    expect(row?.rate?.upper).toBeCloseTo(upper, 4);
  });

  it('tell the share of the route’s keys', () => {
    const clusters = found(times(50, (i) => ({ key: `user-${i}` })));
    const [row] = clusterRows(clusters, totalsOf(compared(ROUTE, 5000, 1000)));
    expect(row?.keys?.touched).toBeGreaterThanOrEqual(47);
    expect(row?.keys?.touched).toBeLessThanOrEqual(53);
    expect(row?.keys?.ratio).toBeCloseTo(0.05, 2);
  });

  it('say nothing where nothing was counted', () => {
    const clusters = found(times(3, () => ({ key: null })));
    expect(clusterRows(clusters, new RouteTotals())).toMatchObject([{ rate: null, keys: null }]);
  });

  it('hold requests without a route against all that no route matched', () => {
    const request = { ...one.request, target: '/x/7' };
    const clusters = found([{ route: 'GET other', request }]);
    const [row] = clusterRows(clusters, totalsOf(compared('GET other', 20), compared(ROUTE, 7)));
    expect(row).toMatchObject({ route: 'GET /x/:n', rate: { compared: 20, ratio: 0.05 } });
  });

  it('have one name for what was many, however they were told of', () => {
    const table = new ClusterTable((_name, value) => value);
    const sum = new ClusterTable(null);
    for (let i = 0; i < 200; i += 1) {
      const request = { ...one.request, target: `/files/file-${i}` };
      const divergence = {
        path: `/by_name/u${i}x`,
        kind: 'value',
        legacy: '2',
        candidate: '1',
      } as const;
      table.add({ ...one, route: 'GET other', request }, [divergence]);
      if (i % 10 === 9) sum.absorb(table.take());
    }
    expect(clusterRows(sum.clusters(), new RouteTotals())).toMatchObject([
      { route: 'GET /files/:n', path: '/by_name/*', count: 200 },
    ]);
  });

  it('never claim more pairs than were compared', () => {
    const [row] = clusterRows(found(times(9)), totalsOf(compared(ROUTE, 4)));
    expect(row?.rate).toMatchObject({ compared: 9, ratio: 1, upper: 1 });
  });

  it('show examples without what they were drawn by', () => {
    const [row] = clusterRows(found(times(1)), new RouteTotals());
    expect(Object.keys(row!.examples[0]!).sort()).toEqual(
      ['request', 'path', 'legacy', 'candidate', 'atMs'].sort(),
    );
  });
});

describe('which side changed', () => {
  const T = Date.UTC(2026, 10, 20, 12, 3, 10);

  function told(values: readonly (readonly [atS: number, legacy: string, candidate: string])[]) {
    const table = new ClusterTable((_name, value) => value);
    for (const [atS, legacy, candidate] of values) {
      const divergence = { path: 'header:x-mode', kind: 'header', legacy, candidate } as const;
      table.add({ ...one, arrivedAtMs: T + atS * 1000 }, [divergence]);
    }
    const clusters = table.clusters();
    return whichSideChanged(clusters[0]!, clusters);
  }

  it('is told where one side’s value changed and the other’s did not', () => {
    const a = [-9, -5].map((atS) => [atS, 'on', 'off'] as const);
    const b = [0, 4].map((atS) => [atS, 'on', 'auto'] as const);
    expect(told([...a, ...b])).toBe(
      'candidate’s value changed at 2026-11-20 12:03:10; legacy’s did not',
    );
    const swap = ([atS, x, y]: readonly [number, string, string]) => [atS, y, x] as const;
    expect(told([...a, ...b].map(swap))).toBe(
      'legacy’s value changed at 2026-11-20 12:03:10; candidate’s did not',
    );
  });

  it('is told where both did', () => {
    const seen = [
      [-9, 'on', 'off'],
      [-8, 'on', 'off'],
      [0, 'yes', 'off'],
      [1, 'yes', 'off'],
      [2, 'yes', 'no'],
      [3, 'yes', 'no'],
    ] as const;
    expect(told(seen)).toBe(
      'legacy’s value changed at 2026-11-20 12:03:10, candidate’s at 2026-11-20 12:03:12',
    );
  });

  it('is not told of values that come and go, nor of such as were seen once', () => {
    const cannot = /which (side )?changed( then)? cannot be told/;
    expect(
      told([
        [0, 'on', 'a'],
        [1, 'on', 'b'],
        [2, 'on', 'a'],
        [3, 'on', 'b'],
      ]),
    ).toMatch(cannot);
    expect(
      told([
        [0, 'on', 'a'],
        [1, 'on', 'b'],
        [2, 'on', 'c'],
      ]),
    ).toMatch(cannot);
    expect(
      told([
        [0, 'on', 'a'],
        [1, 'on', 'a'],
      ]),
    ).toMatch(/one value since .*cannot be told/);
    const many = times(20).map((_, i) => [i, `l${i}`, `c${i}`] as const);
    expect(told(many)).toMatch(/from request to request.*cannot be told/);
  });

  it('is told by what stood at the place before', () => {
    const before = found(
      times(30, (i) => ({ arrivedAtMs: T - 60_000 + i })),
      { candidate: '7' },
    );
    const after = found(
      times(30, (i) => ({ arrivedAtMs: T + i })),
      { kind: 'type', candidate: '"7"' },
    );
    expect(whichSideChanged(after[0]!, [...after, ...before])).toBe(
      'candidate’s value went from number to string at 2026-11-20 12:03:10; legacy’s stayed number',
    );
    expect(whichSideChanged(after[0]!, after)).toContain('cannot be told');
  });
});

describe('what was compared', () => {
  it('is counted by route, with its keys, and begins anew when taken', () => {
    const count = new Accumulator();
    for (let i = 0; i < 40; i += 1) {
      count.mirrored();
      count.keyed('GET /a', `user-${i % 4}`);
      count.compared('GET /a', i % 2 === 0 ? 'legacy' : 'candidate', 'matched');
    }
    count.mirrored();
    count.compared('GET /b', 'legacy', 'mismatched');
    const totals = totalsOf(...count.takeRoutes());
    expect(totals.of('GET /a')?.compared).toBe(40);
    expect(Math.round(totals.of('GET /a')!.keys)).toBe(4);
    expect(totals.of('GET /b')).toEqual({ compared: 1, keys: 0 });
    expect(count.takeRoutes()).toEqual([]);
  });

  it('is bounded: later routes are counted together, and none is lost', () => {
    const totals = new RouteTotals();
    for (let i = 0; i < 1000; i += 1) totals.accept([compared(`GET /r${i}`, 2, 1)]);
    expect(totals.rows()).toHaveLength(LIMITS.routesMax + 1);
    expect(totals.of('GET /r999')).toBeUndefined();
    expect(totals.of('other')?.compared).toBe(2000);
  });
});

describe('the clusters of a rollout', () => {
  const clock = createSimulatedClock(1_000_000);
  const state = first({ label: 'build-1', salt: 'salt', proof: '' }, 1_000_000);
  const gatheringOf = (): Gathering => new Gathering([], clock, []);
  const atMs = (arrivedAtMs: number): readonly Cluster[] =>
    found(times(10, (i) => ({ arrivedAtMs, key: `user-${i}` })));

  function tell(gathering: Gathering, worker: number, clusters: readonly Cluster[]): void {
    const routes = [compared(ROUTE, 100, 20)];
    gathering.accept(summaryOf({ worker, clusters, routes }), state);
  }

  it('add up over proxies and seconds, those of lost proxies included', () => {
    const gathering = gatheringOf();
    for (const worker of [1, 2, 3]) tell(gathering, worker, atMs(1_000_000 + worker));
    tell(gathering, 1, atMs(1_000_009));
    gathering.workerLost(1);
    const [row] = gathering.clusters();
    expect(row).toMatchObject({ count: 40, firstSeenMs: 1_000_001, lastSeenMs: 1_000_009 });
    expect(row?.rate).toMatchObject({ compared: 400, ratio: 0.1 });
    expect(row?.keys).toEqual({ touched: 10, seen: 20, ratio: 0.5 });
  });

  it('tell about how many keys have shown any of them', () => {
    const gathering = gatheringOf();
    expect(gathering.keys()).toEqual({ compared: 0, mismatched: 0 });
    tell(gathering, 1, atMs(1_000_500));
    const { compared, mismatched } = gathering.keys();
    const [row] = gathering.clusters();
    expect([mismatched, compared]).toEqual([row?.keys?.touched, row?.keys?.seen]);
    expect(mismatched).toBeGreaterThan(0);
  });

  it('outlast a restart as they were', () => {
    const gathering = gatheringOf();
    tell(gathering, 1, atMs(1_000_500));
    const progress = gathering.progress(state, state, null);
    const restored = gatheringOf();
    restored.restore({ state, progress, windows: [], resources: [] }, state);
    expect(restored.clusters()).toEqual(gathering.clusters());
    tell(restored, 1, atMs(1_000_900));
    expect(restored.clusters()).toMatchObject([{ count: 20, rate: { compared: 200 } }]);
  });

  it('begin anew with another build, and what was seen before it does not come back', () => {
    const gathering = gatheringOf();
    tell(gathering, 1, atMs(1_000_500));
    gathering.beginRollout(1_002_000);
    expect(gathering.clusters()).toEqual([]);
    tell(gathering, 1, atMs(1_001_900));
    expect(gathering.clusters()).toEqual([]);
    tell(gathering, 1, atMs(1_002_100));
    expect(gathering.clusters()).toMatchObject([{ count: 10, rate: { compared: 200 } }]);
  });

  it('of a store of before they had all this are taken up with their counts', () => {
    const gathering = gatheringOf();
    const progress = JSON.parse(gathering.progress(state, state, null)) as Record<string, unknown>;
    const example = { request: 'GET /a', path: '/a', legacy: '1', candidate: '2', atMs: 1_000_100 };
    const old = { route: ROUTE, path: '/a', kind: 'value', count: 7, examples: [example] };
    delete progress['routes'];
    const stored = JSON.stringify({ ...progress, clusters: [old] });
    gathering.restore({ state, progress: stored, windows: [], resources: [] }, state);
    expect(gathering.clusters()).toMatchObject([
      { route: ROUTE, path: '/a', kind: 'value', count: 7, rate: null, examples: [example] },
    ]);
  });
});
