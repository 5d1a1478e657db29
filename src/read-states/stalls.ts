import type { StallCounter } from './engine.ts';

/** Counts how often one kind of work held the event loop, for how long in total and at worst. */
export class Stalls implements StallCounter {
  count = 0;
  totalUs = 0;
  maxUs = 0;

  add(us: number): void {
    this.count += 1;
    this.totalUs += us;
    if (us > this.maxUs) this.maxUs = us;
  }

  /** The counts as they are now, not changing any more. */
  read(): StallCounter {
    return { count: this.count, totalUs: this.totalUs, maxUs: this.maxUs };
  }
}
