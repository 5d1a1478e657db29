/** What is simulated: a ladder, its traffic, and the candidate that climbs it. Plain values. */
import type { RouteToProve } from '../../judge/evidence.ts';
import type { GateSettings, LadderStep, Settings } from '../../model/settings.ts';
import { cohortSide } from '../../proxy/assign.ts';
import { ladderOf } from '../../rollout/ladder.ts';
import { routesToProve } from '../../rollout/routes-to-prove.ts';
import { copiedSecondsOf, pairsPerSecOf } from '../pairs.ts';
import type { PlanTraffic } from '../traffic.ts';

/** Pauses that each side has of its own: at any moment, and then every so often. */
export interface Pauses {
  /** Requests that come while a side pauses, at the rate of the world. */
  readonly requests: number;
  readonly everyMs: number;
}

export interface World {
  readonly seed: number;
  readonly ladder: readonly LadderStep[];
  readonly gates: readonly GateSettings[];
  readonly hasKey: boolean;
  readonly routes: readonly RouteToProve[];
  /** Shares of the pairs, which sum up to 1. */
  readonly routeRatios: readonly (readonly [route: string, ratio: number])[];
  readonly ratePerSec: number;
  /** Requests that both sides answer. */
  readonly pairsPerSec: number;
  /** Share of the seconds in which requests are copied, 0 to 1. */
  readonly copiedSeconds: number;
  readonly medianUs: number;
  /** Deviation of the logarithm of legacy's latencies. */
  readonly sigma: number;
  readonly pauses: Pauses | null;
  /** Users in all, and by step those whom the candidate answers. */
  readonly users: number;
  readonly cohorts: readonly number[];
}

export interface WorldOptions {
  readonly seed: number;
  readonly ratePerSec: number;
  readonly traffic: PlanTraffic;
  /** Where no recording tells it. */
  readonly medianUs: number;
  readonly sigma: number | null;
  readonly pauses: Pauses | null;
  readonly users: number;
}

type Planned = Pick<Settings, 'ladder' | 'gates' | 'mirror' | 'key' | 'routes' | 'unproven'>;

/** The world of a configuration. */
export function worldOf(settings: Planned, options: WorldOptions): World {
  const { seed, ratePerSec, traffic, users } = options;
  const ladder = ladderOf(settings);
  const routes = routesToProve(settings);
  const evenly = routes.map(({ route }) => [route, 1 / routes.length] as const);
  const known = traffic.routeRatios === null ? evenly : [...traffic.routeRatios];
  return {
    seed,
    ladder,
    gates: settings.gates,
    hasKey: settings.key !== null,
    routes,
    routeRatios: known.length === 0 ? [['other', 1]] : known,
    ratePerSec,
    pairsPerSec: pairsPerSecOf(settings, ratePerSec, traffic),
    copiedSeconds: copiedSecondsOf(settings),
    medianUs: traffic.shape.valueUs(0.5) ?? options.medianUs,
    sigma: options.sigma ?? traffic.shape.sigma,
    pauses: options.pauses,
    users,
    cohorts: cohortsOf(ladder, users, `simulated ${seed}`),
  };
}

/** Users whose hash the candidate answers, step by step, as the proxies would tell it. */
function cohortsOf(ladder: readonly LadderStep[], users: number, salt: string): readonly number[] {
  return ladder.map(({ percent }) => {
    if (percent >= 100) return users;
    let cohort = 0;
    for (let i = 0; percent > 0 && i < users; i += 1) {
      if (cohortSide(salt, `user-${i}`, percent) === 'candidate') cohort += 1;
    }
    return cohort;
  });
}

/** How long a side pauses. */
export function pauseUs(requests: number, { ratePerSec }: World): number {
  return (requests / ratePerSec) * 1e6;
}
