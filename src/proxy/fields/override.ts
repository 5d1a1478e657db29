/**
 * The signed field by which a tester chooses the side. Nothing of such a request is evidence;
 * without the secret, and once it has lapsed, the field chooses nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { headerValue, type RawHeaders, type Side, SIDES } from '../../model/exchange.ts';

/** The request field's name. */
export const OVERRIDE_HEADER = 'crossfade-side';
const FORM = /^(legacy|candidate); until=(\d{10}); sig=([0-9a-f]{64})$/;

/** The field's value that chooses `side` until this second of the Unix clock. */
export function signOverride(secret: string, side: Side, untilSec: number): string {
  return `${side}; until=${untilSec}; sig=${signature(secret, side, untilSec)}`;
}

/** The side that the request's field chooses; null without one that holds at `nowMs`. */
export function overrideOf(headers: RawHeaders, secret: string, nowMs: number): Side | null {
  const value = headerValue(headers, OVERRIDE_HEADER);
  if (value === undefined) return null;
  const parts = FORM.exec(value);
  if (parts === null) return null;
  const side = SIDES.find((each) => each === parts[1]);
  const untilSec = Number(parts[2]);
  if (side === undefined || untilSec * 1000 < nowMs) return null;
  const expected = Buffer.from(signature(secret, side, untilSec));
  return timingSafeEqual(expected, Buffer.from(parts[3]!)) ? side : null;
}

function signature(secret: string, side: Side, untilSec: number): string {
  return createHmac('sha256', secret).update(`${side}; until=${untilSec}`).digest('hex');
}
