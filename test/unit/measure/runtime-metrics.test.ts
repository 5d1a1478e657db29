import { describe, expect, it } from 'vitest';
import {
  createMetricsPoller,
  parseMetrics,
  toSample,
} from '../../../src/measure/runtime-metrics.ts';
import { createSimulatedClock } from '../../support/simulated-clock.ts';

const TEXT = `# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 5.4e+07
process_cpu_seconds_total 12.5 1700000000000
crossfade_cache_entries 90
crossfade_cache_capacity_entries 100
nodejs_gc_duration_seconds_count{kind="minor"} 7
nodejs_gc_duration_seconds_count{kind="major"} 2
nodejs_gc_duration_seconds_sum{kind="major"} 0.5
odd_label{path="/a b{c}"} 1
broken_line
up NaN
`;

describe('runtime metrics', () => {
  it('are read from Prometheus text, series of one name summed', () => {
    expect(toSample(TEXT, 5)).toEqual({
      atMs: 5,
      residentBytes: 54_000_000,
      cpuSeconds: 12.5,
      cacheEntries: 90,
      cacheCapacity: 100,
      collector: {
        atMs: 5,
        kinds: { minor: { count: 7, pausedMs: null }, major: { count: 2, pausedMs: 500 } },
        lastEndMs: null,
      },
    });
    expect(parseMetrics(TEXT).has('broken_line')).toBe(false);
    expect(parseMetrics(TEXT).has('up')).toBe(false);
  });

  it('are null where a process does not expose them', () => {
    const sample = toSample('go_gc_duration_seconds_count 3\n', 1);
    const collector = {
      atMs: 1,
      kinds: { cycle: { count: 3, pausedMs: null } },
      lastEndMs: null,
    };
    const none = { residentBytes: null, cpuSeconds: null, cacheEntries: null, cacheCapacity: null };
    expect(sample).toEqual({ atMs: 1, ...none, collector });
    expect(toSample('process_cpu_seconds_total 1\n', 1).collector).toBeNull();
  });

  it('tell of Go when its last cycle ended, and of the JVM each collector by its name', () => {
    const go = 'go_gc_duration_seconds_count 3\ngo_memstats_last_gc_time_seconds 1.7e+09\n';
    expect(toSample(go, 1).collector?.lastEndMs).toBe(1.7e12);
    const jvm = `jvm_gc_collection_seconds_count{gc="G1 Young Generation",} 12.0
jvm_gc_collection_seconds_sum{gc="G1 Young Generation",} 0.25
jvm_gc_collection_seconds_count{gc="G1 Old Generation",} 1.0
`;
    expect(toSample(jvm, 1).collector?.kinds).toEqual({
      'G1 Young Generation': { count: 12, pausedMs: 250 },
      'G1 Old Generation': { count: 1, pausedMs: null },
    });
  });

  it('of a side that has gone silent are forgotten, not repeated', async () => {
    const clock = createSimulatedClock();
    let isUp = true;
    const read = (): Promise<string> =>
      isUp ? Promise.resolve(TEXT) : Promise.reject(new Error('down'));
    const poller = createMetricsPoller({ url: 'http://x', clock, read });
    expect(poller.latest()).toBeNull();
    clock.advance(1000);
    await new Promise(setImmediate);
    expect(poller.latest()?.collector?.kinds['minor']?.count).toBe(7);
    isUp = false;
    clock.advance(20_000);
    await new Promise(setImmediate);
    expect(poller.latest()).toBeNull();
    poller.close();
    expect(clock.timerCount).toBe(0);
  });
});
