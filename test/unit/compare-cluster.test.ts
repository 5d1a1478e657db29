import { describe, expect, it } from 'vitest';
import { ClusterTable, mergeClusters } from '../../src/compare/cluster.ts';
import { shownTemplate } from '../../src/compare/path-tree.ts';
import { DistinctSketch } from '../../src/kit/distinct-sketch.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import { createRandom } from '../../src/kit/random.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Divergence, Pair } from '../../src/model/pair.ts';
import { answer, pair } from '../support/answers.ts';

const keep = (_name: string, value: string): string => value;
const one = pair(answer('1'), answer('2'));

function divergence(path: string, changes: Partial<Divergence> = {}): Divergence {
  return { path, kind: 'value', legacy: '1', candidate: '2', ...changes };
}

/** A pair of a request that matches no route. */
function unmatched(target: string, changes: Partial<Pair> = {}): Pair {
  return { ...one, route: 'GET other', request: { ...one.request, target }, ...changes };
}

/** With names as people see them. */
function shown(rows: readonly Cluster[]): readonly Cluster[] {
  return rows.map((row) => {
    return { ...row, route: shownTemplate(row.route), path: shownTemplate(row.path) };
  });
}

function keysOf({ keys }: Cluster): number {
  const sketch = new DistinctSketch();
  sketch.addSketch(keys);
  return sketch.estimate();
}

describe('a table of clusters', () => {
  it('counts a pair once for a cause, however many of its entries show it', () => {
    const table = new ClusterTable(keep);
    table.add(
      one,
      Array.from({ length: 50 }, (_, i) => divergence(`/entries/${i}/flags`)),
    );
    expect(table.clusters()).toMatchObject([
      { route: one.route, path: '/entries/*/flags', kind: 'value', change: 'larger', count: 1 },
    ]);
  });

  it('says when it was first seen and last, in whatever order pairs come', () => {
    const table = new ClusterTable(keep);
    for (const atMs of [50, 20, 90, 70]) {
      table.add({ ...one, arrivedAtMs: atMs }, [divergence('/a')]);
    }
    expect(table.clusters()).toMatchObject([{ count: 4, firstSeenMs: 20, lastSeenMs: 90 }]);
  });

  it('keeps the oldest example and a few of all others', () => {
    const table = new ClusterTable(keep);
    for (let i = 0; i < 100; i += 1) {
      table.add({ ...one, arrivedAtMs: 100 - i }, [divergence('/a')]);
    }
    const [cluster] = table.clusters();
    const times = cluster!.examples.map(({ atMs }) => atMs);
    expect(cluster?.count).toBe(100);
    expect(times[0]).toBe(1);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(times.length).toBeLessThanOrEqual(1 + LIMITS.examplesPerCluster);
    expect(times.length).toBeGreaterThanOrEqual(LIMITS.examplesPerCluster);
    expect(cluster?.examples[0]).toMatchObject({
      request: 'GET /v1/users/1/read-states',
      path: '/a',
      legacy: '1',
      candidate: '2',
    });
  });

  it('gives every pair the same chance to be an example', () => {
    const pairs = 20;
    const tables = 2000;
    const chosen = Array.from({ length: pairs }, () => 0);
    for (let seed = 0; seed < tables; seed += 1) {
      const table = new ClusterTable(keep, { random: createRandom(seed) });
      for (let i = 0; i < pairs; i += 1) {
        table.add({ ...one, arrivedAtMs: i }, [divergence('/a')]);
      }
      for (const { atMs } of table.clusters()[0]!.examples) chosen[atMs]! += 1;
    }
    const expected = (tables * LIMITS.examplesPerCluster) / pairs;
    const deviation = Math.sqrt(expected * (1 - LIMITS.examplesPerCluster / pairs));
    expect(chosen[0]).toBe(tables);
    for (const count of chosen.slice(1)) {
      expect(Math.abs(count - expected)).toBeLessThan(4.5 * deviation);
    }
  });

  it('keeps kinds, changes, paths and routes apart, and ids in paths together', () => {
    const table = new ClusterTable(keep);
    table.add(one, [divergence('/a/1098765432109876543'), divergence('/a/7')]);
    table.add(one, [divergence('/a/7', { kind: 'type', candidate: '"1"' }), divergence('/b')]);
    table.add(one, [divergence('/b', { legacy: '3' })]);
    table.add({ ...one, route: 'GET /other' }, [divergence('/b')]);
    const names = table
      .clusters()
      .map(({ route, path, kind, change }) => `${route} ${path} ${kind} ${change}`);
    expect(names.sort()).toEqual([
      'GET /other /b value larger',
      `${one.route} /a/* type number -> string`,
      `${one.route} /a/* value larger`,
      `${one.route} /b value larger`,
      `${one.route} /b value smaller`,
    ]);
  });

  it('tells how many keys it touches, and keeps none of them', () => {
    const table = new ClusterTable(keep);
    for (let i = 0; i < 3000; i += 1) {
      table.add({ ...one, key: `ada-${i % 400}@example.org` }, [divergence('/a')]);
    }
    const [cluster] = table.clusters();
    expect(keysOf(cluster!) / 400).toBeCloseTo(1, 0);
    expect(JSON.stringify(cluster)).not.toContain('example.org');
    expect(JSON.stringify(cluster).length).toBeLessThan(3000);
  });

  it('remembers the few values of each side and when they stood', () => {
    const table = new ClusterTable(keep);
    const at = (atMs: number, legacy: string, candidate: string | undefined): void =>
      table.add({ ...one, arrivedAtMs: atMs }, [
        divergence('header:x-mode', { kind: 'header', legacy, candidate }),
      ]);
    at(1, 'a', 'b');
    at(5, 'a', 'c');
    at(2, 'a', 'b');
    expect(table.clusters()).toMatchObject([
      {
        legacy: [{ text: 'a', firstMs: 1, lastMs: 5 }],
        candidate: [
          { text: 'b', firstMs: 1, lastMs: 2 },
          { text: 'c', firstMs: 5, lastMs: 5 },
        ],
      },
    ]);
    for (let i = 0; i < LIMITS.valuesPerSideMax; i += 1) at(10 + i, 'a', `d${i}`);
    expect(table.clusters()).toMatchObject([{ legacy: [{ text: 'a' }], candidate: null }]);
  });

  it('tells long values apart by what is cut off', () => {
    const table = new ClusterTable(keep);
    const long = 'x'.repeat(200);
    for (const candidate of [`${long}1`, `${long}2`]) {
      table.add(one, [divergence('/a', { legacy: '"a"', candidate: `"${candidate}"` })]);
    }
    const [cluster] = table.clusters();
    expect(cluster?.candidate).toHaveLength(2);
    expect(JSON.stringify(cluster?.candidate).length).toBeLessThan(400);
  });

  it('replaces secrets in headers and queries before it keeps them', () => {
    const redact = (name: string, value: string): string =>
      /cookie|token/.test(name) ? 'hidden' : value;
    const table = new ClusterTable(redact);
    const target = '/v1/x?page=2&token=secret&flag';
    table.add({ ...one, request: { ...one.request, target } }, [
      divergence('header:set-cookie', { kind: 'header', legacy: 'a=secret', candidate: undefined }),
    ]);
    const [cluster] = table.clusters();
    expect(cluster?.examples).toMatchObject([
      { request: 'GET /v1/x?page=2&token=hidden&flag', legacy: 'hidden', candidate: null },
    ]);
    expect(JSON.stringify(cluster)).not.toContain('secret');
  });

  it('begins anew when its rows are taken', () => {
    const table = new ClusterTable(keep);
    table.add(one, [divergence('/a')]);
    expect(table.take()).toMatchObject([{ count: 1 }]);
    expect(table.take()).toEqual([]);
    table.add(one, [divergence('/a')]);
    expect(table.take()).toMatchObject([{ path: '/a', count: 1 }]);
  });
});

describe('without end', () => {
  it('causes beyond the limit are one row for each kind', () => {
    const table = new ClusterTable(keep, { clustersMax: 10 });
    for (let i = 0; i < 40; i += 1) table.add(one, [divergence(`/field-${i}`)]);
    table.add(one, [divergence('/late', { kind: 'type' })]);
    const others = table.clusters().filter(({ route }) => route === 'other');
    expect(others).toMatchObject([
      { path: '*', kind: 'value', change: 'various', count: 30 },
      { path: '*', kind: 'type', change: 'various', count: 1 },
    ]);
  });

  it('names of fields are few readable rows', () => {
    const table = new ClusterTable(keep);
    for (let i = 0; i < 20_000; i += 1) {
      table.add(one, [divergence(`/balances/user-${i}/cents`), divergence('/total')]);
    }
    expect(shown(table.clusters())).toMatchObject([
      { path: '/balances/*/cents', count: 20_000 },
      { path: '/total', count: 20_000 },
    ]);
  });

  it('counts a pair once where its own fields fold the level', () => {
    const table = new ClusterTable(keep);
    const fields = Array.from({ length: 200 }, (_, i) => divergence(`/by_name/u${i}x`));
    table.add(one, fields);
    expect(shown(table.clusters())).toMatchObject([{ path: '/by_name/*', count: 1 }]);
  });
});

describe('merged clusters', () => {
  function table(paths: readonly string[], atMs: number, clustersMax = 200) {
    const made = new ClusterTable(keep, { clustersMax });
    for (const path of paths) made.add({ ...one, arrivedAtMs: atMs }, [divergence(path)]);
    return made.clusters();
  }

  it('add up, and keep the oldest example', () => {
    const merged = mergeClusters(table(['/a', '/a', '/b'], 5), table(['/a', '/a', '/a'], 1));
    expect(merged.map(({ path, count }) => [path, count])).toEqual([
      ['/a', 5],
      ['/b', 1],
    ]);
    expect(merged[0]).toMatchObject({
      firstSeenMs: 1,
      lastSeenMs: 5,
      examples: [{ atMs: 1 }, {}, {}],
    });
  });

  it('stay bounded and lose no count', () => {
    const paths = (prefix: string) => Array.from({ length: 15 }, (_, i) => `/${prefix}-${i}`);
    const merged = mergeClusters(table(paths('x'), 0, 10), table(paths('y'), 0, 10), 10);
    expect(merged.length).toBe(11);
    expect(merged.reduce((sum, { count }) => sum + count, 0)).toBe(30);
    const most = 1 + LIMITS.examplesPerCluster;
    expect(merged.every(({ examples }) => examples.length <= most)).toBe(true);
  });

  it('give the rows of their own to the most frequent, whichever table comes first', () => {
    const a = table(['/a', '/b', '/b', '/b'], 1);
    const b = table(['/c', '/c', '/a', '/d'], 2);
    const merged = mergeClusters(a, b, 2);
    expect(merged.map(({ path, count }) => [path, count])).toEqual([
      ['/b', 3],
      ['*', 3],
      ['/a', 2],
    ]);
    expect(mergeClusters(b, a, 2)).toEqual(merged);
  });

  it('count a key once that both have seen', () => {
    const of = (from: number): readonly Cluster[] => {
      const made = new ClusterTable(keep);
      for (let i = from; i < from + 300; i += 1)
        made.add({ ...one, key: `u${i}` }, [divergence('/a')]);
      return made.clusters();
    };
    const [merged] = mergeClusters(of(0), of(100));
    expect(merged?.count).toBe(600);
    expect(keysOf(merged!)).toBeGreaterThan(350);
    expect(keysOf(merged!)).toBeLessThan(450);
  });

  it('take the template that another table has found', () => {
    const made = new ClusterTable(keep);
    const of = (from: number, to: number): readonly Cluster[] => {
      for (let i = from; i < to; i += 1) made.add(unmatched(`/u/user-${i}`), [divergence('/a')]);
      return made.take();
    };
    const before = of(0, 5);
    const after = of(5, 100);
    expect(before).toHaveLength(5);
    expect(shown(after)).toMatchObject([{ route: 'GET /u/:n', count: 95 }]);
    expect(shown(mergeClusters(before, after))).toMatchObject([{ route: 'GET /u/:n', count: 100 }]);
    expect(mergeClusters(after, before)).toEqual(mergeClusters(before, after));
  });

  it('find a template that none of them could find alone', () => {
    const of = (from: number, to: number): readonly Cluster[] => {
      const made = new ClusterTable(keep);
      for (let i = from; i < to; i += 1) made.add(unmatched(`/u/user-${i}`), [divergence('/a')]);
      return made.clusters();
    };
    const half = LIMITS.routeChildrenMax - 2;
    expect(of(0, half)).toHaveLength(half);
    expect(shown(mergeClusters(of(0, half), of(half, 2 * half)))).toMatchObject([
      { route: 'GET /u/:n', count: 2 * half },
    ]);
  });
});
