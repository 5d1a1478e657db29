/** Imported before the analyst thread: breaks the thread when a target asks for it. */
import { parentPort } from 'node:worker_threads';
import type { ToAnalyst } from '../../src/proxy/analyst/analyst-messages.ts';

parentPort!.on('message', (message: ToAnalyst) => {
  if (message.kind !== 'items') return;
  for (const { pair } of message.items) {
    if (pair.request.target === '/crash') process.exit(7);
    if (pair.request.target === '/hang') hang();
    if (pair.request.target === '/exhaust') exhaust();
  }
});

function hang(): never {
  for (;;) Math.random();
}

function exhaust(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
}
