/** Clusters as people see them: held against all that was compared, and what the values tell. */
import { shownTemplate } from '../compare/path-tree.ts';
import { confidenceInterval, tuning } from '../kit/e-process.ts';
import { DistinctSketch } from '../kit/distinct-sketch.ts';
import type { Cluster, ClusterKeys, ClusterRate, ClusterRow } from '../model/cluster.ts';
import type { RouteTotal, RouteTotals } from './route-totals.ts';
import { whichSideChanged } from './side-changes.ts';

const ALPHA = 0.05;
/** Tightest at a thousand pairs; fixed beforehand, so that it holds however often one looks. */
const TUNING = tuning(1000, ALPHA);

/** The rows of a status or a report, in the order of the clusters. */
export function clusterRows(
  clusters: readonly Cluster[],
  totals: RouteTotals,
): readonly ClusterRow[] {
  const routes = new Map<string, RouteTotal | undefined>();
  return clusters.map((cluster) => {
    const { route, countedAs, path, kind, change, count, firstSeenMs, lastSeenMs } = cluster;
    if (!routes.has(countedAs)) routes.set(countedAs, totals.of(countedAs));
    const total = routes.get(countedAs);
    return {
      route: shownTemplate(route),
      countedAs,
      path: shownTemplate(path),
      kind,
      change,
      count,
      rate: rateOf(count, total),
      firstSeenMs,
      lastSeenMs,
      keys: keysOf(cluster.keys, total),
      sides: whichSideChanged(cluster, clusters),
      examples: cluster.examples.map(({ tag: _tag, ...example }) => example),
    };
  });
}

/** Source: Howard, Ramdas, McAuliffe and Sekhon 2021, confidence sequence of a proportion. */
function rateOf(count: number, total: RouteTotal | undefined): ClusterRate | null {
  if (total === undefined || total.compared === 0) return null;
  // A cluster may be told of before the pairs of its second are.
  const compared = Math.max(count, total.compared);
  const { lower, upper } = confidenceInterval(count, compared, ALPHA, TUNING);
  return { compared, ratio: count / compared, lower, upper };
}

function keysOf(sketch: string, total: RouteTotal | undefined): ClusterKeys | null {
  if (sketch === '') return null;
  const keys = new DistinctSketch();
  keys.addSketch(sketch);
  const touched = Math.max(1, Math.round(keys.estimate()));
  const seen = Math.max(touched, Math.round(total?.keys ?? 0));
  return { touched, seen, ratio: touched / seen };
}
