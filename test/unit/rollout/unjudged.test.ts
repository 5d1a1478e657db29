import { describe, expect, it } from 'vitest';
import { NO_TRAFFIC } from '../../../src/rollout/traffic.ts';
import { settingsOf, simulateRollout, summaryOf } from '../../support/rollout.ts';

describe('writes that one side alone has, of nobody knows whom', () => {
  it('are warned of by route, all proxies together, until the rollout begins anew', async () => {
    const { controller, run } = await simulateRollout(settingsOf());
    const told = (worker: number, unplacedBy: Record<string, number>): void =>
      controller.accept(summaryOf({ worker, traffic: { ...NO_TRAFFIC, unplacedBy } }));
    told(2, { 'POST /w': 2 });
    told(3, { 'POST /w': 1, 'PUT /x': 1 });
    controller.workerLost(3);
    const [warning] = controller.status().warnings;
    expect(warning).toContain('(3 of POST /w, 1 of PUT /x)');
    await controller.begin('build-2', 'stores copied');
    run(1);
    expect(controller.status().warnings).toEqual([]);
    told(2, { 'POST /w': 3 });
    expect(controller.status().warnings[0]).toContain('(1 of POST /w)');
  });
});
