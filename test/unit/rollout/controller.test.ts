import { describe, expect, it } from 'vitest';
import { bucketOf } from '../../../src/kit/hash.ts';
import {
  MemoryRolloutStore,
  settingsOf,
  simulateRollout,
  step,
  summaryOf,
} from '../../support/rollout.ts';
import { NO_TRAFFIC } from '../../../src/rollout/traffic.ts';
import { EMPTY_CELL } from '../../../src/model/window.ts';

describe('the rollout', () => {
  it('climbs 0, 1, 10, 50, 100 % by evidence and is then complete', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    rollout.runUntil(() => controller.status().rollout.phase === 'complete', 80);
    const percents = rollout.applied.map((assignment) => assignment.canaryPercent);
    expect(percents).toEqual([0, 1, 10, 50, 100]);
    expect(rollout.kinds()).toEqual([
      'start',
      'advance',
      'advance',
      'advance',
      'advance',
      'complete',
    ]);
    const revisions = rollout.applied.map((assignment) => assignment.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(controller.status().traffic.received).toBe(controller.status().traffic.compared);
  });

  it('needs no more than eight one-second windows a step when nothing is wrong', async () => {
    const rollout = await simulateRollout(settingsOf());
    const seconds = rollout.runUntil(() => rollout.controller.assignment().canaryPercent === 1, 60);
    expect(seconds).toBeLessThanOrEqual(8);
  });

  it('holds at 0 % when a gate fails, says which, and climbs on by no verb', async () => {
    const rollout = await simulateRollout(settingsOf());
    rollout.behaviour.mismatchRatio = 0.1;
    rollout.run(10);
    const { controller } = rollout;
    expect(controller.status().rollout).toMatchObject({ phase: 'held', percent: 0 });
    const sentence = controller.events(0, 10).at(-1)?.sentence;
    expect(sentence).toMatch(/^Hold at 0 %: mismatch rate 10.0 % > 0.5 %: \d+ of [\d,]+ pairs/);
    await expect(controller.resume('please')).rejects.toThrow(/A gate holds it/);
    await expect(controller.promote('please')).rejects.toMatchObject({
      code: 'gate-failed',
      exitCode: 3,
    });
  });

  it('rolls back above 0 % and says measured value, limit and samples', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    rollout.runUntil(() => controller.assignment().canaryPercent === 10, 60);
    rollout.behaviour.candidateErrorRatio = 1;
    const seconds = rollout.runUntil(() => controller.assignment().canaryPercent === 0, 20);
    expect(seconds).toBeLessThanOrEqual(3);
    expect(controller.status().rollout.phase).toBe('rolled-back');
    expect(controller.events(0, 10).at(-1)?.sentence).toMatch(
      /^Rolled back from 10 % to 0 %: candidate-only errors [\d.]+ % > 0.5 %: [\d,]+ of/,
    );
    rollout.run(30);
    expect(controller.assignment().canaryPercent).toBe(0);
  });

  it('rolls back though the disk is full, and writes it when there is room again', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller, store } = rollout;
    rollout.runUntil(() => controller.assignment().canaryPercent === 10, 60);
    store.isFull = true;
    rollout.behaviour.mismatchRatio = 0.5;
    rollout.run(3);
    expect(rollout.applied.at(-1)?.canaryPercent).toBe(0);
    expect(controller.status().warnings).toEqual([expect.stringContaining('the disk is full')]);
    expect(store.load()?.state.percent).toBe(10);
    store.isFull = false;
    rollout.run(2);
    expect(store.load()?.state).toMatchObject({ percent: 0, phase: 'rolled-back' });
    expect(store.events(0, 100).at(-1)?.kind).toBe('rollback');
    expect(controller.status().warnings).toEqual([]);
  });

  it('never raises the share while the disk is full', async () => {
    const rollout = await simulateRollout(settingsOf());
    rollout.store.isFull = true;
    rollout.run(30);
    expect(rollout.applied.map((assignment) => assignment.canaryPercent)).toEqual([0]);
    expect(rollout.controller.status().rollout.waitingFor[0]).toContain('the disk is full');
    rollout.store.isFull = false;
    rollout.run(2);
    expect(rollout.controller.assignment().canaryPercent).toBe(1);
  });

  it('keeps percent, hold time, evidence, totals and events across a kill', async () => {
    const first = await simulateRollout(settingsOf());
    first.runUntil(() => first.controller.assignment().canaryPercent === 10, 60);
    first.run(4);
    const before = first.controller.status();
    const second = await simulateRollout(settingsOf(), first.store, first.clock);
    second.run(1);
    const after = second.controller.status();
    expect(after.rollout).toMatchObject({
      percent: 10,
      phase: 'climbing',
      revision: before.rollout.revision,
    });
    expect(second.controller.epoch).toBe(first.controller.epoch + 1);
    expect(after.traffic.received).toBeGreaterThanOrEqual(before.traffic.received);
    expect(second.kinds()).toEqual([...first.kinds(), 'start']);
    const latency = after.gates.find((result) => result.gate.startsWith('latency'));
    expect(latency?.samples).toBeGreaterThanOrEqual(3);
    const seconds = second.runUntil(() => second.controller.assignment().canaryPercent === 50, 20);
    expect(seconds).toBeLessThanOrEqual(5);
  });

  it('never begins higher when the configuration has lost a step or its key', async () => {
    const first = await simulateRollout(settingsOf());
    first.runUntil(() => first.controller.assignment().canaryPercent === 10, 60);
    first.run(2);
    const ladder = [step(0), step(5), step(100)];
    const lower = await simulateRollout(settingsOf({ ladder }), first.store, first.clock);
    expect(lower.controller.assignment().canaryPercent).toBe(5);
    const keyless = await simulateRollout(
      settingsOf({ ladder, key: null }),
      first.store,
      first.clock,
    );
    expect(keyless.controller.assignment().canaryPercent).toBe(0);
    expect(keyless.kinds()).toContain('warning');
  });

  it('stays at 0 % without a key and says how to add one', async () => {
    const rollout = await simulateRollout(settingsOf({ key: null }));
    rollout.run(30);
    const { rollout: status } = rollout.controller.status();
    expect(status).toMatchObject({ percent: 0, phase: 'climbing' });
    expect(status.waitingFor).toEqual([expect.stringMatching(/no key .* add `key:`/)]);
    await expect(rollout.controller.promote('now')).rejects.toThrow(/no key is configured/);
  });

  it('adds a judging step at 0 % to a ladder without one', async () => {
    const rollout = await simulateRollout(settingsOf({ ladder: [step(10), step(100)] }));
    expect(rollout.controller.status().rollout.steps).toEqual([0, 10, 100]);
    expect(rollout.controller.assignment().canaryPercent).toBe(0);
  });

  it('counts no hold time without traffic, and none for a jumped wall clock', async () => {
    const rollout = await simulateRollout(settingsOf());
    rollout.clock.advance(3_600_000);
    expect(rollout.controller.assignment().canaryPercent).toBe(0);
    expect(rollout.controller.status().rollout.waitingFor[0]).toMatch(
      /^5s more of the 5s hold at 0 %/,
    );
  });
});

describe('the verbs', () => {
  it('hold keeps the percent though gates pass, resume climbs on', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    await controller.hold('lunch');
    rollout.run(20);
    expect(controller.status().rollout).toMatchObject({ phase: 'held', percent: 0 });
    expect(controller.status().rollout.waitingFor[0]).toContain('lunch');
    await controller.resume('back');
    rollout.run(8);
    expect(controller.assignment().canaryPercent).toBe(1);
    await expect(controller.resume('again')).rejects.toMatchObject({ code: 'refused' });
  });

  it('hold does not keep a failing candidate up', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    rollout.runUntil(() => controller.assignment().canaryPercent === 1, 60);
    await controller.hold('look at it');
    rollout.behaviour.mismatchRatio = 0.5;
    rollout.run(3);
    expect(controller.status().rollout).toMatchObject({ phase: 'rolled-back', percent: 0 });
  });

  it('promote takes the next step without proof', async () => {
    const rollout = await simulateRollout(settingsOf());
    await rollout.controller.promote('we know it');
    expect(rollout.applied.at(-1)?.canaryPercent).toBe(1);
    expect(rollout.controller.events(0, 10).at(-1)?.sentence).toMatch(
      /^Promoted by a person 0 % to 1 %: we know it \(though not proved: mismatch rate/,
    );
  });

  it('a step that asks for approval waits for it and for nothing else', async () => {
    const ladder = [step(0, 5000, { approve: true }), step(100)];
    const rollout = await simulateRollout(settingsOf({ ladder }));
    const { controller } = rollout;
    rollout.run(20);
    expect(controller.status().rollout.waitingFor).toEqual([expect.stringContaining('approval')]);
    await controller.approve('go');
    rollout.run(1);
    expect(controller.assignment().canaryPercent).toBe(100);
    await expect(controller.approve('go')).rejects.toThrow(/Nothing to approve/);
  });

  it('rollback goes to 0 % at once and stays; resume begins again from 0 %', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    rollout.runUntil(() => controller.assignment().canaryPercent === 50, 60);
    await controller.rollback('a bad feeling');
    expect(rollout.applied.at(-1)?.canaryPercent).toBe(0);
    rollout.run(20);
    expect(controller.assignment().canaryPercent).toBe(0);
    await expect(controller.promote('up')).rejects.toThrow(/rolled back/);
    await expect(controller.hold('stay')).rejects.toThrow(/stays at 0 % anyway/);
    await controller.resume('fixed');
    rollout.run(9);
    expect(controller.assignment().canaryPercent).toBe(1);
  });

  it('begin seals the evidence, starts at 0 % as a new rollout, keeps tainted keys', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    rollout.behaviour.mismatchRatio = 0.1;
    rollout.run(5);
    controller.accept(summaryOf({ worker: 2, tainted: [['user-1', 'candidate', 'not-mirrored']] }));
    await controller.begin('build-2', 'fixed both');
    rollout.behaviour.mismatchRatio = 0;
    const status = controller.status();
    expect(status.rollout).toMatchObject({
      id: 2,
      label: 'build-2',
      percent: 0,
      phase: 'climbing',
    });
    const taintedBy = { 'not-mirrored': 1 };
    expect(status.traffic).toEqual({ ...NO_TRAFFIC, taintedKeys: 1, taintedBy });
    expect(controller.taintedKeys()).toEqual([['user-1', 'candidate', 'not-mirrored']]);
    rollout.run(9);
    expect(controller.assignment().canaryPercent).toBe(1);
    expect(controller.status().traffic.mismatched).toBe(0);
  });
});

describe('the evidence of a step', () => {
  it('leaves out the second in which the build was changed', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller } = rollout;
    rollout.run(3);
    await controller.begin('build-2', 'fixed');
    rollout.behaviour.mismatchRatio = 1;
    rollout.run(1);
    rollout.behaviour.mismatchRatio = 0;
    rollout.run(3);
    const [mismatch] = controller.status().gates;
    expect(mismatch).toMatchObject({ measured: 0, samples: 1000 });
  });

  it('goes on through a wall clock that jumps back', async () => {
    const rollout = await simulateRollout(settingsOf());
    const { controller, clock } = rollout;
    rollout.runUntil(() => controller.assignment().canaryPercent === 10, 60);
    const cells = [
      {
        ...EMPTY_CELL,
        route: 'GET /x',
        liveSide: 'legacy' as const,
        pairs: 500,
        compared: 500,
        mismatched: 500,
        eligible: 500,
      },
    ];
    const { revision } = controller.assignment();
    const startMs = clock.wallMs() - 3_600_000;
    controller.accept(summaryOf({ worker: 7, startMs, endMs: startMs + 1000, cells, revision }));
    clock.advance(1000);
    expect(controller.assignment().canaryPercent).toBe(0);
  });
});

describe('the cohort', () => {
  it('only grows with the percent, under one salt for the whole migration', async () => {
    const rollout = await simulateRollout(settingsOf());
    rollout.runUntil(() => rollout.controller.status().rollout.phase === 'complete', 80);
    const keys = Array.from({ length: 2000 }, (_, i) => `user-${i}`);
    const cohorts = rollout.applied.map(({ salt, canaryPercent }) =>
      keys.filter((key) => bucketOf(salt, key) < canaryPercent * 10_000),
    );
    for (let i = 1; i < cohorts.length; i += 1) {
      expect(cohorts[i]).toEqual(expect.arrayContaining(cohorts[i - 1]!));
    }
    expect(cohorts.at(-1)).toHaveLength(2000);
  });

  it('a restart keeps the salt', async () => {
    const store = new MemoryRolloutStore();
    const first = await simulateRollout(settingsOf(), store);
    const second = await simulateRollout(settingsOf(), store, first.clock);
    expect(second.controller.assignment().salt).toBe(first.controller.assignment().salt);
  });
});
