/**
 * What the proxy gives up, and in which order, when it runs short of memory or time: comparing,
 * then recording, then mirroring, then kept connections, and only at the very end new clients.
 * In: how full it is, twice a second. Out: a level that the live path reads.
 */
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';

/** Each level gives up what it names and all below it. */
export const OVERLOAD = {
  none: 0,
  /** Unequal pairs are not looked into: not comparable, `overload`. */
  compare: 1,
  record: 2,
  /** No copies: dropped, `overload`. */
  mirror: 3,
  /** Connections are closed after their answer. */
  keepAlive: 4,
  /** New connections are answered 503. */
  accept: 5,
} as const;
export type OverloadLevel = (typeof OVERLOAD)[keyof typeof OVERLOAD];

/** What is given up at each level, for people: it has stopped … */
export const OVERLOAD_NAMES: readonly string[] = [
  'nothing',
  'comparing unequal answers',
  'recording',
  'mirroring',
  'keeping connections open',
  'taking new clients',
];

/** Fullness at which each level begins: 1 is the end. */
const BEGINS_AT: readonly number[] = [0, 0.7, 0.8, 0.9, 0.95, 0.98];
/** A level is left only so far below where it began. */
const HYSTERESIS = 0.05;

/** The level at this fullness, which may be above 1, when it was `before`. */
export function levelAt(fullness: number, before: OverloadLevel): OverloadLevel {
  let level: OverloadLevel = OVERLOAD.none;
  for (const candidate of Object.values(OVERLOAD)) {
    const isHeld = candidate <= before;
    const beginsAt = BEGINS_AT[candidate]! - (isHeld && candidate > 0 ? HYSTERESIS : 0);
    if (fullness >= beginsAt) level = candidate;
  }
  return level;
}

/** The level of one proxy, sampled by its one timer. */
export class Overload {
  readonly #read: () => number;
  readonly #stop: () => void;
  #level: OverloadLevel = OVERLOAD.none;

  /** `read` answers how full the proxy is, 0 to 1 and beyond. */
  constructor(read: () => number, clock: Clock) {
    this.#read = read;
    this.#stop = clock.every(LIMITS.overloadSampleMs, () => this.#sample());
  }

  get level(): OverloadLevel {
    return this.#level;
  }

  close(): void {
    this.#stop();
  }

  #sample(): void {
    this.#level = levelAt(this.#read(), this.#level);
  }
}

/**
 * How full this process is: the worse of its memory (heap and the buffers outside of it, to what
 * the heap may grow to) and of its event loop's delay. A delay counts from two samples in a row,
 * as one long collection is no overload.
 */
export function createFullness(clock: Clock): () => number {
  let sampledUs = clock.nowUs();
  let lateBeforeMs = 0;
  return () => {
    const nowUs = clock.nowUs();
    const lateMs = Math.max(0, (nowUs - sampledUs) / 1000 - LIMITS.overloadSampleMs);
    const lasting = Math.min(lateMs, lateBeforeMs) / LIMITS.overloadDelayMs;
    sampledUs = nowUs;
    lateBeforeMs = lateMs;
    const heap = getHeapStatistics();
    const memory = (heap.used_heap_size + heap.external_memory) / heap.heap_size_limit;
    return Math.max(memory, lasting);
  };
}
