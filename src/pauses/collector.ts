import type { Random } from '../kit/random.ts';
import { createBeamCollector } from './beam.ts';
import { createGoCollector } from './go.ts';
import type { ModelSettings } from './settings.ts';

/** A collector and the server whose time it takes. */
export interface Collector {
  /**
   * When `workMs` of work, begun at `startMs` by a server that is free, is done. Starts never go
   * back.
   */
  finishMs(startMs: number, workMs: number): number;
  /** Full collections so far. */
  readonly collections: number;
  /** The longest of them, milliseconds. */
  readonly longestMs: number;
}

/** The collector of a runtime, before its first collection. `random` is its own. */
export function createCollector(settings: ModelSettings, random: Random): Collector {
  switch (settings.runtime) {
    case 'beam':
      return createBeamCollector(settings, random);
    case 'go':
      return createGoCollector(settings);
    case 'none':
      return {
        finishMs: (startMs, workMs) => startMs + workMs,
        collections: 0,
        longestMs: 0,
      };
  }
}
