import { formatDuration } from '../kit/units.ts';

/** How long `samples` take at a rate above zero. */
export function timeOf(samples: number, ratePerSec: number): number {
  return Math.ceil((samples / ratePerSec) * 1000);
}

/** A hold of at least so long, as one would write it. */
export function longer(ms: number): string {
  return formatDuration(longerMs(ms));
}

/** The same in milliseconds. */
export function longerMs(ms: number): number {
  for (const [aboveMs, stepMs] of [
    [48 * 3_600_000, 86_400_000],
    [3_600_000, 3_600_000],
    [120_000, 60_000],
  ] as const) {
    if (ms > aboveMs) return Math.ceil(ms / stepMs) * stepMs;
  }
  return Math.ceil(ms / 1000) * 1000;
}
