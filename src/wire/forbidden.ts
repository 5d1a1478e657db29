/** Where a shadow's copies may never go, whatever a name has come to mean. */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Resolved } from './resolve.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

const UNSPECIFIED = new BlockList();
UNSPECIFIED.addSubnet('0.0.0.0', 8, 'ipv4');
UNSPECIFIED.addAddress('::', 'ipv6');

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Why no copy may go to the address; null when one may. */
export function whyForbidden(
  address: string,
  port: number,
  { isDeclared }: Resolved,
  own: readonly Address[],
): string | null {
  if (isIn(LINK_LOCAL, address)) return 'a link-local address';
  if (isIn(UNSPECIFIED, address)) return 'no address of a host';
  if (!isDeclared && isIn(LOOPBACK, address)) return 'this machine, behind a name';
  const isOwn = own.some((each) => each.port === port && isServedBy(each.host, address));
  return isOwn ? "the proxy's own address" : null;
}

/** An IPv4 address in the clothes of IPv6 counts as what it is. */
function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Who listens on `host` can be reached at the address. */
function isServedBy(host: string, address: string): boolean {
  const kind = isIP(host);
  // A name may stand for any address of this machine; so does the one that means all of them.
  if (kind === 0 || isIn(UNSPECIFIED, host)) return isOfThisMachine(address);
  const served = new BlockList();
  served.addAddress(host, kind === 6 ? 'ipv6' : 'ipv4');
  return isIn(served, address);
}

function isOfThisMachine(address: string): boolean {
  if (isIn(LOOPBACK, address)) return true;
  const own = new BlockList();
  for (const each of Object.values(networkInterfaces()).flat()) {
    if (each !== undefined) own.addAddress(each.address, each.family === 'IPv6' ? 'ipv6' : 'ipv4');
  }
  return isIn(own, address);
}
