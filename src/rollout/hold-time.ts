/**
 * How much of a step's time counts for its hold: minutes in which both sides were judged. Those of
 * low traffic, of an outage, of a wrong split do not, and neither do seconds in which the proxy
 * itself stalled; pauses and the time without a proxy are no part of a step at all. Pure.
 * Whether the candidate is good is no matter here: what it fails is for the gates.
 */
import { LIMITS } from '../kit/limits.ts';
import { formatAbout } from '../kit/units.ts';

/** Why time does not count. */
export type LostReason = 'low traffic' | 'outage' | 'wrong split' | 'proxy stalled';

/** The step's time so far. */
export interface HoldState {
  /** Of whole minutes; milliseconds. */
  readonly countedMs: number;
  readonly lostMs: Readonly<Partial<Record<LostReason, number>>>;
  /** The minute that is not over. */
  readonly open: HoldSpan;
}

/** What one stretch of judged time saw. */
export interface HoldSpan {
  readonly spanMs: number;
  /** Of it, with a stalled proxy, and with keys that were not split as they should be. */
  readonly stalledMs: number;
  readonly splitMs: number;
  /** Pairs whose two legs have ended, and those of them of which a leg had failed. */
  readonly pairs: number;
  readonly failed: number;
}

const NO_SPAN: HoldSpan = { spanMs: 0, stalledMs: 0, splitMs: 0, pairs: 0, failed: 0 };

export const NO_HOLD: HoldState = { countedMs: 0, lostMs: {}, open: NO_SPAN };

/** Share of a step's hold that must count. Source: 3.9 of the statistics page. */
export const COUNTED_MIN = 0.9;

const MINUTE_MS = 60_000;
/** A minute in which more of the pairs failed than this is one of an outage. */
const OUTAGE_RATIO = 0.5;
/** Less than that lost is not worth a word. */
const SHOWN_MIN_MS = 5000;

/** With one more stretch of the step's time. */
export function withSpan({ countedMs, lostMs, open }: HoldState, more: HoldSpan): HoldState {
  const minute: HoldSpan = {
    spanMs: open.spanMs + more.spanMs,
    stalledMs: open.stalledMs + more.stalledMs,
    splitMs: open.splitMs + more.splitMs,
    pairs: open.pairs + more.pairs,
    failed: open.failed + more.failed,
  };
  if (minute.spanMs < MINUTE_MS) return { countedMs, lostMs, open: minute };
  const { counted, lost } = weigh(minute);
  return { countedMs: countedMs + counted, lostMs: addLost(lostMs, lost), open: NO_SPAN };
}

/** What counts, the open minute as it looks so far. Milliseconds. */
export function countedOf({ countedMs, open }: HoldState): number {
  return countedMs + weigh(open).counted;
}

/** Why time was lost: `12 min do not count: low traffic 10 min, outage 2 min`; '' for little. */
export function lostText({ lostMs, open }: HoldState): string {
  const lost = Object.entries(addLost(lostMs, weigh(open).lost)).sort(([, a], [, b]) => b - a);
  const all = lost.reduce((sum, [, ms]) => sum + ms, 0);
  if (all < SHOWN_MIN_MS) return '';
  const each = lost.map(([reason, ms]) => `${reason} ${formatAbout(ms)}`).join(', ');
  return `${formatAbout(all)} did not count: ${each}`;
}

interface Weighed {
  readonly counted: number;
  readonly lost: HoldState['lostMs'];
}

function weigh({ spanMs, stalledMs, splitMs, pairs, failed }: HoldSpan): Weighed {
  if (spanMs === 0) return { counted: 0, lost: {} };
  if (failed > OUTAGE_RATIO * pairs) return { counted: 0, lost: { outage: spanMs } };
  if (pairs * MINUTE_MS < LIMITS.holdPairsPerMinMin * spanMs) {
    return { counted: 0, lost: { 'low traffic': spanMs } };
  }
  const split = Math.min(spanMs, splitMs);
  const stalled = Math.min(spanMs - split, stalledMs);
  return {
    counted: spanMs - split - stalled,
    lost: {
      ...(split > 0 && { 'wrong split': split }),
      ...(stalled > 0 && { 'proxy stalled': stalled }),
    },
  };
}

function addLost(a: HoldState['lostMs'], b: HoldState['lostMs']): Record<string, number> {
  const sum: Record<string, number> = { ...a };
  for (const [reason, ms] of Object.entries(b)) sum[reason] = (sum[reason] ?? 0) + ms;
  return sum;
}
