/** The clusters of one rollout, out of what each proxy has found since it last told of them. */
import { ClusterTable } from '../compare/cluster.ts';
import { DistinctSketch } from '../kit/distinct-sketch.ts';
import type { Cluster, SampledExample } from '../model/cluster.ts';

/** What every store holds of a cluster; the rest may be of a time before it was kept. */
type StoredCluster = Partial<Cluster> &
  Pick<Cluster, 'route' | 'path' | 'kind' | 'count'> & {
    readonly examples: readonly (Omit<SampledExample, 'tag'> & { readonly tag?: number })[];
  };

/** All proxies together, lost ones included, since the rollout began. */
export class ClusterLedger {
  readonly #table = new ClusterTable(null);
  /** What was last seen at an earlier moment belongs to earlier rollouts. */
  readonly #sinceMs: number;

  constructor(base: readonly StoredCluster[] = [], sinceMs = 0) {
    this.#table.absorb(base.map((stored) => completed(stored, sinceMs)));
    this.#sinceMs = sinceMs;
  }

  /** Adds what a proxy has found since the last time. */
  accept(found: readonly Cluster[]): void {
    if (found.length === 0) return;
    this.#table.absorb(found.filter(({ lastSeenMs }) => lastSeenMs >= this.#sinceMs));
  }

  /** About how many distinct keys have shown a difference. */
  distinctKeys(): number {
    const all = new DistinctSketch();
    for (const { keys } of this.#table.clusters()) all.addSketch(keys);
    return Math.round(all.estimate());
  }

  /** Most frequent first, at most the limit. */
  totals(): readonly Cluster[] {
    return this.#table.clusters();
  }
}

function completed(stored: StoredCluster, sinceMs: number): Cluster {
  const times = [sinceMs, ...stored.examples.map(({ atMs }) => atMs)];
  return {
    countedAs: stored.route,
    change: 'various',
    firstSeenMs: sinceMs,
    lastSeenMs: Math.max(...times),
    keys: '',
    legacy: null,
    candidate: null,
    ...stored,
    examples: stored.examples.map((example) => ({ ...example, tag: example.tag ?? 0 })),
  };
}
