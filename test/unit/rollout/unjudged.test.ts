import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/kit/limits.ts';
import type { TaintedKey } from '../../../src/model/window.ts';
import { NO_TRAFFIC } from '../../../src/rollout/traffic.ts';
import {
  MemoryRolloutStore,
  settingsOf,
  simulateRollout,
  summaryOf,
} from '../../support/rollout.ts';

describe('writes that one side alone has, of nobody knows whom', () => {
  it('are warned of by route, all proxies together, until the rollout begins anew', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    const told = (worker: number, unplacedBy: Record<string, number>): void =>
      controller.accept(summaryOf({ worker, traffic: { ...NO_TRAFFIC, unplacedBy } }));
    told(2, { 'POST /w': 2 });
    told(3, { 'POST /w': 1, 'PUT /x': 1 });
    controller.workerLost(3);
    const [warning] = controller.status().warnings;
    expect(warning).toContain('(3 of POST /w, 1 of PUT /x)');
    await controller.begin('build-2', 'stores copied');
    rollout.run(1);
    expect(controller.status().warnings).toEqual([]);
    told(2, { 'POST /w': 3 });
    expect(controller.status().warnings[0]).toContain('(1 of POST /w)');
  });
});

const keys = (count: number): readonly TaintedKey[] =>
  Array.from({ length: count }, (_, n): TaintedKey => [`key-${n}`, 'legacy', 'not-mirrored']);

describe('more tainted keys than can be named', () => {
  it('stop all comparing, say so, outlive a restart, and end when it begins anew', async () => {
    const store = new MemoryRolloutStore();
    const rollout = await simulateRollout(settingsOf(), store);
    const { controller } = rollout;
    controller.accept(summaryOf({ worker: 2, taintedBeyond: 1 }));
    rollout.run(1);
    expect(rollout.applied.at(-1)!.comparePercent).toBe(0);
    expect(controller.status().warnings[0]).toContain('no key can be told to be sound');
    await controller.close();
    const again = await simulateRollout(settingsOf(), store);
    expect(again.applied.at(-1)!.comparePercent).toBe(0);
    await again.controller.begin('build-2', 'stores copied');
    expect(again.applied.at(-1)!.comparePercent).toBe(100);
    expect(again.controller.status().warnings).toEqual([]);
  });

  it('are known as such by the controller too, whatever each proxy can name', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    controller.taint(keys(LIMITS.taintedKeysMax));
    rollout.run(1);
    expect(rollout.applied.at(-1)!.comparePercent).toBe(100);
    controller.taint([['one more', 'legacy', 'not-mirrored']]);
    rollout.run(1);
    expect(rollout.applied.at(-1)!.comparePercent).toBe(0);
  });
});
