import { LatencyHistogram } from '../measure/latency.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';

/** One window of a run, [startMs, endMs) by arrival, with at least one request. */
export interface ModelWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly requests: number;
  readonly open: Percentiles;
  readonly closed: Percentiles;
}

/** Cuts a run into windows, by the arrival of its requests. */
export class RunWindows {
  readonly #windowMs: number;
  readonly #open = new LatencyHistogram(3);
  readonly #closed = new LatencyHistogram(3);
  readonly #windows: ModelWindow[] = [];
  #endMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#endMs = windowMs;
  }

  /** Requests come in the order of their arrival. */
  record(arrivalMs: number, openMs: number, closedMs: number): void {
    while (arrivalMs >= this.#endMs) this.#close();
    this.#open.record(Math.round(openMs * 1000));
    this.#closed.record(Math.round(closedMs * 1000));
  }

  /** All of them. The run has ended: the last may be shorter than the others. */
  finish(): readonly ModelWindow[] {
    this.#close();
    return this.#windows;
  }

  #close(): void {
    const requests = this.#open.count;
    if (requests > 0) {
      this.#windows.push({
        startMs: this.#endMs - this.#windowMs,
        endMs: this.#endMs,
        requests,
        open: percentilesOf(this.#open),
        closed: percentilesOf(this.#closed),
      });
    }
    this.#open.reset();
    this.#closed.reset();
    this.#endMs += this.#windowMs;
  }
}
