import type { Collector } from './collector.ts';
import { allHeapsMb } from './heaps.ts';
import type { ModelSettings } from './settings.ts';

/**
 * What a cycle of Go's collector does to the rest of the process. Both stops are of one collection
 * of 8.4 GB. Source: golang/go#16293; gcBackgroundUtilization in the runtime's mgcpacer.go.
 */
export const GO_CYCLE = {
  /** The world stands still at the beginning and at the end. */
  firstStopMs: 0.12,
  lastStopMs: 0.51,
  /** Between them marking takes so much of the processor from the requests. */
  markShare: 0.25,
} as const;

/** How long one cycle takes, milliseconds, from the first stop to the last. */
export function goCycleMs(settings: ModelSettings, atMs: number): number {
  const { firstStopMs, lastStopMs } = GO_CYCLE;
  return firstStopMs + settings.costMsPerMb * allHeapsMb(settings.heaps, atMs) + lastStopMs;
}

/**
 * One heap, collected when there has been no collection for a period: the timer of two minutes,
 * in a service that makes little garbage. The world stops twice for less than a millisecond; in
 * between marking takes a part of the processor, and requests take longer. One that is being
 * served lives through all of that.
 */
export function createGoCollector(settings: ModelSettings): Collector {
  const { periodMs } = settings;
  const { firstStopMs, lastStopMs, markShare } = GO_CYCLE;
  const speed = 1 - markShare;
  let number = 1;
  let startsMs = periodMs;
  let endsMs = startsMs + goCycleMs(settings, startsMs);
  let collections = 0;
  let longestMs = 0;

  function enter(): void {
    collections = number;
    longestMs = Math.max(longestMs, endsMs - startsMs);
  }

  function leave(): void {
    enter();
    number += 1;
    startsMs = endsMs + periodMs;
    endsMs = startsMs + goCycleMs(settings, startsMs);
  }

  return {
    finishMs(startMs, workMs) {
      let nowMs = startMs;
      let leftMs = workMs;
      for (;;) {
        while (endsMs <= nowMs) leave();
        if (nowMs + leftMs <= startsMs) return nowMs + leftMs;
        if (nowMs < startsMs) {
          leftMs -= startsMs - nowMs;
          nowMs = startsMs;
        }
        enter();
        nowMs = Math.max(nowMs, startsMs + firstStopMs);
        const markedMs = endsMs - lastStopMs;
        if (nowMs < markedMs) {
          const doneMs = nowMs + leftMs / speed;
          if (doneMs <= markedMs) return doneMs;
          leftMs -= (markedMs - nowMs) * speed;
        }
        nowMs = endsMs;
      }
    },
    get collections() {
      return collections;
    },
    get longestMs() {
      return longestMs;
    },
  };
}
