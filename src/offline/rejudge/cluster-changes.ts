import { OTHER_ROUTE } from '../../compare/cluster.ts';
import { ClusterNames } from '../../compare/cluster-names.ts';
import { shownTemplate } from '../../compare/path-tree.ts';
import type { Cluster } from '../../model/cluster.ts';

/** One cause, and how many pairs showed it under the old rules and under the new. */
export interface ClusterChange {
  readonly route: string;
  readonly path: string;
  readonly kind: Cluster['kind'];
  readonly change: Cluster['change'];
  readonly before: number;
  readonly after: number;
}

/**
 * Causes that come, go, or have another count; those that changed most first. Both sets are
 * named alike first: a place may have shown too many names under one set of rules alone.
 */
export function clusterChanges(
  before: readonly Cluster[],
  after: readonly Cluster[],
): readonly ClusterChange[] {
  const names = new ClusterNames();
  // Once for the names to be known, once for what they are then.
  for (const cluster of [...before, ...after]) nameOf(names, cluster);
  const found = new Map<string, { readonly cause: Cause; before: number; after: number }>();
  const count = (cluster: Cluster, side: 'before' | 'after'): void => {
    const cause = nameOf(names, cluster);
    const key = JSON.stringify(cause);
    const known = found.get(key) ?? { cause, before: 0, after: 0 };
    found.set(key, known);
    known[side] += cluster.count;
  };
  for (const cluster of before) count(cluster, 'before');
  for (const cluster of after) count(cluster, 'after');
  return [...found.values()]
    .filter((each) => each.before !== each.after)
    .map(({ cause, ...counts }): ClusterChange => ({ ...cause, ...counts }))
    .sort(byChange);
}

type Cause = Omit<ClusterChange, 'before' | 'after'>;

function nameOf(names: ClusterNames, { route, countedAs, path, kind, change }: Cluster): Cause {
  if (route === OTHER_ROUTE) return { route, path, kind, change };
  const again = names.routeAgain(countedAs, route);
  const place = names.pathOf(again, path);
  return { route: shownTemplate(again), path: shownTemplate(place), kind, change };
}

function byChange(a: ClusterChange, b: ClusterChange): number {
  const size = (each: ClusterChange): number => Math.abs(each.after - each.before);
  return size(b) - size(a) || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}
