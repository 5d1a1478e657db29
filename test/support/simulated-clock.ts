import type { Clock } from '../../src/kit/clock.ts';

export interface SimulatedClock extends Clock {
  /** Moves time on by `ms`, running what falls due in order, each at its own moment. */
  advance(ms: number): void;
  /** Timers that wait: none should be left when everything is stopped. */
  readonly timerCount: number;
}

interface Timer {
  readonly id: number;
  dueUs: number;
  /** 0 when it runs once. */
  readonly periodUs: number;
  readonly run: () => void;
}

/** A clock that stands still until it is advanced; the wall and the monotonic time go together. */
export function createSimulatedClock(startMs = 1_700_000_000_000): SimulatedClock {
  const timers = new Map<number, Timer>();
  let elapsedUs = 0;
  let nextId = 1;

  function add(delayMs: number, periodMs: number, run: () => void): () => void {
    const id = nextId;
    nextId += 1;
    const dueUs = elapsedUs + Math.max(0, Math.round(delayMs * 1000));
    timers.set(id, { id, dueUs, periodUs: Math.round(periodMs * 1000), run });
    return () => void timers.delete(id);
  }

  /** The timer due first, the older of two that are due together; none when later than `endUs`. */
  function nextDue(endUs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers.values()) {
      if (timer.dueUs > endUs) continue;
      if (first === undefined || timer.dueUs < first.dueUs) first = timer;
    }
    return first;
  }

  return {
    nowUs: () => elapsedUs,
    wallMs: () => startMs + Math.floor(elapsedUs / 1000),
    after: (delayMs, run) => add(delayMs, 0, run),
    every: (periodMs, run) => add(periodMs, Math.max(periodMs, 0.001), run),
    advance(ms) {
      const endUs = elapsedUs + Math.round(ms * 1000);
      for (let timer = nextDue(endUs); timer !== undefined; timer = nextDue(endUs)) {
        elapsedUs = Math.max(elapsedUs, timer.dueUs);
        if (timer.periodUs > 0) timer.dueUs += timer.periodUs;
        else timers.delete(timer.id);
        timer.run();
      }
      elapsedUs = endUs;
    },
    get timerCount() {
      return timers.size;
    },
  };
}
