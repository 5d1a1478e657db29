import { describe, expect, test } from 'vitest';
import { createReadStatesWorkload } from '../../replay/generate-read-states.ts';
import { createPopulation, zipfExponent } from '../../replay/read-states-population.ts';
import { READ_STATES_KEY, READ_STATES_ROUTES } from '../../replay/read-states-routes.ts';
import type { WorkloadRequest } from '../../replay/workload.ts';
import { createRandom } from '../../src/kit/random.ts';
import { createIdentifier } from '../../src/proxy/identify/identify.ts';

const OPTIONS = { seed: 42, ratePerSec: 500, users: 300, channels: 5000 };

function take(count: number, options = OPTIONS): WorkloadRequest[] {
  const workload = createReadStatesWorkload(options);
  return Array.from({ length: count }, () => workload.next().value as WorkloadRequest);
}

function bodyOf(item: WorkloadRequest): Record<string, unknown> {
  return JSON.parse(Buffer.from(item.request.body ?? []).toString()) as Record<string, unknown>;
}

describe('the Read States workload', () => {
  const requests = take(20_000);
  const ending = (suffix: string): WorkloadRequest[] =>
    requests.filter(({ request }) => request.target.endsWith(suffix));

  test('is the same for the same seed and another for another', () => {
    expect(take(500)).toEqual(requests.slice(0, 500));
    expect(take(500, { ...OPTIONS, seed: 43 })).not.toEqual(requests.slice(0, 500));
  });

  test('keeps its rate on average, in order, with bursts', () => {
    const lastUs = requests.at(-1)!.atUs;
    expect(requests.length / (lastUs / 1e6)).toBeGreaterThan(450);
    expect(requests.length / (lastUs / 1e6)).toBeLessThan(550);
    const times = requests.map((item) => item.atUs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const inBursts = requests.filter((item) => item.atUs % 10_000_000 < 500_000).length;
    expect(inBursts / requests.length).toBeGreaterThan(0.08);
  });

  test('says of each request what its routes say: route, keys, safe or not', () => {
    const identifier = createIdentifier(READ_STATES_ROUTES, READ_STATES_KEY);
    const routes = new Set<string>();
    for (const { request, keys, isSafe } of requests) {
      const { method, target, headers, body } = request;
      const identity = identifier.identify(method, target, headers, body);
      expect(identity.route.settings).not.toBeNull();
      expect(identity.keys).toEqual(keys);
      expect(identity.isSafe).toBe(isSafe);
      expect(identity.isMirroredWrite).toBe(!isSafe);
      routes.add(identity.route.name);
    }
    expect(routes.size).toBe(READ_STATES_ROUTES.length);
  });

  test('carries what shows a lost fraction and exchanged fields', () => {
    const pins = ending('/pins/ack').map((item) => String(bodyOf(item)['timestamp']));
    expect(pins.length).toBeGreaterThan(100);
    for (const pin of pins) expect(pin).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.(?!000)\d{3}Z$/);
    const manual = ending('/ack')
      .filter((item) => item.request.target.includes('/messages/'))
      .map(bodyOf)
      .filter((body) => body['manual'] === true);
    expect(manual.length).toBeGreaterThan(500);
    for (const body of manual) expect(body['mention_count']).not.toBe(body['flags']);
  });

  test('stays within the ranges of the API', () => {
    for (const item of requests) {
      for (const [id] of item.request.target.matchAll(/\d{6,}/g)) {
        expect(id).toMatch(/^[1-9]\d{0,18}$/);
      }
    }
    const sizes = (list: WorkloadRequest[], field: string): number[] =>
      list.map((item) => (bodyOf(item)[field] as unknown[]).length);
    expect(Math.max(...sizes(ending('/query'), 'ids'))).toBe(50);
    expect(Math.max(...sizes(ending('/ack-bulk'), 'read_states'))).toBe(100);
    expect(Math.max(...sizes(ending('/mentions'), 'user_ids'))).toBeLessThanOrEqual(100);
  });

  test.each([
    [1e5, 0.658],
    [1e6, 0.759],
    [1e7, 0.819],
    [1e8, 0.86],
  ])('gives the hundred most popular of %d channels 8 %% of the reads', (channels, exponent) => {
    expect(zipfExponent(channels)).toBeCloseTo(exponent, 2);
  });

  test('has users with a median of fifty channels, and one with thousands', () => {
    const random = createRandom(1);
    const options = { users: 1001, channels: 20_000, celebrityChannels: 5000 };
    const population = createPopulation(random, options);
    const sizes = Array.from({ length: 1001 }, (_, user) => population.channelsOf(user).length);
    expect(sizes[0]).toBe(5000);
    const median = sizes.toSorted((a, b) => a - b)[500]!;
    expect(median).toBeGreaterThan(40);
    expect(median).toBeLessThan(60);
    expect(new Set(population.channelsOf(7)).size).toBe(sizes[7]);
  });
});
