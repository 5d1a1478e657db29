/**
 * The published program that is quoted for a p99.9 of 96 ms on the BEAM, to the letter, and what
 * was claimed for it. It has no queue: a sweep costs the one request that finds it due, and no
 * request waits for another. Then the same parameters as an open loop.
 */
import { createRandom, exponentialUs, normal, type Random } from '../kit/random.ts';
import { BEAM_MINOR, type MinorCollection } from './beam.ts';
import { type ModelResult, runModel } from './model.ts';
import {
  RunLatencies,
  type Percentiles,
  type PercentileSpread,
  percentileSpread,
  type Spread,
  spreadOf,
} from './percentiles.ts';
import { type ModelSettings, PUBLISHED } from './settings.ts';

/** What was published as its outcome, milliseconds; what is left out was not claimed. */
export const CLAIMED = {
  beam: { p99: 2.42, 'p99.9': 96.21 },
  candidate: { 'p99.9': 2.05 },
  /** p99.9 of the one over the other. */
  times: 47,
  sweeps: 200,
} as const;

/** Anything slower has paid for a sweep; nothing else comes near. */
const SLOW_MS = 50;
const CANDIDATE_MINOR: MinorCollection = { ratio: 1 / 5000, fromMs: 0.05, toMs: 0.4 };

/** One run of the published program. */
export interface PublishedRun {
  readonly beam: Percentiles;
  readonly candidate: Percentiles;
  /** Of the BEAM's: slower than 50 ms, each because of a sweep. */
  readonly slowRequests: number;
}

/** The published program with one seed. */
export function runPublished(seed: number): PublishedRun {
  const random = createRandom(seed);
  const beam = new RunLatencies();
  const candidate = new RunLatencies();
  const sweepMs = PUBLISHED.costMsPerMb * (PUBLISHED.heapBytes / 1e6);
  let clockMs = 0;
  let lastSweepMs = 0;
  let slowRequests = 0;
  for (let i = 0; i < PUBLISHED.requests; i += 1) {
    clockMs += exponentialUs(random, PUBLISHED.ratePerSec) / 1000;
    let latencyMs = published(random, PUBLISHED.beam) + minor(random, BEAM_MINOR);
    if (clockMs - lastSweepMs > PUBLISHED.periodMs) {
      latencyMs += sweepMs;
      lastSweepMs = clockMs;
    }
    if (latencyMs > SLOW_MS) slowRequests += 1;
    beam.recordMs(latencyMs);
    candidate.recordMs(published(random, PUBLISHED.candidate) + minor(random, CANDIDATE_MINOR));
  }
  return { beam: beam.percentiles(), candidate: candidate.percentiles(), slowRequests };
}

function published(random: Random, of: { serviceMs: number; deviationMs: number }): number {
  return of.serviceMs + of.deviationMs * normal(random);
}

function minor(random: Random, of: MinorCollection): number {
  return random.next() < of.ratio ? of.fromMs + random.next() * (of.toMs - of.fromMs) : 0;
}

/** The published program over several seeds, and its parameters as a queue. */
export interface PublishedResult {
  readonly seeds: readonly number[];
  readonly claimed: typeof CLAIMED;
  readonly program: {
    readonly beam: PercentileSpread;
    readonly candidate: PercentileSpread;
    readonly slowRequests: Spread;
    /** p99.9 of the BEAM over that of the candidate. */
    readonly times: Spread;
  };
  /** With the BEAM's service time, and with the candidate's under the same sweeps. */
  readonly queue: ModelResult;
  readonly fasterQueue: ModelResult;
}

/** All of it for the seeds `seed`, `seed + 1`, … `count` of them, at least one. */
export function runAsPublished(
  seed: number,
  count: number,
  onRun?: (done: number) => void,
): PublishedResult {
  const seeds = Array.from({ length: count }, (_, i) => seed + i);
  const runs = seeds.map(runPublished);
  return {
    seeds,
    claimed: CLAIMED,
    program: {
      beam: percentileSpread(runs.map(({ beam }) => beam)),
      candidate: percentileSpread(runs.map(({ candidate }) => candidate)),
      slowRequests: spreadOf(runs.map(({ slowRequests }) => slowRequests)),
      times: spreadOf(runs.map(({ beam, candidate }) => beam['p99.9'] / candidate['p99.9'])),
    },
    queue: runModel(publishedQueue(PUBLISHED.beam), seed, count, onRun),
    fasterQueue: runModel(publishedQueue(PUBLISHED.candidate), seed, count, onRun),
  };
}

/** The parameters of the published program as settings of the model. */
export function publishedQueue(of: {
  readonly serviceMs: number;
  readonly deviationMs: number;
}): ModelSettings {
  const { heapBytes, costMsPerMb, periodMs, ratePerSec, requests } = PUBLISHED;
  return {
    runtime: 'beam',
    heaps: { kind: 'fixed', bytes: heapBytes, users: 1, growthBytesPerHour: 0, ageMs: 0 },
    costMsPerMb,
    periodMs,
    ratePerSec,
    ...of,
    requests,
    clients: 10,
    windowMs: 10_000,
  };
}
