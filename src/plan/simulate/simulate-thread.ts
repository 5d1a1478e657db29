/** One thread of a simulation. In: what it is to simulate. Out: climbs, candidate by candidate. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../kit/assert.ts';
import { runBlock } from './run-block.ts';
import type { SimulatedBlock, SimulateTask } from './simulate-messages.ts';

assert(parentPort !== null, 'climbs are simulated in a thread');
const { world, injections, from, to } = workerData as SimulateTask;
for (const [i, injection] of injections.entries()) {
  const block: SimulatedBlock = {
    injection: i,
    from,
    climbs: runBlock(world, injection, from, to),
  };
  parentPort.postMessage(block, []);
}
