/**
 * Reads what a side's process says of itself in Prometheus text: memory, CPU, collections. A
 * side that does not answer is no error: there is then no new sample.
 */
import type { Clock } from '../kit/clock.ts';
import { LIMITS } from '../kit/limits.ts';
import type { CollectorReading } from '../model/collector.ts';
import type { ProcessReading } from '../model/process-reading.ts';
import type { Settings } from '../model/settings.ts';

/** One reading. Counters are totals since that process began; null where not exposed. */
export interface RuntimeSample extends ProcessReading {
  /** Garbage collections so far; null where it tells of none. */
  readonly collector: CollectorReading | null;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{([^}]*)\})?\s+(\S+)/;

/** Sums of each metric's series by its name; comments and lines it cannot read are left out. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    const value = match === null ? Number.NaN : Number(match[3]);
    if (match === null || !Number.isFinite(value)) continue;
    sums.set(match[1]!, (sums.get(match[1]!) ?? 0) + value);
  }
  return sums;
}

/** The metrics every client library names alike; collections as Node, Go or the JVM tell them. */
export function toSample(text: string, atMs: number): RuntimeSample {
  const metrics = parseMetrics(text);
  return {
    atMs,
    residentBytes: metrics.get('process_resident_memory_bytes') ?? null,
    cpuSeconds: metrics.get('process_cpu_seconds_total') ?? null,
    cacheEntries: metrics.get('crossfade_cache_entries') ?? null,
    cacheCapacity: metrics.get('crossfade_cache_capacity_entries') ?? null,
    collector: collectorOf(text, metrics, atMs),
  };
}

/** Families with a count and a sum of seconds by kind, and the label that names the kind. */
const FAMILIES: readonly (readonly [name: string, label: RegExp])[] = [
  ['nodejs_gc_duration_seconds', /\bkind="([^"]*)"/],
  ['jvm_gc_collection_seconds', /\bgc="([^"]*)"/],
  ['jvm_gc_pause_seconds', /\baction="([^"]*)"/],
  ['jvm_gc_duration_seconds', /\bjvm_gc_name="([^"]*)"/],
];

function collectorOf(
  text: string,
  metrics: ReadonlyMap<string, number>,
  atMs: number,
): CollectorReading | null {
  const cycles = metrics.get('go_gc_duration_seconds_count');
  if (cycles !== undefined) {
    const endS = metrics.get('go_memstats_last_gc_time_seconds') ?? 0;
    // Its sum is of the two short stops of the world alone: a cycle delays requests for longer.
    const kinds = { cycle: { count: cycles, pausedMs: null } };
    return { atMs, kinds, lastEndMs: endS > 0 ? endS * 1000 : null };
  }
  for (const [name, label] of FAMILIES) {
    const counts = seriesBy(text, `${name}_count`, label);
    const sums = seriesBy(text, `${name}_sum`, label);
    if (counts.size === 0) continue;
    const kinds = [...counts].map(([kind, count]) => {
      const seconds = sums.get(kind);
      return [kind, { count, pausedMs: seconds === undefined ? null : 1000 * seconds }] as const;
    });
    return { atMs, kinds: Object.fromEntries(kinds), lastEndMs: null };
  }
  return null;
}

/** Sums of one metric's series by a label; those without it are of kind `collection`. */
function seriesBy(text: string, name: string, label: RegExp): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue;
    const match = LINE.exec(line);
    const value = match === null ? Number.NaN : Number(match[3]);
    if (match?.[1] !== name || !Number.isFinite(value)) continue;
    const kind = label.exec(match[2] ?? '')?.[1] ?? 'collection';
    sums.set(kind, (sums.get(kind) ?? 0) + value);
  }
  return sums;
}

export interface MetricsPoller {
  /** The newest sample; null before the first, or when it is older than ten periods. */
  latest(): RuntimeSample | null;
  close(): void;
}

export interface MetricsPollerOptions {
  /** Null polls nothing: there is never a sample. */
  readonly url: string | null;
  readonly clock: Clock;
  readonly periodMs?: number;
  /** How the text is fetched; within one period, else it is given up. */
  readonly read?: (url: string, signal: AbortSignal) => Promise<string>;
}

/** Reads `url` once a period, one reading at a time. */
export function createMetricsPoller(options: MetricsPollerOptions): MetricsPoller {
  const { url, clock, periodMs = 1000, read = readText } = options;
  let newest: RuntimeSample | null = null;
  let isReading = false;
  const poll = async (address: string): Promise<void> => {
    if (isReading) return;
    isReading = true;
    try {
      const text = await read(address, AbortSignal.timeout(periodMs));
      newest = toSample(text, clock.wallMs());
    } catch {
      // A side that is down or has no metrics gives no sample; the gate says that it waits.
      newest = isStale(newest) ? null : newest;
    } finally {
      isReading = false;
    }
  };
  const isStale = (sample: RuntimeSample | null): boolean =>
    sample !== null && clock.wallMs() - sample.atMs > 10 * periodMs;
  const stop = url === null ? () => {} : clock.every(periodMs, () => void poll(url));
  return { latest: () => (isStale(newest) ? null : newest), close: stop };
}

/** Both sides' newest samples: what the rollout reads memory and CPU from. */
export interface ResourcePoller {
  legacy(): RuntimeSample | null;
  candidate(): RuntimeSample | null;
  close(): void;
}

/** Polls the metrics of both sides, where their addresses are configured. */
export function createResourcePoller(
  settings: Pick<Settings, 'legacy' | 'candidate'>,
  clock: Clock,
): ResourcePoller {
  const legacy = createMetricsPoller({ url: settings.legacy.metricsUrl, clock });
  const candidate = createMetricsPoller({ url: settings.candidate.metricsUrl, clock });
  return {
    legacy: () => legacy.latest(),
    candidate: () => candidate.latest(),
    close: () => {
      legacy.close();
      candidate.close();
    },
  };
}

async function readText(url: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, { signal, redirect: 'manual' });
  const text = await answer.text();
  if (!answer.ok || text.length > LIMITS.metricsPageMaxChars)
    throw new Error(`status ${answer.status}`);
  return text;
}
