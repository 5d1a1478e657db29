import { describe, expect, it } from 'vitest';
import { ClusterTable } from '../../src/compare/cluster.ts';
import { shownTemplate } from '../../src/compare/path-tree.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { Divergence, Pair } from '../../src/model/pair.ts';
import { answer, pair } from '../support/answers.ts';

const keep = (_name: string, value: string): string => value;
const one = pair(answer('1'), answer('2'));

function divergence(path: string): Divergence {
  return { path, kind: 'value', legacy: '1', candidate: '2' };
}

function unmatched(target: string): Pair {
  return { ...one, route: 'GET other', request: { ...one.request, target } };
}

describe('10^5 of them', () => {
  it('causes stay bounded, and none goes uncounted', () => {
    const table = new ClusterTable(keep);
    for (let i = 0; i < 100_000; i += 1) {
      const route = `GET /r${i % 1000}`;
      table.add({ ...one, route }, [divergence(`/field-${i % 97}/x${i % 5}`)]);
    }
    const clusters = table.clusters();
    expect(clusters.length).toBeLessThanOrEqual(LIMITS.clustersMax + 1);
    expect(clusters.reduce((sum, { count }) => sum + count, 0)).toBe(100_000);
    expect(clusters[0]).toMatchObject({ route: 'other', path: '*', kind: 'value' });
    expect(JSON.stringify(clusters).length).toBeLessThan(1 << 19);
  });

  it('paths of requests that match no route are few readable rows, and counted under it', () => {
    const table = new ClusterTable(keep);
    for (let i = 0; i < 100_000; i += 1) {
      table.add(unmatched(`/users/user-${i}/posts?page=${i}`), [divergence('/title')]);
    }
    const rows = table.clusters().map((row) => ({ ...row, route: shownTemplate(row.route) }));
    expect(rows).toMatchObject([
      { route: 'GET /users/:n/posts', countedAs: 'GET other', path: '/title', count: 100_000 },
    ]);
  });
});
