/** One thread of a simulation. In: what it is to simulate. Out: climbs, as they end. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../kit/assert.ts';
import { runBlock } from './run-block.ts';
import type { SimulateTask } from './simulate-messages.ts';

assert(parentPort !== null, 'climbs are simulated in a thread');
const port = parentPort;
runBlock(workerData as SimulateTask, (ended) => port.postMessage(ended, []));
