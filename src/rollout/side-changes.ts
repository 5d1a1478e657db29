/**
 * Which side changed, and when, as far as the values of a cluster tell. Before its first pair
 * both sides agreed, or nobody asked, and what they said then is not kept: so it can be told of
 * values that change while they differ, and of what stood at the same place in another cluster.
 */
import type { Cluster, SeenValues } from '../model/cluster.ts';
import { otherSide, type Side } from '../model/exchange.ts';

/** How the values of one side went. */
type Course =
  | { readonly kind: 'steady' }
  /** One after the other, the newest since then. */
  | { readonly kind: 'changed'; readonly atMs: number }
  /** Several at once, too many to be kept, or none seen twice. */
  | { readonly kind: 'varying' };

/** One sentence. `all`: the clusters among which there may be an earlier one of the place. */
export function whichSideChanged(cluster: Cluster, all: readonly Cluster[]): string {
  if (cluster.count === 1) return 'seen once: which side changed cannot be told';
  const legacy = courseOf(cluster.legacy);
  const candidate = courseOf(cluster.candidate);
  if (legacy.kind === 'changed' && candidate.kind === 'changed') {
    const [first, second] = [momentText(legacy.atMs), momentText(candidate.atMs)];
    return `legacy’s value changed at ${first}, candidate’s at ${second}`;
  }
  if (legacy.kind === 'changed') return oneChanged('legacy', legacy.atMs, candidate);
  if (candidate.kind === 'changed') return oneChanged('candidate', candidate.atMs, legacy);
  return sinceEarlier(cluster, all) ?? untold(cluster, legacy, candidate);
}

function courseOf(values: SeenValues): Course {
  if (values?.length === 1) return { kind: 'steady' };
  const isCourse = values?.every(({ firstMs, lastMs }, i) => {
    const next = values[i + 1];
    // What is seen once says nothing of how long it lasts.
    return firstMs < lastMs && (next === undefined || lastMs < next.firstMs);
  });
  const newest = values?.at(-1);
  if (isCourse !== true || newest === undefined) return { kind: 'varying' };
  return { kind: 'changed', atMs: newest.firstMs };
}

const VARIES = 'another from request to request';

function oneChanged(side: Side, atMs: number, other: Course): string {
  const rest = other.kind === 'steady' ? 'did not' : `is ${VARIES}`;
  return `${side}’s value changed at ${momentText(atMs)}; ${otherSide(side)}’s ${rest}`;
}

function untold(cluster: Cluster, legacy: Course, candidate: Course): string {
  const since = momentText(cluster.firstSeenMs);
  if (legacy.kind === candidate.kind) {
    return legacy.kind === 'steady'
      ? `each side has shown one value since ${since}: which changed then cannot be told`
      : `the values are others from request to request: which side changed cannot be told`;
  }
  const steady = legacy.kind === 'steady' ? 'legacy' : 'candidate';
  const varying = otherSide(steady);
  return (
    `${steady} has shown one value since ${since}, ${varying}’s is ${VARIES}: which changed ` +
    'then cannot be told'
  );
}

/** Told by the cluster that ended where this one began: one side's class is still the same. */
function sinceEarlier(cluster: Cluster, all: readonly Cluster[]): string | null {
  const { route, countedAs, path, firstSeenMs } = cluster;
  const [earlier] = all
    .filter((each) => each.route === route && each.countedAs === countedAs && each.path === path)
    .filter((each) => each.lastSeenMs < firstSeenMs)
    .sort((a, b) => b.lastSeenMs - a.lastSeenMs);
  const before = earlier && classesOf(earlier);
  const now = classesOf(cluster);
  if (before === undefined || before === null || now === null) return null;
  const hasLegacyChanged = before.legacy !== now.legacy;
  if (hasLegacyChanged === (before.candidate !== now.candidate)) return null;
  const side = hasLegacyChanged ? 'legacy' : 'candidate';
  const other = otherSide(side);
  return (
    `${side}’s value went from ${before[side]} to ${now[side]} at ${momentText(firstSeenMs)}; ` +
    `${other}’s stayed ${now[other]}`
  );
}

/** What the values of the two sides are, where the change says it. */
function classesOf({ change }: Cluster): Readonly<Record<Side, string>> | null {
  if (change === 'larger' || change === 'smaller') return { legacy: 'number', candidate: 'number' };
  const [legacy, candidate] = change.split(' -> ').map((each) => (each === '0' ? 'number' : each));
  return legacy === undefined || candidate === undefined ? null : { legacy, candidate };
}

/** `2026-11-20 14:03:07`, UTC. */
function momentText(atMs: number): string {
  const date = new Date(atMs);
  if (Number.isNaN(date.getTime())) return 'an unknown time';
  return date.toISOString().slice(0, 19).replace('T', ' ');
}
