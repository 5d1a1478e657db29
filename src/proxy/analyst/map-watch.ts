/** Ends a process of maps that hangs with nobody left to kill it. */
import { workerData } from 'node:worker_threads';
import { LIMITS } from '../../kit/limits.ts';

const busy = workerData as Int32Array<SharedArrayBuffer>;
const CHECK_MS = 1000;
let busyChecks = 0;

setInterval(() => {
  busyChecks = Atomics.load(busy, 0) === 1 ? busyChecks + 1 : 0;
  if (busyChecks * CHECK_MS > 2 * LIMITS.mapLoadMaxMs) process.kill(process.pid, 'SIGKILL');
}, CHECK_MS);
