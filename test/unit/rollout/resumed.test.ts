import { describe, expect, it } from 'vitest';
import type { Status } from '../../../src/model/rollout.ts';
import type { StoredRollout } from '../../../src/store/rollout-store.ts';
import { gate, settingsOf, simulateRollout, step } from '../../support/rollout.ts';

const settings = settingsOf({
  ladder: [step(0, 20_000), step(1, 600_000), step(10, 600_000)],
  gates: [
    gate('mismatch.rate < 0.001%'),
    gate('errors.excess < 0.1%'),
    gate('errors.ratio < 2'),
    gate('latency.p99.ratio < 1.05', { windowMs: 5000 }),
    gate('latency.p99 < 50ms', { windowMs: 3000 }),
    gate('latency.p99.burn < 10', { windowMs: 5000 }),
    gate('coverage > 99%'),
    gate('candidate.spikes = none', { windowMs: 60_000 }),
  ],
});

/** What a store holds of the gates, as it was written. */
function writtenIn({ progress }: StoredRollout): string {
  const { judged } = JSON.parse(progress) as { judged?: { verdict?: unknown } };
  return JSON.stringify(judged?.verdict);
}

function bytesOf(status: Status): string {
  return JSON.stringify(status.resumed?.verdict);
}

describe('after a kill', () => {
  it('the stored evidence is judged as it was, to the byte, whenever that was', async () => {
    const rollout = await simulateRollout(settings);
    rollout.behaviour.mismatchRatio = 0.002;
    const seen = new Set<string>();
    for (let second = 0; second < 60; second += 1) {
      rollout.run(1);
      const stored = rollout.store.load()!;
      const next = await simulateRollout(settings, rollout.store, rollout.clock);
      const status = next.controller.status();
      if (!('judged' in (JSON.parse(stored.progress) as object))) continue;
      expect(bytesOf(status)).toBe(writtenIn(stored));
      expect(status.resumed?.isSame).toBe(true);
      seen.add(bytesOf(status));
      await next.controller.close();
    }
    expect(seen.size).toBeGreaterThan(30);
  });

  it('and says until when the windows reach that were stored with it', async () => {
    const rollout = await simulateRollout(settings);
    const startedAtMs = rollout.clock.wallMs();
    rollout.run(13);
    const next = await simulateRollout(settings, rollout.store, rollout.clock);
    const { resumed } = next.controller.status();
    expect(resumed?.untilMs).toBe(startedAtMs + 12_000);
    expect(resumed?.verdict.gates.map(({ samples }) => samples)).toEqual(
      rollout.controller.status().gates.map(({ samples }) => samples),
    );
  });

  it('what was judged anew goes with the build that it was of', async () => {
    const rollout = await simulateRollout(settings);
    rollout.run(13);
    const { controller } = await simulateRollout(settings, rollout.store, rollout.clock);
    await controller.rollback('to look at it');
    expect(controller.status().resumed).toBeDefined();
    await controller.begin('build-2', 'a fix');
    expect(controller.status()).not.toHaveProperty('resumed');
  });

  it('a verdict that is another one is told', async () => {
    const rollout = await simulateRollout(settings);
    rollout.run(10);
    const { state, progress } = rollout.store.load()!;
    rollout.store.commit({
      state,
      progress: progress.replace('not proved yet', 'proved'),
      events: [],
      windows: [],
      tainted: [],
    });
    const next = await simulateRollout(settings, rollout.store, rollout.clock);
    expect(next.controller.status().resumed?.isSame).toBe(false);
    const { events } = next.controller.status();
    expect(events.at(-1)?.sentence).toContain('do not say what they said before the restart');
  });

  it('nothing of an earlier step passes a gate, and its harm is not forgotten', async () => {
    const rollout = await simulateRollout(settingsOf({ routes: [] }));
    const { controller, behaviour } = rollout;
    behaviour.mismatchRatio = 0.002;
    rollout.runUntil(() => controller.assignment().canaryPercent === 1, 80);
    const next = await simulateRollout(settingsOf({ routes: [] }), rollout.store, rollout.clock);
    expect(next.controller.status().gates.map(({ samples }) => samples)).toEqual([0, 0, 0, 0]);
    const { progress } = rollout.store.load()!;
    expect(JSON.parse(progress)).toMatchObject({
      carried: { counts: [['GET /x', { mismatched: expect.any(Number) as number }]] },
    });
  });
});
