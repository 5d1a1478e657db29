/** What testers who choose their side send is no evidence. */
import { afterEach, expect, it } from 'vitest';
import { OVERRIDE_HEADER, signOverride } from '../../src/proxy/fields/override.ts';
import { startProxy, testSettings } from '../support/proxy.ts';
import { startSide } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

it.each(['legacy', 'candidate'] as const)(
  'a tester on %s adds nothing to the live latencies, a client does',
  async (side) => {
    const one = await startSide((_request, response) => void response.end('ok'));
    const other = await startSide((_request, response) => void response.end('ok'));
    open.push(one, other);
    const secret = 'a secret of the tests';
    const settings = testSettings(one.url, other.url, { overrideSecret: secret });
    const running = await startProxy(settings);
    open.push(running);
    const until = Math.floor(Date.now() / 1000) + 60;
    const headers = { [OVERRIDE_HEADER]: signOverride(secret, side, until) };
    const answer = await fetch(`${running.url}/u/1/x`, { headers });
    expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
    const tested = running.proxy.summarize();
    expect(tested.traffic.overridden).toBe(1);
    expect(tested.cells.flatMap((cell) => cell.live)).toEqual([]);
    await (await fetch(`${running.url}/u/1/x`)).text();
    expect(running.proxy.summarize().cells.flatMap((cell) => cell.live)).not.toEqual([]);
  },
);
