import { describe, expect, it } from 'vitest';
import type { RouteSettings } from '../../../src/model/settings.ts';
import { EMPTY_CELL } from '../../../src/model/window.ts';
import { routesToProve } from '../../../src/rollout/routes-to-prove.ts';
import { changeOf } from '../../../src/rollout/settings-change.ts';
import { settingsOf, simulateRollout, summaryOf } from '../../support/rollout.ts';
import { testRoute } from '../../support/proxy.ts';

const RARE = testRoute('GET /rare');
const ACCEPTED = [{ route: 'GET /rare', reason: 'asked for once a month', owner: 'reporting' }];
const OPEN = 'unproven: GET /rare (0 of 309 pairs)';

describe('a route of which nothing was compared', () => {
  it('keeps 100 % back, says so by name, and lets it pass when somebody accepts it', async () => {
    const settings = settingsOf({ routes: [RARE] });
    const rollout = await simulateRollout(settings);
    const { controller } = rollout;
    rollout.runUntil(() => controller.status().rollout.percent === 50, 80);
    rollout.run(60);
    const { rollout: at, unproven, gates } = controller.status();
    expect(at).toMatchObject({ phase: 'climbing', percent: 50 });
    expect(at.waitingFor).toEqual([expect.stringContaining(OPEN)]);
    expect(unproven).toMatchObject([{ route: 'GET /rare', compared: 0, accepted: null }]);
    expect(gates[0]!.brief).toMatch(new RegExp(`; ${OPEN.replaceAll(/[()]/g, '\\$&')}$`));
    // Accepting it leaves the step's evidence alone.
    const after = { ...settings, unproven: ACCEPTED };
    await controller.reconfigure(after, changeOf(settings, after, 50));
    const seconds = rollout.runUntil(() => controller.assignment().canaryPercent === 100, 9);
    expect(seconds).toBeLessThanOrEqual(2);
  });

  it('that is wholly wrong rolls back by the few pairs that there are', async () => {
    const rollout = await simulateRollout(settingsOf({ routes: [RARE] }));
    const { controller, clock } = rollout;
    rollout.runUntil(() => controller.assignment().canaryPercent === 1, 80);
    const cell = {
      ...EMPTY_CELL,
      route: 'GET /rare',
      liveSide: 'legacy',
      pairs: 1,
      compared: 1,
      mismatched: 1,
      eligible: 1,
    } as const;
    for (let i = 0; i < 8; i += 1) {
      const startMs = clock.wallMs();
      const { revision } = controller.assignment();
      const { traffic } = controller.status();
      const times = { startMs, endMs: startMs + 1000, revision, traffic };
      controller.accept(summaryOf({ ...times, cells: [cell] }));
      rollout.run(1);
    }
    const { rollout: at } = controller.status();
    expect(at).toMatchObject({ phase: 'rolled-back', percent: 0 });
    expect(at.reason).toMatch(/^mismatch rate 100.0 % > 0.5 % on GET \/rare: \d of \d pairs/);
  });
});

describe('routes to prove', () => {
  const prove = (routes: readonly RouteSettings[], over = {}): readonly string[] =>
    routesToProve({ ...settingsOf({ routes }), ...over }).map(({ route }) => route);

  it('are those whose requests are mirrored', () => {
    const routes = [
      RARE,
      testRoute('POST /search', { safe: true }),
      testRoute('PUT /a', { writes: 'mirror' }),
      testRoute('DELETE /a'),
    ];
    expect(prove(routes)).toEqual(['GET /rare', 'POST /search', 'PUT /a']);
    const mirror = { ...settingsOf().mirror, routes: ['POST /search'] };
    expect(prove(routes, { mirror })).toEqual(['POST /search', 'PUT /a']);
  });
});
