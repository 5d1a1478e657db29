import { afterEach, expect, it } from 'vitest';
import { DEFAULT_UPSTREAM } from '../../src/config/defaults.ts';
import { createRandom, type Random } from '../../src/kit/random.ts';
import { createAnalyst } from '../../src/proxy/analyst/analyst.ts';
import { type Flaws, LEGACY, offersOf } from '../support/noisy-service.ts';
import { identities, startProxy, testRoute, testSettings } from '../support/proxy.ts';
import { startSide, until } from '../support/sides.ts';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** The noisy service on a port; what it is like may be changed while it runs. */
async function service(random: Random, flaws: { of: Flaws }): Promise<string> {
  const side = await startSide((request, response) => {
    const nth = Number(/\d+$/.exec(request.url ?? '')?.[0] ?? 0);
    response.setHeader('content-type', 'application/json');
    response.end(offersOf(nth, random, flaws.of).body);
  });
  open.push(side);
  return side.url;
}

it('takes what a twin shows out of the comparison, on the way through a proxy', async () => {
  const random = createRandom(11);
  const candidate = { of: LEGACY };
  const legacy = await service(random, { of: LEGACY });
  const twin = await service(random, { of: LEGACY });
  const other = await service(random, candidate);
  const routes = [testRoute('GET /offers/:nth')];
  const settings = testSettings(legacy, other, {
    routes,
    twin: { ...DEFAULT_UPSTREAM, url: twin, metricsUrl: null },
    noise: { twinRatio: 1, reaskRatio: 0 },
  });
  const redactKey = Buffer.alloc(32);
  const analyst = createAnalyst({ routes, record: null, redactKey, noiseWorkers: 1 });
  const proxy = await startProxy(settings, 0, { analyst });
  open.push(proxy);
  let sent = 0;
  const send = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1, sent += 1) {
      const answer = await fetch(`${proxy.url}/offers/${sent}`);
      await answer.text();
    }
    await until(() => proxy.traffic().inFlight === 0);
    await analyst.drain();
  };

  await send(400);
  const learned = proxy.proxy.summarize();
  for (const [left, right] of identities(learned.traffic)) expect(left).toBe(right);
  expect(learned.noisy?.arrays).toMatchObject([{ path: '/items', by: ['sku'] }]);
  expect(learned.noisy?.paths.filter(({ verdict }) => verdict === 'noise').length).toBeGreaterThan(
    3,
  );
  expect(learned.traffic.mismatched).toBe(0);
  expect(learned.traffic.ignored).toBeGreaterThan(300);
  expect(learned.traffic.notComparable.learning).toBeLessThan(60);

  // In every other answer one price is wrong: proved within a few hundred pairs, learned or not.
  candidate.of = { ...LEGACY, price: 0.5 };
  await send(300);
  const { traffic, clusters } = proxy.proxy.summarize();
  for (const [left, right] of identities(traffic)) expect(left).toBe(right);
  expect(traffic.mismatched).toBeGreaterThan(30);
  expect(clusters.map(({ path }) => path)).toEqual(['/items/*/price']);

  // Another build is judged anew, against what is known of legacy.
  candidate.of = LEGACY;
  proxy.assign(0, { rollout: 2 });
  await send(50);
  const anew = proxy.proxy.summarize();
  expect(anew.noisy?.routes).toMatchObject([{ judgedPairs: 50, noisePairs: sent }]);
  expect(anew.traffic.mismatched).toBe(traffic.mismatched);
});
