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
nodejs_gc_duration_seconds_count{kind="minor"} 7
nodejs_gc_duration_seconds_count{kind="major"} 2
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
      collections: 9,
    });
    expect(parseMetrics(TEXT).has('broken_line')).toBe(false);
    expect(parseMetrics(TEXT).has('up')).toBe(false);
  });

  it('are null where a process does not expose them', () => {
    const sample = toSample('go_gc_duration_seconds_count 3\n', 1);
    expect(sample).toEqual({ atMs: 1, residentBytes: null, cpuSeconds: null, collections: 3 });
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
    expect(poller.latest()?.collections).toBe(9);
    isUp = false;
    clock.advance(20_000);
    await new Promise(setImmediate);
    expect(poller.latest()).toBeNull();
    poller.close();
    expect(clock.timerCount).toBe(0);
  });
});
