import { describe, expect, it } from 'vitest';
import { MemoryRolloutStore, settingsOf, simulateRollout, step } from '../../support/rollout.ts';

const OFF = { turn: 'off', percent: null, maxRatePerSec: null } as const;
const ON = { turn: 'on', percent: null, maxRatePerSec: null } as const;
const RESET = { turn: 'reset', percent: null, maxRatePerSec: null } as const;
const share = (percent: number) => ({ turn: null, percent, maxRatePerSec: null }) as const;

const LONG = settingsOf({ ladder: [step(0, 60_000), step(1, 60_000)] });

describe('orders of the mirror', () => {
  it('reach the proxies under the same revision, so that the evidence goes on', async () => {
    const rollout = await simulateRollout(LONG);
    rollout.run(5);
    const { controller } = rollout;
    const before = controller.status();
    await controller.mirror({ turn: null, percent: 10, maxRatePerSec: 200 }, 'peak hours');
    expect(rollout.applied.at(-1)).toMatchObject({
      mirrorPercent: 10,
      mirrorRatePerSec: 200,
      mirrorRevision: 1,
      revision: before.rollout.revision,
    });
    rollout.run(1);
    const samples = controller.status().gates.map((gate) => gate.samples);
    expect(Math.min(...samples)).toBeGreaterThan(0);
    expect(samples[0]).toBeGreaterThan(before.gates[0]!.samples);
    expect(controller.events(0, 10).at(-1)).toMatchObject({
      kind: 'mirror',
      sentence: 'Mirroring 10 % of the keys, at most 200 a second: peak hours',
    });
  });

  it('off pauses every proxy, stops the time of the step and is what is waited for', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    await controller.mirror(OFF, 'legacy is slow');
    expect(rollout.applied.at(-1)?.mirrorPause).toBe('turned off by a person: legacy is slow');
    rollout.run(60);
    const { rollout: where, mirror } = controller.status();
    expect(where).toMatchObject({ phase: 'climbing', percent: 0 });
    expect(where.waitingFor[0]).toBe('mirroring to go on (turned off by a person: legacy is slow)');
    expect(mirror).toMatchObject({ pausedBy: 'person' });
    await controller.mirror(ON, 'well again');
    expect(rollout.applied.at(-1)?.mirrorPause).toBe('');
    expect(rollout.runUntil(() => controller.assignment().canaryPercent === 1, 60)).toBeGreaterThan(
      3,
    );
  });

  it('outlast a restart and a new build', async () => {
    const store = new MemoryRolloutStore();
    const first = await simulateRollout(LONG, store);
    await first.controller.mirror(share(25), 'half of the peak');
    await first.controller.mirror(OFF, 'maintenance');
    await first.controller.begin('build-2', 'fixed');
    await first.controller.close();
    const second = await simulateRollout(LONG, store);
    expect(second.controller.assignment()).toMatchObject({
      mirrorPercent: 25,
      mirrorPause: 'turned off by a person: maintenance',
    });
    await second.controller.mirror(RESET, 'done');
    expect(second.controller.assignment()).toMatchObject({ mirrorPercent: 100, mirrorPause: '' });
  });

  it('take effect on a full disk when they mean less, and do not when they mean more', async () => {
    const rollout = await simulateRollout(LONG);
    const { controller, store } = rollout;
    store.isFull = true;
    await controller.mirror(share(50), 'less');
    await controller.mirror(OFF, 'nothing');
    expect(rollout.applied.at(-1)).toMatchObject({ mirrorPercent: 50 });
    expect(rollout.applied.at(-1)?.mirrorPause).not.toBe('');
    await expect(controller.mirror(ON, 'more')).rejects.toThrow('the disk is full');
    await expect(controller.mirror(share(60), 'more')).rejects.toThrow('the disk is full');
    expect(controller.assignment()).toMatchObject({ mirrorPercent: 50 });
    expect(controller.status().mirror.pausedBy).toBe('person');
    store.isFull = false;
    rollout.run(2);
    expect(store.load()?.state.mirror?.percent).toBe(50);
  });

  it('that order nothing are refused', async () => {
    const { controller } = await simulateRollout(LONG);
    const nothing = { turn: null, percent: null, maxRatePerSec: null };
    await expect(controller.mirror(nothing, '')).rejects.toMatchObject({ code: 'refused' });
  });
});
