/** Whether spikes of several instances come at the same moments. */
import type { SideDiagnosis } from './side.ts';
import { isSamePeriod } from './period.ts';

/**
 * together: a cause outside of them. apart: each has its own. null: one instance, or no period
 * that they have in common.
 */
export type Phases = 'together' | 'apart' | null;

const NEAR_MS = 1500;
const NEAR_RATIO = 0.02;
const TOGETHER_MIN = 0.8;

/** How the same side's spikes on several instances lie in time. */
export function phasesOf(sides: readonly SideDiagnosis[]): Phases {
  const chains = sides.flatMap(({ period }) => (period === null ? [] : [period]));
  const [first, ...others] = chains;
  if (first === undefined || others.length === 0 || chains.length < sides.length) return null;
  if (!others.every(({ periodMs }) => isSamePeriod(periodMs, first.periodMs))) return null;
  const nearMs = Math.max(NEAR_MS, NEAR_RATIO * first.periodMs);
  const areTogether = others.every(({ chain }) => {
    const near = chain.atMs.filter((atMs) =>
      first.chain.atMs.some((each) => Math.abs(each - atMs) <= nearMs),
    );
    return near.length >= TOGETHER_MIN * chain.atMs.length;
  });
  return areTogether ? 'together' : 'apart';
}
