/**
 * Keeps the process in which maps of the user's own run, for somebody who waits for its answers
 * and cannot look at messages meanwhile. Never runs any of it: it is always there to be told.
 */
import { fork } from 'node:child_process';
import { workerData } from 'node:worker_threads';
import { entryPath } from '../../kit/entry.ts';
import { LIMITS } from '../../kit/limits.ts';
import type { FromMapThread, MapThreadStart, ToMapThread } from './map-messages.ts';

const { port, signal } = workerData as MapThreadStart;
const open = new Set<number>();
const child = fork(entryPath(import.meta.url, './map-process'), {
  execArgv: [...process.execArgv, `--max-old-space-size=${LIMITS.mapHeapMaxMib}`],
  // Nothing of ours is told: what the proxy has in its environment may be secret.
  env: {},
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  serialization: 'advanced',
});

function tell(message: FromMapThread): void {
  open.delete(message.id);
  port.postMessage(message);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

function lose(why: string): void {
  for (const id of open) tell({ kind: 'failed', id, why, isLost: true });
}

child.on('message', (message: FromMapThread) => tell(message));
child.on('error', (error) => lose(`its process failed: ${error.message}`));
child.on('exit', (code, name) => lose(`its process ended (${name ?? `code ${code}`})`));

port.on('message', (message: ToMapThread) => {
  if (message.kind === 'end') {
    child.kill('SIGKILL');
    port.close();
    return;
  }
  open.add(message.id);
  if (child.connected) child.send(message);
  else lose('its process has ended');
});
