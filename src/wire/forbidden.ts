/** Where a shadow's copies may never go, whatever a name has come to mean. */
import { isIP } from 'node:net';
import { isLinkLocal } from './host.ts';
import type { Resolved } from './resolve.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = /^(?:127\.|::1$)/;
const UNSPECIFIED = /^(?:0\.0\.0\.0|::)$/;

/** Why no copy may go to the address; null when one may. */
export function whyForbidden(
  address: string,
  port: number,
  { isDeclared }: Resolved,
  own: readonly Address[],
): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (isLinkLocal(isIP(plain) === 6 ? `[${plain}]` : plain)) return 'a link-local address';
  if (UNSPECIFIED.test(plain)) return 'no address of a host';
  if (!isDeclared && LOOPBACK.test(plain)) return 'this machine, behind a name';
  const isOwn = own.some((each) => each.port === port && isSameHost(each.host, plain));
  return isOwn ? "the proxy's own address" : null;
}

function isSameHost(host: string, address: string): boolean {
  if (host === address || UNSPECIFIED.test(host)) return true;
  return host === 'localhost' && LOOPBACK.test(address);
}
