/**
 * A side of the isolation trial, at the level of bytes: answers 1 KB of JSON after a while, or
 * misbehaves as it is told. In: modes from its parent. Out: answers, or none.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export type SideMode = 'healthy' | 'slow' | 'hung' | 'dead' | 'resetting' | 'endless';

export interface ToSide {
  readonly mode: SideMode;
  /** How long an answer takes. */
  readonly delayMs: number;
}

export interface FromSide {
  readonly port: number;
}

const SLOW_MS = 200;
const HEAD_END = Buffer.from('\r\n\r\n');
/** What every healthy answer holds. */
export const ANSWER_BODY: Buffer = Buffer.from(JSON.stringify({ text: 'x'.repeat(1013) }));
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const ANSWER = Buffer.concat([
  Buffer.from(`${HEAD}Content-Length: ${ANSWER_BODY.length}\r\n\r\n`),
  ANSWER_BODY,
]);
const ENDLESS_HEAD = `${HEAD}Content-Length: ${10 * 1024 ** 3}\r\n\r\n`;
const BLOCK = Buffer.alloc(65_536, 'x');

let mode: SideMode = 'healthy';
let delayMs = 0;
const sockets = new Set<Socket>();

function asked(socket: Socket): void {
  if (mode === 'hung') return;
  if (mode === 'resetting') socket.resetAndDestroy();
  else if (mode === 'endless') pour(socket);
  else answerAfter(socket, mode === 'slow' ? SLOW_MS : delayMs);
}

function answerAfter(socket: Socket, ms: number): void {
  if (ms === 0) socket.write(ANSWER);
  else setTimeout(() => socket.writable && socket.write(ANSWER), ms);
}

function pour(socket: Socket): void {
  const more = (): void => {
    while (socket.writable && socket.write(BLOCK));
  };
  socket.on('drain', more);
  socket.write(ENDLESS_HEAD);
  more();
}

function begin(): Server {
  return createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(HEAD_END); end >= 0; end = bytes.indexOf(HEAD_END)) {
        bytes = bytes.subarray(end + HEAD_END.length);
        asked(socket);
      }
      rest = bytes;
    });
  });
}

const server = begin();

/** Dead: nobody listens, nothing is open. Any other mode begins with new connections alone. */
function become(next: ToSide, port: number): void {
  const hasChanged = next.mode !== mode;
  mode = next.mode;
  delayMs = next.delayMs;
  if (hasChanged && mode !== 'slow') for (const socket of sockets) socket.destroy();
  if (mode === 'dead') server.close();
  else if (!server.listening) server.listen(port, '127.0.0.1');
}

// Only as a process of its own; the trial takes the body of the answers from here.
if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.on('message', (message: ToSide) => {
      become(message, port);
      process.send?.({ port } satisfies FromSide);
    });
    process.send?.({ port } satisfies FromSide);
  });
  process.on('disconnect', () => process.exit());
}
