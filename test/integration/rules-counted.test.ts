import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuleTally } from '../../src/compare/rules/rule-tally.ts';
import { LIMITS } from '../../src/kit/limits.ts';
import type { RuleCount } from '../../src/model/pair.ts';
import type { CompareRule } from '../../src/model/settings.ts';
import { createAnalyst } from '../../src/proxy/analyst/analyst.ts';
import { rule } from '../support/answers.ts';
import { mapsIn } from '../support/maps.ts';
import {
  identities,
  type RunningProxy,
  startProxy,
  testRoute,
  testSettings,
} from '../support/proxy.ts';
import { startSide, until } from '../support/sides.ts';

const open: { close(): Promise<void> }[] = [];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crossfade-rules-'));
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
  rmSync(folder, { recursive: true });
});

async function proxyWith(
  own: readonly CompareRule[],
  general: readonly CompareRule[] = [],
  warnings: string[] = [],
): Promise<RunningProxy> {
  const [legacy, candidate] = [
    await startSide((_request, response) => void response.end('{"v":1,"w":1}')),
    await startSide((_request, response) => void response.end('{"v":2,"w":2}')),
  ];
  const routes = [testRoute('GET /known', { compare: [...own, ...general] })];
  const settings = testSettings(legacy.url, candidate.url, { routes, compare: general });
  const analyst = createAnalyst({
    routes,
    compare: general,
    record: null,
    redactKey: Buffer.alloc(32),
    warn: (sentence) => warnings.push(sentence),
  });
  const proxy = await startProxy(settings, 0, { analyst });
  open.push(legacy, candidate, proxy);
  return proxy;
}

/** What its summaries have told of rules, once that is of so many pairs. */
async function countsOf(proxy: RunningProxy, pairs: number): Promise<readonly RuleCount[]> {
  const tally = new RuleTally();
  await until(() => {
    tally.absorb(proxy.proxy.summarize().rules ?? []);
    return tally.counts().reduce((sum, count) => sum + count.pairs, 0) >= pairs;
  });
  return tally.counts();
}

describe('through a proxy', () => {
  it('each rule counts what it hid, the general ones on every route', async () => {
    const proxy = await proxyWith(
      [rule('ignore', '/v', { route: 'GET /known' })],
      [rule('ignore', '/w')],
    );
    await fetch(`${proxy.url}/known`);
    await fetch(`${proxy.url}/other`);
    const counts = await countsOf(proxy, 3);
    expect(counts.map(({ rule: name, pairs, divergences }) => [name, pairs, divergences])).toEqual([
      ['GET /known ignore /v', 1, 1],
      ['ignore /w', 2, 2],
    ]);
    expect(proxy.traffic()).toMatchObject({ mismatched: 1, ignored: 1 });
  });

  it('a map that never returns leaves live answers alone, its pairs not compared', async () => {
    const warnings: string[] = [];
    const proxy = await proxyWith(
      [{ ...mapsIn(folder)('hangs'), route: 'GET /known' }],
      [],
      warnings,
    );
    const answers = await Promise.all(
      Array.from({ length: 2 }, async () => (await fetch(`${proxy.url}/known`)).text()),
    );
    expect(new Set(answers)).toEqual(new Set(['{"v":1,"w":1}']));
    await until(() => proxy.traffic().notComparable['map-failed'] === 2);
    const traffic = proxy.traffic();
    expect(traffic.notComparable).toEqual({ 'map-failed': 2 });
    for (const [left, right] of identities(traffic)) expect(left).toBe(right);
    await until(() => warnings.length > 0);
    expect(warnings[0]).toContain(`it took longer than ${LIMITS.mapDeadlineMs} ms`);
    expect(await (await fetch(`${proxy.url}/known`)).text()).toBe('{"v":1,"w":1}');
  });
});
