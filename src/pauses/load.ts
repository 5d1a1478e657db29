import { BEAM_MINOR } from './beam.ts';
import { GO_CYCLE, goCycleMs } from './go.ts';
import { allHeapsMb } from './heaps.ts';
import type { ModelSettings } from './settings.ts';

/** What keeps the server busy, as shares of its time, 0 and up. */
export interface Load {
  /** Requests alone: the utilisation. */
  readonly requestsRatio: number;
  /** Collections, at the end of the run, when heaps that grow are largest. */
  readonly collectionsRatio: number;
}

/** How busy the server is. At 1 and above, both together, the queue grows without end. */
export function loadOf(settings: ModelSettings): Load {
  const { runtime, ratePerSec, serviceMs, requests } = settings;
  const endMs = (requests / ratePerSec) * 1000;
  const requestsRatio = (ratePerSec * serviceMs) / 1000;
  switch (runtime) {
    case 'none':
      return { requestsRatio, collectionsRatio: 0 };
    case 'beam': {
      const minorMs = BEAM_MINOR.ratio * ((BEAM_MINOR.fromMs + BEAM_MINOR.toMs) / 2);
      const sweepsMs = settings.costMsPerMb * allHeapsMb(settings.heaps, endMs);
      const collectionsRatio = (ratePerSec * minorMs) / 1000 + sweepsMs / settings.periodMs;
      return { requestsRatio, collectionsRatio };
    }
    case 'go': {
      const cycleMs = goCycleMs(settings, endMs);
      const stopsMs = GO_CYCLE.firstStopMs + GO_CYCLE.lastStopMs;
      const takenMs = stopsMs + (cycleMs - stopsMs) * GO_CYCLE.markShare;
      return { requestsRatio, collectionsRatio: takenMs / (settings.periodMs + cycleMs) };
    }
  }
}
