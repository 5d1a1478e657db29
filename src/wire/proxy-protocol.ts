/**
 * The PROXY protocol, versions 1 and 2: who the client is, told by a balancer in front of the
 * connection's own bytes. Source: haproxy.org, proxy-protocol.txt, section 2.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';

export interface ProxyHeader {
  /** The client's address; null where the connection is the balancer's own, or of no such kind. */
  readonly address: string | null;
  /** Offset of the first byte behind the header. */
  readonly end: number;
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const TEXT = Buffer.from('PROXY ', 'latin1');
/** The longest line of version 1, its CRLF included. */
const TEXT_MAX_BYTES = 107;
/** Version, command, family and length behind the signature. */
const BINARY_HEAD_BYTES = 16;
/** Addresses and additions of version 2: far more than balancers send. */
const BINARY_MAX_BYTES = 4096;
const LOCAL = 0x20;
const PROXY = 0x21;

/** The header that `bytes` begin with; null where it is not whole yet. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'malformed' | null {
  if (beginsWith(bytes, SIGNATURE)) return parseBinary(bytes);
  if (beginsWith(bytes, TEXT)) return parseText(bytes);
  return 'malformed';
}

/** True also where there are too few bytes to tell. */
function beginsWith(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function parseText(bytes: Buffer): ProxyHeader | 'malformed' | null {
  const text = bytes.toString('latin1', 0, TEXT_MAX_BYTES);
  const lineEnd = text.indexOf('\n');
  if (lineEnd === -1) return bytes.length >= TEXT_MAX_BYTES ? 'malformed' : null;
  const end = lineEnd + 1;
  const line = text.slice(0, end);
  if (/^PROXY UNKNOWN(?: [\x20-\x7e]*)?\r\n$/.test(line)) return { address: null, end };
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line);
  if (match === null) return 'malformed';
  const [, family, source = '', target = '', sourcePort, targetPort] = match;
  const isAddress = family === '4' ? isIPv4 : isIPv6;
  if (!isAddress(source) || !isAddress(target)) return 'malformed';
  if (Number(sourcePort) > 65_535 || Number(targetPort) > 65_535) return 'malformed';
  return { address: source, end };
}

function parseBinary(bytes: Buffer): ProxyHeader | 'malformed' | null {
  if (bytes.length < BINARY_HEAD_BYTES) return null;
  const command = bytes[12]!;
  const length = bytes.readUInt16BE(14);
  if ((command !== LOCAL && command !== PROXY) || length > BINARY_MAX_BYTES) return 'malformed';
  const end = BINARY_HEAD_BYTES + length;
  if (bytes.length < end) return null;
  if (command === LOCAL) return { address: null, end };
  const family = bytes[13]!;
  switch (family) {
    // Unspecified, and sockets of one machine: no address that would mean anything.
    case 0x00:
    case 0x31:
    case 0x32:
      return { address: null, end };
    case 0x11:
      return length < 12 ? 'malformed' : { address: bytes.subarray(16, 20).join('.'), end };
    case 0x21:
      return length < 36 ? 'malformed' : { address: textOfIPv6(bytes.subarray(16, 32)), end };
    default:
      return 'malformed';
  }
}

function textOfIPv6(bytes: Buffer): string {
  const groups = bytes.toString('hex').match(/.{4}/g)!;
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
