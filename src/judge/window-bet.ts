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
  /** Windows whose difference was larger than the stake covers. */
  readonly clipped: number;
}

export const NO_BET: WindowBet = {
  windows: 0,
  sum: 0,
  squares: 0,
  lnWorse: 0,
  clipped: 0,
};

/**
 * With one more window: `difference` of the shares over the threshold, candidate less legacy, in
 * units of the scale, which is fixed before; clipped to -1 to 1. The stake depends on earlier
 * windows alone. Source: Waudby-Smith and Ramdas 2024, predictable plug-in bets.
 */
export function addToBet(bet: WindowBet, difference: number, alpha: number): WindowBet {
  const next = { ...bet };
  betOn(next, difference, stakeFor(alpha));
  return next;
}

/** How much is staked, so that a candidate that is worse is found soonest at `alpha`. */
export function stakeFor(alpha: number): number {
  return 2 * Math.log(2 / alpha);
}

/** As `addToBet`, in place; `tuned` by {@link stakeFor}. */
export function betOn(bet: MutableBet, difference: number, tuned: number): void {
  const y = Math.min(1, Math.max(-1, difference));
  const w = bet.windows + 1;
  const variance = (0.25 + bet.squares) / w;
  const stake = Math.min(0.5, Math.sqrt(tuned / (variance * w * Math.log(1 + w))));
  bet.windows = w;
  bet.sum += y;
  bet.squares += (y - bet.sum / (w + 1)) ** 2;
  bet.lnWorse += Math.log1p(stake * y);
  if (y !== difference) bet.clipped += 1;
}

export type MutableBet = { -readonly [K in keyof WindowBet]: WindowBet[K] };
