import type { EngineStats, StallCounter } from './engine.ts';
import { COLLECTION_KINDS, type RuntimeWatch } from './runtime.ts';

/** Memory readings of the start, taken around the making and the filling of the engine. */
export interface EngineMemory {
  /** Resident memory that making the engine added, all of it touched. */
  readonly residentBytes: number;
  /** Live memory that making and preloading the engine added. */
  readonly liveBytes: number;
}

export interface MetricsSources {
  /** Fixed labels of this process: engine, store, label. */
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: RuntimeWatch;
  /** Null until the engine is there. */
  readonly stats: EngineStats | null;
  readonly memory: EngineMemory | null;
  readonly startedAtMs: number;
}

type Sample = readonly [labels: string, value: number];

/** Writes families of samples in the Prometheus text format, seconds and bytes. */
class Exposition {
  text = '';

  family(name: string, type: string, help: string, samples: readonly Sample[]): void {
    this.text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const [labels, value] of samples) this.text += `${name}${labels} ${value}\n`;
  }

  gauge(name: string, help: string, value: number): void {
    this.family(name, 'gauge', help, [['', value]]);
  }

  counter(name: string, help: string, value: number): void {
    this.family(name, 'counter', help, [['', value]]);
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return `{${parts.join(',')}}`;
}

/** The Prometheus text of everything known now. Reading it restarts the event-loop maximum. */
export function metricsText(sources: MetricsSources): string {
  const out = new Exposition();
  out.family('crossfade_read_states_info', 'gauge', 'What this process is.', [
    [labelText(sources.labels), 1],
  ]);
  writeProcess(out, sources.runtime, sources.startedAtMs);
  if (sources.stats !== null) writeCache(out, sources.stats, sources.runtime.forced());
  if (sources.memory !== null) {
    const { residentBytes, liveBytes } = sources.memory;
    out.gauge(
      'crossfade_engine_resident_bytes',
      'Resident memory that making the engine added, everything touched.',
      residentBytes,
    );
    out.gauge(
      'crossfade_engine_live_bytes',
      'Live memory that making and preloading the engine added.',
      liveBytes,
    );
  }
  return out.text;
}

function writeProcess(out: Exposition, runtime: RuntimeWatch, startedAtMs: number): void {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  out.gauge('process_resident_memory_bytes', 'Resident memory.', rss);
  out.counter('process_cpu_seconds_total', 'CPU time, user and system.', (user + system) / 1e6);
  out.gauge('process_start_time_seconds', 'Start, since 1970.', startedAtMs / 1000);
  out.gauge('nodejs_heap_size_total_bytes', 'Heap reserved.', heapTotal);
  out.gauge('nodejs_heap_size_used_bytes', 'Heap in use.', heapUsed);
  out.gauge('nodejs_external_memory_bytes', 'Memory that heap objects hold outside.', external);
  out.gauge(
    'nodejs_eventloop_lag_max_seconds',
    'Longest event-loop delay since the last scrape.',
    runtime.takeLoopDelayMaxUs() / 1e6,
  );
  const name = 'nodejs_gc_duration_seconds';
  out.text += `# HELP ${name} Collections by kind.\n# TYPE ${name} summary\n`;
  for (const kind of COLLECTION_KINDS) {
    const { count, totalUs } = runtime.collections(kind);
    out.text += `${name}_sum{kind="${kind}"} ${totalUs / 1e6}\n`;
    out.text += `${name}_count{kind="${kind}"} ${count}\n`;
  }
  out.family(
    'nodejs_gc_duration_max_seconds',
    'gauge',
    'Longest collection by kind.',
    COLLECTION_KINDS.map((kind) => [`{kind="${kind}"}`, runtime.collections(kind).maxUs / 1e6]),
  );
}

function writeCache(out: Exposition, stats: EngineStats, forced: StallCounter): void {
  out.gauge('crossfade_cache_capacity_entries', 'States it can hold.', stats.capacity);
  out.gauge('crossfade_cache_entries', 'States it holds.', stats.entries);
  out.gauge('crossfade_cache_dirty_entries', 'States changed, not yet written.', stats.dirty);
  out.counter('crossfade_cache_hits_total', 'States found in the cache.', stats.hits);
  out.counter('crossfade_cache_misses_total', 'States asked of the store.', stats.misses);
  out.counter('crossfade_cache_evictions_total', 'States evicted.', stats.evictions);
  out.counter('crossfade_store_writes_total', 'States written.', stats.writes);
  out.counter('crossfade_store_write_failures_total', 'Failed writes.', stats.writeFailures);
  out.gauge('crossfade_engine_reserved_bytes', 'Reserved at start.', stats.reservedBytes);
  const stalls: readonly (readonly [string, StallCounter])[] = [
    ['{kind="collection"}', forced],
    ['{kind="rehash"}', stats.rehash],
    ['{kind="flush"}', stats.flush],
  ];
  const pick = (read: (stall: StallCounter) => number): Sample[] =>
    stalls.map(([labels, stall]) => [labels, read(stall)]);
  const what = 'Work that held the event loop: forced collections, rehashing, flushing';
  out.family(
    'crossfade_stalls_total',
    'counter',
    `${what}.`,
    pick((stall) => stall.count),
  );
  out.family(
    'crossfade_stall_seconds_total',
    'counter',
    `${what}; time.`,
    pick((stall) => stall.totalUs / 1e6),
  );
  out.family(
    'crossfade_stall_max_seconds',
    'gauge',
    `${what}; the longest.`,
    pick((stall) => stall.maxUs / 1e6),
  );
}
