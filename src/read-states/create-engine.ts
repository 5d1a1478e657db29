import { randomInt } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { CachedEngine } from './cached-engine.ts';
import type { ReadStatesEngine } from './engine.ts';
import { LegacyCache } from './legacy/legacy-cache.ts';
import { SlabCache } from './slab/slab-cache.ts';
import type { ReadStateStore } from './store.ts';

export type EngineKind = 'legacy' | 'slab';

export interface EngineOptions {
  /** Entries, 1 to 2^24-1. The slab reserves and touches its memory for all of them at once. */
  readonly capacity: number;
  readonly store: ReadStateStore;
  /** How long after its first change a state is written; 0 for at once. */
  readonly commitDelayMs: number;
  readonly clock: Clock;
  /** States changed and not yet written at most; beyond it updates are refused. */
  readonly dirtyMax: number;
}

/** An engine over `store`, which it does not close. Both kinds answer every call alike. */
export function createEngine(kind: EngineKind, options: EngineOptions): ReadStatesEngine {
  if (kind === 'legacy') {
    return new CachedEngine(new LegacyCache(options.capacity, options.clock), options);
  }
  // Clients choose ids: with a seed of its own no process can be made to collide on purpose.
  return new CachedEngine(new SlabCache(options.capacity, randomInt(2 ** 32)), options);
}
