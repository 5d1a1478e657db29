/** Shadows that misbehave, at the level of bytes, each in its own way. */
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface RawShadow {
  readonly url: string;
  readonly port: number;
  /** Connections open now, and ever. */
  readonly open: () => number;
  readonly opened: () => number;
  /** Requests whose head has come whole. */
  readonly asked: () => number;
  /** Most bytes of an answer that one connection has taken. */
  readonly mostTaken: () => number;
  /** Reads whatever has come: one that does not read does not see that it was left either. */
  wake(): void;
  close(): Promise<void>;
}

export interface Misbehaviour {
  /** A connection is there, nothing read of it yet. */
  connected?(socket: Socket): void;
  /** A request's head has come whole. */
  asked?(socket: Socket): void;
}

export async function startShadow(how: Misbehaviour, port = 0): Promise<RawShadow> {
  const sockets = new Set<Socket>();
  let opened = 0;
  let asked = 0;
  let mostTaken = 0;
  const server = createServer((socket) => {
    opened += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      mostTaken = Math.max(mostTaken, socket.bytesWritten - socket.writableLength);
    });
    if (how.connected !== undefined) how.connected(socket);
    if (how.asked === undefined) return;
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      head = '';
      asked += 1;
      how.asked?.(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    open: () => sockets.size,
    opened: () => opened,
    asked: () => asked,
    mostTaken: () => mostTaken,
    wake: () => {
      for (const socket of sockets) socket.resume();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Writes the text again and again for as long as it is taken. */
function pour(socket: Socket, text: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(text, 'latin1'));
  };
  socket.on('drain', more);
  more();
}

/** A byte every so often, until the connection is closed. */
function drip(socket: Socket, everyMs: number): void {
  const timer = setInterval(() => socket.write('x'), everyMs);
  socket.once('close', () => clearInterval(timer));
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
const KIB = 'x'.repeat(1024);
const TEN_GIB = 10 * 1024 ** 3;

/** What a shadow may do to us, by the name of it. */
export const MISBEHAVIOURS: Readonly<Record<string, Misbehaviour>> = {
  'never reads': { connected: (socket) => void socket.pause() },
  'reads and never answers': { asked: () => undefined },
  'hangs in the middle of the head': { asked: (socket) => void socket.write(`${HEAD}X-Half`) },
  'hangs in the middle of the body': {
    asked: (socket) => void socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`),
  },
  'answers a byte at a time for ever': {
    asked: (socket) => {
      socket.write(`${HEAD}Content-Length: 10000\r\n\r\n`);
      drip(socket, 20);
    },
  },
  'resets at connect': { connected: (socket) => void socket.resetAndDestroy() },
  'resets after the request': { asked: (socket) => void socket.resetAndDestroy() },
  'resets in the middle of the head': {
    asked: (socket) => void socket.write(`${HEAD}X-Half`, () => socket.resetAndDestroy()),
  },
  'resets in the middle of the body': {
    asked: (socket) =>
      void socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`, () => socket.resetAndDestroy()),
  },
  'resets after its answer': {
    asked: (socket) =>
      void socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`, () => socket.resetAndDestroy()),
  },
  'answers 10 GiB': {
    asked: (socket) => {
      socket.write(`${HEAD}Content-Length: ${TEN_GIB}\r\n\r\n`);
      pour(socket, KIB.repeat(64));
    },
  },
  'answers chunks without end': {
    asked: (socket) => {
      socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
      pour(socket, `400\r\n${KIB}\r\n`.repeat(64));
    },
  },
  'answers until it closes, and never closes': {
    asked: (socket) => {
      socket.write(`${HEAD}\r\n`);
      pour(socket, KIB.repeat(64));
    },
  },
  'sends interim answers without end': {
    asked: (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nX-N: 1\r\n\r\n'.repeat(500)),
  },
  'sends trailers without end': {
    asked: (socket) => {
      socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n`);
      pour(socket, 'X-Trailer: 1\r\n'.repeat(1000));
    },
  },
  'answers 500 to everything': {
    asked: (socket) =>
      void socket.write('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno'),
  },
  'answers 429 with Retry-After': {
    asked: (socket) =>
      void socket.write(
        'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno',
      ),
  },
  'answers what is no HTTP': { asked: (socket) => void socket.write('SSH-2.0-OpenSSH\r\n') },
};
