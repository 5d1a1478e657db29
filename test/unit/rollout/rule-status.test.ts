import { describe, expect, it } from 'vitest';
import { RuleTally } from '../../../src/compare/rules/rule-tally.ts';
import { mapWarnings, ruleStatuses } from '../../../src/rollout/rule-status.ts';
import { rule } from '../../support/answers.ts';
import { testRoute } from '../../support/proxy.ts';
import {
  MemoryRolloutStore,
  settingsOf,
  simulateRollout,
  summaryOf,
} from '../../support/rollout.ts';

const general = rule('ignore', '/all');
const routes = [
  testRoute('GET /a', {
    compare: [
      rule('ignore', '/a', { route: 'GET /a' }),
      rule('set', '/old', { route: 'GET /a', until: '2026-01-31' }),
      general,
    ],
  }),
  testRoute('GET /b', { compare: [general] }),
];
const NOW = Date.parse('2026-06-01');

function statesAfter(tally: RuleTally): readonly (readonly [string, string, number])[] {
  const statuses = ruleStatuses({ routes, compare: [general] }, tally.counts(), NOW);
  return statuses.map(({ rule: name, state, pairs }) => [name, state, pairs]);
}

describe('the rules of a status', () => {
  it('are told once each, used or not, expired, and those removed since', () => {
    const tally = new RuleTally();
    tally.add([{ rule: 'GET /a ignore /a', divergences: 3 }], 1000);
    tally.add([{ rule: 'GET /a set /old', divergences: 1 }], 2000);
    tally.add([{ rule: 'ignore /gone', divergences: 1 }], 3000);
    expect(statesAfter(tally)).toEqual([
      ['GET /a ignore /a', 'used', 1],
      ['GET /a set /old', 'expired', 1],
      ['ignore /all', 'unused', 0],
      ['ignore /gone', 'removed', 1],
    ]);
  });

  it('add up pairs, divergences, first and last over all proxies', () => {
    const tally = new RuleTally();
    tally.add([{ rule: 'ignore /all', divergences: 3 }], 2000);
    const other = new RuleTally();
    other.add([{ rule: 'ignore /all', divergences: 1 }], 1000);
    other.add([{ rule: 'ignore /all', divergences: 1 }], 5000);
    tally.absorb(other.take());
    expect(other.counts()).toEqual([]);
    expect(tally.counts()).toEqual([
      { rule: 'ignore /all', pairs: 3, divergences: 5, firstMs: 1000, lastMs: 5000 },
    ]);
  });

  it('warn of a map that fails, and of one that is switched off', () => {
    const map = { path: '/x.ts', name: 'flat', text: 'x.ts#flat' };
    const settings = { routes: [], compare: [rule('map', '', { map })] };
    const tally = new RuleTally();
    tally.add([{ rule: 'map x.ts#flat', divergences: 1 }], 1000);
    expect(mapWarnings(ruleStatuses(settings, tally.counts(), NOW))).toEqual([]);
    tally.failed('map x.ts#flat', 'it threw', false);
    tally.failed('map x.ts#flat', 'switched off', true);
    const [status] = ruleStatuses(settings, tally.counts(), NOW);
    expect(status).toMatchObject({ state: 'off', pairs: 1, failures: 2 });
    expect(mapWarnings([status!])).toEqual([
      'the rule "map x.ts#flat" has failed on 2 pairs, not compared for it: switched off',
    ]);
  });

  it('outlast a restart, and begin anew with another build', async () => {
    const store = new MemoryRolloutStore();
    const settings = settingsOf({ compare: [general] });
    const first = await simulateRollout(settings, store);
    const count = { rule: 'ignore /all', pairs: 2, divergences: 3, firstMs: 1, lastMs: 2 };
    first.controller.accept(summaryOf({ worker: 1, rules: [count] }));
    first.controller.accept(summaryOf({ worker: 2, rules: [count] }));
    await first.controller.close();
    const { controller } = await simulateRollout(settings, store, first.clock);
    expect(controller.status().rules).toMatchObject([{ pairs: 4, divergences: 6, state: 'used' }]);
    await controller.begin('another build', 'a test');
    expect(controller.status().rules).toMatchObject([{ pairs: 0, state: 'unused' }]);
  });
});
