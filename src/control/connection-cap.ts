/**
 * Keeps the control API within reach of whoever comes next: with more connections than a few tools
 * have, the oldest that asks nothing is closed for each new one.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Closes connections of the server beyond `connectionsMax`, idle ones first, the oldest first. */
export function capConnections(server: Server, connectionsMax: number): void {
  /** Oldest first; whether a request of it is being answered. */
  const open = new Map<Socket, boolean>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, false);
    socket.once('close', () => open.delete(socket));
    if (open.size <= connectionsMax) return;
    const idle = open.entries().find(([, isBusy]) => !isBusy)![0];
    // Where all are at work the newest is itself the first idle one.
    const first = idle === socket ? open.keys().next().value! : idle;
    open.delete(first);
    first.destroy();
  });
  server.on('request', ({ socket }, response: ServerResponse) => {
    if (!open.has(socket)) return;
    open.set(socket, true);
    response.once('close', () => {
      if (open.has(socket)) open.set(socket, false);
    });
  });
}
