import type { Random } from '../kit/random.ts';
import type { Collector } from './collector.ts';
import { heapMb } from './heaps.ts';
import type { ModelSettings } from './settings.ts';

/** A collection that one request pays for, by chance; it takes a time between the two. */
export interface MinorCollection {
  /** Share of the requests. */
  readonly ratio: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A minor collection as the published program has it: so seldom, and so long. */
export const BEAM_MINOR: MinorCollection = { ratio: 1 / 200, fromMs: 0.05, toMs: 0.2 };

/**
 * Full sweeps on a timer, and minor collections by chance. Each user's process has its own heap
 * and is swept when it next runs after its time has come: one after the other, and nothing else
 * runs meanwhile, as on a machine of one scheduler. The users' times are spread evenly.
 */
export function createBeamCollector(settings: ModelSettings, random: Random): Collector {
  const { heaps, costMsPerMb, periodMs } = settings;
  const { users } = heaps;
  // A ring in the order of their times: whoever has been swept is the last to be swept again.
  const dueMs = Float64Array.from({ length: users }, (_, user) => ((user + 1) / users) * periodMs);
  let next = 0;
  let collections = 0;
  let longestMs = 0;
  return {
    finishMs(startMs, workMs) {
      let endMs = startMs + workMs;
      if (random.next() < BEAM_MINOR.ratio) {
        endMs += BEAM_MINOR.fromMs + random.next() * (BEAM_MINOR.toMs - BEAM_MINOR.fromMs);
      }
      while (startMs > dueMs[next]!) {
        const sweepMs = costMsPerMb * heapMb(heaps, next, startMs);
        endMs += sweepMs;
        collections += 1;
        longestMs = Math.max(longestMs, sweepMs);
        dueMs[next] = startMs + periodMs;
        next = (next + 1) % users;
      }
      return endMs;
    },
    get collections() {
      return collections;
    },
    get longestMs() {
      return longestMs;
    },
  };
}
