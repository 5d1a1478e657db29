import { describe, expect, test } from 'vitest';
import { parseGate } from '../../src/config/gates.ts';
import { parseSettings } from '../../src/config/load.ts';

function parse(text: string) {
  const refusals: string[] = [];
  return { gate: parseGate(text, (message) => refusals.push(message)), refusals };
}

describe('a gate', () => {
  test.each([
    ['mismatch.rate < 0.001%', 'mismatch.rate', null, '<', 0.00001, 'rollback'],
    ['errors.excess<0.0001', 'errors.excess', null, '<', 0.0001, 'rollback'],
    ['errors.ratio < 2', 'errors.ratio', null, '<', 2, 'rollback'],
    ['latency.p99.9.ratio < 1.10', 'latency', 0.999, '<', 1.1, 'rollback'],
    ['latency.p50.ratio < 1', 'latency', 0.5, '<', 1, 'rollback'],
    ['latency.p99.99.ratio < 1.2', 'latency', 0.9999, '<', 1.2, 'rollback'],
    ['latency.p99.9 < 50ms', 'latency.limit', 0.999, '<', 50_000, 'rollback'],
    ['latency.p50 < 800us', 'latency.limit', 0.5, '<', 800, 'rollback'],
    ['latency.paired.p50.ratio < 1.05', 'latency.paired', 0.5, '<', 1.05, 'rollback'],
    ['latency.p99.burn < 10', 'latency.burn', 0.99, '<', 10, 'rollback'],
    ['coverage > 99%', 'coverage', null, '>', 0.99, 'hold'],
    ['memory.ratio < 1.0', 'memory.ratio', null, '<', 1, 'rollback'],
    ['cpu.ratio < 1.0', 'cpu.ratio', null, '<', 1, 'rollback'],
    ['  candidate.spikes =  none ', 'candidate.spikes', null, '=', 0, 'rollback'],
  ])('reads %s', (text, metric, quantile, comparator, limit, onFail) => {
    const { gate } = parse(text);
    expect(gate).toMatchObject({ metric, quantile, comparator, limit, onFail });
  });

  test.each([
    ['latency < 50ms', 'expected latency.pQUANTILE.ratio such as latency.p99.9.ratio'],
    ['latency.p99 < 2', 'expected a time such as 50ms'],
    ['latency.p99 < 0ms', 'expected a time such as 50ms'],
    ['latency.limit < 2ms', 'expected latency.pQUANTILE.ratio'],
    ['latency.paired < 2', 'latency.paired.pQUANTILE.ratio'],
    ['latency.p100.ratio < 2', 'expected latency.pQUANTILE.ratio'],
    ['latency.p0.ratio < 2', 'expected a quantile above p0'],
    ['latency.p99.ratio > 2', 'expected "<" as in'],
    ['coverage < 99%', 'expected ">" as in'],
    ['coverage > 100%', 'expected a share above 0 % and below 100 %'],
    ['mismatch.rate < 0', 'expected a share above 0 %'],
    ['mismatch.rate < many', 'expected a share above 0 %'],
    ['cpu.ratio < -1', 'expected a ratio above 0'],
    ['cpu.ratio < none', 'expected a ratio above 0'],
    ['candidate.spikes = 0', 'expected the word none'],
    ['constructor < 1', 'expected a metric, found "constructor"'],
    ['nothing at all', 'expected a gate such as'],
  ])('refuses %s', (text, refusal) => {
    const { gate, refusals } = parse(text);
    expect(gate).toBeNull();
    expect(refusals).toEqual([expect.stringContaining(refusal)]);
  });

  test('as an object says more than as a text', () => {
    const text = `legacy: { url: http://a }
candidate: { url: http://b }
routes: [{ match: GET /a }]
gates:
  - coverage > 99%
  - { gate: coverage > 9%, route: GET /a, window: 1m, minPairs: 5, alpha: 0.01, onFail: rollback }
`;
    const defaults = { route: null, windowMs: 10_000, minPairs: 1000, alpha: 0.05 };
    expect(parseSettings(text, 'c.yaml', '/').gates).toMatchObject([
      { gate: 'coverage > 99%', onFail: 'hold', ...defaults },
      { route: 'GET /a', windowMs: 60_000, minPairs: 5, alpha: 0.01, onFail: 'rollback' },
    ]);
  });
});
