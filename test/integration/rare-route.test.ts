/**
 * A route with five requests an hour among a thousand a second, in simulated time, through the
 * controller that `crossfade run` has.
 */
import { expect, test } from 'vitest';
import { type Cell, EMPTY_CELL } from '../../src/model/window.ts';
import type { LadderStep } from '../../src/model/settings.ts';
import { testRoute } from '../support/proxy.ts';
import {
  gate,
  settingsOf,
  type SimulatedRollout,
  simulateRollout,
  step,
  summaryOf,
} from '../support/rollout.ts';

const RARE = 'GET /v1/export';
const EVERY_S = 720;
const MINUTE_MS = 60_000;

async function rolloutWith(ladder: readonly LadderStep[]): Promise<SimulatedRollout> {
  const gates = [
    gate('mismatch.rate < 0.001%', { minPairs: 1000, windowMs: 10_000 }),
    gate('errors.excess < 0.01%', { minPairs: 1000, windowMs: 10_000 }),
    gate('coverage > 99%', { minPairs: 1000, windowMs: 10_000 }),
  ];
  const routes = [testRoute('GET /x'), testRoute(RARE)];
  const rollout = await simulateRollout(settingsOf({ ladder, gates, routes }));
  rollout.behaviour.pairsPerSec = 1000;
  return rollout;
}

/** Lets so many minutes pass; one of the route's pairs comes every twelve. */
function pass(rollout: SimulatedRollout, minutes: number, isWrong: boolean): void {
  const { controller, clock } = rollout;
  for (let second = 1; second <= minutes * 60; second += 1) {
    rollout.run(1);
    if (second % EVERY_S !== 0) continue;
    const { revision } = controller.assignment();
    const { traffic } = controller.status();
    const endMs = clock.wallMs();
    const cells = [cellOf(isWrong)];
    controller.accept(summaryOf({ startMs: endMs - 1000, endMs, revision, traffic, cells }));
  }
}

function cellOf(isWrong: boolean): Cell {
  return {
    ...EMPTY_CELL,
    route: RARE,
    liveSide: 'legacy',
    pairs: 1,
    compared: 1,
    mismatched: isWrong ? 1 : 0,
    eligible: 1,
  };
}

test('wholly wrong it fails within the hour, by name, and no client gets there', async () => {
  const rollout = await rolloutWith([step(0, 60 * MINUTE_MS), step(1, 600 * MINUTE_MS), step(100)]);
  pass(rollout, 40, true);
  const { rollout: at, gates } = rollout.controller.status();
  expect(at).toMatchObject({ percent: 0, phase: 'held' });
  expect(gates[0]!.sentence).toMatch(
    /^mismatch rate 100\.0 % > 0\.001 % on GET \/v1\/export: 3 of 3 pairs; with 95 % certainty at /,
  );
  expect(gates[0]!.sentence).toMatch(/; chance of a wrong failure 0\.111 %$/);
  expect(rollout.applied.every(({ canaryPercent }) => canaryPercent === 0)).toBe(true);
});

test('wholly wrong it fails where no step is long enough to see it twice', async () => {
  const percents = [0, 1, 2, 5, 10, 20, 50, 100];
  const rollout = await rolloutWith(percents.map((percent) => step(percent, 13 * MINUTE_MS)));
  pass(rollout, 60, true);
  const { rollout: at } = rollout.controller.status();
  expect(at).toMatchObject({ percent: 0, phase: 'rolled-back' });
  expect(at.reason).toBe('mismatch rate 100.0 % > 0.001 % on GET /v1/export: 2 of 2 pairs');
  expect(Math.max(...rollout.applied.map(({ canaryPercent }) => canaryPercent))).toBe(1);
});

test('sound it keeps 100 % back, by name, with the time that its proof takes', async () => {
  const rollout = await rolloutWith([step(0, MINUTE_MS), step(50, MINUTE_MS), step(100)]);
  pass(rollout, 40, false);
  const { rollout: at, unproven } = rollout.controller.status();
  expect(at).toMatchObject({ percent: 50, phase: 'climbing' });
  expect(at.waitingFor).toEqual([
    expect.stringMatching(
      /^unproven: GET \/v1\/export \(\d of 309 pairs, the rest in about 2 days \d+ h\): more of/,
    ),
  ]);
  expect(unproven).toMatchObject([{ route: RARE, accepted: null }]);
});
