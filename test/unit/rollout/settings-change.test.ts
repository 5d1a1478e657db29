import { describe, expect, it } from 'vitest';
import { CONFIG_SCHEMA } from '../../../src/config/schema.ts';
import { changeOf, changeSentence, reloadEffectOf } from '../../../src/rollout/settings-change.ts';
import {
  gate,
  MemoryRolloutStore,
  settingsOf,
  simulateRollout,
  step,
} from '../../support/rollout.ts';

const before = settingsOf();
const mirror = { ...before.mirror, percent: 50 };
const elsewhere = { ...before.candidate, url: 'http://127.0.0.1:3' };

describe('a changed configuration', () => {
  it('names what differs, and nothing where only the texts were written anew', () => {
    expect(changeOf(before, settingsOf(), 10)).toEqual({ changed: [], isEvidenceVoid: false });
    const after = settingsOf({ mirror, workers: 2 });
    expect(changeOf(before, after, 10)).toEqual({
      changed: ['workers', 'mirror'],
      isEvidenceVoid: false,
    });
  });

  it('is named after the keys of the file', () => {
    const port = { ...before.port, trustedHops: ['10.0.0.0/8'], keepAliveMs: 1, headMaxBytes: 1 };
    const after = settingsOf({ port, isRescueOn: false, rescueAfterMs: 1, overrideSecret: 's' });
    expect(changeOf(before, after, 10)).toEqual({
      changed: ['trustedHops', 'limits', 'rescue', 'overrides'],
      isEvidenceVoid: false,
    });
  });

  it.each([
    ['another candidate', settingsOf({ candidate: elsewhere })],
    ['other gates', settingsOf({ gates: [gate('coverage > 90%')] })],
    ['another deadline', settingsOf({ shadowTimeoutMs: 9 })],
    ['other keys, while nobody is on the candidate', settingsOf({ key: null })],
  ])('makes the evidence void: %s', (_what, after) => {
    expect(changeOf(before, after, 0).isEvidenceVoid).toBe(true);
  });

  it('names every setting that takes a restart, all at once', () => {
    const after = settingsOf({
      listen: { host: '127.0.0.1', port: 1 },
      storePath: './other.db',
      key: null,
      mirror,
    });
    expect(() => changeOf(before, after, 10)).toThrow(
      'not reloaded: listen has changed: restart to change it; store has changed: restart to ' +
        'change it; key has changed, with 10 % on the candidate: roll back to 0 % or restart to ' +
        'change it',
    );
  });

  it('is refused where the ladder no longer has the step that the rollout is at', () => {
    const after = settingsOf({ ladder: [step(0), step(20), step(100)] });
    expect(() => changeOf(before, after, 10)).toThrow('ladder has no step at 10 %');
    expect(changeOf(before, after, 0).changed).toEqual(['ladder']);
  });
});

describe('a rollout under a changed configuration', () => {
  it('keeps its evidence where the change says nothing of the sides', async () => {
    const rollout = await simulateRollout(before);
    rollout.run(3);
    const { revision } = rollout.controller.status().rollout;
    const samples = rollout.controller.status().gates[0]?.samples;
    expect(samples).toBeGreaterThan(0);
    const after = settingsOf({ mirror });
    await rollout.controller.reconfigure(after, changeOf(before, after, 0));
    const status = rollout.controller.status();
    expect(status.rollout.revision).toBe(revision);
    expect(status.gates[0]?.samples).toBeGreaterThanOrEqual(samples!);
    expect(rollout.applied.at(-1)?.mirrorPercent).toBe(50);
    expect(status.events.at(-1)).toMatchObject({
      kind: 'reload',
      sentence: 'Configuration reloaded: mirror',
    });
  });

  it('proves its step anew where the sides or the rules are others, and counts on', async () => {
    const rollout = await simulateRollout(before);
    rollout.runUntil(() => rollout.controller.status().rollout.percent === 10, 100);
    rollout.run(3);
    const { revision } = rollout.controller.status().rollout;
    const { received } = rollout.controller.status().traffic;
    const after = settingsOf({ candidate: elsewhere, gates: [gate('coverage > 90%')] });
    const change = changeOf(before, after, 10);
    await rollout.controller.reconfigure(after, change);
    const status = rollout.controller.status();
    expect(status.rollout).toMatchObject({ percent: 10, phase: 'climbing' });
    expect(status.rollout.revision).toBe(revision + 1);
    expect(status.rollout.waitingFor[0]).toBe('5s more of the 5s hold at 10 %');
    expect(status.gates.map(({ gate: name, samples }) => [name, samples])).toEqual([
      ['coverage > 90%', 0],
    ]);
    expect(status.traffic.received).toBe(received);
    expect(status.events.at(-1)?.sentence).toBe(
      "Configuration reloaded: candidate, gates; the step's evidence begins anew",
    );
    expect(changeSentence(change)).toBe(status.events.at(-1)?.sentence);
    rollout.runUntil(() => rollout.controller.status().rollout.percent === 50, 30);
    expect(rollout.controller.status().rollout.percent).toBe(50);
  });

  it('proves its step anew after a restart too, and only then', async () => {
    const store = new MemoryRolloutStore();
    const first = await simulateRollout(before, store);
    first.runUntil(() => first.controller.status().rollout.percent === 10, 100);
    first.run(3);
    const { revision } = first.controller.status().rollout;
    await first.controller.close();
    const again = await simulateRollout(settingsOf({ mirror }), store, first.clock);
    expect(again.controller.status().rollout.revision).toBe(revision);
    expect(again.controller.status().gates[0]?.samples).toBeGreaterThan(0);
    await again.controller.close();
    const other = await simulateRollout(settingsOf({ candidate: elsewhere }), store, first.clock);
    const status = other.controller.status();
    expect(status.rollout).toMatchObject({ percent: 10, revision: revision + 1 });
    expect(status.rollout.waitingFor[0]).toBe('5s more of the 5s hold at 10 %');
    expect(status.gates[0]?.samples).toBe(0);
    expect(status.events.at(-1)).toMatchObject({
      kind: 'warning',
      sentence:
        'The evidence at 10 % begins anew: sides, routes, gates, key or timeouts are not what ' +
        'they were',
    });
  });

  it('stays held by a person, and where it was rolled back to', async () => {
    const rollout = await simulateRollout(before);
    const after = settingsOf({ candidate: elsewhere });
    await rollout.controller.hold('lunch');
    await rollout.controller.reconfigure(after, changeOf(before, after, 0));
    expect(rollout.controller.status().rollout).toMatchObject({
      phase: 'held',
      reason: 'Hold at 0 %: lunch',
    });
    await rollout.controller.rollback('enough');
    await rollout.controller.reconfigure(before, changeOf(after, before, 0));
    expect(rollout.controller.status().rollout.phase).toBe('rolled-back');
  });

  it('takes effect though the disk is full, and is written down later', async () => {
    const rollout = await simulateRollout(before);
    rollout.store.isFull = true;
    const after = settingsOf({ candidate: elsewhere });
    await rollout.controller.reconfigure(after, changeOf(before, after, 0));
    expect(rollout.controller.status().warnings[0]).toContain('the disk is full');
    rollout.store.isFull = false;
    rollout.run(2);
    expect(rollout.store.events(0, 10).map(({ kind }) => kind)).toEqual(['start', 'reload']);
    expect(rollout.store.load()?.state.revision).toBe(2);
  });
});

describe('what a reload makes of a key', () => {
  it('is known of every key that a file may have', () => {
    const keys = Object.keys(CONFIG_SCHEMA.properties ?? {});
    expect(keys.filter((key) => reloadEffectOf(key) === undefined)).toEqual([]);
    expect(reloadEffectOf('colour')).toBeUndefined();
  });

  it('is that of the settings it stands for', () => {
    expect(['store', 'key', 'timeouts', 'limits', 'rescue'].map(reloadEffectOf)).toEqual([
      'restart',
      'cohort',
      'evidence',
      'plain',
      'plain',
    ]);
  });
});
