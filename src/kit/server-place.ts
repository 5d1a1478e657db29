/** Whether two URLs mean one server: what can be told of them before anybody is asked. */
import { isIP, SocketAddress } from 'node:net';

/** A server as it is addressed. */
export interface Addressed {
  readonly url: string;
  /** `preserve`: it is sent whatever Host the client sends; `rewrite`: that of `url`. */
  readonly host: 'preserve' | 'rewrite';
}

/** All addresses of this machine that no other machine can reach are one place. */
const LOOPBACK = 'loopback';

/**
 * Where an address leads: equal texts, one machine. An IPv4 address in the clothes of IPv6 counts
 * as what it is, and 127.0.0.0/8, ::1 and the unspecified ones as the same.
 */
export function placeOf(address: string): string {
  if (isIP(address) === 4) return /^(127|0)\./.test(address) ? LOOPBACK : address;
  if (isIP(address) !== 6) return address.toLowerCase();
  const plain = new SocketAddress({ address: address.replace(/%.*/, ''), family: 'ipv6' }).address;
  if (plain === '::1' || plain === '::') return LOOPBACK;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  return mapped === undefined ? plain : placeOf(mapped);
}

/** Host of a URL without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** Port of a URL, its scheme's where it names none. */
export function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/**
 * Whether the same request to either would be the same one, if their addresses are: equal ports
 * and path prefixes, and the same Host. A balancer's one address leads to different servers by
 * these.
 */
export function areAlikeButForAddress(one: Addressed, other: Addressed): boolean {
  if (portOf(one.url) !== portOf(other.url)) return false;
  if (new URL(one.url).pathname !== new URL(other.url).pathname) return false;
  if (one.host !== other.host) return false;
  return one.host === 'preserve' || namedPlace(one.url) === namedPlace(other.url);
}

/** Whether they are one server by what they say alone: no name but localhost is looked up. */
export function areSameByName(one: Addressed, other: Addressed): boolean {
  return areAlikeButForAddress(one, other) && namedPlace(one.url) === namedPlace(other.url);
}

function namedPlace(url: string): string {
  const host = hostOf(url).replace(/\.$/, '');
  const isLocalhost = host === 'localhost' || host.endsWith('.localhost');
  return isLocalhost ? LOOPBACK : placeOf(host);
}
