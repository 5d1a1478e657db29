/** A name server over UDP, as wrong as it is told to be. Source: RFC 1035, section 4. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** An IPv4 address; 'servfail' refuses to say; 'silence' says nothing. */
export type NameAnswer = string;

export interface NameServer {
  /** `ADDRESS:PORT`. */
  readonly address: string;
  /** Questions for IPv4 addresses so far. */
  readonly asked: () => number;
  close(): Promise<void>;
}

const HEAD_BYTES = 12;
const TYPE_A = 1;
const RESPONSE = 0x8180;
const SERVFAIL = 2;

/** Answers the n-th question for an IPv4 address, from 0, as told; knows no other addresses. */
export async function startNameServer(answer: (n: number) => NameAnswer): Promise<NameServer> {
  let asked = 0;
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    let end = HEAD_BYTES;
    while (query[end] !== 0) end += query[end]! + 1;
    const question = query.subarray(HEAD_BYTES, end + 5);
    const isAddress = query.readUInt16BE(end + 1) === TYPE_A;
    const said = isAddress ? answer(asked) : answer(Math.max(0, asked - 1));
    if (isAddress) asked += 1;
    if (said === 'silence') return;
    const head = Buffer.alloc(HEAD_BYTES);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(RESPONSE | (said === 'servfail' ? SERVFAIL : 0), 2);
    head.writeUInt16BE(1, 4);
    const isKnown = isAddress && said !== 'servfail';
    head.writeUInt16BE(isKnown ? 1 : 0, 6);
    const record = Buffer.from([0xc0, HEAD_BYTES, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
    const address = Buffer.from(isKnown ? said.split('.').map(Number) : []);
    socket.send(Buffer.concat([head, question, ...(isKnown ? [record, address] : [])]), from.port);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked: () => asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
