/** Time, passed in wherever it matters so that tests and simulations can drive it. */
export interface Clock {
  /** Monotonic microseconds, an integer; its origin is the machine's, alike in all processes. */
  nowUs(): number;
  /** Wall clock, milliseconds since 1970. */
  wallMs(): number;
  /** Calls `run` once after `delayMs`; the answer cancels it. Does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
  /** Calls `run` every `periodMs`; the answer cancels it. Does not keep the process alive. */
  every(periodMs: number, run: () => void): () => void;
}

/** Microseconds from the machine's monotonic clock, shared by all processes of one boot. */
export function monotonicUs(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1000);
}

const bootOffsetUs = monotonicUs() - performance.now() * 1000;

/** The machine's clock. `performance.now` costs no BigInt; the offset makes processes agree. */
export const systemClock: Clock = {
  nowUs: () => Math.floor(bootOffsetUs + performance.now() * 1000),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
