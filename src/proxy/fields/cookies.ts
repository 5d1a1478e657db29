/**
 * Cookies where the sides do not share their sessions: what the candidate sets is kept in the
 * client under names of its own. So legacy's cookies stay what they were, and a client that is
 * rolled back is as it was before the canary. Neither side is ever sent the other's.
 */
import type { Side } from '../../model/exchange.ts';

const PREFIX = 'xf-c.';
/** Prefixes that browsers hold to; they must stay in front. Source: RFC 6265bis, section 4.1.3. */
const SECURE_PREFIX = /^(__Host-|__Secure-)/;

/** A Set-Cookie value of this side as the client gets it. */
export function toClient(side: Side, value: string): string {
  return side === 'legacy' ? value : renamed(value, (name) => PREFIX + name);
}

/** A Cookie value of the client as this side gets it; '' when none of its cookies is the side's. */
export function toSide(side: Side, value: string): string {
  const own: string[] = [];
  for (const part of value.split(';')) {
    const pair = part.trim();
    const bare = pair.replace(SECURE_PREFIX, '');
    if (bare.startsWith(PREFIX) !== (side === 'candidate')) continue;
    own.push(side === 'legacy' ? pair : renamed(pair, (name) => name.slice(PREFIX.length)));
  }
  return own.join('; ');
}

/**
 * Renames the cookie that the value begins with. One without a `=` has no name, and all of it is
 * its value. Source: RFC 6265bis, section 5.7.
 */
function renamed(value: string, rename: (name: string) => string): string {
  const semicolon = value.indexOf(';');
  const end = semicolon === -1 ? value.length : semicolon;
  const equals = value.indexOf('=');
  if (equals <= 0 || equals > end) {
    return `${rename('')}=${value.slice(equals === 0 ? 1 : 0)}`;
  }
  const prefix = SECURE_PREFIX.exec(value)?.[0] ?? '';
  const rest = value.slice(prefix.length);
  const at = equals - prefix.length;
  const name = rename(rest.slice(0, at));
  // What had no name is sent as it was set.
  return name === '' && prefix === '' ? rest.slice(at + 1) : prefix + name + rest.slice(at);
}
