import { describe, expect, it } from 'vitest';
import { ClusterTable, mergeClusters } from '../../src/compare/cluster.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Divergence } from '../../src/model/pair.ts';
import { answer, pair } from '../support/answers.ts';

const keep = (_name: string, value: string): string => value;
const one = pair(answer('1'), answer('2'));

function divergence(path: string, changes: Partial<Divergence> = {}): Divergence {
  return { path, kind: 'value', legacy: '1', candidate: '2', ...changes };
}

describe('a table of clusters', () => {
  it('counts a pair once for a cause, however many of its entries show it', () => {
    const table = new ClusterTable(keep);
    table.add(
      one,
      Array.from({ length: 50 }, (_, i) => divergence(`/entries/${i}/flags`)),
    );
    expect(table.clusters()).toMatchObject([
      { route: one.route, path: '/entries/*/flags', kind: 'value', count: 1 },
    ]);
  });

  it('keeps the first few examples and counts on', () => {
    const table = new ClusterTable(keep);
    for (let i = 0; i < 100; i += 1) {
      table.add({ ...one, arrivedAtMs: i }, [divergence('/a')]);
    }
    const [cluster] = table.clusters();
    expect(cluster?.count).toBe(100);
    expect(cluster?.examples.map(({ atMs }) => atMs)).toEqual([0, 1, 2]);
    expect(cluster?.examples[0]).toEqual({
      request: 'GET /v1/users/1/read-states',
      path: '/a',
      legacy: '1',
      candidate: '2',
      atMs: 0,
    });
  });

  it('keeps kinds, paths and routes apart, and ids in paths together', () => {
    const table = new ClusterTable(keep);
    table.add(one, [divergence('/a/1098765432109876543'), divergence('/a/7')]);
    table.add(one, [divergence('/a/7', { kind: 'type' }), divergence('/b')]);
    table.add({ ...one, route: 'GET /other' }, [divergence('/b')]);
    expect(table.clusters().map(({ route, path, kind }) => `${route} ${path} ${kind}`)).toEqual([
      `${one.route} /a/* value`,
      `${one.route} /a/* type`,
      `${one.route} /b value`,
      'GET /other /b value',
    ]);
  });

  it('stays bounded and exact when there is no end of causes', () => {
    const table = new ClusterTable(keep, 10);
    for (let i = 0; i < 1000; i += 1) table.add(one, [divergence(`/field-${i}`)]);
    const clusters = table.clusters();
    expect(clusters.length).toBe(11);
    expect(clusters[0]).toMatchObject({ route: 'other', path: '*', kind: 'value', count: 990 });
  });

  it('replaces secrets in headers and queries before it keeps them', () => {
    const redact = (name: string, value: string): string =>
      /cookie|token/.test(name) ? 'hidden' : value;
    const table = new ClusterTable(redact);
    const target = '/v1/x?page=2&token=secret&flag';
    table.add({ ...one, request: { ...one.request, target } }, [
      divergence('header:set-cookie', { kind: 'header', legacy: 'a=secret', candidate: undefined }),
    ]);
    expect(table.clusters()[0]?.examples).toMatchObject([
      { request: 'GET /v1/x?page=2&token=hidden&flag', legacy: 'hidden', candidate: null },
    ]);
  });
});

describe('merged clusters', () => {
  function table(paths: readonly string[], atMs: number, clustersMax?: number) {
    const made = new ClusterTable(keep, clustersMax);
    for (const path of paths) made.add({ ...one, arrivedAtMs: atMs }, [divergence(path)]);
    return made.clusters();
  }

  it('add up, and keep the earliest examples', () => {
    const merged = mergeClusters(table(['/a', '/a', '/b'], 5), table(['/a', '/a', '/a'], 1));
    expect(merged.map(({ path, count }) => [path, count])).toEqual([
      ['/a', 5],
      ['/b', 1],
    ]);
    expect(merged[0]?.examples.map(({ atMs }) => atMs)).toEqual([1, 1, 1]);
  });

  it('stay bounded and lose no count', () => {
    const paths = (prefix: string) => Array.from({ length: 15 }, (_, i) => `/${prefix}-${i}`);
    const merged = mergeClusters(table(paths('x'), 0, 10), table(paths('y'), 0, 10), 10);
    expect(merged.length).toBe(11);
    expect(merged.reduce((sum, { count }) => sum + count, 0)).toBe(30);
    expect(LIMITS.examplesPerCluster).toBe(3);
    expect(merged.every(({ examples }) => examples.length <= 3)).toBe(true);
  });

  it('are the same whichever table comes first', () => {
    const [a, b] = [table(['/a', '/b', '/b'], 1), table(['/b', '/c'], 2)];
    const byPath = (clusters: ReturnType<typeof mergeClusters>) =>
      [...clusters].sort((x, y) => (x.path < y.path ? -1 : 1));
    expect(byPath(mergeClusters(a, b))).toEqual(byPath(mergeClusters(b, a)));
  });
});
