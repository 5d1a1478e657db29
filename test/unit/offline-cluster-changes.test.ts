import { describe, expect, it } from 'vitest';
import { ClusterTable } from '../../src/compare/cluster.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { clusterChanges } from '../../src/offline/rejudge/cluster-changes.ts';
import { itemPair } from '../support/offline.ts';

/** Clusters of pairs that differ at these paths, one pair for each. */
function clustersAt(paths: readonly string[]): readonly Cluster[] {
  const table = new ClusterTable((_name, value) => value);
  for (const [i, path] of paths.entries()) {
    table.add(itemPair(i, '1', '2'), [{ path, kind: 'value', legacy: '1', candidate: '2' }]);
  }
  return table.clusters();
}

describe('cluster changes', () => {
  it('are those that come, go, or have another count, the largest first', () => {
    const before = clustersAt(['/a', '/a', '/a', '/b', '/c']);
    const after = clustersAt(['/a', '/c', '/d']);
    const changes = clusterChanges(before, after);
    expect(changes.map((each) => [each.path, each.before, each.after])).toEqual([
      ['/a', 3, 1],
      ['/b', 1, 0],
      ['/d', 0, 1],
    ]);
  });

  it('are none where both are the same', () => {
    const clusters = clustersAt(['/a', '/b/1', '/b/2']);
    expect(clusterChanges(clusters, clusters)).toEqual([]);
  });

  it('name a place alike that had too many names under one set of rules alone', () => {
    const many = Array.from({ length: 100 }, (_, i) => `/f${i}`);
    const changes = clusterChanges(clustersAt(many), clustersAt(['/f1', '/f2']));
    expect(changes.map((each) => [each.path, each.before, each.after])).toEqual([['/*', 100, 2]]);
  });
});
