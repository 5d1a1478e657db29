import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { flawedOrdersOf } from '../../examples/orders/candidate.ts';
import { ordersOf, ordersServer } from '../../examples/orders/legacy.ts';
import { loadSettings } from '../../src/config/load.ts';

const CONFIGURATION = fileURLToPath(
  new URL('../../examples/orders/crossfade.yaml', import.meta.url),
);

describe('the orders example', () => {
  it('has a configuration that loads, with a key and a ladder to 100 %', () => {
    const settings = loadSettings(CONFIGURATION);
    expect(settings.key).toMatchObject([{ from: 'path', name: 'customer' }]);
    expect(settings.ladder.map((step) => step.percent)).toEqual([0, 10, 100]);
  });

  it('differs on every identifier that a double cannot hold, and on nothing else', () => {
    for (const customer of [0, 1, 4096]) {
      const legacy = ordersOf(customer);
      const candidate = flawedOrdersOf(customer);
      expect(candidate).not.toBe(legacy);
      expect(candidate.replaceAll(/"id":\d+/g, '')).toBe(legacy.replaceAll(/"id":\d+/g, ''));
    }
  });

  it('answers over HTTP, and 404 for what it does not know', async () => {
    const server = ordersServer(ordersOf).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const answer = await fetch(`${origin}/customers/7/orders`);
    expect(await answer.text()).toBe(ordersOf(7));
    expect((await fetch(`${origin}/orders`)).status).toBe(404);
    await new Promise((resolve) => server.close(resolve));
  });
});
