import { LIMITS } from '../kit/limits.ts';
import { THRESHOLDS, thresholdsBelow } from '../kit/threshold-grid.ts';
import type { GateSettings } from '../model/settings.ts';
import type { PartedCounts } from '../model/window.ts';

/**
 * Pairs of which one side alone was over a threshold, for every threshold at once and for one
 * margin: legacy's latency counts `margin` times. One pair is two additions.
 */
export class PartedTally {
  readonly #margin: number;
  /** What each threshold has more than the one before it. */
  readonly #more = new Int32Array(THRESHOLDS + 1);
  readonly #less = new Int32Array(THRESHOLDS + 1);

  constructor(margin: number) {
    this.#margin = margin;
  }

  add(legacyUs: number, candidateUs: number): void {
    const legacy = thresholdsBelow(legacyUs * this.#margin);
    const candidate = thresholdsBelow(candidateUs);
    if (legacy === candidate) return;
    const [tally, from, to] =
      candidate > legacy ? [this.#more, legacy, candidate] : [this.#less, candidate, legacy];
    tally[from]! += 1;
    tally[to]! -= 1;
  }

  /** What was added since the last call. */
  take(): PartedCounts {
    const counts = {
      margin: this.#margin,
      more: sparse(this.#more),
      less: sparse(this.#less),
    };
    this.#more.fill(0);
    this.#less.fill(0);
    return counts;
  }
}

function sparse(tally: Int32Array): readonly number[] {
  const counts: number[] = [];
  for (const [index, count] of tally.entries()) if (count !== 0) counts.push(index, count);
  return counts;
}

/** The margins of gates that pairs apart are told to, each once, within the limit. */
export function marginsOf(gates: readonly GateSettings[]): readonly number[] {
  const margins = gates.filter(({ metric }) => metric === 'latency').map(({ limit }) => limit);
  return [...new Set(margins)].slice(0, LIMITS.pairMarginsMax);
}
