/** Peers that are believed what they say of others. */
import { BlockList, isIP } from 'node:net';

/** Tells whether a hop's X-Forwarded-* and Forwarded fields, and its PROXY header, are believed. */
export type TrustsHop = (address: string) => boolean;

/** From addresses and CIDR blocks, as the configuration has checked them. */
export function createTrust(hops: readonly string[]): TrustsHop {
  if (hops.length === 0) return () => false;
  const blocks = new BlockList();
  for (const hop of hops) {
    const [address = '', bits] = hop.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) blocks.addAddress(address, family);
    else blocks.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    return blocks.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}
