/** Divergences gathered by cause: route, path template and kind; a few examples of each. */
import { LIMITS } from '../kit/limits.ts';
import type { Cluster, ClusterExample, Divergence, Pair } from '../model/pair.ts';
import { templateOf } from './divergences.ts';

/** The value of a header or query parameter as it may be kept: unchanged unless it is secret. */
export type Redact = (name: string, value: string) => string;

interface OpenCluster extends Cluster {
  count: number;
  readonly examples: ClusterExample[];
}

/** Where the divergences of clusters beyond the limit are counted, by kind. */
const OTHER_ROUTE = 'other';
const OTHER_PATH = '*';

/** Totals since it was made. Bounded: later causes are counted under the route `other`. */
export class ClusterTable {
  readonly #clusters = new Map<string, OpenCluster>();
  readonly #redact: Redact;
  readonly #clustersMax: number;

  constructor(redact: Redact, clustersMax: number = LIMITS.clustersMax) {
    this.#redact = redact;
    this.#clustersMax = clustersMax;
  }

  /** Counts the pair once in each cluster that one of its divergences belongs to. */
  add(pair: Pair, divergences: readonly Divergence[]): void {
    const counted = new Set<OpenCluster>();
    for (const divergence of divergences) {
      const cluster = this.#clusterOf(pair.route, divergence);
      if (!counted.has(cluster)) cluster.count += 1;
      counted.add(cluster);
      if (cluster.examples.length >= LIMITS.examplesPerCluster) continue;
      cluster.examples.push(this.#exampleOf(pair, divergence));
    }
  }

  /** A copy, the most frequent first. */
  clusters(): readonly Cluster[] {
    const copies = [...this.#clusters.values()].map((cluster) => {
      return { ...cluster, examples: [...cluster.examples] };
    });
    return copies.sort((a, b) => b.count - a.count);
  }

  #clusterOf(route: string, { path, kind }: Divergence): OpenCluster {
    const template = templateOf(path);
    const known = this.#clusters.get(keyOf(route, template, kind));
    if (known !== undefined) return known;
    const hasRoom = this.#clusters.size < this.#clustersMax;
    const cluster = hasRoom
      ? { route, path: template, kind, count: 0, examples: [] }
      : { route: OTHER_ROUTE, path: OTHER_PATH, kind, count: 0, examples: [] };
    const key = keyOf(cluster.route, cluster.path, kind);
    const other = this.#clusters.get(key);
    if (other !== undefined) return other;
    this.#clusters.set(key, cluster);
    return cluster;
  }

  #exampleOf(pair: Pair, { path, legacy, candidate }: Divergence): ClusterExample {
    const { method, target } = pair.request;
    const value = (text: string | undefined): string | null => {
      if (text === undefined) return null;
      const field = /^(?:header|trailer):(.*)$/.exec(path);
      return field === null ? text : this.#redact(field[1]!, text);
    };
    const request = cutText(`${method} ${redactQuery(target, this.#redact)}`);
    return {
      request,
      path: cutText(path),
      legacy: value(legacy),
      candidate: value(candidate),
      atMs: pair.arrivedAtMs,
    };
  }
}

function keyOf(route: string, path: string, kind: string): string {
  return `${route}\n${path}\n${kind}`;
}

const EXAMPLE_TEXT_MAX = 1024;

function cutText(text: string): string {
  return text.length > EXAMPLE_TEXT_MAX ? `${text.slice(0, EXAMPLE_TEXT_MAX)}…` : text;
}

function redactQuery(target: string, redact: Redact): string {
  const start = target.indexOf('?');
  if (start < 0) return target;
  const parameters = target.slice(start + 1).split('&');
  const kept = parameters.map((parameter) => {
    const equals = parameter.indexOf('=');
    if (equals < 0) return parameter;
    const name = parameter.slice(0, equals);
    return `${name}=${redact(name, parameter.slice(equals + 1))}`;
  });
  return `${target.slice(0, start)}?${kept.join('&')}`;
}

/** Clusters of two tables added up: counts exact, the earliest examples kept, bounded alike. */
export function mergeClusters(
  a: readonly Cluster[],
  b: readonly Cluster[],
  clustersMax: number = LIMITS.clustersMax,
): readonly Cluster[] {
  const merged = new Map<string, Cluster>();
  for (const cluster of [...a, ...b]) mergeInto(merged, cluster);
  const byCount = [...merged.values()].sort((x, y) => y.count - x.count);
  const isOther = (cluster: Cluster): boolean => cluster.route === OTHER_ROUTE;
  const named = byCount.filter((cluster) => !isOther(cluster));
  if (named.length <= clustersMax) return byCount;
  const kept = new Map<string, Cluster>();
  for (const cluster of named.slice(0, clustersMax)) mergeInto(kept, cluster);
  for (const cluster of [...byCount.filter(isOther), ...named.slice(clustersMax)]) {
    mergeInto(kept, { ...cluster, route: OTHER_ROUTE, path: OTHER_PATH });
  }
  return [...kept.values()].sort((x, y) => y.count - x.count);
}

function mergeInto(merged: Map<string, Cluster>, cluster: Cluster): void {
  const key = keyOf(cluster.route, cluster.path, cluster.kind);
  const known = merged.get(key);
  if (known === undefined) {
    merged.set(key, cluster);
    return;
  }
  const examples = [...known.examples, ...cluster.examples].sort((x, y) => x.atMs - y.atMs);
  merged.set(key, {
    ...known,
    count: known.count + cluster.count,
    examples: examples.slice(0, LIMITS.examplesPerCluster),
  });
}
