/**
 * Divergences gathered by cause: one row for each route, path template, kind and change. In:
 * pairs with what differs in them, or rows of other tables. Out: rows that add up without loss.
 */
import { assert } from '../kit/assert.ts';
import { DistinctSketch } from '../kit/distinct-sketch.ts';
import { LIMITS } from '../kit/limits.ts';
import { createRandom, type Random } from '../kit/random.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Divergence, Pair } from '../model/pair.ts';
import { type Redact, redactedQuery, redactedValue } from './cluster-example.ts';
import { ClusterNames } from './cluster-names.ts';
import { ExampleSample } from './example-sample.ts';
import { ValueLog } from './seen-values.ts';
import { changeOf } from './value-change.ts';

/** What makes two divergences one cause. */
type Cause = Pick<Cluster, 'route' | 'countedAs' | 'path' | 'kind' | 'change'>;

interface OpenCluster {
  readonly cause: Cause;
  count: number;
  firstSeenMs: number;
  lastSeenMs: number;
  readonly keys: DistinctSketch;
  readonly legacy: ValueLog;
  readonly candidate: ValueLog;
  readonly sample: ExampleSample;
}

/** Where the divergences of clusters beyond the limit are counted, by kind. */
export const OTHER_ROUTE = 'other';
const OTHER_PATH = '*';
const DRAWS_LEFT_OUT = 16;

export interface ClusterTableOptions {
  /** Draws the examples that are kept: the same ones for the same seed. */
  readonly random?: Random;
  readonly clustersMax?: number;
}

/**
 * Rows since it was made, or last emptied. Bounded: later causes are counted under the route
 * `other`. A level of paths that turns out to have too many names is folded into one, and its
 * rows with it: a pair that has shown several of them until then counts once for each.
 */
export class ClusterTable {
  readonly #clusters = new Map<string, OpenCluster>();
  readonly #names = new ClusterNames();
  readonly #redact: Redact | null;
  readonly #random: Random;
  readonly #clustersMax: number;

  /** `redact`: null for a table that only takes rows of others. */
  constructor(redact: Redact | null, options: ClusterTableOptions = {}) {
    this.#redact = redact;
    this.#random = options.random ?? createRandom(1);
    // The first draws of a generator follow its seed.
    for (let i = 0; i < DRAWS_LEFT_OUT; i += 1) this.#random.next();
    this.#clustersMax = options.clustersMax ?? LIMITS.clustersMax;
  }

  /**
   * Counts the pair once in each cluster that one of its divergences belongs to. `wasGone`: when
   * asked again the sides agreed, though no write explains it.
   */
  add(pair: Pair, divergences: readonly Divergence[], wasGone = false): void {
    const causes = this.#named(() => divergences.map((each) => this.#causeOf(pair, each)));
    const counted = new Set<OpenCluster>();
    causes.forEach((cause, i) => {
      const cluster = this.#open(cause);
      if (counted.has(cluster)) return;
      counted.add(cluster);
      this.#count(cluster, pair, divergences[i]!, wasGone);
    });
  }

  /** Adds rows of another table, or of this one. */
  absorb(rows: readonly Cluster[]): void {
    const causes = this.#named(() => rows.map((row) => this.#causeAgain(row)));
    rows.forEach((row, i) => addRow(this.#open(causes[i]!), row));
  }

  /** A copy, the most frequent first. */
  clusters(): readonly Cluster[] {
    return [...this.#clusters.values()].map(rowOf).sort(byCount);
  }

  /** The rows since the last call; they begin anew. */
  take(): readonly Cluster[] {
    const rows = this.clusters();
    this.#clusters.clear();
    return rows;
  }

  /** Where a name has been folded, all that bear it bear the new one. */
  #named<T>(name: () => T): T {
    const { folds } = this.#names;
    const first = name();
    if (this.#names.folds === folds) return first;
    for (const [key, cluster] of this.#clusters) {
      const cause = this.#causeAgain(cluster.cause);
      if (keyOf(cause) === key) continue;
      this.#clusters.delete(key);
      addRow(this.#open(cause), rowOf(cluster));
    }
    return name();
  }

  #causeOf({ route: countedAs, request }: Pair, divergence: Divergence): Cause {
    const route = this.#names.routeOf(countedAs, request.target);
    const path = this.#names.pathOf(route, divergence.path);
    return { route, countedAs, path, kind: divergence.kind, change: changeOf(divergence) };
  }

  #causeAgain({ route, countedAs, path, kind, change }: Cause): Cause {
    if (route === OTHER_ROUTE) return { route, countedAs, path, kind, change };
    const again = this.#names.routeAgain(countedAs, route);
    return { route: again, countedAs, path: this.#names.pathOf(again, path), kind, change };
  }

  #open(cause: Cause): OpenCluster {
    const known = this.#clusters.get(keyOf(cause));
    if (known !== undefined) return known;
    const hasRoom = this.#clusters.size < this.#clustersMax;
    const own = hasRoom ? cause : otherOf(cause);
    const key = keyOf(own);
    const cluster = this.#clusters.get(key) ?? emptyCluster(own);
    this.#clusters.set(key, cluster);
    return cluster;
  }

  #count(cluster: OpenCluster, pair: Pair, divergence: Divergence, wasGone: boolean): void {
    assert(this.#redact !== null, 'what comes from traffic is redacted');
    const { key, request, arrivedAtMs: atMs } = pair;
    const legacy = redactedValue(divergence.path, divergence.legacy, this.#redact);
    const candidate = redactedValue(divergence.path, divergence.candidate, this.#redact);
    cluster.count += 1;
    cluster.firstSeenMs = Math.min(cluster.firstSeenMs, atMs);
    cluster.lastSeenMs = Math.max(cluster.lastSeenMs, atMs);
    if (key !== null) cluster.keys.add(key);
    cluster.legacy.see(legacy, atMs);
    cluster.candidate.see(candidate, atMs);
    const tag = this.#random.next();
    if (!cluster.sample.wants(atMs, tag)) return;
    const asked = cutText(`${request.method} ${redactedQuery(request.target, this.#redact)}`);
    const path = cutText(divergence.path);
    const gone = wasGone ? { wasGone } : {};
    cluster.sample.add([{ request: asked, path, legacy, candidate, atMs, tag, ...gone }]);
  }
}

function emptyCluster(cause: Cause): OpenCluster {
  return {
    cause,
    count: 0,
    firstSeenMs: Infinity,
    lastSeenMs: -Infinity,
    keys: new DistinctSketch(),
    legacy: new ValueLog(),
    candidate: new ValueLog(),
    sample: new ExampleSample(),
  };
}

function addRow(cluster: OpenCluster, row: Cluster): void {
  cluster.count += row.count;
  cluster.firstSeenMs = Math.min(cluster.firstSeenMs, row.firstSeenMs);
  cluster.lastSeenMs = Math.max(cluster.lastSeenMs, row.lastSeenMs);
  cluster.keys.addSketch(row.keys);
  cluster.legacy.addValues(row.legacy);
  cluster.candidate.addValues(row.candidate);
  cluster.sample.add(row.examples);
}

function rowOf(cluster: OpenCluster): Cluster {
  const { cause, count, firstSeenMs, lastSeenMs, keys, legacy, candidate, sample } = cluster;
  return {
    ...cause,
    count,
    firstSeenMs,
    lastSeenMs,
    keys: keys.toText(),
    legacy: legacy.values(),
    candidate: candidate.values(),
    examples: sample.examples(),
  };
}

function otherOf({ kind }: Cause): Cause {
  return { route: OTHER_ROUTE, countedAs: OTHER_ROUTE, path: OTHER_PATH, kind, change: 'various' };
}

function keyOf({ route, countedAs, path, kind, change }: Cause): string {
  return `${route}\n${countedAs}\n${path}\n${kind}\n${change}`;
}

function byCount(a: Cluster, b: Cluster): number {
  return b.count - a.count || (keyOf(a) < keyOf(b) ? -1 : 1);
}

const EXAMPLE_TEXT_MAX = 1024;

function cutText(text: string): string {
  return text.length > EXAMPLE_TEXT_MAX ? `${text.slice(0, EXAMPLE_TEXT_MAX)}…` : text;
}

/**
 * Clusters of two tables added up, whichever comes first: what is counted stays counted, the
 * most frequent keep a row of their own.
 */
export function mergeClusters(
  a: readonly Cluster[],
  b: readonly Cluster[],
  clustersMax: number = LIMITS.clustersMax,
): readonly Cluster[] {
  const sum = new ClusterTable(null, { clustersMax: a.length + b.length });
  sum.absorb([...a, ...b]);
  const rows = sum.clusters();
  const isOther = ({ route }: Cluster): boolean => route === OTHER_ROUTE;
  const named = rows.filter((row) => !isOther(row));
  if (named.length <= clustersMax) return rows;
  const beyond = named.slice(clustersMax).map((row) => ({ ...row, ...otherOf(row) }));
  const other = new ClusterTable(null);
  other.absorb([...rows.filter(isOther), ...beyond]);
  return [...named.slice(0, clustersMax), ...other.clusters()].sort(byCount);
}
