/**
 * A side of the proxy trial, as cheap as one can be, so that the proxy is what saturates: answers
 * every request with the same kilobyte of JSON and counts. In: `count` from its parent. Out: its
 * port first, then the requests since the last asking.
 */
import { type AddressInfo, createServer } from 'node:net';
import { ANSWER_BODY } from './isolation-side.ts';

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n' +
  `Content-Length: ${ANSWER_BODY.length}\r\n\r\n`;
const ANSWER = Buffer.concat([Buffer.from(HEAD), ANSWER_BODY]);
const HEAD_END = Buffer.from('\r\n\r\n');

let count = 0;
const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer | null = null;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(HEAD_END); end >= 0; end = bytes.indexOf(HEAD_END)) {
      bytes = bytes.subarray(end + HEAD_END.length);
      count += 1;
      socket.write(ANSWER);
    }
    rest = bytes.length === 0 ? null : bytes;
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.on('message', () => {
  process.send?.(count);
  count = 0;
});
process.on('disconnect', () => process.exit());
