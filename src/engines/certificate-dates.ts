/** When the data port's certificate is valid, and what a person should know of that. */
import { CrossfadeError } from '../kit/errors.ts';
import type { TlsListenSettings } from '../model/settings.ts';

const DAY_MS = 86_400_000;
/** Renewals are mostly due a month before the end: by then one has failed. */
const WARNED_DAYS = 14;

/** A sentence where clients refuse the certificate at `nowMs`, or soon will; null else. */
export function certificateWarning(tls: TlsListenSettings | null, nowMs: number): string | null {
  if (tls === null) return null;
  const { certPath, validFromMs, validUntilMs } = tls;
  if (nowMs < validFromMs) {
    return `the certificate ${certPath} is not valid before ${dateOf(validFromMs)}`;
  }
  const renew = 'renew it, then crossfade reload';
  if (nowMs > validUntilMs) {
    return `the certificate ${certPath} has expired on ${dateOf(validUntilMs)}: ${renew}`;
  }
  const days = Math.floor((validUntilMs - nowMs) / DAY_MS);
  if (days >= WARNED_DAYS) return null;
  const end = dateOf(validUntilMs);
  return `the certificate ${certPath} expires on ${end}, in ${days} days: ${renew}`;
}

/**
 * Throws `config-invalid` where `next` would bring a certificate that has expired in place of
 * another one.
 */
export function refuseExpired(
  served: TlsListenSettings | null,
  next: TlsListenSettings | null,
  nowMs: number,
): void {
  if (next === null || nowMs <= next.validUntilMs) return;
  if (served?.validUntilMs === next.validUntilMs) return;
  const { certPath, validUntilMs } = next;
  throw new CrossfadeError(
    'config-invalid',
    `not reloaded: the certificate ${certPath} has expired on ${dateOf(validUntilMs)}`,
    { hint: 'put a valid one there, with its key; the one that was read before is still served' },
  );
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
