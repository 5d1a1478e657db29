/** How many requests both sides answer, as the mirror is configured. */
import { SECOND_ANSWERS_MIN } from '../measure/spikes.ts';
import type { Settings } from '../model/settings.ts';
import { baselinePercentOf, watching } from '../rollout/auto-pause.ts';
import { normalTail } from './normal.ts';
import type { PlanTraffic } from './traffic.ts';

type Mirrored = Pick<Settings, 'mirror'>;

/** Share of the seconds in which requests are copied, 0 to 1, while nothing is suspected. */
export function copiedSecondsOf({ mirror }: Mirrored): number {
  return mirror.autoPause === null ? 1 : 1 - baselinePercentOf(watching(0)) / 100;
}

/** Share of the seconds, 0 to 1, that have pairs enough for a p99 of their own. */
export function measuredSecondsOf(pairsPerSec: number, copiedSeconds: number): number {
  const mean = pairsPerSec / copiedSeconds;
  return copiedSeconds * normalTail((SECOND_ANSWERS_MIN - 0.5 - mean) / Math.sqrt(mean));
}

/** Pairs a second of `ratePerSec` requests. */
export function pairsPerSecOf(
  settings: Mirrored,
  ratePerSec: number,
  { pairsRatio }: PlanTraffic,
): number {
  const { percent, maxRatePerSec } = settings.mirror;
  const copiedPerSec = (ratePerSec * pairsRatio * percent) / 100;
  return Math.min(copiedPerSec, maxRatePerSec ?? Infinity) * copiedSecondsOf(settings);
}
