import { spawnReadStates } from '../../src/read-states/spawn.ts';

// A parent to be killed: starts a server on the store given, says where it is, and waits.
const server = await spawnReadStates({ engine: 'slab', store: process.argv[2]!, capacity: 100 });
await server.ready;
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`);
await server.exited;
