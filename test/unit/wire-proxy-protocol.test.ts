import { describe, expect, it } from 'vitest';
import { parseProxyHeader } from '../../src/wire/proxy-protocol.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

function parseText(text: string): ReturnType<typeof parseProxyHeader> {
  return parseProxyHeader(Buffer.from(text, 'latin1'));
}

function binary(command: number, family: number, body: Buffer): Buffer {
  const head = Buffer.from([command, family, body.length >> 8, body.length & 255]);
  return Buffer.concat([SIGNATURE, head, body]);
}

/** Source, target, ports. */
const V4 = Buffer.from([192, 0, 2, 1, 192, 0, 2, 9, 18, 103, 1, 187]);
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000009', 'hex'),
  Buffer.from([18, 103, 1, 187]),
]);

describe('version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n', '192.0.2.1'],
    ['PROXY TCP6 2001:db8::1 2001:db8::9 0 65535\r\n', '2001:db8::1'],
    ['PROXY UNKNOWN\r\n', null],
    ['PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', null],
  ])('reads %j', (line, address) => {
    expect(parseText(`${line}GET`)).toEqual({ address, end: line.length });
    for (let length = 0; length < line.length; length += 1) {
      expect(parseText(line.slice(0, length))).toBeNull();
    }
  });

  it.each([
    'GET / HTTP/1.1\r\n',
    'proxy TCP4',
    'PROXY TCP4 192.0.2.1 192.0.2.9 4711\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\n',
    'PROXY TCP4  192.0.2.1 192.0.2.9 4711 443\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.9 4711 65536\r\n',
    'PROXY TCP4 192.0.2.256 192.0.2.9 4711 443\r\n',
    'PROXY TCP4 2001:db8::1 2001:db8::9 4711 443\r\n',
    'PROXY TCP6 192.0.2.1 192.0.2.9 4711 443\r\n',
    'PROXY TCP5 192.0.2.1 192.0.2.9 4711 443\r\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`,
  ])('refuses %j', (line) => expect(parseText(line)).toBe('malformed'));
});

describe('version 2', () => {
  it.each([
    ['IPv4', binary(0x21, 0x11, V4), '192.0.2.1'],
    ['IPv4 with additions', binary(0x21, 0x11, Buffer.concat([V4, Buffer.alloc(40)])), '192.0.2.1'],
    ['IPv6', binary(0x21, 0x21, V6), '2001:db8::1'],
    ['no address', binary(0x21, 0x00, Buffer.alloc(0)), null],
    ['a socket of the machine', binary(0x21, 0x31, Buffer.alloc(216)), null],
    ['LOCAL', binary(0x20, 0x11, V4), null],
  ])('reads %s', (_, bytes, address) => {
    const behind = Buffer.concat([bytes, Buffer.from('GET')]);
    expect(parseProxyHeader(behind)).toEqual({ address, end: bytes.length });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(parseProxyHeader(bytes.subarray(0, length))).toBeNull();
    }
  });

  it.each([
    ['another version', binary(0x11, 0x11, V4)],
    ['another command', binary(0x22, 0x11, V4)],
    ['datagrams', binary(0x21, 0x12, V4)],
    ['too few bytes for IPv4', binary(0x21, 0x11, V4.subarray(1))],
    ['too few bytes for IPv6', binary(0x21, 0x21, V6.subarray(1))],
    ['more additions than anybody sends', binary(0x21, 0x11, Buffer.alloc(5000))],
    ['a signature that goes wrong', Buffer.from('\r\n\r\n\0\r\nQUIX', 'latin1')],
  ])('refuses %s', (_, bytes) => expect(parseProxyHeader(bytes)).toBe('malformed'));
});
