/** Who may speak to the control API: programs of this machine that hold the token. */
import { createHash, timingSafeEqual } from 'node:crypto';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Whether `host`, a listen address, can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Whether a Host header names this machine's loopback. Anything else comes from a page whose
 * name was made to resolve to us, and is refused before any route.
 */
export function isOwnHost(header: string | undefined, listenHost: string): boolean {
  const match = /^(\[[0-9A-Fa-f:]+\]|[^:[\]]+)(?::\d{1,5})?$/.exec(header ?? '');
  if (match === null) return false;
  const name = match[1]!.toLowerCase();
  return LOOPBACK_NAMES.has(name) || name === listenHost || name === `[${listenHost}]`;
}

/** Whether the Authorization header carries `token`; takes as long whichever part is wrong. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const given = header?.startsWith('Bearer ') === true ? header.slice('Bearer '.length) : '';
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
