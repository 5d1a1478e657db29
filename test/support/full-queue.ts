/**
 * A port whose queue of connections is full: its process listens and does not accept. The kernel
 * drops what comes then, as a host behind a wall does.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

const BACKLOG = 1;

/** Fills the queue of the port until a connection is not accepted any more. */
async function fill(port: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    // The kernel takes those of this machine at once, or drops them.
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 200)),
    ]);
    if (!isTaken) return sockets;
  }
}

/** The port, and its end. After `blockedMs`, or never, it accepts and answers `ok`. */
export async function startFullQueue(blockedMs: number = Infinity): Promise<{
  readonly url: string;
  close(): Promise<void>;
}> {
  const child = fork(import.meta.filename, [String(blockedMs)]);
  const [port] = (await once(child, 'message')) as [number];
  const sockets = await fill(port);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

if (import.meta.main) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, () => {
    process.send?.((server.address() as AddressInfo).port, () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.argv[2]));
    });
  });
}
