/**
 * Each route by itself: a rare one that is wholly broken never hides in a small overall rate, and
 * one of which hardly anything was compared is not taken for a good one. Pure.
 */
import {
  confidenceInterval,
  lnBetaBinomial,
  lnMixture,
  rateUpperBound,
  tuning,
} from '../kit/e-process.ts';
import { formatAbout, formatShare } from '../kit/units.ts';
import type { UnprovenRoute } from '../model/rollout.ts';
import type { GateSettings } from '../model/settings.ts';
import { NO_COUNTS } from '../model/window.ts';
import { addCounts, type Evidence, type RouteToProve } from './evidence.ts';
import { expectedMs, formatCount, type GateAnswer } from './gate-judge.ts';
import { ofPairs, type Rate, trialsNeeded } from './rate-test.ts';

/** A route is proved when its own rate is below this, or below the gate's limit if that is more. */
const ROUTE_LIMIT = 0.01;
const NAMED_MAX = 5;

/** The gate that asks for routes one by one: the one on all of them together, if there is one. */
export function routeGate(gates: readonly GateSettings[]): GateSettings | undefined {
  return gates.find(({ metric, route }) => metric === 'mismatch.rate' && route === null);
}

/**
 * Routes that should be compared, or were to be, and are not proved by themselves. What is proved
 * at one step is asked again at the next: load, caches and cohort are others there.
 */
export function unprovenRoutes(gate: GateSettings, evidence: Evidence): readonly UnprovenRoute[] {
  const { counts, routes = [] } = evidence;
  const limit = Math.max(ROUTE_LIMIT, gate.limit);
  const known = new Map<string, RouteToProve>(routes.map((each) => [each.route, each]));
  const unproven: UnprovenRoute[] = [];
  for (const route of new Set([...known.keys(), ...counts.keys()])) {
    const { compared, mismatched, eligible } = counts.get(route) ?? NO_COUNTS;
    if (eligible === 0 && !known.has(route)) continue;
    if (compared > 0 && lnMixture(mismatched, compared, limit) >= -Math.log(gate.alpha)) continue;
    const needed = trialsNeeded(mismatched, limit, gate.alpha);
    const expectedInMs = expectedMs(needed - compared, compared, evidence);
    unproven.push({
      route,
      compared,
      mismatched,
      needed,
      ...(expectedInMs !== null && { expectedInMs }),
      accepted: known.get(route)?.accepted ?? null,
    });
  }
  return unproven;
}

/**
 * The failure by a route that is proved to mismatch more often than the gate allows, at this step
 * or in all steps of the climb together; null for none. The stake is spread over routes in the
 * order in which they came, so that there may be any number of them.
 */
export function brokenRoute(
  gate: GateSettings,
  { counts, carried }: Evidence,
  harmAlpha: number,
  climbAlpha: number,
): GateAnswer | null {
  const alone = climbAlpha > 0 ? harmAlpha / 2 : harmAlpha;
  const before = carried?.counts ?? new Map<string, typeof NO_COUNTS>();
  let place = 0;
  for (const route of new Set([...before.keys(), ...counts.keys()])) {
    place += 1;
    const share = 1 / (place * (place + 1));
    const now = counts.get(route) ?? NO_COUNTS;
    const all = addCounts(before.get(route) ?? NO_COUNTS, now);
    for (const [{ mismatched, compared }, alpha] of [
      [now, alone * share],
      [all, climbAlpha * share],
    ] as const) {
      const rate = { wrong: mismatched, trials: compared };
      if (isBroken(rate, gate.limit, alpha)) return brokenAnswer(gate, route, rate);
    }
  }
  return null;
}

function isBroken({ wrong, trials }: Rate, limit: number, alpha: number): boolean {
  if (alpha <= 0 || wrong === 0 || wrong / trials <= limit) return false;
  return lnBetaBinomial(wrong, trials, limit, tuning(100, alpha)) >= -Math.log(alpha);
}

function brokenAnswer(gate: GateSettings, route: string, rate: Rate): GateAnswer {
  const { wrong, trials } = rate;
  return {
    verdict: 'fail',
    measured: wrong / trials,
    samples: trials,
    tell: () => {
      const { alpha } = gate;
      const { lower } = confidenceInterval(wrong, trials, alpha, tuning(100, alpha));
      return {
        name: 'mismatch rate',
        route,
        format: formatShare,
        samples: `: ${ofPairs(rate)}`,
        interval: { lower, upper: rateUpperBound(wrong, trials, alpha) },
        notes: [],
        missing: null,
      };
    },
  };
}

/** Unproven routes in a sentence: `unproven: GET /rare (12 of 309 pairs)`; '' for none. */
export function unprovenSentence(unproven: readonly UnprovenRoute[]): string {
  const open = unproven.filter(({ accepted }) => accepted === null);
  const accepted = unproven.length - open.length;
  const named = open.slice(0, NAMED_MAX).map((each) => `${each.route} (${progressOf(each)})`);
  if (open.length > NAMED_MAX) named.push(`${open.length - NAMED_MAX} more`);
  const parts = named.length === 0 ? [] : [`unproven: ${named.join(', ')}`];
  if (accepted > 0) {
    parts.push(`${accepted} unproven ${accepted === 1 ? 'route is' : 'routes are'} accepted`);
  }
  return parts.join('; ');
}

function progressOf({ compared, needed, expectedInMs }: UnprovenRoute): string {
  const of = `${formatCount(compared)} of ${formatCount(needed)} pairs`;
  return expectedInMs === undefined ? of : `${of}, the rest in about ${formatAbout(expectedInMs)}`;
}
