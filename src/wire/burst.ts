/**
 * What is written to sides within one turn of the event loop goes out together at its end. Under
 * load most of what a write costs is waking the side: one that a turn's first request has woken
 * takes the others without. With one request in a turn nothing waits.
 */

/** Somebody with something to write. */
export interface Writer {
  /** Called once for each time it has joined; it may have nothing to write any more. */
  flush(): void;
}

let waiting: Writer[] = [];
let flushing: Writer[] = [];
let number = 0;

/** Alike for all that is written in this burst, or between the same two; it only grows. */
export function burstNumber(): number {
  return number;
}

/** Flushes the writer at the end of this turn, in the order in which they join. */
export function joinBurst(writer: Writer): void {
  if (waiting.push(writer) === 1) setImmediate(flushAll);
}

function flushAll(): void {
  const due = waiting;
  waiting = flushing;
  flushing = due;
  number += 1;
  for (const writer of due) writer.flush();
  number += 1;
  due.length = 0;
}
