/**
 * Betting on windows: what counts is by how much the candidate is worse, where a sign test sees
 * only in how many windows. One window is one observation, however bursty. Pure.
 */

/** A few numbers that go on from window to window. */
export interface WindowBet {
  readonly windows: number;
  readonly sum: number;
  /** Squares about the means as they were. */
  readonly squares: number;
  /** ln of what a bet on a worse candidate has become. */
  readonly lnWorse: number;
}

export const NO_BET: WindowBet = {
  windows: 0,
  sum: 0,
  squares: 0,
  lnWorse: 0,
};

/** What the stake is tuned by, so that a worse candidate is found soonest at `alpha`. */
export function tuningFor(alpha: number): number {
  return 2 * Math.log(2 / alpha);
}

/**
 * Adds one more window: `difference` of the shares over the threshold, candidate less legacy, in
 * units of the scale, which is fixed before; clipped to -1 to 1. The stake depends on earlier
 * windows alone; `tuning` by {@link tuningFor}.
 * Source: Waudby-Smith and Ramdas 2024, predictable plug-in bets.
 */
export function betOn(bet: MutableBet, difference: number, tuning: number): void {
  const y = Math.min(1, Math.max(-1, difference));
  const w = bet.windows + 1;
  const variance = (0.25 + bet.squares) / w;
  const stake = Math.min(0.5, Math.sqrt(tuning / (variance * w * Math.log(1 + w))));
  bet.windows = w;
  bet.sum += y;
  bet.squares += (y - bet.sum / (w + 1)) ** 2;
  bet.lnWorse += Math.log1p(stake * y);
}

export type MutableBet = { -readonly [K in keyof WindowBet]: WindowBet[K] };
