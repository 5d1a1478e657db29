/** The clusters of one rollout out of those that each proxy reports since it began. */
import { LIMITS } from '../kit/limits.ts';
import type { Cluster } from '../model/pair.ts';

interface Reported {
  readonly newest: readonly Cluster[];
  /** Counts that belong to earlier rollouts, by cluster. */
  readonly before: ReadonlyMap<string, number>;
}

/** Merged clusters of all proxies, lost ones included, since the rollout began. */
export class ClusterLedger {
  #base: readonly Cluster[];
  /** Examples of an earlier moment belong to earlier rollouts. */
  #sinceMs: number;
  readonly #workers = new Map<number, Reported>();

  constructor(base: readonly Cluster[] = [], sinceMs = 0) {
    this.#base = base;
    this.#sinceMs = sinceMs;
  }

  accept(worker: number, newest: readonly Cluster[]): void {
    const before = this.#workers.get(worker)?.before ?? new Map<string, number>();
    this.#workers.set(worker, { newest, before });
  }

  lost(worker: number): void {
    const reported = this.#workers.get(worker);
    if (reported === undefined) return;
    this.#workers.delete(worker);
    this.#base = merge([...this.#base, ...this.#differenceOf(reported)]);
  }

  begin(nowMs: number): void {
    this.#base = [];
    this.#sinceMs = nowMs;
    for (const [worker, { newest }] of this.#workers) {
      const before = new Map(newest.map((cluster) => [nameOf(cluster), cluster.count]));
      this.#workers.set(worker, { newest, before });
    }
  }

  /** Most frequent first, at most the limit. */
  totals(): readonly Cluster[] {
    const parts = [...this.#workers.values()].flatMap((reported) => this.#differenceOf(reported));
    return merge([...this.#base, ...parts]);
  }

  #differenceOf({ newest, before }: Reported): readonly Cluster[] {
    return newest.flatMap((cluster) => {
      const count = cluster.count - (before.get(nameOf(cluster)) ?? 0);
      const examples = cluster.examples.filter((example) => example.atMs >= this.#sinceMs);
      return count > 0 ? [{ ...cluster, count, examples }] : [];
    });
  }
}

function nameOf({ route, path, kind }: Cluster): string {
  return JSON.stringify([route, path, kind]);
}

function merge(parts: readonly Cluster[]): readonly Cluster[] {
  const merged = new Map<string, Cluster>();
  for (const part of parts) {
    const known = merged.get(nameOf(part));
    const examples = [...(known?.examples ?? []), ...part.examples];
    merged.set(nameOf(part), {
      ...part,
      count: (known?.count ?? 0) + part.count,
      examples: examples.slice(0, LIMITS.examplesPerCluster),
    });
  }
  const sorted = [...merged.values()].sort((a, b) => b.count - a.count);
  return sorted.slice(0, LIMITS.clustersMax);
}
