/** Who the client is and how it came, as the next hop is told; and what a loop looks like. */
import type { RawHeaders } from '../../model/exchange.ts';
import type { Peer } from '../../wire/inbound.ts';
import { classOf, FIELD } from './headers.ts';

/**
 * Adds to `fields` what every leg tells of the client: X-Forwarded-For, -Proto and -Host, and
 * Via. What an untrusted peer said of itself must have been left out before.
 */
export function addForwarded(
  fields: string[],
  came: RawHeaders,
  peer: Peer,
  isTrusted: boolean,
  via: string,
): void {
  const earlier = isTrusted ? valueOf(came, 'x-forwarded-for') : null;
  fields.push('X-Forwarded-For', earlier === null ? peer.address : `${earlier}, ${peer.address}`);
  if (!isTrusted || valueOf(came, 'x-forwarded-proto') === null) {
    fields.push('X-Forwarded-Proto', peer.isTls ? 'https' : 'http');
  }
  if (!isTrusted || valueOf(came, 'x-forwarded-host') === null) {
    const host = valueOf(came, 'host');
    if (host !== null) fields.push('X-Forwarded-Host', host);
  }
  fields.push('Via', via);
}

/** The values of a field joined; null where it is not there. `name` in lower case. */
function valueOf(headers: RawHeaders, name: string): string | null {
  let value: string | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i]!;
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    value = value === null ? headers[i + 1]! : `${value}, ${headers[i + 1]!}`;
  }
  return value;
}

/** The request has passed this very proxy before. Source: RFC 9110, section 7.6.3. */
export function isLoop(headers: RawHeaders, pseudonym: string): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (classOf(headers[i]!) === FIELD.via && headers[i + 1]!.includes(pseudonym)) return true;
  }
  return false;
}
