import { once } from 'node:events';
import { systemClock } from '../../src/kit/clock.ts';
import { openReadStateStore } from '../../src/read-states/open-store.ts';

/** A process that opens the store named by its argument, says so, and holds it until killed. */
await openReadStateStore(process.argv[2] ?? '', systemClock);
process.stdout.write('open\n');
process.stdin.resume();
await once(process.stdin, 'end');
