/** What a person may order of the mirror, and what the event log says of it. Pure. */
import { CrossfadeError, EXIT } from '../kit/errors.ts';
import type { MirrorOrders, MirrorStatus } from '../model/rollout.ts';

/** One order; null leaves a thing as it is. */
export interface MirrorOrder {
  /** `off`: nothing is mirrored and all that is under way ends now. `reset`: as configured. */
  readonly turn: 'on' | 'off' | 'reset' | null;
  /** 0 to 100. */
  readonly percent: number | null;
  readonly maxRatePerSec: number | null;
}

export const NO_ORDERS: MirrorOrders = { pause: '', percent: null, maxRatePerSec: null };

/** The orders with one more. Throws `refused` where it changes nothing. */
export function ordered(
  before: MirrorOrders = NO_ORDERS,
  order: MirrorOrder,
  reason: string,
): MirrorOrders {
  if (order.turn === null && order.percent === null && order.maxRatePerSec === null) {
    throw new CrossfadeError('refused', 'Nothing was ordered of the mirror.', {
      hint: 'Say on, off or reset, or give --percent or --max-rate.',
      exitCode: EXIT.usage,
    });
  }
  const base = order.turn === 'reset' ? NO_ORDERS : before;
  return {
    pause: order.turn === 'off' ? `turned off by a person: ${reason}` : pauseAfter(base, order),
    percent: order.percent ?? base.percent,
    maxRatePerSec: order.maxRatePerSec ?? base.maxRatePerSec,
  };
}

function pauseAfter(base: MirrorOrders, { turn }: MirrorOrder): string {
  return turn === 'on' ? '' : base.pause;
}

/** No more than there is now: that takes effect before it is durable, more only after. */
export function isOnlyLess(order: MirrorOrder, now: MirrorStatus): boolean {
  if (order.turn !== null) return order.turn === 'off';
  const { percent, maxRatePerSec } = order;
  const isFewer = percent === null || percent <= now.percent;
  const isSlower = maxRatePerSec === null || maxRatePerSec <= (now.maxRatePerSec ?? Infinity);
  return isFewer && isSlower;
}

/** What happened, for the event log. */
export function mirrorSentence(order: MirrorOrder, reason: string): string {
  const turns = { on: 'on', off: 'off', reset: 'as configured' };
  const parts = [
    ...(order.turn === null ? [] : [turns[order.turn]]),
    ...(order.percent === null ? [] : [`${order.percent} % of the keys`]),
    ...(order.maxRatePerSec === null ? [] : [`at most ${order.maxRatePerSec} a second`]),
  ];
  return `Mirroring ${parts.join(', ')}: ${reason}`;
}
