/** What a proxy tells the judge of each second, beside counts and histograms. */
import { afterEach, expect, it } from 'vitest';
import { OVERRIDE_HEADER, signOverride } from '../../src/proxy/fields/override.ts';
import { cohortSide } from '../../src/proxy/assign.ts';
import type { Summary } from '../../src/model/window.ts';
import { gate } from '../support/rollout.ts';
import { startProxy, testSettings } from '../support/proxy.ts';
import { startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const SECRET = 'a secret of the tests';

it('tells who answered which key, and the pairs by their ratios and by who was over', async () => {
  const one = await startSide((_request, response) => void response.end('ok'));
  const other = await startSide((_request, response) => void response.end('ok'));
  open.push(one, other);
  const settings = testSettings(one.url, other.url, {
    overrideSecret: SECRET,
    gates: [gate('latency.p99.ratio < 1.05'), gate('latency.p99.9.ratio < 1.1')],
  });
  const running = await startProxy(settings, 50);
  open.push(running);
  const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
  for (const key of [...keys, ...keys]) await (await fetch(`${running.url}/u/${key}/x`)).text();
  const summaries: Summary[] = [];
  await until(() => {
    const summary = running.proxy.summarize();
    summaries.push(summary);
    return summary.traffic.compared === 24;
  });
  // A tester's key stands on the side of its choice.
  const side = cohortSide('test', 'tester', 50) === 'legacy' ? 'candidate' : 'legacy';
  const signed = signOverride(SECRET, side, Math.floor(Date.now() / 1000) + 60);
  const headers = { [OVERRIDE_HEADER]: signed };
  await (await fetch(`${running.url}/u/tester/x`, { headers })).text();
  summaries.push(running.proxy.summarize());
  const cells = summaries.flatMap((summary) => summary.cells);
  const placed = (live: 'legacy' | 'candidate'): Set<number> =>
    new Set(summaries.flatMap((summary) => summary.placed?.[live] ?? []));
  const onCandidate = keys.filter((key) => cohortSide('test', key, 50) === 'candidate').length;
  expect(placed('candidate').size).toBe(onCandidate);
  expect(placed('legacy').size).toBe(keys.length - onCandidate);
  const told = cells.filter((cell) => cell.pairs > 0);
  for (const { parted } of told) expect(parted?.map((p) => p.margin)).toEqual([1.05, 1.1]);
  expect(told.reduce((sum, { pairs }) => sum + pairs, 0)).toBe(24);
  for (const { pairs, ratios = [] } of told) {
    const counts = ratios.filter((_, i) => i % 2 === 1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(pairs);
  }
  expect(running.proxy.summarize().placed).toBeUndefined();
});
