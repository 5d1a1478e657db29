import type { EngineKind } from './create-engine.ts';
import type { Flaw } from './flaws.ts';

export const ENGINES: readonly EngineKind[] = ['legacy', 'slab'];

/** Everything the server's process is told; it travels as JSON. */
export interface ServerOptions {
  readonly engine: EngineKind;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** `memory`, `sqlite:FILE` or `cassandra://HOST/KEYSPACE`. */
  readonly store: string;
  /** States the cache holds. */
  readonly capacity: number;
  /** How long a change waits before it is written, unless it is evicted before. */
  readonly commitDelayMs: number;
  /** A full collection is forced this often; 0 for never. */
  readonly gcPeriodMs: number;
  readonly flaws: readonly Flaw[];
  /** The flaws strike only from the first SIGUSR2 on: a build that breaks while it serves. */
  readonly areFlawsOnSignal: boolean;
  /** States loaded before it is ready; see preload.ts. */
  readonly preload: number;
  /** Seeds preloaded states, and whom a flaw strikes. */
  readonly seed: number;
  /** How long a stopping server tries to write what is dirty. */
  readonly flushMaxMs: number;
  /** Name of the build, shown in metrics. */
  readonly label: string;
}

/** What the server's process tells the one that started it. */
export type ServerMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint: string | null;
      readonly exitCode: number;
    };

/** Go's runtime forces a collection after two minutes without one: the story's legacy. */
const LEGACY_GC_PERIOD_MS = 120_000;

/** All options of a server, from those given; the rest as `crossfade read-states` has them. */
export function completeOptions(
  given: Partial<ServerOptions> & { readonly engine: EngineKind },
): ServerOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    store: 'memory',
    capacity: 500_000,
    commitDelayMs: 30_000,
    gcPeriodMs: given.engine === 'legacy' ? LEGACY_GC_PERIOD_MS : 0,
    flaws: [],
    areFlawsOnSignal: false,
    preload: 0,
    seed: 1,
    flushMaxMs: 30_000,
    label: '',
    ...given,
  };
}
