import { createRandom, exponentialUs, normal } from '../kit/random.ts';
import { createCollector } from './collector.ts';
import { RunLatencies, type Percentiles } from './percentiles.ts';
import type { ModelSettings } from './settings.ts';
import type { RunWindows } from './windows.ts';

/** The same requests by four clocks, milliseconds. */
export interface Clocks<Each> {
  /** From arrival to answer: what a user waits. */
  readonly open: Each;
  /** The same arrivals and the same work, had there been no collection. */
  readonly calm: Each;
  /** From when a client got round to sending it: what a load test of so many clients reports. */
  readonly closed: Each;
  /** From when the server began: one client, no queue. */
  readonly service: Each;
}

/** One run of the model. */
export interface ModelRun extends Clocks<Percentiles> {
  readonly seed: number;
  readonly durationMs: number;
  /** Full collections, and the longest of them. */
  readonly collections: number;
  readonly longestMs: number;
  /** Share of the requests that the closed loop sent later than they were due. */
  readonly sentLateRatio: number;
}

/** Keeps the collector's chances apart from the traffic's: the same traffic for every runtime. */
const COLLECTOR_SEED = 0x5bd1e995;

/**
 * One run: Poisson arrivals, one queue in order of arrival, one server, a collector. The closed
 * loop is the same run by another clock: `clients` connections of which each waits for its answer;
 * a request that is due while all of them wait is sent when the first is free, and its time is
 * counted only from then.
 * `windows` are told each request too.
 */
export function simulate(settings: ModelSettings, seed: number, windows?: RunWindows): ModelRun {
  const { ratePerSec, serviceMs, deviationMs, requests, clients } = settings;
  const traffic = createRandom(seed);
  const collector = createCollector(settings, createRandom(seed ^ COLLECTOR_SEED));
  const clocks = newClocks();
  /** When each connection is free: request i takes that of request i - clients. */
  const answeredMs = new Float64Array(clients);
  let arrivalMs = 0;
  let freeMs = 0;
  let calmFreeMs = 0;
  let sentLate = 0;
  for (let i = 0; i < requests; i += 1) {
    arrivalMs += exponentialUs(traffic, ratePerSec) / 1000;
    const workMs = Math.max(0, serviceMs + deviationMs * normal(traffic));
    const startMs = Math.max(arrivalMs, freeMs);
    freeMs = collector.finishMs(startMs, workMs);
    calmFreeMs = Math.max(arrivalMs, calmFreeMs) + workMs;
    const sentMs = Math.max(arrivalMs, answeredMs[i % clients]!);
    answeredMs[i % clients] = freeMs;
    if (sentMs > arrivalMs) sentLate += 1;
    windows?.record(arrivalMs, freeMs - arrivalMs, freeMs - sentMs);
    clocks.open.recordMs(freeMs - arrivalMs);
    clocks.calm.recordMs(calmFreeMs - arrivalMs);
    clocks.closed.recordMs(freeMs - sentMs);
    clocks.service.recordMs(freeMs - startMs);
  }
  return {
    seed,
    durationMs: arrivalMs,
    collections: collector.collections,
    longestMs: collector.longestMs,
    sentLateRatio: sentLate / requests,
    open: clocks.open.percentiles(),
    calm: clocks.calm.percentiles(),
    closed: clocks.closed.percentiles(),
    service: clocks.service.percentiles(),
  };
}

function newClocks(): Clocks<RunLatencies> {
  return {
    open: new RunLatencies(),
    calm: new RunLatencies(),
    closed: new RunLatencies(),
    service: new RunLatencies(),
  };
}
