import type { Server } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * Resolves when `server` has taken the connections that waited for it: a whole turn of the event
 * loop has brought none, or `maxMs` have passed. A listening socket that is closed with
 * connections in its queue resets them, so whoever closes the last one waits for this.
 */
export async function takeQueue(server: Server, maxMs: number): Promise<void> {
  const endsAtMs = performance.now() + maxMs;
  let taken = 0;
  const count = (): void => {
    taken += 1;
  };
  server.on('connection', count);
  let before = -1;
  while (taken !== before && performance.now() < endsAtMs) {
    before = taken;
    // From one check phase to the next: every turn looks at the socket between them.
    await turn();
    await turn();
  }
  server.off('connection', count);
}
