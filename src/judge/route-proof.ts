/**
 * Each route by itself: a rare one that is wholly broken never hides in a small overall rate, and
 * one of which hardly anything was compared is not taken for a good one. Pure.
 */
import { confidenceInterval, lnMixture, tuning } from '../kit/e-process.ts';
import { formatShare } from '../kit/units.ts';
import type { UnprovenRoute } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import { type Evidence, type GateCounts, NO_COUNTS, type RouteToProve } from './evidence.ts';
import { formatCount } from './gate-judge.ts';

/** A route is proved when its own rate is below this, or below the gate's limit if that is more. */
const ROUTE_LIMIT = 0.01;
const NAMED_MAX = 5;

/** The gate that asks for routes one by one: the one on all of them together, if there is one. */
export function routeGate(gates: readonly GateSettings[]): GateSettings | undefined {
  return gates.find(({ metric, route }) => metric === 'mismatch.rate' && route === null);
}

/** Routes that should be compared, or were to be, and are not proved by themselves. */
export function unprovenRoutes(
  gate: GateSettings,
  { counts, routes = [] }: Evidence,
): readonly UnprovenRoute[] {
  const seen = [...counts].filter(([, { eligible }]) => eligible > 0).map(([route]) => route);
  const known = new Map<string, RouteToProve>(routes.map((each) => [each.route, each]));
  return [...new Set([...known.keys(), ...seen])].flatMap((route) => {
    const { compared, mismatched } = counts.get(route) ?? NO_COUNTS;
    const needed = pairsNeeded(mismatched, Math.max(ROUTE_LIMIT, gate.limit), gate.alpha);
    if (compared >= needed) return [];
    return [{ route, compared, mismatched, needed, accepted: known.get(route)?.accepted ?? null }];
  });
}

/** The fewest pairs with so many mismatched that prove a rate below the limit. */
function pairsNeeded(mismatched: number, limit: number, alpha: number): number {
  const isProved = (n: number): boolean => lnMixture(mismatched, n, limit) >= -Math.log(alpha);
  let most = mismatched + 1;
  while (!isProved(most)) most *= 2;
  let least = Math.max(mismatched, Math.floor(most / 2));
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (isProved(middle)) most = middle;
    else least = middle;
  }
  return most;
}

/**
 * What routes are proved to mismatch more often than the gate allows, in a sentence; null for
 * none. The stake is spread over routes in the order in which they came, so that there may be any
 * number of them.
 */
export function brokenRoute(
  gate: GateSettings,
  counts: ReadonlyMap<string, GateCounts>,
  harmAlpha: number,
): string | null {
  let place = 0;
  for (const [route, { compared, mismatched }] of counts) {
    place += 1;
    const alpha = harmAlpha / (place * (place + 1));
    if (mismatched === 0 || mismatched / compared <= gate.limit) continue;
    const { lower } = confidenceInterval(mismatched, compared, alpha, tuning(100, alpha));
    if (lower <= gate.limit) continue;
    const rate = formatShare(mismatched / compared);
    const of = `${formatCount(mismatched)} of ${formatCount(compared)} pairs`;
    return `mismatch rate ${rate} > ${formatShare(gate.limit)} on ${route}: ${of}`;
  }
  return null;
}

/** Unproven routes in a sentence: `unproven: GET /rare (12 of 309 pairs)`; '' for none. */
export function unprovenSentence(unproven: readonly UnprovenRoute[]): string {
  const open = unproven.filter(({ accepted }) => accepted === null);
  const accepted = unproven.length - open.length;
  const named = open
    .slice(0, NAMED_MAX)
    .map(({ route, compared, needed }) => `${route} (${of(compared, needed)})`);
  if (open.length > NAMED_MAX) named.push(`${open.length - NAMED_MAX} more`);
  const parts = named.length === 0 ? [] : [`unproven: ${named.join(', ')}`];
  if (accepted > 0) {
    parts.push(`${accepted} unproven ${accepted === 1 ? 'route is' : 'routes are'} accepted`);
  }
  return parts.join('; ');
}

function of(compared: number, needed: number): string {
  return `${formatCount(compared)} of ${formatCount(needed)} pairs`;
}
