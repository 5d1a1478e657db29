import { describe, expect, it } from 'vitest';
import type { RolloutFacts } from '../../../src/rollout/stored.ts';
import { storedFacts } from '../../../src/rollout/stored.ts';
import { missedWrite } from '../../support/missed-writes.ts';
import { testRoute } from '../../support/proxy.ts';
import {
  MemoryRolloutStore,
  settingsOf,
  type SimulatedRollout,
  simulateRollout,
  summaryOf,
} from '../../support/rollout.ts';

const settings = settingsOf({ routes: [testRoute('GET /rare')] });

function storedOf({ store, clock }: SimulatedRollout): RolloutFacts {
  return storedFacts(store, [], clock)!;
}

describe('a store without its controller', () => {
  it('tells to the byte what a controller would that takes it up', async () => {
    const rollout = await simulateRollout(settings);
    rollout.behaviour.mismatchRatio = 0.001;
    const seen = new Set<string>();
    for (let second = 0; second < 30; second += 1) {
      rollout.run(1);
      const facts = storedOf(rollout);
      if (facts.gates.length === 0) continue;
      const live = rollout.controller.status();
      expect(JSON.stringify(facts.gates)).toBe(JSON.stringify(live.gates));
      const next = await simulateRollout(settings, rollout.store, rollout.clock);
      const { resumed, rollout: at, ...status } = next.controller.status();
      await next.controller.close();
      expect(JSON.stringify(facts.gates)).toBe(JSON.stringify(resumed?.verdict.gates));
      expect(facts.unproven).toEqual(resumed?.verdict.unproven);
      expect(facts.outcome).toBe(resumed?.verdict.outcome);
      expect(facts.stored?.untilMs).toBe(resumed?.untilMs);
      expect(at).toMatchObject({ ...facts.rollout, waitingFor: at.waitingFor });
      expect(facts.traffic).toEqual(status.traffic);
      expect(status.events.slice(0, facts.events.length)).toEqual(facts.events);
      seen.add(JSON.stringify(facts.gates));
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it('tells of clusters, of missed writes by key, and what a person should know', async () => {
    const rollout = await simulateRollout(settings);
    rollout.run(2);
    const { traffic } = rollout.controller.status();
    const unplaced = { ...traffic, unplacedBy: { 'POST /bulk': 3 } };
    const tainted = [['b', 'legacy', 'shadow-unknown']] as const;
    rollout.controller.accept(summaryOf({ traffic: unplaced, tainted }));
    await rollout.controller.close();
    const missed = [missedWrite(), missedWrite({ keys: ['a', 'b', 'c'] })].map((write, id) => ({
      id,
      era: 1,
      isGranted: false,
      write,
    }));
    const facts = storedFacts(rollout.store, missed, rollout.clock)!;
    expect(facts.traffic).toMatchObject({
      taintedKeys: 3,
      taintedBy: { 'shadow-unknown': 1, journalled: 2 },
      journalEntries: 2,
    });
    expect(facts.warnings).toEqual([expect.stringContaining('3 of POST /bulk')]);
  });

  it('has no verdict on a step that has just begun, and says inconclusive', async () => {
    const rollout = await simulateRollout(settings);
    rollout.runUntil(() => rollout.controller.assignment().canaryPercent === 1, 80);
    const { state, progress } = rollout.store.load()!;
    const { judged: _judged, ...rest } = JSON.parse(progress) as Record<string, unknown>;
    const change = { state, progress: JSON.stringify(rest), events: [], windows: [], tainted: [] };
    rollout.store.commit(change);
    expect(storedOf(rollout)).toMatchObject({ gates: [], outcome: 'inconclusive' });
  });

  it('is nothing while no rollout has begun in it', async () => {
    const { clock } = await simulateRollout(settings);
    expect(storedFacts(new MemoryRolloutStore(), [], clock)).toBeNull();
  });
});
