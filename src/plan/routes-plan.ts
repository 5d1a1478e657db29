/** Routes that the last step before 100 % brings too little of to be proved by themselves. */
import { NO_SPIKES } from '../judge/evidence.ts';
import { judge } from '../judge/verdict.ts';
import { formatDuration } from '../kit/units.ts';
import type { UnprovenRoute } from '../model/rollout.ts';
import type { LadderStep, Settings } from '../model/settings.ts';
import { NO_COUNTS } from '../model/window.ts';
import { routesToProve } from '../rollout/routes-to-prove.ts';
import type { Refusal } from './gate-plan.ts';
import { longerMs, timeOf } from './hold.ts';

/** A route that keeps 100 % back, and what to change. */
export interface UnprovenPlan {
  readonly route: string;
  readonly refusal: Refusal;
}

/**
 * Of a step that 100 % comes after. `ratios`: the routes' shares of the pairs, 0 to 1. What is
 * accepted in the configuration is left out.
 */
export function planRoutes(
  settings: Pick<Settings, 'gates' | 'routes' | 'mirror' | 'unproven'>,
  step: LadderStep,
  pairsPerSec: number,
  ratios: ReadonlyMap<string, number>,
): readonly UnprovenPlan[] {
  const counts = new Map(
    [...ratios].map(([route, ratio]) => {
      const compared = Math.floor((pairsPerSec * ratio * step.holdMs) / 1000);
      return [route, { ...NO_COUNTS, pairs: compared, eligible: compared, compared }] as const;
    }),
  );
  const { unproven = [] } = judge(settings.gates, {
    counts,
    latency: new Map(),
    resources: new Map(),
    spikes: NO_SPIKES,
    routes: routesToProve(settings),
  });
  return unproven
    .filter(({ accepted }) => accepted === null)
    .map((each) => ({
      route: each.route,
      refusal: refusalOf(each, step, pairsPerSec * (ratios.get(each.route) ?? 0)),
    }));
}

function refusalOf(
  { compared, needed }: UnprovenRoute,
  step: LadderStep,
  ratePerSec: number,
): Refusal {
  const accept = '`unproven: { as: accept, reason: …, owner: … }` of the route';
  return {
    outlook: ratePerSec === 0 ? 'never' : 'late',
    why:
      `by itself it needs ${needed.toLocaleString('en-US')} pairs before 100 %, and ` +
      `${formatDuration(step.holdMs)} bring ${compared.toLocaleString('en-US')}`,
    ...mendOf(accept, ratePerSec === 0 ? null : longerMs(timeOf(needed, ratePerSec))),
  };
}

function mendOf(accept: string, holdMs: number | null): Pick<Refusal, 'mend' | 'holdMs'> {
  if (holdMs === null) return { mend: accept };
  return { mend: `hold: ${formatDuration(holdMs)}, or ${accept}`, holdMs };
}
