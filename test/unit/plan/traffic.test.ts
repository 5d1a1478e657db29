import { expect, test } from 'vitest';
import { createRandom, logNormal } from '../../../src/kit/random.ts';
import { ASSUMED_TRAFFIC, trafficOf } from '../../../src/plan/traffic.ts';
import type { RecordedPair } from '../../../src/recording/format.ts';
import { settled } from '../../support/configurations.ts';

function pairs(
  count: number,
  latencyUs: (() => number) | null,
  times: number | null = null,
): AsyncIterable<RecordedPair> {
  const all = Array.from({ length: count }, (_, i): RecordedPair => {
    const isWrite = i % 4 === 0;
    const legacyUs = latencyUs?.() ?? 0;
    return {
      route: 'as it was called then',
      keys: [],
      liveSide: 'legacy',
      atUs: i,
      request: {
        method: isWrite ? 'POST' : 'GET',
        target: i % 4 === 1 ? '/a' : '/b',
        headers: [],
        body: null,
      },
      legacy:
        latencyUs === null
          ? null
          : { outcome: 'answered', answer: null, latencyUs: legacyUs, serviceUs: 1 },
      candidate:
        times === null
          ? null
          : { outcome: 'answered', answer: null, latencyUs: times * legacyUs, serviceUs: 1 },
    };
  });
  return (async function* each() {
    yield* all;
  })();
}

test('a mix is that of what both sides would get, under the routes of today', async () => {
  const traffic = await trafficOf(pairs(400, null), settled('routes: [{ match: GET /a }]'));
  expect(traffic.pairsRatio).toBe(0.75);
  expect([...traffic.routeRatios!]).toEqual([
    ['GET /a', expect.closeTo(1 / 3, 9)],
    ['GET other', expect.closeTo(2 / 3, 9)],
  ]);
  expect(traffic.shape).toBe(ASSUMED_TRAFFIC.shape);
});

test('only the routes that are mirrored count', async () => {
  const text = 'routes: [{ match: GET /a }]\nmirror: { routes: [GET /a] }';
  const traffic = await trafficOf(pairs(400, null), settled(text));
  expect(traffic.pairsRatio).toBe(0.25);
});

test('latencies are those of legacy, and how steep they are comes out again', async () => {
  const random = createRandom(1);
  const { shape } = await trafficOf(
    pairs(20_000, () => logNormal(random, 2000, 0.8)),
    settled(''),
  );
  expect(shape.source).toBe('latencies of 20,000 recorded answers');
  expect(shape.slopeAt(0.99) / (ASSUMED_TRAFFIC.shape.slopeAt(0.99) * 1.6)).toBeCloseTo(1, 0);
});

test('ratios are those within pairs of which both sides have answered', async () => {
  const random = createRandom(2);
  const latencyUs = (): number => logNormal(random, 20_000, 0.8);
  const { ratios } = await trafficOf(pairs(2000, latencyUs, 1.25), settled(''));
  expect(ratios!.valueUs(0.5)! / 1250).toBeCloseTo(1, 2);
  expect(ratios!.valueUs(0.99)! / 1250).toBeCloseTo(1, 2);
  const alone = await trafficOf(pairs(2000, latencyUs), settled(''));
  expect(alone.ratios).toBeNull();
});

test('a recording of nothing says nothing', async () => {
  expect(await trafficOf(pairs(0, null), settled(''))).toBe(ASSUMED_TRAFFIC);
});
